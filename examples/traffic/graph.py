"""Vehicles of one moment as a graph: the node, edge and graph features of the traffic dataset.

Every feature's name, unit and formula stands here once; metadata.json repeats it beside the data.  Inputs are what SUMO's
floating car data says (metres, seconds, m/s, m/s^2; rounded to 3 decimals).
"""
from collections import defaultdict
from math import sqrt

RADIUS = 50.0          # metres; a pair has edges when it is nearer than this along connected lanes
CAP = 10.0             # seconds; the largest TTC and THW, and their value where there is none
HALT = 0.1             # m/s; SUMO's own limit of "halting"
HORIZON = (1, 2, 3, 4, 5, 6, 8, 10)   # seconds ahead of the label's 8 values
ICV = "icv"            # the vehicle type that counts as an intelligent connected vehicle

X = [
    ("lane position", "m", "front bumper, from the begin of the lane"),
    ("speed", "m/s", "v"),
    ("acceleration", "m/s^2", "(v(t) - v(t - dt)) / dt; 0 in a vehicle's first step"),
    ("lane index", "1", "0 = rightmost lane of the edge"),
    ("remaining distance", "m", "from the front bumper to the end of the route, junctions included"),
    ("completion rate", "1", "1 - remaining distance / length of the whole route"),
    ("is ICV", "1", "1 for an intelligent connected vehicle, else 0"),
    ("time", "s", "since the begin of the simulation"),
    ("dt", "s", "length of a simulation step"),
]
EDGE_ATTR = [
    ("distance", "m", "d: how far the target is ahead of the source, front bumper to front bumper; negative when behind"),
    ("speed difference", "m/s", "v(target) - v(source)"),
    ("TTC", "s", "gap / (v(follower) - v(leader)), gap = max(|d| - length of the leader, 0); 10 when not closing; at most 10"),
    ("THW", "s", "|d| / v(follower); at most 10"),
]
GLOBALS = [
    ("vehicles", "1", "N"),
    ("mean speed", "m/s", "mean of v"),
    ("speed deviation", "m/s", "population standard deviation of v"),
    ("top speed", "m/s", "max of v"),
    ("mean acceleration", "m/s^2", "mean of a"),
    ("acceleration deviation", "m/s^2", "population standard deviation of a"),
    ("halting share", "1", "share of vehicles with v < 0.1 m/s"),
    ("ICVs", "1", "number of intelligent connected vehicles"),
    ("ICV share", "1", "ICVs / N"),
    ("mean speed of ICVs", "m/s", "0 when there is none"),
    ("mean remaining distance", "m", "mean of node feature 4"),
    ("mean completion rate", "1", "mean of node feature 5"),
    ("edges per vehicle", "1", "E / N"),
    ("smallest TTC", "s", "min of edge feature 2; 10 when there is no edge"),
    ("critical share", "1", "share of edges with TTC < 3 s; 0 when there is no edge"),
    ("time", "s", "since the begin of the simulation"),
]
Y = [(f"mean speed in {h} s", "m/s", f"mean of v over the vehicles driving {h} s later") for h in HORIZON]


def pairs(net, vehicles, radius=RADIUS):
    """[(follower, leader, metres between their fronts)] of all pairs nearer than `radius` on connected lanes.

    Connected are: one lane with itself, and with the lanes that a vehicle can drive on to from it, junctions included.
    Lanes beside each other and lanes that only cross are not.
    """
    radius -= 1e-6   # a sum of millimetres in floating point: exactly 50 m must stay out
    on = defaultdict(list)
    for i, v in enumerate(vehicles):
        on[v[2]].append((v[3], i))
    for row in on.values():
        row.sort()
    found = {}
    for lane_id, row in on.items():
        length = net.lanes[lane_id].length
        for k, (p, i) in enumerate(row):
            for q, j in row[k + 1:]:
                if q - p >= radius:
                    break
                found[i, j] = q - p
            left = length - p
            if left >= radius:
                continue
            for next_id, between in net.ahead(lane_id, radius):
                if left + between >= radius:
                    continue
                for q, j in on.get(next_id, ()):
                    d = left + between + q
                    if d >= radius:
                        break
                    if d < found.get((i, j), radius):
                        found[i, j] = d
    return [(i, j, d) for (i, j), d in found.items()]


def edges(net, vehicles, length, radius=RADIUS):
    """(edge_index, edge_attr) with both directions of every pair, sorted by (source, target)."""
    rows = []
    for i, j, d in pairs(net, vehicles, radius):
        vi, vj = vehicles[i][4], vehicles[j][4]
        gap = max(d - length[vehicles[j][1]], 0.0)
        ttc = min(gap / (vi - vj), CAP) if vi > vj else CAP
        thw = min(d / vi, CAP) if vi > 0 else CAP
        rows.append((i, j, d, vj - vi, ttc, thw))
        rows.append((j, i, -d, vi - vj, ttc, thw))
    rows.sort()
    return [[r[0] for r in rows], [r[1] for r in rows]], [r[2:] for r in rows]


def mean(values):
    return sum(values) / len(values) if values else 0.0


def deviation(values):
    m = mean(values)
    return sqrt(mean([(v - m) ** 2 for v in values]))


def global_metrics(time, x, edge_attr):
    v, a = [r[1] for r in x], [r[2] for r in x]
    icv = [r[1] for r in x if r[6]]
    ttc = [e[2] for e in edge_attr]
    n = max(len(x), 1)
    return [len(x), mean(v), deviation(v), max(v, default=0.0), mean(a), deviation(a), sum(s < HALT for s in v) / n,
            len(icv), len(icv) / n, mean(icv), mean([r[4] for r in x]), mean([r[5] for r in x]), len(edge_attr) / n,
            min(ttc, default=CAP), sum(t < 3 for t in ttc) / max(len(ttc), 1), time]


def node_features(net, time, dt, vehicles, routes, last):
    """One row per vehicle.  `routes`: vehicle id -> network.Route, asked in the order of time; `last`: vehicle id -> speed
    one step before, brought up to date here."""
    x = []
    for id, kind, lane_id, position, speed in vehicles:
        route = routes[id]
        remaining = max(route.remaining(lane_id, position), 0.0)
        x.append((position, speed, (speed - last.get(id, speed)) / dt, net.lanes[lane_id].index, remaining,
                  1.0 - remaining / route.length, 1 if kind == ICV else 0, time, dt))
        last[id] = speed
    return x


# --- a sample as JSON text: fixed decimals, because more of them say nothing and cost bytes.  Distances are whole
# millimetres already, so that rounding cannot lift one to the radius. ---

X_TEXT = "[%.2f,%.3f,%.3f,%d,%.2f,%.4f,%d,%g,%g]"
EDGE_TEXT = "[%.3f,%.3f,%.3f,%.3f]"


def text(episode, time, x, edge_index, edge_attr, metrics, label):
    """One sample of a chunk file.  `+ 0.0` turns a negative zero into zero."""
    return ('{"episode":%d,"time":%r,"x":[%s],"edge_index":[[%s],[%s]],"edge_attr":[%s],"globals":[%s],"y":[%s]}' % (
        episode, time, ",".join([X_TEXT % r for r in x]), ",".join(map(str, edge_index[0])),
        ",".join(map(str, edge_index[1])), ",".join([EDGE_TEXT % r for r in edge_attr]),
        ",".join(["%.6g" % (v + 0.0) for v in metrics]), ",".join(["%.6g" % v for v in label])))

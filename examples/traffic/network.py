"""A SUMO network as a graph of lanes: who is ahead of whom, and how far it is to the end of a route.

Standard library only.  Lengths and positions are metres along the lane, as SUMO counts them: from the lane's begin to the
vehicle's front bumper.
"""
import xml.etree.ElementTree as ElementTree


class Lane:
    __slots__ = ("id", "edge", "index", "length", "shape", "internal", "next")

    def __init__(self, id, edge, index, length, shape, internal):
        self.id = id
        self.edge = edge          # the edge's id; begins with ':' inside a junction
        self.index = index        # 0 = rightmost
        self.length = length
        self.shape = shape        # [(x, y), ...]
        self.internal = internal
        self.next = []            # lanes that a vehicle can drive on to, directly


class Network:
    """lanes: id -> Lane.  Built once from a .net.xml; immutable after that."""

    def __init__(self, path):
        self.lanes = {}
        self.edges = {}           # id -> [Lane, ...]
        self.ends = {}            # edge id -> (from junction, to junction); normal edges only
        self.points = {}          # junction id -> (x, y)
        connections = []
        for _, e in ElementTree.iterparse(path):
            if e.tag == "edge":
                self._add_edge(e)
            elif e.tag == "connection":
                connections.append((f"{e.get('from')}_{e.get('fromLane')}", f"{e.get('to')}_{e.get('toLane')}",
                                    e.get("via")))
            elif e.tag == "junction":
                self.points[e.get("id")] = (float(e.get("x")), float(e.get("y")))
            if e.tag in ("edge", "connection", "junction"):
                e.clear()
        for source, target, via in connections:
            # A vehicle drives through the junction on the lane `via`; that lane's own connection leads on to the target.
            self.lanes[source].next.append(self.lanes[via or target])
        for lane in self.lanes.values():
            lane.next = list({n.id: n for n in lane.next}.values())
        self._ahead = {}
        self._through = {}

    def _add_edge(self, e):
        id, internal = e.get("id"), e.get("function") == "internal"
        if e.get("function") not in (None, "normal", "internal"):
            return
        lanes = []
        for x in e.findall("lane"):
            shape = [tuple(map(float, p.split(",")[:2])) for p in x.get("shape").split()]
            lane = Lane(x.get("id"), id, int(x.get("index")), float(x.get("length")), shape, internal)
            self.lanes[lane.id] = lane
            lanes.append(lane)
        self.edges[id] = lanes
        if not internal:
            self.ends[id] = (e.get("from"), e.get("to"))

    def ahead(self, lane_id, reach):
        """Lanes that can be reached from the end of a lane within `reach` metres: [(lane id, metres between the two)].

        Only along connections; the shortest way where there is more than one.  The lane itself is not in the list (unless
        a loop shorter than `reach` leads back to it).
        """
        key = (lane_id, reach)
        found = self._ahead.get(key)
        if found is None:
            best, work = {}, [(0.0, n) for n in self.lanes[lane_id].next]
            while work:
                distance, lane = work.pop()
                if distance >= reach or best.get(lane.id, reach) <= distance:
                    continue
                best[lane.id] = distance
                work += [(distance + lane.length, n) for n in lane.next]
            found = self._ahead[key] = sorted(best.items())
        return found

    def through(self, source, target):
        """Metres inside the junction from the edge `source` to the edge `target`: the shortest of its lanes' ways."""
        key = (source, target)
        found = self._through.get(key)
        if found is None:
            ways, work = [], [(0.0, n) for lane in self.edges[source] for n in lane.next]
            while work:
                distance, lane = work.pop()
                if lane.internal:
                    work += [(distance + lane.length, n) for n in lane.next]
                elif lane.edge == target:
                    ways.append(distance)
            if not ways:
                raise ValueError(f"no connection leads from edge {source} to edge {target}")
            found = self._through[key] = min(ways)
        return found

    def exit(self, lane):
        """Where a lane inside a junction leads: (the normal edge behind it, metres between this lane's end and it)."""
        distance = 0.0
        lane = lane.next[0]
        while lane.internal:
            distance += lane.length
            lane = lane.next[0]
        return lane.edge, distance


class Route:
    """One vehicle's way through the network, and how much of it is left."""
    __slots__ = ("net", "edges", "tail", "length", "_at", "_lane", "_left")

    def __init__(self, net, edges):
        self.net = net
        self.edges = edges
        # tail[k]: metres from the end of edges[k] to the end of the route.
        self.tail = [0.0] * len(edges)
        for k in range(len(edges) - 2, -1, -1):
            self.tail[k] = net.through(edges[k], edges[k + 1]) + net.edges[edges[k + 1]][0].length + self.tail[k + 1]
        self.length = net.edges[edges[0]][0].length + self.tail[0]
        self._at = 0              # the index of the last normal edge seen; never moves back
        self._lane = None
        self._left = 0.0          # metres from the begin of _lane to the end of the route

    def remaining(self, lane_id, position):
        """Metres from `position` on a lane to the end of the route.  Call in the order of time."""
        if lane_id != self._lane:
            self._lane, lane = lane_id, self.net.lanes[lane_id]
            if lane.internal:
                edge, between = self.net.exit(lane)
                k = self.edges.index(edge, self._at + 1)
                self._at = k - 1
                self._left = lane.length + between + self.net.edges[edge][0].length + self.tail[k]
            else:
                self._at = self.edges.index(lane.edge, self._at)
                self._left = lane.length + self.tail[self._at]
        return self._left - position


def point(shape, length, position):
    """The place (x, y) of `position` metres along a lane.  SUMO's length can differ from the drawn one: scaled."""
    parts = [((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) ** 0.5 for a, b in zip(shape, shape[1:])]
    left = position * sum(parts) / length
    for (a, b), part in zip(zip(shape, shape[1:]), parts):
        if left <= part and part > 0:
            t = left / part
            return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t
        left -= part
    return shape[-1]

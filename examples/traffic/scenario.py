"""The simulation: a seeded network and demand, and SUMO's vehicles step by step.

Needs SUMO's programs `netgenerate`, `duarouter` and `sumo` (Debian's package `sumo`; 1.15 and later) and Python's standard
library, nothing else.  The same seed gives the same files and the same vehicles with the same version of SUMO.
"""
import os
import random
import shutil
import subprocess
import xml.parsers.expat
from pathlib import Path

STEP = 1.0             # seconds per simulation step
HEADWAY = 0.5          # seconds between two departures: about 400 vehicles drive at once
ICV_SHARE, TRUCK_SHARE = 0.25, 0.08
# Without SUMO_HOME the programs would fetch their XML schemas from the web; nothing here needs them.
NO_SCHEMA = ["--xml-validation", "never"]
NO_SCHEMA_RUN = NO_SCHEMA + ["--xml-validation.net", "never", "--xml-validation.routes", "never"]

TYPES = """\
    <vType id="human" length="5.0" minGap="2.5" sigma="0.5" tau="1.0" speedFactor="normc(1.0,0.1,0.6,1.3)"/>
    <vType id="truck" vClass="truck" length="10.0" minGap="2.5" accel="1.3" sigma="0.5" tau="1.2" speedFactor="0.9"/>
    <vType id="icv" length="5.0" minGap="2.0" sigma="0.0" tau="1.0" speedFactor="1.0" color="0,0.6,1"/>
"""
LENGTH = {"human": 5.0, "truck": 10.0, "icv": 5.0}   # metres, as in TYPES


class ScenarioError(RuntimeError):
    pass


def missing():
    """The SUMO programs that are not here, as a list of names."""
    return [p for p in ("netgenerate", "duarouter", "sumo") if shutil.which(p) is None]


def version():
    text = subprocess.run(["sumo", "--version"], capture_output=True, text=True, check=True).stdout
    return text.splitlines()[0].strip()


def run_tool(arguments):
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode != 0:
        raise ScenarioError(f"{arguments[0]} failed: {(done.stderr or done.stdout).strip()[-500:]}")


def make_network(path, seed=42):
    """A 5 x 5 grid of signalled junctions with roads leading out of it, two lanes each way, streets of about 200 m."""
    part = Path(path).with_suffix(".part.xml")
    run_tool(["netgenerate", "--grid", "--grid.number", "5", "--grid.length", "200", "--grid.attach-length", "200",
              "--perturb-x", "normc(0,12,-25,25)", "--perturb-y", "normc(0,12,-25,25)", "-L", "2", "--default.speed", "13.89",
              "-j", "traffic_light", "--no-turnarounds", "true", "--seed", str(seed), "-o", str(part), *NO_SCHEMA])
    os.replace(part, path)


def make_demand(net, net_path, path, seconds, seed, headway=HEADWAY):
    """Vehicles that drive through the network, one each `headway` seconds: routes by duarouter with perturbed costs.

    Three of four begin and end at the edge of the network.  Returns nothing; `path` gets a SUMO route file.
    """
    draw = random.Random(seed).random   # random() gives the same numbers in every version of Python
    into = sorted(e for e, (a, b) in net.ends.items() if is_fringe(net, a))
    out = sorted(e for e, (a, b) in net.ends.items() if is_fringe(net, b))
    inner = sorted(e for e in net.ends if e not in set(into) | set(out))

    def pick(fringe):
        among = fringe if draw() < 0.75 else inner
        return among[int(draw() * len(among))]

    lines = ["<routes>", TYPES.rstrip()]
    for i in range(int(seconds / headway)):
        while True:
            source, target = pick(into), pick(out)
            (ax, ay), (bx, by) = net.points[net.ends[source][0]], net.points[net.ends[target][1]]
            if abs(ax - bx) + abs(ay - by) >= 600:
                break
        u = draw()
        kind = "icv" if u < ICV_SHARE else "truck" if u < ICV_SHARE + TRUCK_SHARE else "human"
        lines.append(f'    <trip id="{kind}{i}" type="{kind}" depart="{i * headway:.2f}" from="{source}" to="{target}"'
                     ' departLane="best" departSpeed="max"/>')
    lines.append("</routes>")
    path = Path(path)
    trips, part = path.with_suffix(".trips.xml"), path.with_suffix(".part.xml")
    trips.write_text("\n".join(lines))
    run_tool(["duarouter", "-n", str(net_path), "--route-files", str(trips), "-o", str(part), "--seed", str(seed),
              "--weights.random-factor", "1.5", "--no-warnings", *NO_SCHEMA_RUN])
    os.replace(part, path)
    for left in (trips, path.with_suffix(".part.alt.xml")):
        left.unlink(missing_ok=True)


def is_fringe(net, junction):
    """Whether a junction is a dead end at the border: one road leads in, one out."""
    if not hasattr(net, "degree"):
        net.degree = {}
        for a, b in net.ends.values():
            net.degree[a] = net.degree.get(a, 0) + 1
            net.degree[b] = net.degree.get(b, 0) + 1
    return net.degree[junction] <= 2


def read_routes(path):
    """vehicle id -> [edge id, ...] of a route file."""
    routes, vehicle = {}, None

    def start(tag, a):
        nonlocal vehicle
        if tag == "vehicle":
            vehicle = a["id"]
        elif tag == "route" and vehicle is not None:
            routes[vehicle] = a["edges"].split()

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = start
    with open(path, "rb") as f:
        parser.ParseFile(f)
    return routes


def simulation(net_path, route_path, seconds, seed):
    """The command line of one run; floating car data is written by whoever adds --fcd-output."""
    return ["sumo", "-n", str(net_path), "-r", str(route_path), "--begin", "0", "--end", f"{seconds:g}",
            "--step-length", f"{STEP:g}", "--seed", str(seed), "--time-to-teleport", "-1", "--collision.action", "warn",
            "--no-step-log", "--no-warnings", "--duration-log.disable", *NO_SCHEMA_RUN]


# All attributes, although five would do: SUMO 1.15 aborts when it is asked for some (its attribute mask has 63 bits).
FCD = ["--precision", "3"]


def frames(net_path, route_path, seconds, seed):
    """Run SUMO; yield (time, vehicles) for every step: [(id, type, lane id, position, speed), ...].

    SUMO writes its floating car data into a pipe, so that it simulates on one core while this process works on another.
    Closing the generator ends SUMO.
    """
    read_end, write_end = os.pipe()
    process = subprocess.Popen([*simulation(net_path, route_path, seconds, seed), *FCD,
                                "--fcd-output", f"/dev/fd/{write_end}"],
                               pass_fds=[write_end], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    os.close(write_end)
    done, vehicles, now = [], [], 0.0

    def start(tag, a):
        nonlocal now
        if tag == "vehicle":
            vehicles.append((a["id"], a["type"], a["lane"], float(a["pos"]), float(a["speed"])))
        elif tag == "timestep":
            now = float(a["time"])

    def end(tag):
        nonlocal vehicles
        if tag == "timestep":
            done.append((now, vehicles))
            vehicles = []

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        with os.fdopen(read_end, "rb", buffering=0) as stream:
            while block := stream.read(1 << 16):
                parser.Parse(block)
                yield from done
                done.clear()
        if process.wait() != 0:
            raise ScenarioError(f"sumo ended with {process.returncode}: {process.stderr.read().decode()[-500:]}")
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stderr.close()

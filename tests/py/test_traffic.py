"""The traffic example on a real, small SUMO run: the recording against an independent recomputation over TraCI, the
resumption, the conversions, and the training on it."""
import collections
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parents[2] / "examples" / "traffic"
TOOLS = Path(os.environ.get("SUMO_HOME", "/usr/share/sumo")) / "tools"
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "build" / "python")]

import check          # noqa: E402
import record         # noqa: E402
import run            # noqa: E402
import scenario       # noqa: E402
import to_npy         # noqa: E402

needs_sumo = pytest.mark.skipif(bool(scenario.missing()), reason=f"not installed: {', '.join(scenario.missing())}")


def run_record(out, *more):
    return subprocess.run([sys.executable, HERE / "record.py", out, "--small", *more], capture_output=True, text=True,
                          timeout=600)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    if scenario.missing():
        pytest.skip(f"not installed: {', '.join(scenario.missing())}")
    out = tmp_path_factory.mktemp("traffic") / "small"
    done = run_record(out)
    assert done.returncode == 0, done.stderr
    return out


def samples_of(recording):
    return [s for f in to_npy.chunk_files(recording) for s in json.loads(f.read_bytes())]


# --- the layout ---

def test_layout(recording):
    meta = json.loads((recording / "metadata.json").read_text())
    assert [c["file"] for c in meta["chunks"]] == [f"chunks/chunk_{i:03d}.json" for i in range(3)]
    assert sum(c["samples"] for c in meta["chunks"]) == 300
    for c in meta["chunks"]:
        rows = json.loads((recording / c["file"]).read_bytes())
        assert len(rows) == c["samples"] and (recording / c["file"]).stat().st_size == c["bytes"]
    assert [len(meta["features"][k]) for k in ("x", "edge_attr", "globals", "y")] == [9, 4, 16, 8]


def test_every_value_is_possible(recording):
    found, wrong = check.check(recording)
    assert wrong == []
    assert found["x"][1]["std"] > 1 and found["x"][8]["min"] == found["x"][8]["max"] == 1.0
    assert found["edge_attr"][0]["max"] < 50 < found["edge_attr"][0]["max"] + 1


def test_check_finds_damage(recording):
    s = to_npy.arrays(samples_of(recording)[0])
    assert list(check.check_sample("here", s)) == []
    for field, value in (("x", np.nan), ("x", -1.0), ("edge_attr", 60.0), ("y", np.inf)):
        bad = {k: v.copy() for k, v in s.items()}
        bad[field].reshape(-1)[0] = value
        assert list(check.check_sample("here", bad)), (field, value)
    bad = dict(s, edge_index=s["edge_index"].copy())
    bad["edge_index"][0, 0] = len(s["x"])
    assert "names vehicle" in list(check.check_sample("here", bad))[0]


# --- the features, against TraCI ---

def lanes_ahead(traci, lane, reach, links={}):
    """Dijkstra over what TraCI says about links: {lane: metres from the end of `lane` to its begin}."""
    best, work = {}, [(0.0, lane)]
    while work:
        work.sort()
        distance, at = work.pop(0)
        if at not in links:
            links[at] = [target[4] or target[0] for target in traci.lane.getLinks(at)]
        for n in links[at]:
            if distance < best.get(n, reach):
                best[n] = distance
                work.append((distance + traci.lane.getLength(n), n))
    return best


def expected_edges(traci, ids):
    """{(i, j): (distance, speed difference, TTC, THW)} of all ordered pairs, by brute force."""
    at = {v: (traci.vehicle.getLaneID(v), traci.vehicle.getLanePosition(v), traci.vehicle.getSpeed(v)) for v in ids}
    found = {}
    for i, a in enumerate(ids):
        lane, p, va = at[a]
        ahead = lanes_ahead(traci, lane, 50.0)
        for j, b in enumerate(ids):
            other, q, vb = at[b]
            ways = [q - p] if other == lane and q > p else []
            if other in ahead:
                ways.append(traci.lane.getLength(lane) - p + ahead[other] + q)
            if i == j or not ways or min(ways) >= 50.0:
                continue
            d = min(ways)
            gap = max(d - traci.vehicle.getLength(b), 0)
            ttc = min(10, gap / (va - vb)) if va > vb else 10
            thw = min(10, d / va) if va > 0 else 10
            found[i, j] = (d, vb - va, ttc, thw)
            found[j, i] = (-d, va - vb, ttc, thw)
    return found


def compare_step(traci, sample, before):
    ids = list(traci.vehicle.getIDList())
    x = np.array(sample["x"])
    rows = {}
    for k, row in enumerate(x):
        rows[round(row[0], 2), round(row[1], 3), int(row[3]), int(row[6])] = k
    order = []
    for v in ids:
        get = traci.vehicle
        icv = int(get.getTypeID(v) == "icv")
        near = [k for k, row in enumerate(x) if abs(row[0] - get.getLanePosition(v)) < 0.006
                and abs(row[1] - get.getSpeed(v)) < 0.0006 and row[3] == get.getLaneIndex(v) and row[6] == icv]
        end = get.getRoute(v)[-1]
        left = get.getDrivingDistance(v, end, traci.lane.getLength(end + "_0"))
        # Two standing vehicles can look alike; the way that is left tells them apart.
        k = min(near, key=lambda k: abs(x[k][4] - left))
        order.append(k)
        # SUMO's way leads through the lane that it has chosen; the recorded one takes the junction's shortest lane.
        assert abs(x[k][4] - left) < 10, (v, x[k], left)
        assert abs(x[k][2] - get.getAcceleration(v)) < 0.0021 or v not in before
        assert x[k][7] == sample["time"] and x[k][8] == 1
        assert 0 <= x[k][5] < 1
    assert sorted(order) == list(range(len(x)))
    wanted = {(order[i], order[j]): e for (i, j), e in expected_edges(traci, ids).items()}
    got = {(i, j): e for i, j, e in zip(*sample["edge_index"], sample["edge_attr"])}
    assert len(got) == len(sample["edge_attr"])
    # Within a millimetre of the limit, TraCI's unrounded positions may decide otherwise.
    for pair in wanted.keys() ^ got.keys():
        assert abs(abs((wanted.get(pair) or got.get(pair))[0]) - 50.0) < 0.003, pair
    for pair in wanted.keys() & got.keys():
        w, g = wanted[pair], got[pair]
        assert abs(w[0] - g[0]) < 0.003 and abs(w[1] - g[1]) < 0.002
        # A small closing speed makes a quotient of rounded numbers wide; its reciprocal is not.
        assert math.isclose(w[2], g[2], abs_tol=0.005) or abs(1 / max(w[2], 1e-3) - 1 / max(g[2], 1e-3)) < 0.003, (w, g)
        assert math.isclose(w[3], g[3], rel_tol=0.002, abs_tol=0.005) or w[3] > 9.9
    v = np.array([traci.vehicle.getSpeed(i) for i in ids])
    icv = np.array([traci.vehicle.getTypeID(i) == "icv" for i in ids])
    g = sample["globals"]
    assert g[0] == len(ids) and g[7] == icv.sum()
    np.testing.assert_allclose(g[1:4], [v.mean(), v.std(), v.max()], atol=1e-3)
    np.testing.assert_allclose([g[6], g[8], g[9]], [(v < 0.1).mean(), icv.mean(), v[icv].mean() if icv.any() else 0], atol=1e-3)
    return len(wanted)


@pytest.mark.skipif(not (TOOLS / "traci").exists(), reason=f"no TraCI client in {TOOLS} (sumo-tools)")
def test_features_equal_traci(recording):
    sys.path.append(str(TOOLS))
    import traci
    samples = [s for s in samples_of(recording) if s["episode"] == 0]
    seed = json.loads((recording / "settings.json").read_text())["seed"] * 1000
    traci.start(scenario.simulation(recording / "network.net.xml", recording / "demand-0.rou.xml", 10000, seed),
                stdout=subprocess.DEVNULL)
    try:
        edges, speeds, before = 0, {}, set()
        for _ in range(int(samples[0]["time"]) + 45):
            traci.simulationStep()
            # Floating car data stamps a step with the time at its begin, TraCI with the time at its end.
            n = round(traci.simulation.getTime() - 1 - samples[0]["time"])
            if n >= 0:
                speeds[n] = np.mean([traci.vehicle.getSpeed(v) for v in traci.vehicle.getIDList()])
            if n in (0, 1, 7, 20, 33):
                edges += compare_step(traci, samples[n], before)
            before = set(traci.vehicle.getIDList())
        assert edges > 100
        for n in (0, 7, 33):
            np.testing.assert_allclose(samples[n]["y"], [speeds[n + h] for h in (1, 2, 3, 4, 5, 6, 8, 10)], atol=1e-3)
    finally:
        traci.close()


def test_only_connected_lanes(recording):
    """Most pairs of near lane positions are on different roads: they must not have become edges."""
    s = samples_of(recording)[50]
    p = np.array([r[0] for r in s["x"]])
    one_axis = (np.abs(p[:, None] - p) < 50).sum() - len(p)
    assert 0 < len(s["edge_attr"]) < one_axis / 4


# --- seeds, resumption, refusals ---

def test_resumes_with_the_same_bytes(recording, tmp_path):
    again = tmp_path / "again"
    shutil.copytree(recording, again)
    (again / "metadata.json").unlink()
    for c in (1, 2):
        (again / "chunks" / f"chunk_00{c}.json").unlink()
    (again / "chunks" / "chunk_001.part").write_text("[ cut off")
    kept = (again / "chunks" / "chunk_000.json").stat().st_mtime_ns
    done = run_record(again)
    assert done.returncode == 0, done.stderr
    assert (again / "chunks" / "chunk_000.json").stat().st_mtime_ns == kept
    for f in ("chunks/chunk_000.json", "chunks/chunk_001.json", "chunks/chunk_002.json", "metadata.json"):
        assert (again / f).read_bytes() == (recording / f).read_bytes(), f


def processes_with(text):
    found = []
    for p in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = p.read_bytes()
        except OSError:
            continue
        if text.encode() in line:
            found.append(line.replace(b"\0", b" "))
    return found


def test_interrupt_ends_everything(tmp_path):
    if scenario.missing():
        pytest.skip(f"not installed: {', '.join(scenario.missing())}")
    out = tmp_path / "stopped"
    p = subprocess.Popen([sys.executable, HERE / "record.py", out, "--samples", "4000", "--jobs", "2"], stderr=subprocess.PIPE, text=True,
                         start_new_session=True)

    def under_way():   # this one, two episodes, and their simulations; and something is recorded
        return len(processes_with(str(out))) >= 5 and list(out.glob("chunks/chunk_*.json"))

    deadline = time.monotonic() + 120
    while not under_way() and p.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert p.poll() is None and under_way()
    os.killpg(p.pid, signal.SIGINT)
    _, err = p.communicate(timeout=60)
    assert p.returncode == 130 and "goes on from here" in err
    deadline = time.monotonic() + 20
    while processes_with(str(out)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_with(str(out)) == []
    assert not (out / "metadata.json").exists()
    for f in out.glob("chunks/chunk_*.json"):
        assert len(json.loads(f.read_bytes())) == 100


def test_another_seed_is_another_recording(recording, tmp_path):
    refused = run_record(recording, "--seed", "5")
    assert refused.returncode == 1 and "other settings" in refused.stderr
    other = tmp_path / "other"
    assert run_record(other, "--seed", "5", "--samples", "300").returncode == 0
    assert (other / "chunks/chunk_000.json").read_bytes() != (recording / "chunks/chunk_000.json").read_bytes()
    again = run_record(recording)
    assert again.returncode == 0 and "already" in again.stdout


def test_foreign_folder_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    if scenario.missing():
        pytest.skip(f"not installed: {', '.join(scenario.missing())}")
    refused = run_record(tmp_path)
    assert refused.returncode == 1 and "not empty" in refused.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("samples, episodes, expected", [(2000, 2, [1000, 1000]), (300, 2, [200, 100]), (250, 2, [200, 50]),
                                                         (99, 1, [99]), (1001, 3, [400, 400, 201])])
def test_split(samples, episodes, expected):
    assert record.split(samples, episodes) == expected


# --- conversions ---

def test_npy_holds_the_same(recording, tmp_path):
    assert to_npy.convert(recording, tmp_path) == 300
    a = {k: np.load(tmp_path / f"{k}.npy") for k in [*to_npy.TYPES, "no", "eo"]}
    samples = samples_of(recording)
    assert a["no"][-1] == len(a["x"]) and a["eo"][-1] == len(a["edge_attr"]) == a["edge_index"].shape[1]
    for i in (0, 123, 299):
        n, e = slice(*a["no"][i:i + 2]), slice(*a["eo"][i:i + 2])
        np.testing.assert_array_equal(a["x"][n], np.float32(samples[i]["x"]))
        np.testing.assert_array_equal(a["edge_index"][:, e], samples[i]["edge_index"])
        np.testing.assert_array_equal(a["edge_attr"][e], np.float32(samples[i]["edge_attr"]).reshape(-1, 4))
        np.testing.assert_array_equal(a["y"][i], np.float32(samples[i]["y"]))


def content(loader):
    """A checksum that no order changes: sums of the fields, and of the features at both ends of every edge."""
    total = collections.Counter()
    for b in loader:
        for k in ("x", "edge_attr", "globals", "y"):
            total[k] += getattr(b, k).double().sum().item()
        ends = b.x[b.edge_index].double()
        total["ends"] += (ends[0, :, 4] * ends[1, :, 0]).sum().item()
        assert (b.batch[b.edge_index[0]] == b.batch[b.edge_index[1]]).all()
        assert b.ptr[-1] == len(b.x) and (b.batch.bincount() == b.ptr.diff()).all()
    return total


def test_torch_ways_feed_the_same(recording, tmp_path):
    pytest.importorskip("torch")
    import torch_way
    to_npy.convert(recording, tmp_path)
    batch = 20   # divides 300: drop_last drops nothing
    first = content(torch_way.json_loader(recording, batch))
    for loader in (torch_way.npy_loader(tmp_path, batch), torch_way.npy_batch_loader(tmp_path, batch)):
        other = content(loader)
        assert all(math.isclose(first[k], other[k], rel_tol=1e-9) for k in first)


# --- training ---

@pytest.fixture(scope="module")
def statistics(recording):
    done = subprocess.run([sys.executable, HERE / "check.py", recording], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads((recording / "statistics.json").read_text())


def test_peak_memory_counts_children():
    import memory
    with memory.Peak(0.01) as peak:
        child = subprocess.Popen([sys.executable, "-c", "import sys; b = bytearray(b'x') * (64 << 20); sys.stdin.read()"], stdin=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while peak.bytes < 64 << 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        child.communicate()
    assert 64 << 20 <= peak.bytes < 128 << 20


def train(script, data, result, *more):
    done = subprocess.run([sys.executable, HERE / script, data, "--epochs", "3", "--result", result, *more],
                          capture_output=True, text=True, timeout=600, env=run.environment())
    assert done.returncode == 0, done.stderr
    return json.loads(result.read_text())


def assert_learned(r):
    """The loss falls to a fifth and less: the first steps know nothing, and the mean speed is far from zero."""
    assert [e["samples"] for e in r["epochs"]] == [288, 288, 288]   # 18 whole batches of 16
    assert all(math.isfinite(v) for v in r["steps"])
    assert np.mean(r["steps"][-9:]) < np.mean(r["steps"][:3]) / 5
    assert r["epochs"][2]["loss"] < r["epochs"][1]["loss"] < r["epochs"][0]["loss"]


def test_trains_from_a_dataloader(recording, statistics, tmp_path):
    pytest.importorskip("torch")
    assert_learned(train("train_torch.py", recording, tmp_path / "r.json"))


def test_two_lines_move_the_training_to_headrace():
    def code(name):
        text = (HERE / name).read_text()
        return text[text.index('"""\n', 30):].splitlines()
    old, new = code("train_torch.py"), code("train_headrace.py")
    assert len(old) == len(new) and sum(a != b for a, b in zip(old, new)) == 2


@pytest.fixture(scope="module")
def dataset(recording):
    headrace = pytest.importorskip("headrace")
    out = recording.parent / "small.data"
    headrace.pack(to_npy.chunk_files(recording), out)
    return out


def test_packed_samples_are_the_recorded_ones(recording, dataset):
    import headrace
    samples = samples_of(recording)
    with headrace.Loader(dataset, batch_size=1, shuffle=False, framework="numpy") as loader:
        assert loader.samples == 300
        for i, b in enumerate(loader):
            s = to_npy.arrays(samples[i])
            np.testing.assert_array_equal(b.x, s["x"])
            np.testing.assert_array_equal(b.edge_index, s["edge_index"])
            np.testing.assert_array_equal(b.edge_attr, s["edge_attr"])
            np.testing.assert_array_equal(np.ravel(b.globals), s["globals"])
            np.testing.assert_array_equal(np.ravel(b.y), s["y"])


def test_headrace_feeds_the_same_as_torch(recording, dataset, statistics):
    pytest.importorskip("torch")
    import headrace
    import presets
    import torch_way
    first = content(torch_way.json_loader(recording, 20))
    with headrace.Loader(dataset, batch_size=20, framework="torch") as loader:
        other = content(loader)
    assert all(math.isclose(first[k], other[k], rel_tol=1e-9) for k in first)
    # Normalised alike: the first batch of the recording, in order.
    rows = presets.for_numpy(presets.read("phase2")["transforms"], statistics)
    want = torch_way.Collate(torch_way.Prepare(rows))([to_npy.arrays(s) for s in samples_of(recording)[:8]])
    with headrace.Loader(dataset, framework="torch", **presets.load("phase2", pin=False)) as loader:
        got = next(iter(loader))
        for k in ("x", "edge_attr", "globals", "y"):
            np.testing.assert_allclose(getattr(got, k).numpy(), getattr(want, k).numpy(), rtol=2e-5, atol=2e-5)


def test_trains_from_headrace(dataset, tmp_path):
    pytest.importorskip("torch")
    assert_learned(train("train_headrace.py", dataset, tmp_path / "r.json"))


@pytest.mark.timeout(1800)   # it starts a dozen programs that import torch
def test_the_whole_way(tmp_path):
    """What `make run` does, on the small recording."""
    pytest.importorskip("torch")
    pytest.importorskip("headrace")
    if scenario.missing():
        pytest.skip(f"not installed: {', '.join(scenario.missing())}")
    try:
        packs = subprocess.run([run.program(), "pack", "--help"], capture_output=True).returncode == 0
    except run.Failed as e:
        pytest.skip(str(e))
    if not packs:
        pytest.skip("this headrace has no command pack")
    arguments = [sys.executable, HERE / "run.py", "--small", "--data", tmp_path, "--seconds", "0.1", "--epochs", "2"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((tmp_path / "result.json").read_text())
    rates = {(r["way"], r["plain"]): r["samples_per_s"] for r in result["feed"]["ways"]}
    assert len(rates) == 10 and all(v > 0 for v in rates.values())
    # A tenth of a second of each tells no more than this, and this machine may stand still in one of them: `make run` measures for longer.
    assert any(rates["headrace", plain] > rates["json", plain] for plain in (True, False)), rates
    for name, _ in run.WAYS:
        assert dict(run.WAYS)[name] in done.stdout
    assert (tmp_path / "result.svg").read_text().startswith("<?xml")
    again = subprocess.run([*arguments[:-4], "--seconds", "0.1", "--epochs", "1"], capture_output=True, text=True, timeout=900)
    assert again.returncode == 0 and "recorded already" in again.stdout

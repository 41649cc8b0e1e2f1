"""`headrace pack` on JSON: what goes in comes out, whatever the form, the threads and the mishaps."""

import bisect
import filecmp
import json
import math
import os
import random
import signal
import struct
import time

import pytest

from conftest import graph, graphs

pa_ipc = pytest.importorskip("pyarrow.ipc", reason="pyarrow reads the datasets back")


def parts(path):
    return [path] if path.is_file() else sorted(path.glob("part-*.arrow"))


def read(path):
    """All samples of a dataset as Python values, field by field."""
    rows = []
    for part in parts(path):
        table = pa_ipc.open_file(str(part)).read_all()
        rows += table.to_pylist()
    return rows


def f32(v):
    return [f32(x) for x in v] if isinstance(v, list) else struct.unpack("f", struct.pack("f", v))[0]


def as_packed(s):
    """A sample of conftest.graph as it comes out: floats are float32."""
    return {**s, "node_features": f32(s["node_features"]), "edge_features": f32(s["edge_features"]),
            "global_metrics": f32(s["global_metrics"])}


def same_tree(a, b):
    if a.is_file():
        return filecmp.cmp(a, b, shallow=False)
    names = sorted(os.listdir(a))
    return names == sorted(os.listdir(b)) and all(filecmp.cmp(a / n, b / n, shallow=False) for n in names)


def write_chunks(folder, samples, per):
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(0, len(samples), per):
        (folder / f"chunk_{i // per:03d}.json").write_text(json.dumps(samples[i:i + per]))
    return folder


def test_values(packed):
    out, samples = packed
    assert read(out) == [as_packed(s) for s in samples]
    schema = {f["name"]: f for f in json.loads((out / "manifest.json").read_text())["schema"]["fields"]}
    assert schema["node_features"] == {"name": "node_features", "dtype": "float32", "shape": ["*", 4], "role": "node"}
    assert schema["edge_index"] == {"name": "edge_index", "dtype": "int64", "shape": [2, "*"], "role": "edge_index"}
    assert schema["edge_features"]["role"] == "edge"
    assert schema["label"]["role"] == "label" and schema["global_metrics"]["role"] == "graph"


def test_every_form_is_the_same(headrace, tmp_path):
    samples = graphs(70)
    want = [as_packed(s) for s in samples]
    (tmp_path / "list.json").write_text(json.dumps(samples, indent=1))
    (tmp_path / "tight.json").write_text(json.dumps(samples, separators=(",", ":")))
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, samples)) + "\n\n")
    (tmp_path / "crlf.ndjson").write_bytes("\r\n".join(map(json.dumps, samples)).encode())
    (tmp_path / "after_each_other.json").write_text("\n".join(json.dumps(s, indent=2) for s in samples))
    (tmp_path / "mark.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(samples).encode())
    for i, s in enumerate(samples):
        (tmp_path / "each").mkdir(exist_ok=True)
        (tmp_path / "each" / f"{i:03d}.json").write_text(json.dumps(s))
    for source in ("list.json", "tight.json", "lines.jsonl", "crlf.ndjson", "after_each_other.json", "mark.json", "each"):
        headrace("pack", source, "-o", "out.arrow", "-f", "-q")
        assert read(tmp_path / "out.arrow") == want, source
    headrace("pack", "-", "-o", "out", "-q", stdin=json.dumps(samples))
    assert read(tmp_path / "out") == want
    headrace("pack", "-", "-o", "out", "-q", "-f", "--format", "jsonl", stdin="\n".join(map(json.dumps, samples)))
    assert read(tmp_path / "out") == want


@pytest.mark.parametrize("options", [[], ["--dedup"], ["--bad", "skip"], ["--narrow"], ["-z", "zstd"], ["--chunk-samples", "7"]])
def test_threads_do_not_matter(headrace, tmp_path, options):
    rng = random.Random(3)
    samples = graphs(300)
    samples += rng.sample(samples, 50)
    if "skip" in options:
        for i in range(5, 300, 37):
            samples[i] = {**samples[i], "label": "x"}
    write_chunks(tmp_path / "raw", samples, 9)
    for out, jobs in (("one", 1), ("four", 4), ("five.arrow", 1), ("six.arrow", 6)):
        headrace("pack", "raw", "-o", out, "-q", "-j", str(jobs), *options)
    assert same_tree(tmp_path / "one", tmp_path / "four")
    assert same_tree(tmp_path / "five.arrow", tmp_path / "six.arrow")


def test_large_files_are_cut(headrace, tmp_path):
    """Files beyond 8 MiB are read in pieces: the same samples, in every form."""
    samples = [{"i": i, "x": [[i + j / 7, -j] for j in range(i % 90 + 130)]} for i in range(2500)]
    text = json.dumps(samples)
    assert len(text) > 8.2 * 1024 * 1024
    (tmp_path / "list.json").write_text(text)
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, samples)))
    (tmp_path / "pretty.json").write_text("  \n".join(map(json.dumps, samples)))
    for name in ("list.json", "lines.jsonl", "pretty.json"):
        headrace("pack", name, "-o", name + ".arrow", "-q", "-j", "3")
    with open(tmp_path / "list.json", "rb") as f:
        headrace("pack", "-", "-o", "stdin.arrow", "-q", stdin=f.read())
    rows = read(tmp_path / "list.json.arrow")
    assert [r["i"] for r in rows] == list(range(2500))
    assert all(r["x"] == f32(s["x"]) for r, s in zip(rows, samples))
    for name in ("lines.jsonl", "pretty.json"):
        assert same_tree(tmp_path / "list.json.arrow", tmp_path / (name + ".arrow"))
    assert read(tmp_path / "stdin.arrow") == rows


def test_special_numbers(headrace, tmp_path):
    values = [0.1, -0.0, 1e-45, 3.4028234663852886e38, 5e-324, float("nan"), float("inf"), float("-inf"), 123456789.123]
    (tmp_path / "a.json").write_text(json.dumps([{"x": values, "d": 1e300, "t": 1700000000.25, "n": -2 ** 63, "b": True,
                                                  "s": "中文 \n\"\\ \ud83d\ude00"}] * 2))
    headrace("pack", "a.json", "-o", "a.arrow", "-q")
    row = read(tmp_path / "a.arrow")[1]
    for got, want in zip(row["x"], values):
        assert got == f32(want) or math.isnan(got) and math.isnan(want)
        assert math.copysign(1, got) == math.copysign(1, want)
    assert row["d"] == 1e300 and row["t"] == 1700000000.25 and row["n"] == -2 ** 63
    assert row["b"] == 1 and row["s"] == "中文 \n\"\\ \U0001f600"


GOOD = '{"x": [[1, 2], [3, 4]], "n": 1, "s": "a", "g": {"v": 0.5}}'
SCHEMA = json.dumps({"fields": [
    {"name": "x", "dtype": "float32", "shape": ["*", 2], "role": "node"}, {"name": "n", "dtype": "int8"},
    {"name": "s", "dtype": "string"}, {"name": "g.v", "dtype": "float32"}]})
BAD = [
    ("misses a comma", '{"x": [[1, 2] [3, 4]], "n": 1, "s": "a", "g": {"v": 0.5}}', "x", "comma or a bracket"),
    ("cut row", '{"x": [[1, 2], [3]], "n": 1, "s": "a", "g": {"v": 0.5}}', "x", "fewer than 2"),
    ("long row", '{"x": [[1, 2, 3]], "n": 1, "s": "a", "g": {"v": 0.5}}', "x", "more than 2"),
    ("deep row", '{"x": [[[1, 2]]], "n": 1, "s": "a", "g": {"v": 0.5}}', "x", "an array where a number"),
    ("flat row", '{"x": [1, 2], "n": 1, "s": "a", "g": {"v": 0.5}}', "x", "a number where a list"),
    ("string in a row", '{"x": [[1, "2"]], "n": 1, "s": "a", "g": {"v": 0.5}}', "x", "a string where a number"),
    ("null", '{"x": null, "n": 1, "s": "a", "g": {"v": 0.5}}', "x", "null where a list"),
    ("leading zero", '{"x": [[01, 2]], "n": 1, "s": "a", "g": {"v": 0.5}}', "x", "malformed number"),
    ("too large for float32", '{"x": [[1e39, 2]], "n": 1, "s": "a", "g": {"v": 0.5}}', "x", "does not fit float32"),
    ("too large for anything", '{"x": [[1e999, 2]], "n": 1, "s": "a", "g": {"v": 0.5}}', "x", "does not fit float32"),
    ("fraction", '{"x": [], "n": 1.5, "s": "a", "g": {"v": 0.5}}', "n", "with a fraction"),
    ("out of int8", '{"x": [], "n": 128, "s": "a", "g": {"v": 0.5}}', "n", "does not fit int8"),
    ("no string", '{"x": [], "n": 1, "s": 5, "g": {"v": 0.5}}', "s", "a number where a string"),
    ("bad escape", '{"x": [], "n": 1, "s": "\\q", "g": {"v": 0.5}}', "s", "escape"),
    ("half a pair", '{"x": [], "n": 1, "s": "\\ud800", "g": {"v": 0.5}}', "s", "surrogate"),
    ("missing", '{"x": [], "n": 1, "g": {"v": 0.5}}', "s", "is missing"),
    ("missing below", '{"x": [], "n": 1, "s": "a", "g": {}}', "g.v", "is missing"),
    ("unknown", '{"x": [], "n": 1, "s": "a", "g": {"v": 0.5}, "more": [1, {"a": 2}]}', "more", "does not have"),
    ("unknown below", '{"x": [], "n": 1, "s": "a", "g": {"v": 0.5, "w": 1}}', "g.w", "does not have"),
    ("twice", '{"x": [], "n": 1, "n": 1, "s": "a", "g": {"v": 0.5}}', "n", "twice"),
    ("no object", '{"x": [], "n": 1, "s": "a", "g": 0.5}', "g", "expected to be an object"),
    ("a list", '[1, 2]', "", "is not an object"),
    ("a number", '17', "", "is not an object"),
]


@pytest.mark.parametrize("form", ["list", "lines"])
@pytest.mark.parametrize("bad", BAD, ids=[b[0] for b in BAD])
def test_bad_samples(headrace, tmp_path, bad, form):
    _, text, key, why = bad
    good = [GOOD] * 3
    lines = [good[0], text, good[1], good[2]]
    name = "a.json" if form == "list" else "a.jsonl"
    whole = "[" + ",\n".join(lines) + "]" if form == "list" else "\n".join(lines)
    (tmp_path / name).write_text(whole)
    r = headrace("pack", name, "-o", "out", "--schema", SCHEMA, status=1)
    assert f"'{name}', sample 1, byte " in r.err and why in r.err and not (tmp_path / "out").exists()
    if key:
        assert f"'{key}'" in r.err
    headrace("pack", name, "-o", "out", "--schema", SCHEMA, "--bad", "skip", "-q")
    assert read(tmp_path / "out") == [{"x": [[1, 2], [3, 4]], "n": 1, "s": "a", "g.v": 0.5}] * 3
    headrace("pack", name, "-o", "out", "-f", "--schema", SCHEMA, "--bad", "reject", "--reject-file", "bad.jsonl", "-q")
    rejected = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert len(rejected) == 1 and rejected[0]["file"] == name and rejected[0]["sample"] == 1
    assert rejected[0]["key"] == key and why in rejected[0]["why"]
    start = whole.index(text, len(GOOD))
    assert start <= rejected[0]["offset"] <= start + len(text)


@pytest.mark.parametrize("text, why", [
    ("", "the file is empty"), ("   \n", "the file is empty"), ("[", "the file ends inside the list"), (f"[{GOOD}", "ends inside the list"),
    (f"[{GOOD},]", "missing behind a comma"), (f"[{GOOD} {GOOD}]", "a comma or a closing bracket is expected"),
    (f"[{GOOD}] x", "the list of samples has ended"), (f"[{GOOD}, " + GOOD[:30], "ends in the middle"),
    ("\0", "holds a zero byte"), ("[" * 100000, "is not an object"), ('{"a":' * 100000, "does not have"),
    ("[[]]", "is not an object"), ("\xff\xfe", "is not an object"),
])
def test_damaged_files(headrace, tmp_path, text, why):
    (tmp_path / "a.json").write_bytes(text.encode("latin-1"))
    r = headrace("pack", "a.json", "-o", "out", "--schema", SCHEMA, status=1)
    assert why in r.err and "a.json" in r.err
    assert not (tmp_path / "out").exists()
    headrace("pack", "a.json", "-o", "out", "--schema", SCHEMA, "--bad", "skip", "-q", status=None)


def test_graphs_are_checked(headrace, tmp_path):
    good = graph(random.Random(1), nodes=3)
    good["edge_index"], good["edge_features"] = [[0, 1], [1, 2]], [[1.0, 2.0], [3.0, 4.0]]
    for change, key, why in (
        ({"edge_index": [[0, 1], [1, 3]]}, "edge_index", "names node 3"),
        ({"edge_index": [[0, -1], [1, 2]]}, "edge_index", "names node -1"),
        ({"edge_index": [[0, 1], [1]]}, "edge_index", "rows of differing length"),
        ({"edge_features": [[1.0, 2.0]]}, "edge_features", "has 1 rows, and 'edge_index' has 2"),
    ):
        (tmp_path / "a.json").write_text(json.dumps([good, good, {**good, **change}]))
        r = headrace("pack", "a.json", "-o", "out", "--bad", "stop", status=1)
        assert f"'{key}' {why}" in r.err or (f"'{key}'" in r.err and why in r.err), r.err


def test_no_edges(headrace, tmp_path):
    """A graph without edges is written [] or [[], []]."""
    base = {"x": [[1.0], [2.0]], "edge_index": [[0], [1]], "edge_attr": [[5.0]]}
    (tmp_path / "a.json").write_text(json.dumps([base, {**base, "edge_index": [], "edge_attr": []},
                                                 {**base, "edge_index": [[], []], "edge_attr": []}]))
    headrace("pack", "a.json", "-o", "a.arrow", "-q")
    assert [r["edge_index"] for r in read(tmp_path / "a.arrow")] == [[[0], [1]], [[], []], [[], []]]


def test_schema_widens(headrace, tmp_path):
    """What the first samples did not show is found later: packing begins again, and says so."""
    samples = [{"n": 1, "a": [1, 2], "v": 0.5, "b": [[1, 2], [3, 4]]} for _ in range(5000)]
    samples[4000] = {"n": 1.5, "a": [1, 2, 3], "v": 1e200, "b": [[1, 2]]}
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, samples)))
    r = headrace("pack", "a.jsonl", "-o", "a.arrow", "-j", "2")
    assert r.err.count("begins again") == 4
    assert read(tmp_path / "a.arrow") == samples
    r = headrace("pack", "-", "-o", "b.arrow", status=None, stdin=(tmp_path / "a.jsonl").read_text(), timeout=60)
    # standard input cannot begin again once its first piece is gone; this one is small, but the rule is the same
    assert r.status == 1 and "sample 4000" in r.err


def test_given_schema_selects(headrace, tmp_path):
    (tmp_path / "a.json").write_text(f"[{GOOD}]")
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps({"fields": [{"name": "n", "dtype": "uint16"}, {"name": "g.v", "dtype": "float64"}]}))
    r = headrace("pack", "a.json", "-o", "a.arrow", "--schema", schema, status=1)
    assert "'x' is a key that the schema does not have" in r.err
    headrace("pack", "a.json", "-o", "a.arrow", "--schema", schema, "--other-keys", "-q")
    assert read(tmp_path / "a.arrow") == [{"n": 1, "g.v": 0.5}]


def test_what_cannot_be_a_field(headrace, tmp_path):
    for value, why in (([[1], [2, 3]], "rows of differing length"), ([[[1], [2, 3]], [[1]]], "differing length inside"), (["a"], "a list of strings"),
                       ([{"a": 1}], "a list of objects"), ([1, "a"], "mixes"), ([1, [2]], "nested sometimes more"),
                       ([[[[[1]]]]], "deeper than 4"), (None, "is null")):
        (tmp_path / "a.json").write_text(json.dumps([{"n": 1, "bad": value}, {"n": 2, "bad": value}]))
        r = headrace("pack", "a.json", "-o", "out", "-f", status=1)
        assert "'bad'" in r.err and why in r.err, (value, r.err)


def test_dedup(headrace, tmp_path):
    samples = graphs(100)
    doubled = [s for s in samples for _ in range(3)]
    random.Random(0).shuffle(doubled)
    write_chunks(tmp_path / "raw", doubled, 40)
    r = headrace("pack", "raw", "-o", "out", "--dedup", "--json", "-j", "2")
    assert r.json()["samples"] == 100 and r.json()["duplicates"] == 200
    first = []
    for s in doubled:
        if s not in first:
            first.append(s)
    assert read(tmp_path / "out") == [as_packed(s) for s in first]


def test_narrow(headrace, tmp_path):
    samples = [{"u8": i % 256, "i8": i % 200 - 100, "u16": i * 60, "i32": -i * 1000000, "i64": i * 2 ** 40, "f": 1.5} for i in range(1000)]
    (tmp_path / "a.json").write_text(json.dumps(samples))
    headrace("pack", "a.json", "-o", "a.arrow", "--narrow", "-q")
    assert read(tmp_path / "a.arrow") == samples
    types = {f.name: str(f.type) for f in pa_ipc.open_file(str(tmp_path / "a.arrow")).schema}
    assert types == {"u8": "uint8", "i8": "int8", "u16": "uint16", "i32": "int32", "i64": "int64", "f": "float"}


@pytest.mark.parametrize("kind", ["float16", "int8"])
def test_quantize(headrace, tmp_path, kind):
    rng = random.Random(5)
    samples = [{"x": [[rng.gauss(0, 1), rng.uniform(50, 60)] for _ in range(rng.randint(1, 9))], "y": [rng.random()], "nan": [float("nan"), 1]}
               for _ in range(200)]
    (tmp_path / "a.json").write_text(json.dumps(samples))
    r = headrace("pack", "a.json", "-o", "out", "--quantize", kind)
    stats = json.loads((tmp_path / "out/statistics.json").read_text())["fields"]
    schema = {f["name"]: f for f in json.loads((tmp_path / "out/manifest.json").read_text())["schema"]["fields"]}
    worst = 0
    for row, s in zip(read(tmp_path / "out"), samples):
        assert f32(row["y"]) == f32(s["y"])  # a label is left alone
        for got, want in zip(row["x"], s["x"]):
            for k in range(2):
                v = got[k] if kind == "float16" else got[k] * schema["x"]["scale"][k] + schema["x"]["offset"][k]
                worst = max(worst, abs(float(v) - f32(want[k])))
    assert schema["x"]["stored"] == kind and schema["y"].get("stored", "float32") == "float32"
    assert 0 < worst < 0.05
    assert "'x' as " + kind in r.err
    assert stats["x"]["quantization"]["max_error"] == pytest.approx(worst, rel=1e-6)
    assert 0 < stats["x"]["quantization"]["rms_error"] < worst and "quantization" not in stats["y"]
    if kind == "int8":
        assert "'nan' is not quantised" in r.err


def test_shards(headrace, tmp_path):
    samples = [{"w": ["sun", "rain", "snow"][i % 3], "time": i * 0.5, "n": i} for i in range(300)]
    (tmp_path / "a.json").write_text(json.dumps(samples))
    headrace("pack", "a.json", "-o", "by_w", "--shard-by", "w", "-q")
    got = [[r["n"] for r in pa_ipc.open_file(str(p)).read_all().to_pylist()] for p in parts(tmp_path / "by_w")]
    assert got == [list(range(1, 300, 3)), list(range(2, 300, 3)), list(range(0, 300, 3))]
    assert json.loads((tmp_path / "by_w/manifest.json").read_text())["made"]["shards"] == ["rain", "snow", "sun"]
    headrace("pack", "a.json", "-o", "by_time", "--shard-by", "time", "-q")
    assert len(parts(tmp_path / "by_time")) == 16 and [r["n"] for r in read(tmp_path / "by_time")] == list(range(300))
    r = headrace("pack", "a.json", "-o", "x", "--shard-by", "weather", status=1)
    assert "no field 'weather'" in r.err


def test_what_is_in_the_way(headrace, packed, tmp_path):
    out, samples = packed
    r = headrace("pack", "raw", "-o", out, status=1)
    assert "--force" in r.err
    before = (out / "manifest.json").read_bytes()
    (out / "notes.txt").write_text("mine")
    r = headrace("pack", "raw", "-o", out, "-f", status=1)
    assert "notes.txt" in r.err and (out / "notes.txt").read_text() == "mine" and (out / "manifest.json").read_bytes() == before
    (out / "notes.txt").unlink()
    headrace("pack", "raw", "-o", out, "-f", "-q", "--chunk-samples", "3")
    assert read(out) == [as_packed(s) for s in samples] and not (tmp_path / "packed.partial").exists()
    (tmp_path / "other.partial").mkdir()
    (tmp_path / "other.partial" / "thesis.tex").write_text("years")
    r = headrace("pack", "raw", "-o", "other", status=1)
    assert "thesis.tex" in r.err and (tmp_path / "other.partial" / "thesis.tex").read_text() == "years"


def is_locked(path):
    try:
        with open("/proc/locks") as f:
            return f":{path.stat().st_ino} " in f.read()
    except OSError:  # no such list here: it has had its time
        time.sleep(2)
        return True


def test_one_at_a_time(headrace, tmp_path):
    """Two processes packing the same name: the second is told."""
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, graphs(20))))
    p = headrace.popen("pack", "-", "-o", "out", "--format", "jsonl", "-q", stdin=-1)
    try:
        deadline, lock = time.monotonic() + 20, tmp_path / "out.partial" / "lock"
        while not (lock.exists() and is_locked(lock)) and time.monotonic() < deadline:
            time.sleep(0.01)
        r = headrace("pack", "a.jsonl", "-o", "out", status=1)
        assert "another process" in r.err
    finally:
        p.stdin.write((tmp_path / "a.jsonl").read_bytes())
        p.stdin.close()
        assert p.wait(30) == 0


def calls_of(headrace, name, options):
    """How many system calls a packing of raw in one thread makes: the first at which it cannot be killed any more, less one."""
    def lives(at):
        ran = headrace("pack", "raw", "-o", name, "-f", "-q", "-j", "1", "--no-resume", *options, env={"HEADRACE_FAULT": f"die:{at}"}, status=None)
        assert ran.status in (0, -signal.SIGKILL)
        return ran.status == 0
    return bisect.bisect_left(range(1, 1 << 14), True, key=lives)


def kill_many(headrace, tmp_path, kills, options, seed, name="out", count=2500):
    """Kills the packing `kills` times, in turn at a random moment and before a random system call, then lets it finish: what lies under
    the name is at every moment the old dataset or the new one, and in the end the very bytes of an undisturbed run."""
    rng = random.Random(seed)
    write_chunks(tmp_path / "old_raw", graphs(30, seed=77), 30)
    large = [graph(rng, 60) for _ in range(count)]  # written in pieces of 2 MiB: an interrupted packing keeps whole ones only
    write_chunks(tmp_path / "raw", large + large[:100], 50)
    headrace("pack", "old_raw", "-o", name, "-q", *options)
    headrace("pack", "old_raw", "-o", "old_" + name, "-q", *options)
    t = time.monotonic()
    headrace("pack", "raw", "-o", "whole_" + name, "-q", *options)
    took = time.monotonic() - t
    calls = calls_of(headrace, tmp_path / ("calls_" + name), options)
    old, new, out = tmp_path / ("old_" + name), tmp_path / ("whole_" + name), tmp_path / name
    for i in range(kills):
        die = {} if i % 2 else {"HEADRACE_FAULT": f"die:{rng.randint(1, calls)}"}
        p = headrace.popen("pack", "raw", "-o", name, "-f", "-j", str(rng.choice([1, 2, 3])), *options, "-q", env={**os.environ, **die})
        if not die:
            time.sleep(rng.uniform(0, took * 1.1))
            p.send_signal(signal.SIGKILL)
        p.wait()
        if same_tree(out, old):
            continue
        assert same_tree(out, new), f"after kill {i} there is neither the old dataset nor the new one"
        headrace("pack", "old_raw", "-o", name, "-f", "-q", *options)
    late = {"HEADRACE_FAULT": f"die:{calls * 3 // 4}"}
    headrace("pack", "raw", "-o", name, "-f", "-j", "1", "--no-resume", *options, env=late, status=-signal.SIGKILL)
    assert same_tree(out, old)
    assert "going on after" in headrace("pack", "raw", "-o", name, "-f", *options).err
    assert same_tree(out, new)
    assert not (tmp_path / (name + ".partial")).exists()


def test_kill(headrace, tmp_path):
    kill_many(headrace, tmp_path, 12, ["--chunk-samples", "10"], 1)
    kill_many(headrace, tmp_path, 4, ["--chunk-samples", "10", "--dedup"], 2, "out.arrow")
    kill_many(headrace, tmp_path, 4, ["--chunk-samples", "10", "--narrow", "-z", "lz4"], 3, "narrow")


@pytest.mark.slow
@pytest.mark.parametrize("name, options", [("out", ["--dedup"]), ("out.arrow", []), ("zip.arrow", ["-z", "zstd"]), ("narrow", ["--narrow"])])
def test_kill_200_times(headrace, tmp_path, name, options):
    kill_many(headrace, tmp_path, 50, ["--chunk-samples", "10", *options], 9, name, 6000)


def test_resume_counts_bad_samples(headrace, tmp_path):
    """Bad samples before the place of interruption are neither counted twice nor lost, nor are their lines."""
    samples = graphs(4000)
    for i in range(0, 4000, 100):
        samples[i] = {**samples[i], "label": None}
    write_chunks(tmp_path / "raw", samples, 250)
    schema = tmp_path / "schema.json"
    headrace("pack", "raw", "-o", "whole", "-q", "--bad", "skip")
    fields = json.loads((tmp_path / "whole/manifest.json").read_text())["schema"]
    schema.write_text(json.dumps(fields))
    args = ["--schema", schema, "--chunk-samples", "5", "--bad", "reject", "--reject-file"]
    headrace("pack", "raw", "-o", "one", "-q", *args, "one.jsonl")
    for n in range(200, 4000, 400):
        headrace("pack", "raw", "-o", "two", "-q", "-j", "1", *args, "two.jsonl", env={"HEADRACE_FAULT": f"sys:{n}+"}, status=None)
        if (tmp_path / "two").exists():
            break
    r = headrace("pack", "raw", "-o", "two", "-f", "--json", *args, "two.jsonl")
    assert r.json()["bad"] == 40
    assert (tmp_path / "one.jsonl").read_text() == (tmp_path / "two.jsonl").read_text()
    assert [p.read_bytes() for p in parts(tmp_path / "one")] == [p.read_bytes() for p in parts(tmp_path / "two")]


def test_short_of_memory_and_disk(headrace, tmp_path):
    """Every allocation and every system call fails once: an error each time, the old dataset stays, nothing crashes."""
    write_chunks(tmp_path / "raw", graphs(40), 20)
    headrace("pack", "raw", "-o", "out", "-q")
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    for kind in ("alloc", "sys"):
        n, step, fine = 1, 1, 0
        while fine < 40 and n < 8000:
            r = headrace("pack", "raw", "-o", "out", "-f", "-q", "-j", "1", "--no-resume", env={"HEADRACE_FAULT": f"{kind}:{n}"}, status=None)
            assert r.status in (0, 1), (kind, n, r.status, r.err)
            assert r.status == 0 or r.err.strip(), (kind, n)
            fine = fine + 1 if r.status == 0 else 0
            now = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
            assert now == before, (kind, n)
            step = 1 if n < 30 else 13
            n += step

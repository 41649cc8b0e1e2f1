"""Running contestants of bench/feed, each in a fresh process, and printing what came out as ratios."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
HEADRACE = f"{ROOT}/build/src/cli/headrace"


def say(text):
    print(text, file=sys.stderr, flush=True)


def one(d, name, workers, seconds, *more):
    cmd = [sys.executable, f"{HERE}/feed_one.py", "--dir", d, "--name", name, "--workers", str(workers), "--seconds", str(seconds), *more]
    try:
        r = subprocess.run(cmd, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return {"error": "not done after 300 s"}
    lines = [ln for ln in r.stdout.splitlines() if ln.startswith("RESULT ")]
    return json.loads(lines[0][7:]) if lines else {"error": (r.stderr.strip().splitlines() or ["?"])[-1][:160]}


def write_stores(d, names, writers):
    """The contestants' stores, each made once in a process of its own.  Returns {name: why it has none}."""
    failed = {}
    for name in writers:
        done = f"{d}/.{name}.done"
        if not any(n.startswith(name) for n in names) or os.path.exists(done):
            continue
        say(f"writing the store of {name}")
        code = f"import sys; sys.path.insert(0, {HERE!r}); import work; from peers import by_hand, packaged; " \
               f"({{**by_hand.WRITERS, **packaged.WRITERS}})[{name!r}]({d!r}, work.Samples({d!r}))"
        r = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        if r.returncode == 0:
            open(done, "w").close()
        else:
            failed[name] = (r.stderr.strip().splitlines() or ["?"])[-1]
    return failed


def contest(d, names, seconds, failed=None, check=lambda name: False):
    """Rows of all contestants, the first of them headrace: without workers and, for the others, with two.  Where check(name),
    one epoch's checksum is compared with that of the first."""
    rows, want = [], None
    for name in names:
        for workers in (0,) if name == names[0] else (0, 2):
            checked = one(d, name, workers, 0, "--check") if workers == 0 and check(name) else {}
            r = one(d, name, workers, seconds)
            if "error" in r:
                rows.append({"name": name, "workers": workers, "error": (failed or {}).get(name, r["error"])})
                break
            if checked.get("checksum"):
                want = want or checked["checksum"]
                r["same"] = abs(checked["checksum"] - want) < 1e-9 * abs(want) + 1e-4
            rows.append(r)
            say(f"  {name:22s} {workers} workers  {r['samples_per_s']:12,.0f} samples/s")
    return rows


def print_rows(rows, tells):
    """The rows as a table; the first is headrace."""
    print("| loader | workers | samples/s | headrace is | first batch, ms | CPU µs/sample |\n|---|---:|---:|---:|---:|---:|")
    for r in rows:
        what = tells[r["name"]]
        if "error" in r:
            print(f"| {what} | {r['workers']} | – | – | – | – | <!-- {r['error']} -->")
            continue
        ratio = "1" if r is rows[0] else "–" if "error" in rows[0] else f"{rows[0]['samples_per_s'] / r['samples_per_s']:,.1f} ×"
        note = "" if r.get("same", True) else " (CONTENT DIFFERS)"
        print(f"| {what}{note} | {r['workers']} | {r['samples_per_s']:,.0f} | {ratio} | {r['first_batch_ms']:.1f} | {r['cpu_us']:.2f} |")

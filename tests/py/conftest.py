"""What the black-box tests share: the program, run as a user runs it, and small datasets to run it on.

HEADRACE_BIN names the program; without it the one in build/ is taken.  A test that needs it is skipped, with the
reason, when it is not built."""

import dataclasses
import json
import os
import random
import signal
import subprocess

import pytest
from places import BIN, ROOT

# `make test` starts these tests, and a make inside of them would take itself for a part of that one; readline, which pytest loads,
# leaves the size of no terminal to the workers.
for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "COLUMNS", "LINES"):
    os.environ.pop(name, None)
# A shell that starts something in the background lets it ignore the first two, nohup the third, and what the tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser):
    parser.addoption("--update-goldens", action="store_true", help="write the doctor's golden reports again")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than a few seconds; `pytest -m 'not slow'` leaves it out")


@dataclasses.dataclass
class Ran:
    """One finished run: arguments, exit status, and what came out."""

    args: list
    status: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


class Headrace:
    """Runs the program.  headrace("info", path) fails the test when the status is not the expected one (0)."""

    def __init__(self, cwd):
        self.bin = str(BIN)
        self.cwd = cwd

    def __call__(self, *args, status=0, stdin=None, env=None, timeout=120, cwd=None):
        e = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "HEADRACE_FAULT", "COLUMNS")}
        e.update(env or {})
        args = [os.fspath(a) if not isinstance(a, (str, bytes)) else a for a in args]
        p = subprocess.run([self.bin, *args], input=stdin if isinstance(stdin, (bytes, type(None))) else stdin.encode(),
                           stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True, env=e, timeout=timeout,
                           cwd=cwd or self.cwd)
        ran = Ran(args, p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace"))
        assert status is None or ran.status == status, f"headrace {args}: status {ran.status}, not {status}\n{ran.out}\n{ran.err}"
        return ran

    def popen(self, *args, **kw):
        return subprocess.Popen([self.bin, *map(os.fspath, args)], cwd=kw.pop("cwd", self.cwd), **kw)


@pytest.fixture
def headrace(tmp_path):
    if not BIN.exists():
        pytest.skip(f"{BIN} is not built")
    return Headrace(tmp_path)


def graph(rng, nodes=None):
    """One sample with ragged fields, as a traffic recorder writes it: JSON-ready."""
    n = rng.randint(1, 12) if nodes is None else nodes
    edges = rng.randint(0, 2 * n)
    return {
        "node_features": [[round(rng.uniform(-5, 5), 3) for _ in range(4)] for _ in range(n)],
        "edge_index": [[rng.randrange(n) for _ in range(edges)] for _ in range(2)],
        "edge_features": [[round(rng.uniform(0, 10), 3) for _ in range(2)] for _ in range(edges)],
        "global_metrics": [round(rng.uniform(0, 1), 3) for _ in range(3)],
        "label": rng.randrange(3),
    }


def graphs(count, seed=1):
    """`count` samples, the same ones for the same seed."""
    rng = random.Random(seed)
    return [graph(rng) for _ in range(count)]


@pytest.fixture
def raw(tmp_path):
    """A folder of 50 samples in JSON chunks of 20, and the samples: (path, samples)."""
    samples = graphs(50)
    folder = tmp_path / "raw" / "chunks"
    folder.mkdir(parents=True)
    for i in range(0, len(samples), 20):
        (folder / f"chunk_{i // 20:03d}.json").write_text(json.dumps(samples[i:i + 20]))
    return tmp_path / "raw", samples


@pytest.fixture
def packed(headrace, raw, tmp_path):
    """The same, packed: (path of the dataset, samples)."""
    out = tmp_path / "packed"
    headrace("pack", raw[0], "-o", out, "--quiet")
    return out, raw[1]

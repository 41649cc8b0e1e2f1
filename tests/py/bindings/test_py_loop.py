"""Loops: order, resume, ranks, and everything that users do to loops."""
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import headrace
from .graphs import digest

ROOT = Path(__file__).resolve().parents[3]


def epoch_of(loader):
    out = []
    for batch in loader:
        out.append((tuple(np.asarray(batch.sample).tolist()), digest(batch)))
        del batch
    return out


def numbers(batches):
    return [i for sample, _ in batches for i in sample]


AUGMENT = [headrace.minmax("x", 0), headrace.speed_noise(), headrace.edge_dropout(0.3), headrace.node_mask()]


@pytest.fixture
def loader(dataset):
    with headrace.Loader(dataset, 16, framework="numpy") as l:
        yield l


@pytest.mark.parametrize("transforms", [[], AUGMENT], ids=["plain", "augmented"])
def test_batches_do_not_depend_on_threads(dataset, transforms):
    want = None
    for threads in (0, 1, 2, 8):
        with headrace.Loader(dataset, 16, framework="numpy", seed=3, threads=threads, transforms=transforms) as l:
            got = [epoch_of(l), epoch_of(l)]
        assert want is None or got == want
        want = got
    assert want[0] != want[1]


def test_seeds_differ(dataset):
    orders = {tuple(headrace.Loader(dataset, seed=s).order(0)) for s in range(5)}
    assert len(orders) == 5


def test_storage_order_without_shuffle(dataset):
    assert headrace.Loader(dataset, shuffle=False).order(0).tolist() == list(range(200))


def test_resume_anywhere(dataset):
    """From any position a new loader gives exactly what the first one would have given."""
    make = lambda: headrace.Loader(dataset, 16, framework="numpy", seed=9, transforms=AUGMENT)  # noqa: E731
    l = make()
    whole = epoch_of(l) + epoch_of(l)
    for stop in random.Random(1).sample(range(1, 26), 10):
        a, got = make(), []
        while len(got) < stop:
            for batch in a:
                got.append((tuple(batch.sample.tolist()), digest(batch)))
                del batch
                if len(got) == stop:
                    break
        state = pickle.loads(pickle.dumps(a.state_dict()))
        assert all(isinstance(v, int) for v in state.values())
        b = make()
        b.load_state_dict(state)
        rest = epoch_of(b)
        while len(got) + len(rest) < len(whole):
            rest += epoch_of(b)
        assert got + rest == whole, stop


def test_state_between_epochs_begins_a_whole_one(dataset, loader):
    epoch_of(loader)
    state = loader.state_dict()
    assert (state["epoch"], state["position"]) == (1, 0)
    with headrace.Loader(dataset, 16, framework="numpy") as again:
        again.load_state_dict(state)
        assert len(epoch_of(again)) == 13


def test_wrong_states_are_refused(dataset, loader):
    state = loader.state_dict()
    for change, error in (({"dataset": 1}, headrace.InvalidError), ({"format": 9}, headrace.InvalidError),
                          ({"seed": 77}, headrace.InvalidError), ({"format": 1 << 40}, headrace.InvalidError),
                          ({"epoch": -1}, OverflowError), ({"epoch": "x"}, TypeError)):
        with pytest.raises(error):
            loader.load_state_dict({**state, **change})
    with pytest.raises(headrace.InvalidError, match="position"):
        loader.load_state_dict({k: v for k, v in state.items() if k != "position"})
    with pytest.raises(TypeError):
        loader.load_state_dict(b"x")


def test_ranks_share_one_order(dataset):
    """Step s of rank r of w is global batch s * w + r."""
    with headrace.Loader(dataset, 8, framework="numpy", rank=0, world=1) as l:
        one = epoch_of(l)
    for world in (2, 3, 8):
        parts = []
        for rank in range(world):
            with headrace.Loader(dataset, 8, framework="numpy", rank=rank, world=world) as l:
                parts.append(epoch_of(l))
        merged = [parts[g % world][g // world] for g in range(len(one))]
        assert merged == one


def test_any_batch(dataset, loader):
    want = [epoch_of(loader), epoch_of(loader)]
    position = loader.state_dict()
    for epoch, step in ((0, 0), (1, 12), (0, 7), (1, 3)):
        b = loader.batch_at(epoch, step)
        assert (tuple(b.sample.tolist()), digest(b)) == want[epoch][step]
    assert loader.batch_at(0, 1, rank=1, world=2).sample.tolist() == loader.order(0, 3).tolist()
    assert loader.state_dict() == position
    with pytest.raises(headrace.InvalidError, match="no step 13"):
        loader.batch_at(0, 13)
    with pytest.raises(headrace.InvalidError):
        loader.batch_at(0, 0, rank=2, world=2)
    assert loader.order(1).tolist() == numbers(want[1])
    assert sorted(loader.order(0, rank=0, world=2).tolist() + loader.order(0, rank=1, world=2).tolist()) == list(range(200))


def test_set_epoch(loader):
    a, b = epoch_of(loader), epoch_of(loader)
    loader.set_epoch(0)
    assert epoch_of(loader) == a
    assert epoch_of(loader) == b


# --- what users do ---


def test_a_loop_left_early_counts_as_an_epoch(loader):
    full = [numbers([(tuple(loader.order(e, s)), b"") for s in range(13)]) for e in range(3)]
    for batch in loader:
        break
    assert batch.epoch == 0
    del batch
    assert numbers(epoch_of(loader)) == full[1]
    assert numbers(epoch_of(loader)) == full[2]


def test_an_exception_in_the_loop(loader):
    with pytest.raises(ZeroDivisionError):
        for batch in loader:
            1 / 0
    del batch
    assert len(epoch_of(loader)) == 13


def test_an_exhausted_iterator_stays_so(loader):
    it = iter(loader)
    assert len(list(x.step for x in it)) == 13
    assert next(it, None) is None and next(it, None) is None
    assert next(iter(loader)).epoch == 1


def test_nested_loops_are_refused(loader):
    it = iter(loader)
    next(it)
    next(iter(loader))
    with pytest.raises(headrace.StateError, match="newer loop"):
        next(it)


def test_two_loaders_at_once(dataset):
    a, b = (headrace.Loader(dataset, 16, framework="numpy", seed=s) for s in (1, 2))
    want = [x.order(0).tolist() for x in (a, b)]
    got = [[], []]
    for one, two in zip(a, b):
        got[0] += one.sample.tolist()
        got[1] += two.sample.tolist()
        del one, two
    assert got == want


def test_use_after_close(dataset):
    l = headrace.Loader(dataset, framework="numpy")
    it = iter(l)
    batch = next(it)
    l.close()
    l.close()
    assert l.closed and batch.x.shape[1] == 9 and "closed" in repr(l)
    for use in (lambda: next(it), lambda: iter(l), lambda: len(l), l.state_dict, lambda: l.batch_at(0, 0), lambda: l.fields,
                lambda: l.report(), lambda: l.set_epoch(0), lambda: l.samples):
        with pytest.raises(headrace.StateError, match="closed"):
            use()


def test_without_init():
    with pytest.raises(headrace.StateError, match="__init__"):
        len(headrace.Loader.__new__(headrace.Loader))


def test_pickling_is_refused_with_advice(loader):
    with pytest.raises(TypeError, match="IterableDataset"):
        pickle.dumps(loader)


def test_facts(dataset, loader):
    assert loader.samples == 200 and loader.steps_per_epoch == len(loader) == 13
    assert [(f.name, f.dtype, f.shape, f.role) for f in loader.fields] == [
        ("x", "float32", (-1, 9), "node"),
        ("edge_index", "int64", (2, -1), "edge_index"),
        ("edge_attr", "float32", (-1, 4), "edge"),
        ("y", "float32", (8,), "label"),
    ]
    assert "200 samples" in repr(loader) and dataset in repr(loader)


def test_reports(loader, tmp_path):
    epoch_of(loader)
    text, facts = loader.report(), loader.report(json=True)
    assert isinstance(text, str) and len(text) > 50 and isinstance(facts, dict) and facts
    assert facts["stages"]["augment"]["events"] == 0
    loader.memory_curve(tmp_path / "curve.csv")
    assert (tmp_path / "curve.csv").read_text().startswith("seconds,ledger_bytes,anon_bytes\n")


def test_augmentation_is_accounted_for(dataset):
    with headrace.Loader(dataset, 16, framework="numpy", transforms=AUGMENT) as l:
        epoch_of(l)
        stages = l.report(json=True)["stages"]
    assert stages["augment"]["events"] == 13
    assert 0 < stages["augment"]["seconds"] < stages["gather"]["seconds"]


# --- threads, signals, processes ---


def test_one_loader_for_many_threads(dataset):
    """Calls wait for each other: every sample of the epoch goes to exactly one thread."""
    with headrace.Loader(dataset, 4, framework="numpy", slots=12) as l:
        it, seen, failed = iter(l), [], []

        def work():
            try:
                for batch in it:
                    seen.extend(batch.sample.tolist())
                    del batch
                    time.sleep(0)
            except Exception as e:  # reported below
                failed.append(e)

        threads = [threading.Thread(target=work) for _ in range(4)]
        [t.start() for t in threads]
        [t.join() for t in threads]
    assert not failed and sorted(seen) == list(range(200))


def test_a_loader_for_each_thread(dataset):
    want, results = None, {}

    def work(k):
        with headrace.Loader(dataset, 16, framework="numpy") as l:
            results[k] = [epoch_of(l) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    want = results[0]
    assert len(results) == 4 and all(r == want for r in results.values())


def test_fork_in_the_middle(dataset):
    """The child's calls fail with a sentence, it ends without a hang, and the parent does not notice."""
    code = """
import gc, os, sys, warnings, headrace, numpy
warnings.simplefilter("ignore")
l = headrace.Loader(sys.argv[1], 16, framework="numpy", threads=2)
it = iter(l)
held = next(it)
before = held.x.copy()
pid = os.fork()
if pid == 0:
    for use in (lambda: next(it), l.state_dict, lambda: l.batch_at(0, 0), lambda: l.set_epoch(1)):
        try:
            use()
        except headrace.StateError as e:
            assert "fork" in str(e), str(e)
        else:
            assert use == l.state_dict, "worked in the child"
    again = headrace.Loader(sys.argv[1], 16, framework="numpy")
    assert len([b.step for b in again]) == 13
    assert (held.x == before).all()
    l.close()
    del held, it, l
    gc.collect()
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
assert (held.x == before).all()
assert len([b.step for b in it]) == 12
print("fine")
"""
    r = subprocess.run([sys.executable, "-c", code, dataset], capture_output=True, text=True, timeout=60)
    assert r.stdout.strip() == "fine", r.stdout + r.stderr


def test_ctrl_c_in_the_loop(dataset):
    code = """
import os, signal, sys, threading, time, headrace
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell hands down an ignored one
l = headrace.Loader(sys.argv[1], 16, framework="dlpack")
try:
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    while True:
        for batch in l:
            pass
except KeyboardInterrupt:
    n = len([b.step for b in l])
    print("stopped", n)
"""
    r = subprocess.run([sys.executable, "-c", code, dataset], capture_output=True, text=True, timeout=60)
    assert r.stdout.strip() == "stopped 13", r.stderr


def test_killed_consumer_leaves_nothing(dataset):
    code = "import sys, time, headrace; it = iter(headrace.Loader(sys.argv[1])); next(it); print('up', flush=True); time.sleep(60)"
    p = subprocess.Popen([sys.executable, "-c", code, dataset], stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline().strip() == "up"
    # What it has there, open or mapped; files of others come and go.
    held = {os.readlink(f) for f in Path(f"/proc/{p.pid}/fd").iterdir()}
    held |= {line.split(None, 5)[5].strip() for line in open(f"/proc/{p.pid}/maps") if "/dev/shm/" in line}
    p.send_signal(signal.SIGKILL)
    assert p.wait(30) == -9
    left = {f"/dev/shm/{name}" for name in os.listdir("/dev/shm")}
    assert not left & held


def rss():
    with open("/proc/self/smaps_rollup") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Anonymous:")) * 1024


def growth(work, enough):
    """By how much this process grew while it worked; the least of four rounds, since the kernel makes large pages of small ones when it likes
    and other threads live here too.  What leaks does so in every round."""
    least = None
    for _ in range(4):
        before = rss()
        work()
        least = rss() - before if least is None else min(least, rss() - before)
        if least < enough:
            break
    return least


@pytest.mark.parametrize("framework", ["torch", "numpy"])
def test_a_thousand_epochs_in_flat_memory(dataset, framework):
    with headrace.Loader(dataset, 16, framework=framework) as l:
        def epochs(n):
            for _ in range(n):
                for batch in l:
                    batch.sample

        epochs(200)
        assert growth(lambda: epochs(1000), 1 << 20) < 1 << 20


def test_many_loaders_in_flat_memory(dataset):
    def loaders(n):
        for _ in range(n):
            next(iter(headrace.Loader(dataset, framework="numpy")))

    loaders(50)
    files = len(os.listdir("/proc/self/fd"))
    assert growth(lambda: loaders(300), 2 << 20) < 2 << 20
    assert len(os.listdir("/proc/self/fd")) == files


def test_flat_memory_beyond_torch_and_the_budget(dataset):
    """Code, allocator and Python objects: within 8 MB of what torch alone takes, beside what the ledger accounts for."""
    r = subprocess.run([sys.executable, ROOT / "bench/resident.py", dataset, "64MiB"], capture_output=True, text=True, check=True)
    assert json.loads(r.stdout)["beyond"] < 8e6, r.stdout

"""Batches: their contents in every framework, their memory, and how long it lives."""
import copy
import ctypes
import gc
import importlib.util
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

import headrace
from .graphs import join, same

os.environ.setdefault("JAX_ENABLE_X64", "1")  # without it JAX turns int64 into int32
no_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
FRAMEWORKS = ["torch", "numpy", "dlpack", pytest.param("jax", marks=no_jax)]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_contents(dataset, graphs, framework):
    """Every batch of an epoch is the plain join of the samples that it names, and every sample comes once."""
    seen = []
    with headrace.Loader(dataset, 16, framework=framework) as loader:
        assert loader.framework == framework and len(loader) == 13
        for step, batch in enumerate(loader):
            numbers = np.asarray(batch.sample).tolist()
            assert same(batch, join([graphs[i] for i in numbers]))
            assert (batch.epoch, batch.step, batch.position, batch.num_graphs) == (0, step, 16 * step, len(numbers))
            assert numbers == loader.order(0, step).tolist()
            seen += numbers
            del batch
    assert sorted(seen) == list(range(200)) and seen != sorted(seen)


def test_auto_framework_is_what_is_imported(dataset):
    code = "import sys{}; import headrace; b = next(iter(headrace.Loader(sys.argv[1]))); print(type(b.x), 'numpy' in sys.modules)"
    for more, want in (("", "<class 'headrace.Tensor'> False"), (", numpy", "<class 'numpy.ndarray'> True"),
                       (", torch, numpy", "<class 'torch.Tensor'> True")):
        r = subprocess.run([sys.executable, "-c", code.format(more), dataset], capture_output=True, text=True)
        assert r.stdout.strip() == want, r.stderr


def test_it_is_a_dict_with_attributes(dataset):
    batch = next(iter(headrace.Loader(dataset, framework="torch")))
    assert isinstance(batch, dict) and list(batch) == ["x", "edge_index", "edge_attr", "y", "batch", "ptr"]
    assert batch.x is batch["x"] and dict(**batch)["y"] is batch.y
    assert {k: v.dtype for k, v in batch.items()}["edge_index"] == torch.int64
    batch.z = torch.ones(3)
    assert batch["z"] is batch.z and "z" in batch
    del batch.z
    assert "z" not in batch
    with pytest.raises(AttributeError):
        batch.z
    with pytest.raises(AttributeError):
        del batch.z
    with pytest.raises(AttributeError):
        batch.step = 5  # a fact
    batch["keys"] = torch.ones(1)  # a method stays one
    assert callable(batch.keys) and batch["keys"].numel() == 1
    batch["step"] = torch.ones(2)  # a field goes before a fact
    assert batch.step.numel() == 2 and batch.info["step"] == 0
    assert repr(batch).startswith("<headrace.Batch epoch 0 step 0, 16 samples | x: float32 [")


def test_methods(dataset, graphs):
    loader = headrace.Loader(dataset, framework="torch")
    batch = next(iter(loader))
    want = join([graphs[i] for i in batch.sample.tolist()])
    info, sample = batch.info, batch.sample.tolist()
    for other in (batch.clone(), copy.copy(batch), copy.deepcopy(batch), pickle.loads(pickle.dumps(batch))):
        assert type(other) is headrace.Batch and same(other, want)
        assert other.info == info and other.sample.tolist() == sample
    assert batch.clone().x.data_ptr() != batch.x.data_ptr() == copy.copy(batch).x.data_ptr()
    assert batch.to("cpu") is batch
    half = batch.to(torch.float64)
    assert half.y.dtype == torch.float64 and half.info == info
    views = batch.numpy()
    assert type(views["x"]) is np.ndarray and views["x"].ctypes.data == batch.x.data_ptr()
    with pytest.raises(TypeError, match="numpy"):
        next(iter(headrace.Loader(dataset, framework="numpy"))).to("cpu")


def test_pyg(dataset, graphs):
    pytest.importorskip("torch_geometric")
    batch = next(iter(headrace.Loader(dataset, framework="torch")))
    p = batch.pyg()
    assert p.num_graphs == 16 and p.x is batch.x
    for i, number in enumerate(batch.sample.tolist()):
        one = p[i]
        assert all(np.array_equal(one[k].numpy().reshape(graphs[number][k].shape), graphs[number][k]) for k in graphs[number])


def test_sources_of_copies_under_way_are_held():
    """Without a card: an event stands for each copy; its source goes when it is done, and at most two are in flight."""
    from types import SimpleNamespace

    from headrace import _batch

    log = []

    class Event:
        def __init__(self):
            self.done = False

        def record(self, stream):
            log.append(stream)

        def query(self):
            return self.done

        def synchronize(self):
            self.done = True
            log.append("waited")

    fake = SimpleNamespace(cuda=SimpleNamespace(Event=Event, current_stream=lambda device: f"stream of {device}"))
    _batch._under_way.clear()
    for k in range(2):
        _batch._keep_until_copied(fake, k, "cuda:1")
    assert [b for _, b in _batch._under_way] == [0, 1] and log == ["stream of cuda:1"] * 2
    _batch._keep_until_copied(fake, 2, "cuda:1")  # waits for the oldest
    assert [b for _, b in _batch._under_way] == [1, 2] and log[2] == "waited"
    for e, _ in _batch._under_way:
        e.done = True
    _batch._keep_until_copied(fake, 3, "cuda:1")
    assert [b for _, b in _batch._under_way] == [3] and log.count("waited") == 1
    _batch._under_way.clear()


# --- memory ---


def test_no_copy(dataset):
    """Torch, numpy and the buffer protocol see the same bytes, aligned to 64."""
    batch = next(iter(headrace.Loader(dataset, framework="dlpack")))
    for name, t in batch.items():
        a, d, v = np.asarray(t), np.from_dlpack(t), torch.from_dlpack(t)
        assert a.ctypes.data == d.ctypes.data == v.data_ptr() and a.ctypes.data % 64 == 0, name
        assert a.shape == t.shape == tuple(v.shape) and str(a.dtype) == t.dtype and a.nbytes == t.nbytes == memoryview(t).nbytes
    x = np.asarray(batch.x)
    x[0, 0] = 42  # may be written to
    assert torch.from_dlpack(batch.x)[0, 0] == 42
    assert repr(batch.ptr) == "headrace.Tensor(shape=(17,), dtype=int64)" and len(batch.ptr) == 17
    with pytest.raises(BufferError, match="never copies"):
        batch.x.__dlpack__(copy=True)
    assert batch.x.__dlpack_device__() == (1, 0)
    with pytest.raises(TypeError):
        headrace.Tensor()


def test_unused_capsules_give_back(dataset):
    loader = headrace.Loader(dataset, framework="dlpack", slots=3, builders=0)
    for _ in range(3):
        for batch in loader:
            for t in batch.values():
                t.__dlpack__()
                t.__dlpack__(max_version=(1, 0))


@pytest.mark.parametrize("framework", ["torch", "numpy", "dlpack"])
def test_held_tensors_are_not_overwritten(dataset, graphs, framework):
    """Any one tensor keeps its whole batch, while the loader goes on and after it is gone."""
    loader = headrace.Loader(dataset, framework=framework, guard=True)
    it = iter(loader)
    first = next(it)
    held, want = first.edge_attr, join([graphs[i] for i in np.asarray(first.sample).tolist()])["edge_attr"]
    del first
    for _ in it:
        pass
    assert np.array_equal(np.asarray(held), want)
    loader.close()
    assert np.array_equal(np.asarray(held), want)
    del loader, it
    gc.collect()
    assert np.array_equal(np.asarray(held), want)


@pytest.mark.parametrize("framework", ["torch", "numpy", "dlpack"])
def test_guard_finds_who_holds_on_too_long(dataset, framework):
    """The last object that goes gives the memory back, which guard mode fills with 0xDB."""
    loader = headrace.Loader(dataset, framework=framework, guard=True)
    batch = next(iter(loader))
    y = batch.y
    at = np.asarray(y).ctypes.data
    peek = (ctypes.c_ubyte * 32).from_address(at)  # outlives the batch on purpose
    del batch
    assert bytes(peek) != b"\xdb" * 32
    del y
    assert bytes(peek) == b"\xdb" * 32


def test_tensors_may_die_on_other_threads(dataset):
    loader = headrace.Loader(dataset, framework="torch", slots=4)
    for _ in range(5):
        for batch in loader:
            box = [batch.x * 1.0, batch.x, batch.edge_index]
            del batch
            t = threading.Thread(target=box.clear)
            t.start()
            t.join()


def test_slots_run_out_with_a_sentence(dataset):
    loader = headrace.Loader(dataset, framework="torch", slots=4)
    it = iter(loader)
    held = []
    with pytest.raises(headrace.MemoryBudgetError) as e:
        for _ in range(10):
            held.append(next(it))
    assert isinstance(e.value, MemoryError) and "slot" in str(e.value)
    n = len(held)
    assert 2 <= n <= 4
    held.pop()
    assert next(it).step == n  # nothing is lost


def test_live_batches_at_exit_are_silent(dataset):
    code = (
        "import sys, torch, numpy, headrace\n"
        "keep = [iter(headrace.Loader(sys.argv[1], framework=f)) for f in ('torch', 'numpy', 'dlpack')]\n"
        "batches = [next(i) for i in keep]\n"
        "sys.keep = batches[0].x\n"  # survives the module's own names
    )
    r = subprocess.run([sys.executable, "-X", "dev", "-W", "ignore", "-c", code, dataset], capture_output=True, text=True)
    assert (r.returncode, r.stderr) == (0, "")


def test_cycles_are_collected(dataset):
    """A batch in a cycle goes with the garbage collector, and its memory with it."""
    loader = headrace.Loader(dataset, framework="torch", slots=3, builders=0)
    it = iter(loader)
    for _ in range(10):
        batch = next(it)
        batch.me = batch
        del batch
        gc.collect()

"""Streams: pushed samples, back-pressure, ends."""
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

import headrace
from .graphs import join, same

FIELDS = [
    headrace.Field("x", "float32", (-1, 9), "node"),
    headrace.Field("edge_index", "int64", (2, -1), "edge_index"),
    headrace.Field("edge_attr", "float32", (-1, 4), "edge"),
    headrace.Field("y", "float32", (8,), "label"),
]


def open_stream(**options):
    return headrace.Stream(FIELDS, **{"capacity": 20, "batch_size": 8, "framework": "numpy", **options})


def test_what_is_pushed_comes_out(graphs):
    with open_stream() as s:
        def produce():
            for i, g in enumerate(graphs[:50]):
                s.push(g if i % 2 else {k: torch.from_numpy(v) for k, v in g.items()})
            s.end()

        t = threading.Thread(target=produce)
        t.start()
        at = 0
        for batch in s:
            assert same(batch, join(graphs[at : at + 8][: 50 - at]))
            at += batch.num_graphs
            del batch
        t.join()
        assert at == 50


def test_push_waits_while_full(graphs):
    with open_stream(capacity=8) as s:
        for g in graphs[:8]:
            s.push(g, timeout=0)
        t0 = time.monotonic()
        with pytest.raises(headrace.CancelledError):
            s.push(graphs[8], timeout=0.2)
        assert 0.15 < time.monotonic() - t0 < 20
        assert next(iter(s)).num_graphs == 8
        s.push(graphs[8], timeout=0)


def test_many_producers(graphs):
    with open_stream(capacity=10, batch_size=7) as s:
        def produce(k):
            for g in graphs[k::4]:
                s.push(g)

        threads = [threading.Thread(target=produce, args=(k,)) for k in range(4)]
        [t.start() for t in threads]
        ender = threading.Thread(target=lambda: ([t.join() for t in threads], s.end()))
        ender.start()
        y = np.concatenate([b.y.copy() for b in s])
        ender.join()
    want = np.stack([g["y"] for g in graphs])
    assert sorted(map(bytes, y)) == sorted(map(bytes, want))


def test_close_wakes_both_sides(graphs):
    s = open_stream(capacity=8)
    for g in graphs[:8]:
        s.push(g)
    errors = []

    def push():
        try:
            s.push(graphs[1])
        except headrace.Error as e:
            errors.append(e)

    t = threading.Thread(target=push)
    t.start()
    time.sleep(0.1)
    s.close()
    t.join(30)
    assert not t.is_alive() and isinstance(errors[0], (headrace.CancelledError, headrace.StateError))
    with pytest.raises(headrace.StateError, match="closed"):
        s.push(graphs[0])
    with pytest.raises(headrace.StateError, match="closed"):
        next(s)


@pytest.mark.parametrize(
    "change, error, sentence",
    [
        ({"x": np.zeros((3, 9))}, TypeError, '"x" is float32'),
        ({"x": np.zeros((3, 8), np.float32)}, ValueError, '"x"'),
        ({"x": np.zeros((9, 3), np.float32).T}, (ValueError, BufferError), "contiguous"),
        ({"y": [0.0] * 8}, TypeError, "not a list"),
        ({"edge_index": np.zeros((3, 4), np.int64)}, ValueError, "edge_index"),
        ({"edge_index": np.zeros((2, 4), np.uint64)}, TypeError, "int64"),
        ({"edge_attr": None}, TypeError, "edge_attr"),
    ],
)
def test_wrong_values_are_named(graphs, change, error, sentence):
    with open_stream() as s:
        with pytest.raises(error, match=sentence):
            s.push({**graphs[0], **change})
        missing = dict(graphs[0])
        del missing["y"]
        with pytest.raises(KeyError, match="y"):
            s.push(missing)
        s.push(graphs[0])


def test_scalars():
    fields = [headrace.Field("t", "float64"), headrace.Field("k", "int32"), headrace.Field("ok", "bool"), headrace.Field("b", "uint8")]
    with headrace.Stream(fields, batch_size=2, framework="numpy") as s:
        s.push({"t": 1.5, "k": -7, "ok": True, "b": 255})
        s.push({"t": np.float64(2.5), "k": np.int32(8), "ok": np.bool_(False), "b": np.array(3, np.uint8)})
        s.end()
        b = next(s)
        assert b.t.tolist() == [1.5, 2.5] and b.k.tolist() == [-7, 8] and b.ok.tolist() == [True, False] and b.b.tolist() == [255, 3]
        for bad in ({"b": 256}, {"b": -1}, {"k": 1 << 31}):
            with pytest.raises(OverflowError, match="does not fit"):
                s.push({"t": 0.0, "k": 0, "ok": 0, "b": 0, **bad})


def test_wrong_fields():
    with pytest.raises(ValueError, match="no dtype"):
        headrace.Stream([headrace.Field("x", "float31")])
    with pytest.raises(ValueError, match="no role"):
        headrace.Stream([headrace.Field("x", role="edges")])
    with pytest.raises(ValueError, match="dimensions"):
        headrace.Stream([headrace.Field("x", shape=(1,) * 9)])
    with pytest.raises(ValueError, match="name"):
        headrace.Stream([headrace.Field("")])


def test_ctrl_c_while_waiting():
    code = (
        "import os, signal, threading, headrace\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "s = headrace.Stream([headrace.Field('y', 'float32', (8,))])\n"
        "try:\n    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()\n    next(s)\nexcept KeyboardInterrupt:\n    print('stopped')\n"
    )
    r = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert r.stdout.strip() == "stopped", r.stderr


def test_it_is_dropped_while_full(graphs):
    """Dropping a stream with samples in it gives everything back, and a batch of it outlives it."""
    for _ in range(20):
        s = open_stream()
        for g in graphs[:20]:
            s.push(g)
        held = next(s)
        del s
        assert same(held, join(graphs[:8]))


def test_a_closed_stream_ends_the_loop_of_another_thread(graphs):
    s, ended = open_stream(), []

    def consume():
        try:
            for batch in s:
                ended.append(batch.num_graphs)
        except headrace.Error as e:
            ended.append(type(e))

    t = threading.Thread(target=consume)
    t.start()
    for g in graphs[:8]:
        s.push(g)
    end = time.monotonic() + 30
    while not ended and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.1)  # it may already wait for the next one
    s.close()
    t.join(30)
    assert not t.is_alive() and ended[0] == 8

"""Helpers and Python threads together: batches built ahead, through a cache that does not hold the dataset, taken, held and
released from anywhere.  The sanitizers run these too (make py-tsan), so they are short."""
import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import headrace
from .graphs import digest, synth

AUGMENT = [headrace.minmax("x", 0), headrace.time_shift(), headrace.speed_noise(), headrace.edge_dropout(0.3)]
BATCH, STEPS = 4, 200


@pytest.fixture(scope="module")
def chunked(tmp_path_factory):
    """800 graphs in chunks so small that 400 KiB holds a few of them."""
    folder = tmp_path_factory.mktemp("chunked")
    (folder / "raw.json").write_text(json.dumps([{k: v.tolist() for k, v in g.items()} for g in synth(STEPS * BATCH)]))
    headrace.pack(folder / "raw.json", folder / "graphs", chunk_samples=5)
    return str(folder / "graphs")


def opened(path, threads=0, cached=True, rank=0, world=1, **more):
    """Windows of 3 of the 160 chunks, in memory or through a cache of some of them, with as many builders as readers."""
    budget = "400KiB" if cached else "64MiB"
    return headrace.Loader(path, BATCH, framework="numpy", window_chunks=3, budget=budget, threads=threads, builders=threads,
                           rank=rank, world=world, seed=11, **more)


def batches(loader, into=None):
    """{global batch: (samples, bytes)} of the rest of the epoch."""
    out = {} if into is None else into
    for batch in loader:
        g = batch.position // BATCH
        assert g not in out
        out[g] = (batch.sample.tolist(), digest(batch))
        del batch
    return out


def test_the_cache_holds_a_part(chunked):
    with opened(chunked, threads=2) as l:
        assert len(batches(l)) == STEPS
        facts = l.report(json=True)
        assert facts["cache_chunks"] < facts["chunks"] and facts["builders"] == 2 and facts["readers"] == 2, facts


@pytest.mark.parametrize("cached", [False, True], ids=["resident", "cached"])
@pytest.mark.parametrize("transforms", [[], AUGMENT], ids=["plain", "augmented"])
def test_worlds_and_threads_by_bytes(chunked, cached, transforms):
    """All ranks' batches together are those of one rank, whatever the threads, and from wherever the epoch is taken up."""
    with opened(chunked, cached=False, transforms=transforms) as l:
        want = batches(l)
    draw = random.Random(3)
    for world in (1, 2, 3, 8):
        for threads in (1, 2, 8):
            before = draw.choice((1, 2, 3))
            steps, got, state = draw.randrange(STEPS // before), {}, None
            for rank in range(before):
                with opened(chunked, threads, cached, rank, before, transforms=transforms) as l:
                    it = iter(l)
                    for _ in range(steps):
                        b = next(it)
                        got[b.position // BATCH] = (b.sample.tolist(), digest(b))
                        del b
                    state = l.state_dict()
            assert len(got) == steps * before
            for rank in range(world):
                with opened(chunked, threads, cached, rank, world, transforms=transforms) as l:
                    l.load_state_dict(state)
                    batches(l, got)
            assert got == want, (world, threads, before, steps)


@pytest.mark.parametrize("cached", [False, True], ids=["resident", "cached"])
def test_taken_by_many_threads_released_by_others(chunked, cached):
    """Four threads take batches that two helpers build; others let go of them, while one asks for reports and for batches
    out of order."""
    with opened(chunked, 2, cached, slots=24, transforms=AUGMENT) as l, ThreadPoolExecutor(2) as others:
        l.set_epoch(1)
        want = batches(l)
        l.set_epoch(1)
        it, got, failed, done = iter(l), {}, [], threading.Event()

        def look(batch):
            return batch.position // BATCH, (batch.sample.tolist(), digest(batch))

        def take():
            try:
                for batch in it:
                    g, seen = others.submit(look, batch).result()
                    got[g] = seen
                    del batch
            except BaseException as e:  # told below
                failed.append(e)

        def ask():
            try:
                while not done.wait(0.001):
                    assert l.report(json=True)["samples"] >= 0
                    assert look(l.batch_at(1, 7))[1] == want[7]
            except BaseException as e:
                failed.append(e)

        takers, asker = [threading.Thread(target=take) for _ in range(4)], threading.Thread(target=ask)
        for t in (*takers, asker):
            t.start()
        for t in takers:
            t.join()
        done.set()
        asker.join()
    assert not failed and got == want


def test_closed_by_another_thread(chunked):
    """Helpers at work, a loop in one thread, close() from another: the loop ends with a sentence, held batches stay."""
    for k in range(5):
        l = opened(chunked, 2, k % 2 == 0)
        held, failed = [], []

        def loop():
            try:
                while True:
                    for batch in l:
                        if not held:
                            held.append((batch, digest(batch)))
                        del batch
            except headrace.StateError as e:
                failed.append(str(e))

        t = threading.Thread(target=loop)
        t.start()
        while not held:
            pass
        l.close()
        t.join(30)
        assert not t.is_alive() and "closed" in failed[0]
        assert digest(held[0][0]) == held[0][1]

"""headrace order: what was in a step, and how well a window mixes."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/ref"))
MAKE = ROOT / "build/tests/mkstore"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    if not MAKE.exists():
        pytest.skip(f"{MAKE} is not built")
    path = tmp_path_factory.mktemp("order") / "graphs.arrow"
    subprocess.run([MAKE, path, "--samples", "5003", "--chunk-samples", "32"], check=True)
    return path


def test_steps_are_those_of_the_reference(headrace, dataset):
    ref = pytest.importorskip("order")
    for options, kind, window in (([], ref.FULL, 0), (["--window", "20"], ref.WINDOWED, 20), (["--no-shuffle"], ref.SEQUENTIAL, 0)):
        whole = ref.epoch_order(5003, 32, kind, window, 11, 2)
        for step, rank, world, batch in ((0, 0, 1, 16), (13, 1, 2, 7), (48, 2, 3, 16), (312, 0, 1, 16)):
            told = headrace("order", dataset, "--seed", "11", "-e", "2", "-s", str(step), "-r", str(rank), "-w", str(world),
                            "-b", str(batch), "--json", *options).json()
            first = (step * world + rank) * batch
            assert told["position"] == first
            assert [s["sample"] for s in told["samples"]] == whole[first:first + batch].tolist()
            assert all(s["chunk"] * 32 + s["index"] == s["sample"] and s["file"] == str(dataset) for s in told["samples"])


def test_ranks_share_one_order(headrace, dataset):
    alone = headrace("order", dataset, "-b", "24", "-s", "5", "--json").json()["samples"]
    split = [headrace("order", dataset, "-b", "8", "-s", "5", "-r", str(r), "-w", "3", "--json").json()["samples"] for r in range(3)]
    assert sum(split, []) == alone
    weighted = [headrace("order", dataset, "-b", "8", "-s", "5", "-r", str(r), "-w", "3", "--weights", "1,2,3", "--json").json()["samples"]
                for r in range(3)]
    assert sum(weighted, []) == alone and [len(w) for w in weighted] == [4, 8, 12]


def test_for_people(headrace, dataset):
    out = headrace("order", dataset, "--window", "20", "-s", "3", "-b", "4").out
    assert "epoch 0, step 3 of 1251, rank 0 of 1: 4 samples" in out and "window 0 mixes 20 chunks, 640 samples" in out
    assert len(out.splitlines()) == 7
    short = headrace("order", dataset, "-s", "312").out  # 5003 = 312 * 16 + 11
    assert "11 samples" in short
    padded = headrace("order", dataset, "-s", "312", "--tail", "pad", "--json").json()["samples"]
    first = headrace("order", dataset, "--json").json()["samples"]
    assert len(padded) == 16 and padded[11:] == first[:5]


def test_self_test(headrace, dataset):
    told = headrace("order", dataset, "--self-test", "--window", "20", "--epochs", "20", "--json").json()
    for figure in ("groups", "neighbours", "variance"):
        f = told[figure]
        assert abs(f["measured"] / f["forecast"] - 1) < 4 * f["relative_error"], figure
    assert told["variance"]["measured"] > 1.2
    full = headrace("order", dataset, "--self-test", "--epochs", "20", "--json").json()
    assert 0.95 < full["variance"]["measured"] < 1.1
    lines = headrace("order", dataset, "--self-test").out.splitlines()
    assert max(map(len, lines)) <= 80 and lines[-1] == "  variance ratio: of the batch mean of a drifting label", lines


@pytest.mark.parametrize("options, status, words", [
    (["-s", "313"], 1, "313 steps for rank 0 of 1"), (["-r", "1"], 2, "--world"), (["--weights", "1,2"], 2, "2 numbers for 1 ranks"),
    (["-w", "2", "--weights", "1,x"], 2, "x"), (["-w", "2", "--weights", "1,0"], 1, "weight of rank 1"),
    (["--self-test", "--no-shuffle"], 2, "--no-shuffle"), (["--self-test", "-b", "6000"], 2, "2 to 5003"),
])  # fmt: skip
def test_refused(headrace, dataset, options, status, words):
    assert words in headrace("order", dataset, *options, status=status).err

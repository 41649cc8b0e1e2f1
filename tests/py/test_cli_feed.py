"""`headrace feed`: a packed dataset, fed as a training loop would, and what is told about it."""

import signal
import subprocess

import pytest

from runs import catches, until
from test_cli import on_a_terminal


def feed(headrace, packed, *args):
    return headrace("feed", packed[0], "--json", *args).json()


def test_a_whole_epoch(headrace, packed):
    d = feed(headrace, packed, "-e", "1")
    assert d["dataset_samples"] == d["samples"] == 50
    assert d["steps_per_epoch"] == d["batches"] == 4
    assert d["epochs"] == 1
    assert 0 < d["open_seconds"] < d["first_batch_seconds"] < 60
    assert 0 < d["next_seconds"] <= d["seconds"] * 1.05
    assert d["samples_per_second"] == pytest.approx(50 / d["seconds"], rel=1e-6)
    assert isinstance(d["report"], dict)


def test_bytes_are_those_of_the_samples(headrace, packed):
    """Joined graphs: float32 rows, int64 indices and labels, and one batch vector of int64 per node, one ptr per graph + 1."""
    nodes = sum(len(s["node_features"]) for s in packed[1])
    edges = sum(len(s["edge_features"]) for s in packed[1])
    d = feed(headrace, packed, "-e", "1", "-b", "50")
    want = nodes * 4 * 4 + edges * 2 * 8 + edges * 2 * 4 + 50 * 3 * 4 + nodes * 8 + 51 * 8
    assert d["batches"] == 1
    assert d["bytes"] - want in (50 * 8, 50 * 4, 50)  # the label: as wide as the schema has inferred


def test_only_some_fields(headrace, packed):
    assert feed(headrace, packed, "-e1", "--field", "global_metrics", "--join", "stack")["bytes"] == 50 * 3 * 4
    assert "no such" in (ran := headrace("feed", packed[0], "-f", "no such", status=1)).err and ran.out == ""


def test_epochs_and_seconds(headrace, packed):
    assert feed(headrace, packed, "--epochs", "7")["samples"] == 350
    d = feed(headrace, packed, "--seconds", "300ms")
    assert 0.3 <= d["seconds"] < 60 and d["epochs"] * 50 <= d["samples"] <= d["epochs"] * 50 + 50
    d = feed(headrace, packed)
    assert 1 <= d["seconds"] < 60 and d["samples"] == d["epochs"] * 50
    d = feed(headrace, packed, "-e", "1000000000000", "-s", "200ms")
    assert d["seconds"] < 60


def test_ranks_share_one_epoch(headrace, packed):
    of = [feed(headrace, packed, "-e1", "-b", "4", "--rank", str(r), "--world", "3") for r in range(3)]
    assert sum(d["samples"] for d in of) == 50
    assert {d["batches"] for d in of} == {4, 5}
    dropped = [feed(headrace, packed, "-e1", "-b", "4", "--tail", "drop", "--rank", str(r), "--world", "3") for r in range(3)]
    assert [d["samples"] for d in dropped] == [16, 16, 16]
    env = {"RANK": "1", "WORLD_SIZE": "3"}
    assert headrace("feed", packed[0], "--json", "-e1", "-b4", env=env).json()["samples"] == of[1]["samples"]


def test_a_step_that_takes_its_time(headrace, packed):
    d = feed(headrace, packed, "-e", "5", "--step", "10ms")
    assert d["batches"] == 20
    assert d["next_seconds"] <= (d["seconds"] - 20 * 0.010) * 1.01 + 0.001  # the step is not counted as waiting


def test_batches_cut_by_nodes(headrace, packed):
    assert feed(headrace, packed, "-e1", "--max-nodes", "24")["batches"] > 4
    assert feed(headrace, packed, "-e1", "--max-nodes", "24")["samples"] == 50


def test_transforms(headrace, packed):
    feed(headrace, packed, "-e1", "-t", "zscore:node_features", "-t", "clamp:edge_features.1=0,5", "-t", "edge_drop=0.5")
    ran = headrace("feed", packed[0], "-t", "zscroe:node_features", status=2)
    assert "did you mean 'zscore'?" in ran.err
    ran = headrace("feed", packed[0], "-t", "zscore:nodes", status=1)
    assert "'nodes'" in ran.err


def test_text_for_people(headrace, packed):
    ran = headrace("feed", packed[0], "-e", "1")
    assert "50 samples in 4 batches, 1 epoch," in ran.out and "samples/s" in ran.out
    assert ran.err == ""


def test_the_memory_curve(headrace, packed, tmp_path):
    headrace("feed", packed[0], "-e", "3", "--curve", tmp_path / "curve.csv")
    lines = (tmp_path / "curve.csv").read_text().splitlines()
    assert lines[0] == "seconds,ledger_bytes,anon_bytes" and len(lines) >= 2


@pytest.mark.parametrize("args, says", [
    (["--rank", "1"], "--rank and --world go together"),
    (["--rank", "3", "--world", "3"], "below the world"),
    (["--memory", "12"], "at least 1 MiB"),
    (["--epochs", "0"], "at least 1"),
])
def test_wrong_use(headrace, packed, args, says):
    assert says in headrace("feed", packed[0], *args, status=2).err


def test_no_dataset(headrace, tmp_path):
    assert "nowhere" in headrace("feed", "nowhere", status=1).err
    (tmp_path / "text").write_text("this is no dataset\n" * 100)
    assert "text" in headrace("feed", "text", status=1).err


def test_a_damaged_dataset_is_refused(headrace, packed):
    part = next(p for p in sorted(packed[0].iterdir()) if p.suffix == ".arrow")
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 0x10
    part.write_bytes(data)
    ran = headrace("feed", packed[0], "-e1", status=1)
    assert part.name in ran.err


def test_ctrl_c_shows_what_was_measured(headrace, packed):
    p = headrace.popen("feed", packed[0], "-s", "600s", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                       preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    until(lambda: catches(p.pid, signal.SIGINT))
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=120)
    assert p.returncode == -signal.SIGINT
    assert '"samples_per_second"' in out and err.startswith("headrace: stopped")


def test_every_fault_ends_in_a_sentence(headrace, packed):
    """Whichever allocation or system call fails on the way: a figure or a sentence, never a crash or a hang."""
    failed = {"alloc": 0, "sys": 0}
    for kind in failed:
        for n in range(1, 121, 2):
            ran = headrace("feed", packed[0], "-e1", env={"HEADRACE_FAULT": f"{kind}:{n}"}, status=None)
            assert ran.status in (0, 1), f"{kind}:{n}: {ran.err}"
            assert ran.status == 0 or ran.err.startswith("headrace: "), f"{kind}:{n}: {ran.err}"
            failed[kind] += ran.status
    assert failed["alloc"] > 15 and failed["sys"] > 5, "the faults did not reach the feed"


def test_progress_is_for_terminals(headrace, packed):
    shown = on_a_terminal(headrace, "feed", str(packed[0]), "-s", "2s")  # drawn five times a second
    assert "\rfeeding  " in shown and "\x1b[K" in shown
    assert "\r" not in on_a_terminal(headrace, "feed", str(packed[0]), "-s", "700ms", "--quiet").replace("\r\n", "\n")

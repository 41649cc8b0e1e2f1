"""The three phase presets: no option of the planning document is forgotten, and the loader takes every key."""
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parents[2] / "examples" / "traffic"
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "build" / "python")]

import presets    # noqa: E402

DATALOADER = ["num_workers", "pin_memory", "prefetch_factor", "batch_size", "persistent_workers", "drop_last", "shuffle"]
DISTRIBUTED = {"distributed.enabled": True, "distributed.backend": "nccl"}

# The planning document's section 8, option by option.
PLAN = {
    "phase1": {
        **dict(zip(["dataloader." + k for k in DATALOADER], [4, True, 2, 16, True, True, True])),
        "memory.use_mmap": True, "memory.chunk_size": 100, "memory.cache_chunks": 2, "memory.cleanup_interval": 10,
        "memory.target_memory_gb": 12,
        "preprocessing.offline": True, "preprocessing.cache_dir": "./cache/phase1", "preprocessing.normalization": True,
        "preprocessing.augmentation": True,
        **DISTRIBUTED, "distributed.sampler_shuffle": True, "distributed.gradient_accumulation": 1,
        "wsl2.use_tmpfs": False, "wsl2.data_localized": True, "wsl2.avoid_cross_fs": True,
    },
    "phase2": {
        **dict(zip(["dataloader." + k for k in DATALOADER], [2, True, 2, 8, True, False, False])),
        "sumo.num_envs": 2, "sumo.async_collection": True, "sumo.buffer_size": 100, "sumo.prefetch_batches": 2,
        "sumo.use_subscription": True, "sumo.cache_timeout": 0.1,
        "memory.use_mmap": False, "memory.cleanup_interval": 5, "memory.target_memory_gb": 10,
        "memory.mixed_precision": True, "memory.gradient_accumulation": 4,
        "preprocessing.offline": False, "preprocessing.cache_dir": "./cache/phase2", "preprocessing.normalization": True,
        "preprocessing.augmentation": False,
        **DISTRIBUTED, "distributed.sampler_shuffle": False, "distributed.gradient_accumulation": 4,
        "wsl2.use_tmpfs": True, "wsl2.tmpfs_size": "1G", "wsl2.data_localized": True, "wsl2.avoid_cross_fs": True,
    },
    "phase3": {
        **dict(zip(["dataloader." + k for k in DATALOADER], [6, True, 2, 12, True, True, True])),
        "memory.use_mmap": True, "memory.chunk_size": 100, "memory.cache_chunks": 3, "memory.cleanup_interval": 10,
        "memory.target_memory_gb": 13, "memory.mixed_precision": True,
        "preprocessing.offline": True, "preprocessing.cache_dir": "./cache/phase3", "preprocessing.normalization": True,
        "preprocessing.augmentation": True, "preprocessing.augmentation_config.time_shift": True,
        "preprocessing.augmentation_config.speed_noise": True, "preprocessing.augmentation_config.edge_dropout": False,
        "preprocessing.augmentation_config.node_mask": False,
        **DISTRIBUTED, "distributed.sampler_shuffle": True, "distributed.gradient_accumulation": 1,
        "wsl2.use_tmpfs": False, "wsl2.data_localized": True, "wsl2.avoid_cross_fs": True,
    },
}
PHASES = sorted(PLAN)


@pytest.mark.parametrize("name", PHASES)
def test_no_option_is_forgotten(name):
    p = presets.read(name)
    told = {**p["_mapped"], **p["_unmapped"]}
    assert len(told) == len(p["_mapped"]) + len(p["_unmapped"]), "an option is both mapped and not"
    assert {k: v["value"] for k, v in told.items()} == PLAN[name]
    assert all(len(v["why"]) > 7 for v in p["_unmapped"].values())


@pytest.mark.parametrize("name", PHASES)
def test_mapped_options_have_their_value(name):
    p, plan = presets.read(name), PLAN[name]
    for v in p["_mapped"].values():
        assert v["to"] in p and not v["to"].startswith("_")
    for option, key in (("batch_size", "batch_size"), ("num_workers", "threads"), ("prefetch_factor", "prefetch"),
                        ("pin_memory", "pin"), ("shuffle", "shuffle")):
        assert p[key] == plan["dataloader." + option]
    assert p["tail"] == ("drop" if plan["dataloader.drop_last"] else "keep")
    assert p["warn"] == f"{plan['memory.target_memory_gb']}GiB" and p["act"] == "14GiB"
    random = {t["kind"] for t in p["transforms"]} & presets.RANDOM
    assert random == {"phase1": {"shift", "noise", "jitter", "edge_drop", "mask"}, "phase2": set(),
                      "phase3": {"shift", "noise"}}[name]


def test_augmentation_has_the_plans_amounts():
    t = {t["kind"]: t for t in presets.read("phase1")["transforms"]}
    assert (t["shift"]["a"], t["shift"]["b"], t["shift"]["column"]) == (-10, 10, 7)
    assert (t["noise"]["a"], t["noise"]["column"]) == (0.1, 1)
    assert (t["jitter"]["a"], t["jitter"]["b"], t["jitter"]["column"]) == (-5, 5, 0)
    assert t["edge_drop"]["a"] == 0.1 and t["mask"]["a"] == 0.05


def test_readme_names_every_keyword():
    text = (HERE / "README.md").read_text()
    for name in PHASES:
        for k in presets.read(name):
            assert k.startswith("_") or re.search(rf"`{k}`", text), k


def test_augment_false_is_only_normalisation():
    pytest.importorskip("headrace")
    kinds = [t[0] for t in presets.load("phase1", augment=False)["transforms"]]
    assert kinds == [t["kind"] for t in presets.read("phase2")["transforms"]]


def batch():
    r = np.random.default_rng(3)
    n, e = 60, 200
    return {"x": np.abs(r.normal(8, 4, (n, 9))).astype(np.float32), "edge_index": r.integers(0, n, (2, e)),
            "edge_attr": r.normal(2, 3, (e, 4)).astype(np.float32), "globals": r.normal(5, 2, (2, 16)).astype(np.float32),
            "y": np.zeros((2, 8), np.float32), "batch": np.repeat([0, 1], 30), "ptr": np.array([0, 30, 60])}


def test_numpy_transforms_do_what_their_formulas_say():
    pytest.importorskip("torch")
    from torch_way import Prepare
    old, new = batch(), batch()
    statistics = {f: [dict(zip(("min", "max", "mean", "std"), (c, c + 20.0, c - 1.0, c + 0.5))) for c in range(w)]
                  for f, w in (("x", 9), ("edge_attr", 4), ("globals", 16))}
    Prepare(presets.for_numpy(presets.read("phase2")["transforms"], statistics))(new)
    x = old["x"].astype(np.float64)
    close = dict(rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(new["x"][:, 0], x[:, 0] / 20, **close)
    np.testing.assert_allclose(new["x"][:, 1], x[:, 1] / 1.5, **close)
    np.testing.assert_allclose(new["x"][:, 2], (np.clip(x[:, 2], -5, 5) + 5) / 10, **close)
    np.testing.assert_array_equal(new["x"][:, [3, 5, 6, 8]], old["x"][:, [3, 5, 6, 8]])
    np.testing.assert_allclose(new["x"][:, 4], (x[:, 4] - 4) / 20, **close)
    np.testing.assert_allclose(new["x"][:, 7], np.sin(2 * np.pi * x[:, 7] / 90), **close)
    np.testing.assert_allclose(new["x"][:, 9], np.cos(2 * np.pi * x[:, 7] / 90), **close)
    c = np.arange(4)
    np.testing.assert_allclose(new["edge_attr"], (old["edge_attr"] - (c - 1)) / (c + 0.5), **close)


def test_numpy_augmentation_stays_inside_its_amounts():
    pytest.importorskip("torch")
    from torch_way import Prepare
    old, new = batch(), batch()
    Prepare([t for t in presets.read("phase1")["transforms"] if t["kind"] in presets.RANDOM - {"mask"}], seed=1)(new)
    moved = new["x"] - old["x"]
    assert np.abs(moved[:, 0]).max() <= 5.001 and np.ptp(moved[:, 0]) > 5
    assert 0.05 < moved[:, 1].std() < 0.2
    assert np.ptp(moved[:30, 7]) < 1e-4 and np.ptp(moved[30:, 7]) < 1e-4 and moved[0, 7] != moved[59, 7]
    assert 150 < new["edge_index"].shape[1] == len(new["edge_attr"]) < 200
    assert not moved[:, [2, 3, 4, 5, 6, 8]].any()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    headrace = pytest.importorskip("headrace")
    d = tmp_path_factory.mktemp("presets")
    b = batch()
    rows = []
    for k in range(100):
        e = b["edge_index"][:, :150] % 30
        rows.append({"x": b["x"][:30].tolist(), "edge_index": e.tolist(), "edge_attr": b["edge_attr"][:150].tolist(),
                     "globals": (b["globals"][0] + k).tolist(), "y": b["y"][0].tolist()})
    (d / "chunk_000.json").write_text(json.dumps(rows))
    headrace.pack([d / "chunk_000.json"], d / "dataset")
    return d / "dataset"


@pytest.mark.parametrize("name", PHASES)
def test_loader_takes_every_key(name, dataset):
    import headrace
    keywords = presets.load(name)
    with headrace.Loader(dataset, **keywords) as loader:
        batches = [len(b.y) for b in loader]
    size = keywords["batch_size"]
    assert batches == [size] * (100 // size) + ([100 % size] if keywords["tail"] == "keep" and 100 % size else [])
    with pytest.raises(TypeError):
        headrace.Loader(dataset, **keywords, no_such_option=1)

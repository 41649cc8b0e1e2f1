"""The package itself: what importing costs, names, errors, options, presets."""
import subprocess
import sys
from pathlib import Path

import pytest

import headrace

ROOT = Path(__file__).resolve().parents[3]


def python(code, *args):
    return subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=60)


def test_import_is_light():
    """Neither a framework nor the libraries of packing are loaded, nor Python modules that take milliseconds."""
    r = python(
        "import sys; before = set(sys.modules); import headrace\n"
        "new = set(sys.modules) - before\n"
        "heavy = {'numpy', 'torch', 'json', 'logging', 'hashlib', 'shutil', 'dataclasses', 'typing'} & new\n"
        "maps = open('/proc/self/maps').read()\n"
        "print(sorted(heavy), 'hdf5' in maps, '_pack' in maps)"
    )
    assert r.stdout.split("\n")[0] == "[] False False", r.stdout + r.stderr


def test_public_names_resolve():
    for name in headrace.__all__:
        if name != "torch":
            assert getattr(headrace, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        headrace.nothing


def test_stub_names_what_there_is():
    """Every public name is in the stub, and the stub names nothing that is not there."""
    import ast

    tree = ast.parse((ROOT / "python/headrace/__init__.pyi").read_text())
    defined = {n.name for n in tree.body if isinstance(n, (ast.ClassDef, ast.FunctionDef))}
    assert defined - {"Transform"} <= set(headrace.__all__)
    assert set(headrace.__all__) - {"presets", "torch"} <= defined
    for cls in ("Loader", "Stream", "Batch", "Dataset"):
        node = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == cls)
        for m in node.body:
            if isinstance(m, ast.FunctionDef) and m.name not in ("__getattr__", "__setattr__", "__next__"):
                assert hasattr(getattr(headrace, cls), m.name), (cls, m.name)


def test_everything_public_is_documented():
    for name in headrace.__all__:
        if name == "torch":
            continue
        thing = getattr(headrace, name)
        assert thing.__doc__, name
        if isinstance(thing, type):
            for m in vars(thing):
                if not m.startswith("_") and callable(getattr(thing, m)):
                    assert getattr(thing, m).__doc__ or name == "Dataset" and m == "close", (name, m)


def test_errors_are_also_built_in_ones():
    assert issubclass(headrace.NotFoundError, FileNotFoundError)
    assert issubclass(headrace.MemoryBudgetError, MemoryError)
    assert issubclass(headrace.InvalidError, ValueError)
    assert issubclass(headrace.StateError, RuntimeError)
    codes = [getattr(headrace, n).code for n in headrace.__all__ if n.endswith("Error") and n != "Error"]
    assert sorted(codes) == list(range(-14, 0))
    assert headrace.CorruptError.code_name == "CORRUPT"


def test_missing_dataset_is_named(tmp_path):
    with pytest.raises(headrace.NotFoundError, match="not-there") as e:
        headrace.Loader(tmp_path / "not-there")
    assert e.value.code == -3
    with pytest.raises(FileNotFoundError, match="nothing"):
        headrace.Loader(str(tmp_path / "nothing-*.json"))


@pytest.mark.parametrize(
    "options, error, sentence",
    [
        ({"batchsize": 3}, TypeError, "no option 'batchsize'; help"),
        ({"num_workers": 4}, TypeError, "no option 'num_workers': it needs no worker processes"),
        ({"memory": "1GiB"}, TypeError, "no option 'memory': the bytes that it may hold are budget="),
        ({"collate_fn": len}, TypeError, "no option 'collate_fn': fields are joined by their role"),
        ({"batch_size": -1}, OverflowError, "batch_size"),
        ({"batch_size": 0}, headrace.InvalidError, "batch_size"),
        ({"tail": "cut"}, ValueError, '"keep", "drop", "pad"'),
        ({"join": 7}, ValueError, '"graph"'),
        ({"budget": "lots"}, ValueError, "budget: 'lots' is no size"),
        ({"cache_ttl": "soon"}, ValueError, "cache_ttl"),
        ({"framework": "mxnet"}, headrace.InvalidError, "mxnet"),
        ({"transforms": [3]}, TypeError, "transforms"),
        ({"transforms": [("none", "x", 0, 0, 0, False)]}, ValueError, 'no transform "none"'),
        ({"fields": ["z"]}, headrace.InvalidError, "z"),
        ({"weights": [1, 2]}, ValueError, "world=2"),
        ({"rank": 3, "world": 2}, headrace.InvalidError, "rank 3"),
        ({"seed": "x"}, TypeError, "seed"),
    ],
)
def test_wrong_options_are_named(dataset, options, error, sentence):
    with pytest.raises(error, match=sentence):
        headrace.Loader(dataset, **options)


def test_sizes_and_durations():
    from headrace._plain import duration, size

    assert [size(v) for v in (4096, "512K", "1.5GiB", "2 MB", "7b", "1t")] == [4096, 512 << 10, 3 << 29, 2 << 20, 7, 1 << 40]
    assert [duration(v) for v in (10, 0.5, "250ms", "2h", "3")] == [10**10, 5 * 10**8, 25 * 10**7, 7200 * 10**9, 3 * 10**9]
    for bad in ("", "x", "1 XB", "-1", "nan", None, True, 1.5, "1e30"):
        with pytest.raises((ValueError, TypeError)):
            size(bad)


def test_transforms():
    assert headrace.minmax("x", 0) == ("minmax", "x", 0, 0.0, 0.0, True)
    assert headrace.zscore("x", 1, mean=15, std=5) == ("zscore", "x", 1, 15.0, 5.0, False)
    assert headrace.clamp("x", 2, min=-5, max=5) == ("clamp", "x", 2, -5.0, 5.0, False)
    assert headrace.time_shift() == ("shift", "x", 7, -10.0, 10.0, False)
    assert headrace.speed_noise() == ("noise", "x", 1, 0.1, 0.0, False)
    assert headrace.position_jitter() == ("jitter", "x", 0, -5.0, 5.0, False)
    assert headrace.edge_dropout()[3] == 0.1 and headrace.node_mask()[3:5] == (0.05, 0.0)
    assert repr(headrace.minmax("x", 0)) == "<minmax x[0]: from statistics>"
    with pytest.raises(ValueError, match="both min and max"):
        headrace.minmax("x", 0, min=1)


def test_presets_load(tmp_path):
    files = sorted((ROOT / "examples" / "traffic").glob("phase*.json"))
    for f in files:
        options = headrace.presets.load(f)
        assert options["batch_size"] in (8, 12, 16) and not any(k.startswith("_") for k in options)
    one = tmp_path / "p.json"
    one.write_text('{"_why": "x", "batch_size": 4, "transforms": [{"kind": "speed_noise", "std": 0.2}, "edge_dropout",'
                   ' {"kind": "minmax", "field": "x", "column": 1, "statistics": true}]}')
    assert headrace.presets.load(one) == {
        "batch_size": 4,
        "transforms": [headrace.speed_noise(0.2), headrace.edge_dropout(), headrace.minmax("x", 1)],
    }
    for text, sentence in (("[]", "JSON object"), ("{", "p.json"), ('{"transforms": [{"kind": "blur"}]}', "p.json.*blur")):
        one.write_text(text)
        with pytest.raises(ValueError, match=sentence):
            headrace.presets.load(one)


def test_far_file_systems_are_told(tmp_path):
    from headrace import _plain

    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:32 / / rw,relatime - ext4 /dev/sdc rw\n"
        "90 22 0:60 / /mnt/c rw,noatime - 9p C:\\134 rw\n"
        "91 22 0:61 / /home/x/my\\040drive rw - fuse.sshfs host: rw\n"
    )
    assert _plain.file_system("/mnt/c/data", mounts) == "9p"
    assert _plain.file_system("/mnt/cc/data", mounts) == "ext4"
    assert _plain.file_system("/home/x/my drive/a", mounts) == "fuse.sshfs"
    assert _plain.file_system("/anything", tmp_path / "none") == ""

"""headrace.pack."""

import glob
import os

from . import _plain

_BAD = {"stop": 0, "skip": 1, "reject": 2}


def expand(sources):
    """A path, a glob or a list of both, as a list of paths in a fixed order."""
    if isinstance(sources, (str, bytes, os.PathLike)):
        sources = [sources]
    paths = []
    for s in sources:
        s = os.fsdecode(s)
        if os.path.exists(s) or s == "-" or not glob.has_magic(s):
            paths.append(s)
            continue
        found = sorted(glob.glob(s, recursive=True))
        if not found:
            from ._core import NotFoundError

            raise NotFoundError(f"no file matches {s!r}")
        paths.extend(found)
    return paths


def pack(
    sources,
    out,
    *,
    format=None,
    schema=None,
    compress=None,
    quantize=None,
    shard_by=None,
    bad="stop",
    reject_file=None,
    narrow=False,
    dedup=False,
    float64=False,
    resume=False,
    force=False,
    chunk_size=None,
    chunk_samples=None,
    memory=None,
    jobs=0,
    progress=None,
    notice=None,
):
    """Packs raw samples into a dataset, once.

    sources   a path, a glob, or a list: JSON, JSON Lines, NPY/NPZ, HDF5, SUMO FCD output, folders of files
    out       a name ending in .arrow gives one file, any other a folder.  Nothing is seen under it before it is whole
    format    "json", "jsonl", "npy", "npz", "hdf5", "files", "fcd"; told from the names when None
    schema    a dict or JSON text (docs/format.md); inferred when None
    compress  "none", "lz4", "zstd" · quantize  "float16", "int8" · narrow  integers as narrow as lossless
    bad       what a sample that cannot be used does: "stop", "skip", or "reject" (named in reject_file, JSON Lines)
    resume    continue what a killed run left · force  replace an existing dataset
    chunk_size, memory   bytes or "256K"
    progress  called about five times a second with (bytes_done, bytes_total, samples, bad, seconds)
    notice    called with sentences: the inferred schema, promotions, bad samples

    Returns a dict: samples, bad, duplicates, bytes_in, bytes_out, seconds.  Ctrl-C stops it; resume=True continues.
    Raises BadSampleError, FormatError, NotFoundError, ExistsError and other subclasses of headrace.Error.
    """
    from . import _pack

    if bad not in _BAD:
        raise ValueError(f'bad={bad!r} is not one of "stop", "skip", "reject"')
    if schema is not None and not isinstance(schema, str):
        import json

        schema = json.dumps(schema)
    given = {
        "format": format,
        "schema": schema,
        "compress": compress,
        "quantize": quantize,
        "shard_by": shard_by,
        "reject_file": None if reject_file is None else os.fspath(reject_file),
        "chunk_bytes": None if chunk_size is None else _plain.size(chunk_size, "chunk_size"),
        "chunk_samples": chunk_samples,
        "memory": None if memory is None else _plain.size(memory, "memory"),
    }
    return _pack.pack(
        expand(sources),
        out,
        bad=_BAD[bad],
        narrow=narrow,
        dedup=dedup,
        float64=float64,
        resume=resume,
        force=force,
        jobs=jobs,
        progress=progress,
        notice=notice,
        **{k: v for k, v in given.items() if v is not None},
    )

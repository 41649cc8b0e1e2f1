"""Raw sources and far file systems behind headrace.Loader: packed or copied once into a folder of this machine.

The cache folder holds one dataset per key.  A key is made of what the sources are (path, size, time of change) and how they
are packed, so a changed source is packed anew.  Beside dataset `KEY` lies `KEY.lock`: whoever reads it holds a shared lock,
whoever makes or removes it an exclusive one (C1), so that of many ranks one packs and the others wait, and nothing that is
in use is evicted.  The lock file's time of change is when the dataset was last used; over the limit, the least recently used
ones go first, whole (C2).
"""

import fcntl
import hashlib
import json
import logging
import os
import shutil
import time

from . import _plain
from ._core import LimitError, NotFoundError
from ._plain import file_system, is_far, is_packed

log = logging.getLogger("headrace")

DEFAULT_LIMIT = "10GiB"

def _human(n):
    for unit in ("B", "KiB", "MiB", "GiB"):
        if n < 1024 or unit == "GiB":
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1024


def _files(paths):
    """Every file under the paths with size and time of change, in a fixed order."""
    found = []
    for p in paths:
        if os.path.isdir(p):
            for folder, folders, names in os.walk(p):
                folders.sort()
                found.extend(os.path.join(folder, n) for n in sorted(names))
        else:
            found.append(p)
    rows = []
    for p in found:
        try:
            s = os.stat(p)
        except OSError as e:
            raise NotFoundError(f"{p}: {e.strerror}") from None
        rows.append((os.path.abspath(p), s.st_size, s.st_mtime_ns))
    return rows


def _key(rows, how):
    text = json.dumps([rows, how], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]


class Lease:
    """A shared lock on one dataset of the cache: held as long as a Loader reads it (C1)."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def lock(self, how):
        fcntl.flock(self.fd, how)
        return self

    def try_lock(self, how):
        try:
            fcntl.flock(self.fd, how | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def __del__(self):
        self.close()


class Cache:
    def __init__(self, folder=None, limit=None):
        base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        self.folder = os.path.abspath(folder if folder is not None else os.path.join(base, "headrace"))
        self.limit = _plain.size(limit if limit is not None else DEFAULT_LIMIT, "cache")
        os.makedirs(self.folder, exist_ok=True)

    def get(self, key, name, make, what):
        """The dataset `name` of that key, made by make(path) when it is not there; with the lease that keeps it."""
        entry = os.path.join(self.folder, key)
        path = os.path.join(entry, name)
        lock = Lease(entry + ".lock").lock(fcntl.LOCK_SH)
        while not is_packed(path):
            lock.lock(fcntl.LOCK_EX)
            if not is_packed(path):
                self._fill(entry, path, make, what)
            lock.lock(fcntl.LOCK_SH)  # not one step: it may have been evicted in between
        os.utime(entry + ".lock")
        self.evict(keep=key)
        return path, lock

    def _fill(self, entry, path, make, what):
        begin = time.monotonic()
        log.warning("first use: %s to %s", what, path)
        os.makedirs(entry, exist_ok=True)
        make(path)
        size = _size_of(entry)
        if size > self.limit:
            shutil.rmtree(entry, ignore_errors=True)
            raise LimitError(
                f"the dataset takes {_human(size)}, the cache {self.folder} may hold {_human(self.limit)}:"
                f' give cache="{size // (1 << 30) + 1}GiB" or more'
            )
        log.warning("ready after %.1f s: %s; the next use starts at once", time.monotonic() - begin, _human(size))

    def _entries(self):
        """(last use, size, key), oldest first."""
        found = []
        for name in os.listdir(self.folder):
            key, dot, end = name.partition(".")
            entry = os.path.join(self.folder, key)
            if dot + end == ".lock" and os.path.isdir(entry):
                found.append((os.stat(entry + ".lock").st_mtime_ns, _size_of(entry), key))
        return sorted(found)

    def evict(self, keep):
        """Removes the least recently used datasets until the rest fits the limit (C2)."""
        entries = self._entries()
        total = sum(size for _, size, _ in entries)
        for _, size, key in entries:
            if total <= self.limit:
                return
            if key == keep:
                continue
            entry = os.path.join(self.folder, key)
            lock = Lease(entry + ".lock")
            if lock.try_lock(fcntl.LOCK_EX):
                shutil.rmtree(entry, ignore_errors=True)
                total -= size
                log.warning("cache over %s: removed %s (%s)", _human(self.limit), entry, _human(size))
            lock.close()


def _size_of(folder):
    total = 0
    for at, _, names in os.walk(folder):
        for n in names:
            try:
                total += os.stat(os.path.join(at, n)).st_size
            except OSError:
                pass
    return total


def _copy(source, to):
    """A packed dataset from a far file system: under its final name only when it is whole."""
    part = to + ".partial"
    if os.path.isdir(source):
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(source, part)
    else:
        shutil.copyfile(source, part)
    os.rename(part, to)


def _localise(path, cache):
    rows = _files([path])
    total = sum(size for _, size, _ in rows)
    name = "dataset.arrow" if path.endswith(".arrow") else "dataset"
    what = f"copying {path} ({_human(total)}), which lies on {file_system(path)},"
    return cache.get(_key(rows, "copy"), name, lambda to: _copy(path, to), what)


def _pack(paths, cache, options):
    from . import _packing

    rows = _files(paths)
    if not rows:
        raise NotFoundError(f"there is no file in {paths}")
    total = sum(size for _, size, _ in rows)
    options = dict(options or {})
    for told in ("progress", "notice", "resume", "force"):  # do not change what comes out
        options.setdefault(told, None)
    how = {k: v for k, v in options.items() if k not in ("progress", "notice", "resume", "force", "jobs", "memory")}

    def make(to):
        args = {**options, "resume": False, "force": True, "notice": options["notice"] or log.info}
        _packing.pack(paths, to, **args)

    what = f"packing {len(rows)} source file{'s' if len(rows) > 1 else ''} ({_human(total)})"
    return cache.get(_key(rows, how), "dataset", make, what)


def resolve(source, limit=None, folder=None, pack=None):
    """The path of a packed dataset for what the user gave, and the lease to hold while it is read (or None).

    A packed dataset on a local file system is itself; one on a far file system is copied; raw sources are packed.
    limit False: nothing is copied or packed.
    """
    from . import _packing

    paths = _packing.expand(source)
    if len(paths) == 1 and is_packed(paths[0]):
        if limit is False or not is_far(paths[0]):
            return paths[0], None
        return _localise(paths[0], Cache(folder, limit))
    packed = [p for p in paths if is_packed(p)]
    if packed:
        raise ValueError(f"{packed[0]} is a packed dataset among {len(paths)} sources: give one packed dataset, or raw sources only")
    if limit is False:
        raise NotFoundError(f"{paths[0]} is no packed dataset (cache=False: raw sources are not packed): run headrace pack")
    return _pack(paths, Cache(folder, limit), pack)

"""What people write, made plain for the C side: sizes, durations, options, sources.  Loaded with the package: imports nothing
but os."""

import os

_UNITS = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SECONDS = {"": 1.0, "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = ("budget", "warn", "act")


def _split(text):
    text = text.strip()
    n = len(text)
    while n > 0 and text[n - 1].isalpha():
        n -= 1
    return text[:n].strip(), text[n:]


def size(value, name="size"):
    """Bytes of 4096, "512K", "1.5GiB", "2 MB": K M G T are powers of 1024, with or without "i" and "B", in any case."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError(f'{name}: give bytes or a text like "1.5GiB", not {value!r}')
    if not isinstance(value, str):
        if value < 0 or value != int(value):
            raise ValueError(f"{name}: {value!r} is no number of bytes")
        return int(value)
    number, unit = _split(value)
    unit = unit.upper()
    if len(unit) > 1 and unit.endswith("B"):
        unit = unit[:-1]
    if len(unit) > 1 and unit.endswith("I"):
        unit = unit[:-1]
    try:
        bytes_ = float(number) * _UNITS[unit]
        if not 0 <= bytes_ < 2**63:
            raise ValueError
    except (ValueError, KeyError):
        raise ValueError(f'{name}: {value!r} is no size; write "600MB", "1.5GiB" or a number of bytes') from None
    return int(bytes_)


def duration(value, name="duration"):
    """Nanoseconds of 10 (seconds), 0.5, "250ms", "5m", "2h"."""
    if isinstance(value, str):
        number, unit = _split(value)
        try:
            seconds = float(number) * _SECONDS[unit]
        except (ValueError, KeyError):
            raise ValueError(f'{name}: {value!r} is no duration; write "250ms", "10s", "5m" or seconds') from None
    else:
        seconds = float(value)
    if not 0 <= seconds < 1e9:
        raise ValueError(f"{name}: {value!r} is out of range")
    return int(seconds * 1e9)


def options(given):
    """The dict that _core takes: None means the library's default and is left out."""
    o = {k: v for k, v in given.items() if v is not None}
    for name in _SIZES:
        if name in o:
            o[name] = size(o[name], name)
    if "cache_ttl" in o:
        o["cache_ttl_ns"] = duration(o.pop("cache_ttl"), "cache_ttl")
    if "pin_memory" in o:
        o.setdefault("pin", o.pop("pin_memory"))
    if "drop_last" in o:
        drop = o.pop("drop_last")
        o.setdefault("tail", "drop" if drop else "keep")
    if o.get("batch_size") == "auto":
        del o["batch_size"]
        o["auto_batch"] = True
    if isinstance(o.get("fields"), str):
        o["fields"] = [o["fields"]]
    return o


# --- where files lie ---

# Windows drives and networks: reading from them costs up to fifty times what a local disk costs.
_FAR = ("9p", "drvfs", "virtiofs", "nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse", "fuseblk")
_near: set = set()  # st_dev known to be local


def file_system(path, mounts="/proc/self/mountinfo"):
    """The type of the file system that holds `path` ("ext4", "9p"), or "" when it cannot be told."""
    path = os.path.realpath(path)
    best, kind = "", ""
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as f:
            for line in f:
                left, _, right = line.partition(" - ")
                point = left.split()[4].replace("\\040", " ")
                inside = path == point or path.startswith(point.rstrip("/") + "/")
                if inside and len(point) >= len(best):
                    best, kind = point, right.split()[0]
    except (OSError, IndexError):
        return ""
    return kind


def is_far(path):
    device = os.stat(path).st_dev
    if device in _near:
        return False
    kind = file_system(path)
    if kind in _FAR or kind.startswith("fuse."):
        return True
    _near.add(device)
    return False


def is_packed(path):
    """A dataset that the library opens as it is: a folder with a manifest, or one Arrow file, whatever its name."""
    if os.path.isfile(os.path.join(path, "manifest.json")):
        return True
    if not os.path.isfile(path):
        return False
    if path.endswith(".arrow"):
        return True
    try:
        with open(path, "rb") as f:
            return f.read(6) == b"ARROW1"
    except OSError:
        return False

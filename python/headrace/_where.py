"""Where files lie.  Loaded with the package: imports nothing but os."""

import os

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

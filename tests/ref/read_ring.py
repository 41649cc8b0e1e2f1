"""A recording read with nothing but Python: docs/recording.md in code.  `python read_ring.py FILE` lists its frames."""

import collections
import struct
import sys
import zlib

WHOLE, CHANGED, TEN, MINUTE, BEGIN, END, NOTE = range(1, 8)
Frame = collections.namedtuple("Frame", "off kind seq wall whole image payload")


def frames(data):
    """Every good frame, by number."""
    found, at = {}, 0
    while (at := data.find(b"HRF1", at)) >= 0:
        if at % 8 == 0 and at + 48 <= len(data):
            crc, n = struct.unpack_from("<II", data, at + 4)
            room = 65536 - at % 65536 - 48
            if n <= room and at + 48 + n <= len(data) and zlib.crc32(data[at + 8:at + 48 + n]) == crc and data[at + 12]:
                seq, wall, whole, image = struct.unpack_from("<QQQI", data, at + 16)
                found[seq] = Frame(at, data[at + 12], seq, wall, whole, image, data[at + 48:at + 48 + n])
                at += (48 + n + 7) // 8 * 8
                continue
        at += 1
    ordered = [found[s] for s in sorted(found)]
    return [f for f in ordered if f.kind != CHANGED or (f.whole in found and found[f.whole].kind == WHOLE)]


def leb(p, at):
    v = shift = 0
    while True:
        b = p[at]
        at += 1
        v |= (b & 127) << shift
        shift += 7
        if b < 128:
            return v, at


def unpack(payload, n, base=None):
    """The image that a difference stands for."""
    out, at, i = bytearray(base or bytes(n)), 0, 0
    while i < n:
        same, at = leb(payload, at)
        other, at = leb(payload, at)
        i += same
        for k in range(other):
            out[i + k] ^= payload[at + k]
        i += other
        at += other
    assert at == len(payload) and i == n
    return bytes(out)


def image(f, by_seq):
    if f.kind == WHOLE:
        return unpack(f.payload, f.image)
    return unpack(f.payload, f.image, image(by_seq[f.whole], by_seq))


def head(img):
    """The first fields of an image: tick, monotonic and wall time, span, host."""
    seq, at, wall, span = struct.unpack_from("<4Q", img)
    text = lambda off, n: img[off:off + n].split(b"\0")[0].decode("utf-8", "replace")
    words, off = [], 33
    for _ in range(3):
        words.append(text(off + 1, 160) if img[off] else None)
        off += 1 + 160 + 96
    up_known, uptime = img[off], struct.unpack_from("<Q", img, off + 1)[0]
    off += 9 + 96
    total_known, total = img[off], struct.unpack_from("<Q", img, off + 1)[0]
    return {"seq": seq, "at": at, "wall": wall, "span": span, "host": words[0], "kernel": words[1],
            "uptime": uptime if up_known else None, "memory_total": total if total_known else None}


def means(f):
    """Of a frame of 10 s or a minute: when it begins, its seconds, and (least, mean, greatest) by slot."""
    begun, seconds, slots = struct.unpack_from("<QHH", f.payload)
    bits, at, out = f.payload[12:12 + (slots + 7) // 8], 12 + (slots + 7) // 8, {}
    for s in range(slots):
        if bits[s // 8] >> (s % 8) & 1:
            out[s] = struct.unpack_from("<3f", f.payload, at)
            at += 12
    return begun, seconds, out


if __name__ == "__main__":
    all_of_it = frames(open(sys.argv[1], "rb").read())
    by = {f.seq: f for f in all_of_it}
    for f in all_of_it:
        print(f.seq, f.kind, f.wall, head(image(f, by)) if f.kind in (WHOLE, CHANGED) else means(f) if f.kind in (TEN, MINUTE) else f.payload)

#!/usr/bin/env python3
"""A second reader of the dataset format, in plain Python: written from docs/format.md, sharing nothing with the C code.

    python3 tests/ref/read_store.py PATH [FIRST [COUNT]]     samples as JSON Lines

Reads uncompressed datasets: one .arrow file, or a folder with manifest.json.  It favours being short over being fast,
checks what it needs to find its way, and leaves checksums (XXH3, which the standard library does not have) to
`headrace verify`.
"""

import json
import pathlib
import struct
import sys

FORMATS = {"bool": "?", "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q",
           "uint64": "Q", "float16": "e", "float32": "f", "float64": "d"}


class Table:
    """A FlatBuffers table: fields by number, read on demand."""

    def __init__(self, buf, at):
        self.buf, self.at = buf, at
        self.vtable = at - struct.unpack_from("<i", buf, at)[0]
        self.slots = (struct.unpack_from("<H", buf, self.vtable)[0] - 4) // 2

    @classmethod
    def root(cls, buf):
        return cls(buf, struct.unpack_from("<I", buf, 0)[0])

    def _place(self, slot):
        off = struct.unpack_from("<H", self.buf, self.vtable + 4 + 2 * slot)[0] if slot < self.slots else 0
        return self.at + off if off else None

    def _follow(self, slot):
        at = self._place(slot)
        return None if at is None else at + struct.unpack_from("<I", self.buf, at)[0]

    def number(self, slot, kind, otherwise=0):
        at = self._place(slot)
        return otherwise if at is None else struct.unpack_from("<" + kind, self.buf, at)[0]

    def table(self, slot):
        at = self._follow(slot)
        return None if at is None else Table(self.buf, at)

    def string(self, slot):
        at = self._follow(slot)
        n = struct.unpack_from("<I", self.buf, at)[0]
        return self.buf[at + 4:at + 4 + n].decode()

    def structs(self, slot, kind):
        at = self._follow(slot)
        if at is None:
            return []
        n, size = struct.unpack_from("<I", self.buf, at)[0], struct.calcsize("<" + kind)
        return [struct.unpack_from("<" + kind, self.buf, at + 4 + i * size) for i in range(n)]

    def tables(self, slot):
        at = self._follow(slot)
        if at is None:
            return []
        n = struct.unpack_from("<I", self.buf, at)[0]
        places = [at + 4 + 4 * i for i in range(n)]
        return [Table(self.buf, p + struct.unpack_from("<I", self.buf, p)[0]) for p in places]


def pairs(tables):
    return {t.string(0): t.string(1) for t in tables}


class Field:
    """Name, dtype, role and shape of a field, and how its buffers are to be taken apart."""

    def __init__(self, table):
        meta = pairs(table.tables(6))
        self.name = table.string(0)
        self.dtype, self.role, self.shape = meta["headrace.dtype"], meta["headrace.role"], json.loads(meta["headrace.shape"])
        self.scale = json.loads(meta["headrace.scale"]) if "headrace.scale" in meta else None
        self.offset = json.loads(meta["headrace.offset"]) if "headrace.offset" in meta else None
        while table.tables(5):
            table = table.tables(5)[0]
        self.stored = self._leaf(table)

    def _leaf(self, table):
        kind, type_ = table.number(2, "b"), table.table(3)
        if kind == 2:
            name = f"{'int' if type_.number(1, '?') else 'uint'}{type_.number(0, 'i')}"
            return "bool" if self.dtype == "bool" and name == "uint8" else name
        if kind == 3:
            return ("float16", "float32", "float64")[type_.number(0, "h")]
        return {4: "bytes", 5: "string"}[kind]

    def decode(self, buffers, samples):
        """The values of every sample, as nested lists.  Takes its buffers off the front of the list."""
        return self._level(buffers, samples, self.shape)

    def _level(self, buffers, count, shape):
        buffers.pop(0)  # validity: empty, nothing is null
        if not shape:
            return self._values(buffers, count)
        if shape[0] == "*":
            offsets = struct.unpack(f"<{count + 1}i", buffers.pop(0))
            inner = self._level(buffers, offsets[-1], shape[1:])
            return [inner[a:b] for a, b in zip(offsets, offsets[1:])]
        n = shape[0]
        inner = self._level(buffers, count * n, shape[1:])
        return [inner[i * n:(i + 1) * n] for i in range(count)]

    def _values(self, buffers, count):
        if self.stored in ("string", "bytes"):
            offsets, data = struct.unpack(f"<{count + 1}i", buffers.pop(0)), buffers.pop(0)
            cut = [data[a:b] for a, b in zip(offsets, offsets[1:])]
            return [c.decode() for c in cut] if self.stored == "string" else cut
        values = list(struct.unpack(f"<{count}{FORMATS[self.stored]}", buffers.pop(0)))
        if self.scale is not None:
            s, o = self.scale, self.offset
            values = [v * s[i % len(s)] + o[i % len(o)] for i, v in enumerate(values)]
        return values


class Part:
    """One Arrow file."""

    def __init__(self, path):
        self.bytes = pathlib.Path(path).read_bytes()
        assert self.bytes[:8] == b"ARROW1\0\0" and self.bytes[-6:] == b"ARROW1", "not an Arrow file"
        n = struct.unpack_from("<i", self.bytes, len(self.bytes) - 10)[0]
        footer = Table.root(self.bytes[-10 - n:-10])
        schema = footer.table(1)
        self.meta = pairs(schema.tables(2)) | pairs(footer.tables(4))
        assert self.meta["headrace.version"] == "1" and self.meta["headrace.codec"] == "none", "not a dataset that is read here"
        self.fields = [Field(t) for t in schema.tables(1)]
        self.blocks = [(off, meta, body) for off, meta, _, body in footer.structs(3, "qiiq")]
        self.samples = int(self.meta["headrace.samples"])
        self.chunk_samples = int(self.meta["headrace.chunk_samples"])

    def chunk(self, k):
        off, meta, body = self.blocks[k]
        message = Table.root(self.bytes[off + 8:off + meta])
        batch, data = message.table(2), self.bytes[off + meta:off + meta + body]
        n = batch.number(0, "q")
        assert n == min(self.chunk_samples, self.samples - k * self.chunk_samples)
        buffers = [data[a:a + length] for a, length in batch.structs(2, "qq")]
        return n, {f.name: f.decode(buffers, n) for f in self.fields}

    def __iter__(self):
        for k in range(len(self.blocks)):
            n, columns = self.chunk(k)
            for i in range(n):
                yield {name: values[i] for name, values in columns.items()}


def parts(path):
    path = pathlib.Path(path)
    if not path.is_dir():
        return [Part(path)]
    manifest = json.loads((path / "manifest.json").read_text())
    return [Part(path / p["name"]) for p in manifest["parts"]]


def samples(path):
    for part in parts(path):
        yield from part


if __name__ == "__main__":
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    count = int(sys.argv[3]) if len(sys.argv) > 3 else sys.maxsize
    for i, sample in enumerate(samples(sys.argv[1])):
        if first <= i < first + count:
            print(json.dumps(sample, default=lambda b: b.hex()))

"""headrace.Stream: samples that never end, pushed from Python or made by a simulator."""

from . import _core, _plain
from ._loader import Field


class Stream(_core.Stream):
    """Samples pushed by any number of threads, handed out in batches, with back-pressure.

    Stream(fields, capacity=1024, batch_size=16, *, framework="auto", **options)

    fields    a list of headrace.Field (or of dicts with their names): what every sample holds
    capacity  samples that may wait; push() then blocks until a batch is taken
    options   batch_size, join, tail, edge_rows, transforms, slots, budget: as for Loader

        stream = headrace.Stream([headrace.Field("x", "float32", (-1, 9), "node"), ...], capacity=100, batch_size=8)
        threading.Thread(target=produce, args=(stream,)).start()   # stream.push({"x": array, ...}); at last stream.end()
        for batch in stream: ...

    push copies the values.  The loop ends when end() was called and nothing is left.
    """

    def __init__(self, fields, capacity=1024, batch_size=None, *, framework="auto", transforms=None, **options):
        plain = _plain.options({"batch_size": batch_size, **options})
        if transforms is not None:
            plain["transforms"] = list(transforms)
        fields = [f._dict() if isinstance(f, Field) else Field(**f)._dict() for f in fields]
        self.fields = [Field(**f) for f in fields]
        super().__init__(fields, int(capacity), plain, framework)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def __reduce_ex__(self, protocol):
        raise TypeError("a headrace.Stream belongs to this process: threads may push, other processes may not")

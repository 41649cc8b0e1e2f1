"""The order of an epoch in plain Python and NumPy, from what src/feed/order.h and permute.h say.

    epoch_order(samples, chunk_samples, kind, window_chunks, seed, epoch, parts=None) -> array of sample numbers by position
"""

import numpy as np

from transforms import bits, key, mix64, u64  # noqa: F401

SEQUENTIAL, FULL, WINDOWED = 0, 1, 2
SALT = 0x6F72646572
CHUNKS, ALL, WINDOW = 1, 2, 3
ROUNDS = 12


def permutation(n, k):
    """The values at places 0 .. n - 1 under key k."""
    if n <= 256:
        v = list(range(n))
        for i in range(n, 1, -1):
            j = int(bits(k, i)[0]) * i >> 64
            v[i - 1], v[j] = v[j], v[i - 1]
        return np.array(v, dtype=np.int64)
    width = (n - 1).bit_length()
    mask, shift = np.uint64((1 << width) - 1), np.uint64((width + 1) // 2)
    add = [bits(k, 2 * r)[0] & mask for r in range(ROUNDS)]
    mul = [(bits(k, 2 * r + 1)[0] | np.uint64(1)) & mask for r in range(ROUNDS)]
    v = np.arange(n, dtype=np.uint64)
    todo = np.arange(n)
    while todo.size:
        x = v[todo]
        for a, m in zip(add, mul):
            x = ((x + a) * m) & mask
            x ^= x >> shift
        v[todo] = x
        todo = todo[x >= n]
    return v.astype(np.int64)


def order_key(seed, epoch, what, number):
    return key(seed ^ SALT, epoch, what, number)


def epoch_order(samples, chunk_samples, kind, window_chunks, seed, epoch, parts=None):
    if kind == SEQUENTIAL:
        return np.arange(samples)
    if kind == FULL:
        return permutation(samples, order_key(seed, epoch, ALL, 0))
    chunks, first = [], 0
    for part in parts or [samples]:
        chunks += [range(i, min(i + chunk_samples, first + part)) for i in range(first, first + part, chunk_samples)]
        first += part
    window_chunks = min(window_chunks or len(chunks), len(chunks)) or 1
    by_rank = permutation(len(chunks), order_key(seed, epoch, CHUNKS, 0))
    out = []
    for w in range(0, len(chunks), window_chunks):
        window = np.concatenate([np.array(chunks[c]) for c in by_rank[w:w + window_chunks]])
        out.append(window[permutation(window.size, order_key(seed, epoch, WINDOW, w // window_chunks))])
    return np.concatenate(out) if out else np.arange(0)

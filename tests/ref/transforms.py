"""The transforms of headrace in plain NumPy: what src/feed/transform.h says, line by line and without its code.

    values(x, transforms, seed, epoch, sample, stats)   one sample's lines [n, width] -> [n, width + appended]
    drop(nodes, edge_index, transforms, seed, epoch, sample)   which nodes and edges are left, and the edges renumbered

A transform is a dict: kind, column (-1 = all), a, b, statistics (True: a and b from `stats`, an array [width, 4] of min, max,
mean, std).  Its place in the list is part of its random numbers' key.
"""

import numpy as np

M64 = (1 << 64) - 1


def mix64(x):
    """A bijection of 64 bits ("moremur")."""
    x = x ^ (x >> np.uint64(27))
    x = x * np.uint64(0x3C79AC492BA7B653)
    x = x ^ (x >> np.uint64(33))
    x = x * np.uint64(0x1C69B3F74AC4AE35)
    return x ^ (x >> np.uint64(27))


def u64(x):
    return np.atleast_1d(np.asarray(x, dtype=np.uint64))


def key(seed, a, b, c):
    k = mix64(u64((seed + 0x9E3779B97F4A7C15) & M64))
    for part, salt in ((a, 0xD1B54A32D192ED03), (b, 0x8CB92BA72F3D8DD7), (c, 0xAEF17502108EF2D9)):
        k = mix64(k ^ u64((part + salt) & M64))
    return k


def bits(k, counter):
    return mix64(mix64(k + u64(counter) * np.uint64(0x9E3779B97F4A7C15)) ^ k)


def unit(k, counter):
    """Uniform in [0, 1), 53 bits."""
    return (bits(k, counter) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def horner(x, coefficients):
    p = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        p = p * x + c
    return p


def log(x):
    """Natural logarithm by +, -, *, / alone, so that every machine gives the same bits."""
    b = x.view(np.int64)
    k = (b - np.int64(0x3FE6A09E667F3BCD)) >> np.int64(52)
    m = (b - (k << np.int64(52))).view(np.float64)
    f = (m - 1.0) / (m + 1.0)
    s = f * f
    p = horner(s, [1.0 / n for n in range(21, 2, -2)])
    return k.astype(np.float64) * 0.6931471805599453 + (2.0 * f + 2.0 * f * s * p)


# Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988): numerators and denominators, highest power first.
MIDDLE = (
    [2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608],
    [5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0])  # fmt: skip
NEAR = (
    [7.7454501427834140764e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258,
     3.64784832476320460504, 5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734],
    [1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
     6.89767334985100004550e-1, 1.67638483018380384940, 2.05319162663775882187, 1.0])  # fmt: skip
FAR = (
    [2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
     2.96560571828504891230e-1, 1.78482653991729133580, 5.46378491116411436990, 6.65790464350110377720],
    [2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
     1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0])  # fmt: skip


def normal_at(u):
    """The inverse of the normal distribution."""
    q = u - 0.5
    r = 0.180625 - q * q
    middle = q * horner(r, MIDDLE[0]) / horner(r, MIDDLE[1])
    r = np.sqrt(-log(np.where(u < 0.5, u, 1.0 - u)))
    near = horner(r - 1.6, NEAR[0]) / horner(r - 1.6, NEAR[1])
    far = horner(r - 5.0, FAR[0]) / horner(r - 5.0, FAR[1])
    tail = np.where(r <= 5.0, near, far)
    return np.where(np.abs(q) <= 0.425, middle, np.where(u < 0.5, -tail, tail))


def normal(k, counter):
    return normal_at(((bits(k, counter) >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52)


def sincos_of_turns(t):
    quarter = np.floor(4.0 * t + 0.5)
    x = (t - 0.25 * quarter) * 6.283185307179586
    s = x * x
    f = [1.0]
    for i in range(1, 17):
        f.append(f[-1] * i)
    sine = x + x * s * horner(s, [-1 / f[15], 1 / f[13], -1 / f[11], 1 / f[9], -1 / f[7], 1 / f[5], -1 / f[3]])
    cosine = 1.0 + s * horner(s, [1 / f[16], -1 / f[14], 1 / f[12], -1 / f[10], 1 / f[8], -1 / f[6], 1 / f[4], -0.5])
    k = np.where(np.isfinite(quarter), quarter, 0).astype(np.int64) & 3
    return np.choose(k, [sine, cosine, -sine, -cosine]), np.choose(k, [cosine, -sine, -cosine, sine])


def values(x, transforms, seed, epoch, sample, stats=None):
    """One sample's lines, [n, width] of float32 or float64.  Every step is done in double; rounded once at the end."""
    v = x.astype(np.float64)
    width = v.shape[1]
    element = np.arange(v.size, dtype=np.uint64).reshape(v.shape)
    appended = []
    for index, t in enumerate(transforms):
        kind, a, b = t["kind"], float(t.get("a", 0)), float(t.get("b", 0))
        k = key(seed, epoch, sample, index)
        if kind in ("edge_drop", "node_drop"):
            continue
        for c in range(width) if t.get("column", -1) < 0 else [t["column"]]:
            if t.get("statistics"):
                low, high, mean, std = (float(s) for s in stats[c])
                a, b = (mean, std if low != high else 0.0) if kind == "zscore" else (low, high)
            y = v[:, c]
            e = element[:, c]
            if kind == "minmax":
                y = (y - a) / ((b - a) if b != a else 1.0)
            elif kind == "zscore":
                y = (y - a) / (b if b != 0 else 1.0)
            elif kind == "clamp":
                y = np.where(y < a, a, y)
                y = np.where(y > b, b, y)
            elif kind == "sincos":
                turns = y / a
                y, cosine = sincos_of_turns(turns - np.floor(turns + 0.5))
                appended.append(cosine)
            elif kind == "shift":
                y = y + (a + (b - a) * unit(k, 0))
            elif kind == "noise":
                y = y + a * normal(k, e)
            elif kind == "jitter":
                y = y + (a + (b - a) * unit(k, e))
            elif kind == "mask":
                y = np.where(unit(k, e) < a, b, y)
            else:
                raise ValueError(kind)
            v[:, c] = y
    return np.column_stack([v] + appended).astype(x.dtype) if appended else v.astype(x.dtype)


def drop(nodes, edge_index, transforms, seed, epoch, sample):
    """(kept nodes, kept edges, edge_index of the kept edges with new node numbers), edge_index [2, E]."""
    node = np.ones(nodes, dtype=bool)
    edge = np.ones(edge_index.shape[1], dtype=bool)
    for index, t in enumerate(transforms):
        k = key(seed, epoch, sample, index)
        if t["kind"] == "node_drop":
            node &= unit(k, np.arange(nodes)) >= t["a"]
        elif t["kind"] == "edge_drop":
            edge &= unit(k, np.arange(edge.size)) >= t["a"]
    ends = edge_index.astype(np.int64)
    edge &= node[ends[0]] & node[ends[1]]
    return np.flatnonzero(node), np.flatnonzero(edge), (np.cumsum(node) - 1)[ends[:, edge]]

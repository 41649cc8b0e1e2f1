"""What the bytes that a terminal was sent look like on its screen: the few sequences that the live view uses."""

import re

TOKEN = re.compile(r"\x1b\[([0-9;?<>=]*)([@A-Za-z])|\x1b[^\[]|[^\x1b]", re.S)


def screen(seen, w, h):
    """The rows as they stand at the end."""
    rows = [[" "] * w for _ in range(h)]
    x = y = 0
    for m in TOKEN.finditer(seen.decode("utf-8", "ignore")):
        text, args, last = m.group(0), m.group(1), m.group(2)
        if last is None:
            if text == "\n":
                y = min(y + 1, h - 1)
            elif text == "\r":
                x = 0
            elif len(text) == 1 and text >= " " and y < h and x < w:
                rows[y][x] = text
                x += 1
            continue
        n = [int(v) if v.isdigit() else 0 for v in args.split(";")]
        if last == "H":
            y, x = max(n[0], 1) - 1, max(n[1] if len(n) > 1 else 1, 1) - 1
        elif last == "C":
            x += max(n[0], 1)
        elif last == "J" and n[0] == 2:
            rows = [[" "] * w for _ in range(h)]
        elif last == "K" and n[0] == 0:
            rows[y][x:] = [" "] * (w - x)
        elif last == "P":
            k = max(n[0], 1)
            rows[y] = rows[y][:x] + rows[y][x + k:] + [" "] * k
        elif last == "@":
            k = max(n[0], 1)
            rows[y] = (rows[y][:x] + [" "] * k + rows[y][x:])[:w]
    return ["".join(r) for r in rows]

"""What a process holds in memory because it feeds: in the middle of the second epoch, against the same process with torch alone.

The dataset's own mapped pages are counted apart: they are page cache, which the system takes back.  Of the rest the loader's
ledger accounts for the batches, the cache and the tables, within the budget asked for; what is beyond that is code, the
allocator, and Python.  resident.py DATASET BUDGET prints one line of JSON, "" is the default budget."""
import json
import os
import subprocess
import sys


def rss(without=None):
    """(resident bytes of this process, those of mapped files below `without`, which are not in the first)."""
    total = apart = 0
    inside = False
    with open("/proc/self/smaps") as f:
        for line in f:
            words = line.split()
            if "-" in words[0] and not words[0].endswith(":"):
                inside = without is not None and len(words) > 5 and words[5].startswith(without)
            elif words[0] == "Rss:":
                total, apart = (total, apart + int(words[1])) if inside else (total + int(words[1]), apart)
    return total << 10, apart << 10


def measure(path, budget):
    import torch
    torch.set_num_threads(1)
    torch.cat([torch.ones(1000), torch.ones(1000)]).sum().item()
    rss()
    before, _ = rss()
    import headrace
    path = os.path.realpath(path)
    loader = headrace.Loader(path, 16, framework="torch", **({"budget": budget} if budget else {}))
    for batch in loader:
        pass
    for batch in loader:
        if batch.step * 2 > len(loader):
            break
    after, mapped = rss(path)
    facts = loader.report(json=True)["memory"]
    held = facts["held"] - facts["mapped"]
    print(json.dumps({"torch": before, "more": after - before, "ledger": held, "beyond": after - before - held, "dataset": mapped,
                      "budget": facts["budget"]}))


def tell(d, out):
    size = sum(e.stat().st_size for e in os.scandir(f"{d}/headrace"))
    print()
    for budget in ("", "256MiB") if size > 1 << 30 else ("",):
        r = subprocess.run([sys.executable, __file__, f"{d}/headrace", budget], capture_output=True, text=True, check=True)
        m = json.loads(r.stdout)
        out.append({"resident": d, **m})
        print(f"Resident in the middle of an epoch, {f'budget {budget}' if budget else 'default budget'}: {m['more'] / 1e6:.1f} MB more "
              f"than bare torch ({m['torch'] / 1e6:.0f} MB); the ledger accounts for {m['ledger'] / 1e6:.1f}: {m['beyond'] / 1e6:.1f} MB "
              f"beyond it.  Mapped pages of the dataset: {m['dataset'] / 1e6:.0f} MB.")


if __name__ == "__main__":
    measure(sys.argv[1], sys.argv[2])

"""One contestant in a fresh process: opens, runs whole epochs for a while, prints one line of JSON."""
import argparse
import json
import time

from work import checksum, samples_of


def ours(d, workers, seed):
    """headrace with its defaults; the store is d/headrace."""
    import headrace
    loader = headrace.Loader(f"{d}/headrace", batch_size=16, seed=seed, framework="torch")
    return lambda epoch: loader


def contestants():
    from peers import by_hand, packaged, phase1
    return {"headrace": ours, **by_hand.CONTESTANTS, **packaged.CONTESTANTS, **phase1.CONTESTANTS}


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--dir", required=True)
    p.add_argument("--name", required=True)
    p.add_argument("--workers", type=int, default=0)
    p.add_argument("--seconds", type=float, default=1.5, help="of whole epochs, the first left out")
    p.add_argument("--batches", type=int, default=0, help="end an epoch after so many batches (for the very slow)")
    p.add_argument("--check", action="store_true", help="one epoch, and print its checksum")
    a = p.parse_args()
    import torch
    torch.set_num_threads(1)
    make = contestants()[a.name]

    t0 = time.perf_counter()
    epoch_of = make(a.dir, a.workers, 0)
    rates, first, total, check, cpu = [], None, 0.0, 0.0, 0.0
    epoch = done = 0
    while epoch < 2 or total < a.seconds:
        t, c, n = time.perf_counter(), time.process_time(), 0
        for b in epoch_of(epoch):
            if first is None:
                first = time.perf_counter() - t0
            n += samples_of(b)
            if a.check:
                check += checksum(b)
            if a.batches and n >= a.batches * 16:
                break
        t = time.perf_counter() - t
        if epoch:
            rates.append(n / t)
            total += t
            done += n
            cpu += time.process_time() - c
        epoch += 1
        if a.check or a.batches:
            rates.append(n / t)
            done, cpu = done or n, cpu or time.process_time() - c
            break
    rates.sort()
    print("RESULT " + json.dumps({
        "name": a.name, "workers": a.workers, "samples_per_s": rates[len(rates) // 2], "best": rates[-1],
        "first_batch_ms": 1e3 * first, "epochs": epoch, "samples": n, "cpu_us": 1e6 * cpu / max(1, done), "checksum": check}))


if __name__ == "__main__":
    main()

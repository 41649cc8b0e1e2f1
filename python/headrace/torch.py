"""headrace.torch.IterableDataset: headrace behind a torch.utils.data.DataLoader, for code that insists on one."""

import os

import torch.utils.data

from ._core import StateError
from ._loader import Loader

_WORKERS_MAX = 256


class IterableDataset(torch.utils.data.IterableDataset):
    """Ready batches for DataLoader(dataset, batch_size=None).

    IterableDataset(source, batch_size=16, **options of headrace.Loader)

    num_workers=0 is the fast way: headrace has its own threads, and a worker process costs about two milliseconds per batch.
    With num_workers=W, worker w makes the steps w, w + W, w + 2 W, ... of this rank, so the DataLoader, which takes from
    its workers in turn, gives the same batches in the same order as without workers; each worker gets a W-th of the budget.
    Every pass over the DataLoader is the next epoch; set_epoch(n) chooses.  May be pickled: each process opens its own.
    """

    def __init__(self, source, batch_size=16, **options):
        options.setdefault("framework", "torch")
        self.source = source
        self.options = {"batch_size": batch_size, **options}
        # The epoch for each worker (the last: no workers), in memory that they share: a worker's copy of this object
        # forgets what it learned.
        self._epochs = torch.zeros(_WORKERS_MAX + 1, dtype=torch.int64).share_memory_()
        self._loader = None
        self._pid = None

    def _open(self, workers=1):
        if self._loader is None or self._pid != os.getpid():
            options = dict(self.options)
            if workers > 1:
                # The helpers of W loaders would only be in each other's way.
                options.setdefault("threads", 1)
                if options.get("budget"):
                    from ._plain import size

                    options["budget"] = size(options["budget"], "budget") // workers
            self._loader = Loader(self.source, **options)
            self._pid = os.getpid()
        return self._loader

    def loader(self):
        """The headrace.Loader of this process."""
        return self._open()

    def set_epoch(self, epoch):
        """The next pass is that epoch."""
        self._epochs.fill_(int(epoch))

    def __len__(self):
        return len(self._open())

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        if info is None:
            return self._alone()
        if info.num_workers > _WORKERS_MAX:
            raise StateError(f"more than {_WORKERS_MAX} workers: num_workers=0 is the fast way, headrace has its own threads")
        return self._share(info.id, info.num_workers)

    def _take_epoch(self, who):
        epoch = int(self._epochs[who])
        self._epochs[who] += 1
        return epoch

    def _alone(self):
        loader = self._open()
        loader.set_epoch(self._take_epoch(_WORKERS_MAX))
        yield from loader

    def _share(self, worker, workers):
        loader = self._open(workers)
        epoch = self._take_epoch(worker)
        for step in range(worker, len(loader), workers):
            yield loader.batch_at(epoch, step)

    def __getstate__(self):
        return {**self.__dict__, "_loader": None, "_pid": None}

"""headrace behind torch's DataLoader."""
import pickle

import pytest
import torch

import headrace
import headrace.torch
from .graphs import digest

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")


def passes(loader, n=2):
    return [[(tuple(b.sample.tolist()), digest(b)) for b in loader] for _ in range(n)]


@pytest.fixture(scope="module")
def want(dataset):
    with headrace.Loader(dataset, 16, framework="torch", seed=4) as l:
        return passes(l)


def test_alone(dataset, want):
    ds = headrace.torch.IterableDataset(dataset, 16, seed=4)
    dl = torch.utils.data.DataLoader(ds, batch_size=None)
    assert passes(dl) == want and len(dl) == 13
    ds.set_epoch(0)
    assert passes(dl, 1) == want[:1]


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("workers", [1, 3])
def test_workers_give_the_same_batches(dataset, want, workers, persistent):
    ds = headrace.torch.IterableDataset(dataset, 16, seed=4)
    dl = torch.utils.data.DataLoader(ds, batch_size=None, num_workers=workers, persistent_workers=persistent)
    assert passes(dl) == want


def test_ranks_with_workers(dataset):
    with headrace.Loader(dataset, 16, framework="torch", rank=1, world=2) as l:
        alone = passes(l, 1)
    ds = headrace.torch.IterableDataset(dataset, 16, rank=1, world=2)
    assert passes(torch.utils.data.DataLoader(ds, batch_size=None, num_workers=2), 1) == alone


def test_it_may_be_pickled(dataset, want):
    ds = headrace.torch.IterableDataset(dataset, 16, seed=4, transforms=[headrace.speed_noise(std=0.0)])
    next(iter(ds))
    again = pickle.loads(pickle.dumps(ds))
    assert [s for s, _ in passes(again, 1)[0]]


@pytest.mark.slow
def test_spawned_workers(dataset, want):
    ds = headrace.torch.IterableDataset(dataset, 16, seed=4)
    dl = torch.utils.data.DataLoader(ds, batch_size=None, num_workers=2, multiprocessing_context="spawn")
    assert passes(dl, 1) == want[:1]


def test_a_loader_is_a_data_source_by_itself(dataset):
    """A training step runs on a batch's tensors as on any others: autograd, in place, to()."""
    torch.manual_seed(0)
    layer = torch.nn.Linear(9, 8)
    with headrace.Loader(dataset, 16, framework="torch") as l:
        for batch in l:
            batch.x.mul_(0.5)
            h = layer(batch.x.requires_grad_())
            out = torch.zeros(batch.num_graphs, 8).index_add_(0, batch.batch, h)
            torch.nn.functional.mse_loss(out, batch.y).backward()
            assert batch.x.grad.shape == batch.x.shape
    assert torch.isfinite(layer.weight.grad).all()

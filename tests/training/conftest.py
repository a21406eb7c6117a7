import numpy as np
import pytest
import torch

from advisor.data import PreparedData
from advisor.models import get_family


@pytest.fixture(autouse=True)
def one_thread():
    """Small networks are slower on more threads, and other tests run beside these."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def family():
    return get_family("mlp")


@pytest.fixture
def config(family):
    """Return a function: the default configuration with changes."""

    def changed(**changes):
        return family.space().complete({"momentum": 0.9, **family.default(), **changes})

    return changed


def make_data(kind="classification", n=160, seed=0):
    """Return a task that a small network learns in a few epochs; parts of n, n/2 and n/2."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2 * n, 5)).astype(np.float32)
    signal = x[:, 0] + x[:, 1] * x[:, 2]
    mean, scale = (0.0, 1.0) if kind == "classification" else (100.0, 7.0)
    y = (signal > 0).astype(np.int64) if kind == "classification" else signal
    train, valid, test = slice(0, n), slice(n, n + n // 2), slice(n + n // 2, None)
    return PreparedData(
        x[train], y[train], x[valid], y[valid], x[test], y[test],
        kind, 5, 2 if kind == "classification" else 1, mean, scale,
    )  # fmt: skip


@pytest.fixture(scope="session")
def classes():
    return make_data("classification")


@pytest.fixture(scope="session")
def numbers():
    return make_data("regression")

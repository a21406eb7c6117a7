"""Small networks are trained by one thread; what was set before comes back."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import torch

from advisor import Advisor
from advisor.data import load_dataset, prepare
from advisor.meta.speed import measured_speed
from advisor.models import get_family
from advisor.training import train
from advisor.training.run import Run
from advisor.training.threads import FEW, MUCH, SHARE, threads_for, threads_worth
from advisor.training.together import train_together


@contextmanager
def having(threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def three():
    with having(3):
        yield


@pytest.fixture
def many():
    with having(12):
        yield


def test_little_work_is_done_by_one_thread(three):
    with threads_for(MUCH - 1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3
    with threads_for(MUCH):
        assert torch.get_num_threads() == 3


def test_the_threads_come_back_after_an_error(three):
    with pytest.raises(ValueError, match="broken"), threads_for(1):
        raise ValueError("broken")
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize(("count", "units", "seen"), [(1, 16, 1), (3, 16, 1), (1, 512, 3)])
def test_what_trainings_take(three, family, config, classes, count, units, seen):
    threads = []

    def report(epoch):
        threads.append(torch.get_num_threads())

    train_together(
        family, [config(units=units, n_layers=5, batch_size=256)] * count, classes,
        metric="accuracy", seeds=list(range(count)), max_epochs=1, reports=[report] * count,
        device="cpu",
    )  # fmt: skip
    assert threads == [seen] * count
    assert torch.get_num_threads() == 3


def test_a_search_of_one_fold_takes_one_thread_too(three, tmp_path, monkeypatch):
    seen = []
    plain = Run.advance

    def advance(run, number):
        seen.append(torch.get_num_threads())
        return plain(run, number)

    measured_speed("mlp")  # It trains a large network, too.
    monkeypatch.setattr(Run, "advance", advance)
    Advisor(tmp_path / "kb.duckdb").tune("sklearn:iris", trials=1, folds=1, max_epochs=1, n_warm=0)
    assert set(seen) == {1}
    assert torch.get_num_threads() == 3


class Texts(torch.nn.Module):
    """One recurrent layer of 10 x 20 and 20 x 20 weights for each of three gates."""

    def __init__(self):
        super().__init__()
        self.cells = torch.nn.GRU(10, 20, batch_first=True)

    def forward(self, rows):
        return self.cells(rows)[0][:, -1]


@pytest.mark.parametrize(
    ("network", "rows", "products"),
    [
        (Texts(), torch.zeros(1, 50, 10), 3 * (10 * 20 + 20 * 20)),
        (torch.nn.Conv2d(3, 8, 3, padding=1), torch.zeros(1, 3, 10, 12), 3 * 8 * 9 * 10 * 12),
        (torch.nn.Linear(30, 40), torch.zeros(1, 30), 30 * 40),
        (torch.nn.Linear(30, 40), torch.zeros(1, 7, 30), 30 * 40 * 7),
        (
            torch.nn.Sequential(torch.nn.Linear(30, 40), torch.nn.ReLU(), torch.nn.Linear(40, 2)),
            torch.zeros(1, 30), (30 * 40 + 40 * 2) / 2,
        ),
    ],
)  # fmt: skip
def test_operations_share_their_products_among_as_many_threads_as_they_are_worth(
    many, network, rows, products
):
    for threads in (3, 7):
        batch = int(threads * SHARE / products) + 1
        assert threads_worth(network, rows, batch) == threads
    assert threads_worth(network, rows, 1) == FEW
    assert threads_worth(network, rows, 10**9) == 12


def test_what_is_not_known_of_takes_all_threads(many):
    class Broken(torch.nn.Linear):
        def forward(self, rows):
            raise ValueError("one row is no batch")

    assert threads_worth(Broken(3, 4), torch.zeros(1, 3), 1) == 12
    assert threads_worth(torch.nn.ReLU(), torch.zeros(1, 3), 1) == 12


def test_looking_draws_nothing_and_few_threads_are_left_as_they_are(many):
    class Drawing(torch.nn.Linear):
        def forward(self, rows):
            return super().forward(rows + torch.rand(rows.shape))

    network = Drawing(3, 4)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    assert threads_worth(network, torch.zeros(1, 3), 1) == FEW
    assert torch.equal(torch.rand(2), expected)
    torch.set_num_threads(1)
    assert threads_worth(torch.nn.Linear(3, 4), torch.zeros(1, 3), 10**9) == 1


def test_small_recurrent_networks_are_trained_by_few_threads(many):
    family = get_family("forecaster")
    days = pd.date_range("2024-01-01", periods=200)
    frame = pd.DataFrame({"day": days, "y": np.sin(np.arange(200) / 5)})
    data = prepare(load_dataset(frame, "y", time="day", horizon=3), 0)
    seen = []

    def report(epoch):
        seen.append(torch.get_num_threads())

    train(family, family.default(), data, metric="mase", seed=0, max_epochs=1, report=report,
          device="cpu")  # fmt: skip
    assert seen == [FEW]
    assert torch.get_num_threads() == 12

"""Small networks are trained by one thread; what was set before comes back."""

import pytest
import torch

from advisor import Advisor
from advisor.training.run import Run
from advisor.training.threads import MUCH, threads_for
from advisor.training.together import train_together


@pytest.fixture
def three():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


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

    monkeypatch.setattr(Run, "advance", advance)
    Advisor(tmp_path / "kb.duckdb").tune("sklearn:iris", trials=1, folds=1, max_epochs=1, n_warm=0)
    assert set(seen) == {1}
    assert torch.get_num_threads() == 3

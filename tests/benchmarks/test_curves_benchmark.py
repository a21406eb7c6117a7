"""The rules of the benchmark: epochs are counted, and no training begins twice."""

import numpy as np
import pytest

from advisor.curves import LAST
from advisor.encoding import Encoder, sample
from scripts.benchmarks.curves import crossing, methods, peers, runs, tables
from scripts.benchmarks.curves.tables import EPOCHS
from scripts.benchmarks.transfer.tables import SPACES


@pytest.fixture
def made(monkeypatch, tmp_path):
    """Three tasks of 120 configurations whose values rise to ends that move from task to task."""
    space, found = SPACES["lcbench"], []
    for number in range(3):
        configs = sample(space, 120, seed=number)
        inputs = Encoder(space).encode(configs)
        ends = 60 - 40 * (inputs[:, 1] - 0.4 - 0.05 * number) ** 2 - 5 * inputs[:, 6]
        way = 1 - np.exp(-0.1 * (1 + inputs[:, [0]]) * np.array(EPOCHS))
        found.append(tables.Table(f"made {number}", configs, inputs, ends[:, None] * way))
    monkeypatch.setattr(tables, "tables", lambda: found)
    monkeypatch.setattr(runs, "RESULTS", tmp_path)


@pytest.mark.parametrize("name", ["advisor", "advisor, no stopping", "ASHA",
                                  "portfolio under ASHA"])  # fmt: skip
def test_epochs_are_counted_and_trainings_go_from_rung_to_rung(made, name):
    unit = runs.CurveSearch(0, 0, name, 3)
    found = unit.result()
    done, spent = {}, 0
    for step in found["steps"]:
        rung = done.get(step["row"], -1) + 1
        assert step["rung"] == rung <= LAST
        spent += EPOCHS[rung] - (EPOCHS[rung - 1] if rung else 0)
        assert step["spent"] == spent
        done[step["row"]] = rung
    assert spent >= 3 * EPOCHS[-1]
    assert unit.finished
    assert not runs.CurveSearch(0, 0, name, 20).finished


def test_without_stopping_every_training_goes_to_its_end(made):
    steps = runs.CurveSearch(0, 0, "advisor, no stopping", 3).compute()["steps"]
    rungs = [step["rung"] for step in steps]
    assert rungs == [*range(LAST + 1)] * (len(rungs) // (LAST + 1))


def test_asha_promotes_the_best_quarter(made):
    method = methods.Halving(tables.problem(0, 0))
    for _ in range(4):
        row = method.ask()
        method.tell(row, 0, float(row))
    best = max(method.done)
    assert method.ask() == best
    method.tell(best, 1, float(best))
    assert method.ask() == best


def test_optuna_prunes_and_begins_anew(made):
    pytest.importorskip("optuna")
    method = peers.RandomHalving(tables.problem(0, 0))
    for rung in range(LAST + 1):
        method.tell(method.ask(), rung, 10.0 + rung)
    poor = method.ask()
    assert poor not in method.done or method.done[poor] == 0
    method.tell(poor, 0, 1.0)
    assert method.ask() != poor
    assert len(method.done) == 2


def test_planted_late_bloomers_are_best_at_the_end_and_behind_at_first():
    behind = []
    for seed in range(10):
        problem, planted = crossing.planted_problem(seed)
        values = problem.table.values
        assert values[:, LAST].argmax() == planted
        behind.append((values[:, 3] > values[planted, 3]).mean())
    assert np.mean(behind) > 0.5

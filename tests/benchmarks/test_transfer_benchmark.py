"""The benchmark's own rules: same problems for all, no row twice, kept searches are not rerun."""

import json

import numpy as np
import pytest

from scripts.benchmarks.experiment import run_and_resume
from scripts.benchmarks.transfer import methods, page, runs, tables


@pytest.fixture
def made(monkeypatch):
    """Four tasks of 250 configurations whose scores move from task to task."""
    from advisor.encoding import Encoder, sample

    space = tables.SPACES["lcbench"]
    found = []
    for number in range(4):
        configs = sample(space, 250, seed=number)
        inputs = Encoder(space).encode(configs)
        scores = -((inputs[:, 1] - 0.4 - 0.05 * number) ** 2) - 0.1 * inputs[:, 6]
        found.append(tables.Table(f"made {number}", configs, inputs, scores))
    monkeypatch.setattr(tables, "family_tables", lambda family: found)


def test_problems_leave_the_task_out_and_are_the_same_for_all(made):
    first, again = tables.problem("lcbench", 2, 1), tables.problem("lcbench", 2, 1)
    assert [source.name for source in first.sources] == ["made 0", "made 1", "made 3"]
    assert first.start == again.start
    assert all(len(source.scores) == tables.SOURCE_TRIALS for source in first.sources)
    assert tables.problem("lcbench", 2, 0).start != first.start


def test_a_small_pool_is_the_same_for_all_seeds(made):
    pools = [tables.problem("lcbench", 1, seed, pool=50).pool.configs for seed in (0, 1)]
    assert len(pools[0]) == 50
    assert pools[0] == pools[1]


@pytest.mark.parametrize("method", ["advisor", "advisor, no past", "random", "two lacking"])
def test_searches_try_no_row_twice_and_are_kept(made, method, monkeypatch, tmp_path):
    monkeypatch.setattr(runs, "RESULTS", tmp_path)
    monkeypatch.setattr(runs, "TRIALS", 15)
    unit = runs.TransferSearch("lcbench", 0, 0, method, 0)
    run_and_resume([unit], workers=0)
    kept = unit.path
    before = kept.read_text()
    run_and_resume([unit], workers=0)
    assert kept.read_text() == before
    rows = json.loads(before)["rows"]
    assert len(set(rows)) == 15


def test_past_tasks_are_worth_something(made):
    problem = tables.problem("lcbench", 0, 0)
    informed = methods.Advisor(problem)
    reached = []
    for _ in range(3):
        row = informed.ask()
        informed.tell(row, problem.evaluate(row))
        reached.append(problem.pool.scores[row])
    assert np.mean(problem.pool.scores > max(reached)) < 0.02


def test_the_page_is_made_from_what_is_kept(made, monkeypatch, tmp_path):
    monkeypatch.setattr(runs, "RESULTS", tmp_path)
    assert page.make(1, 0, None) is None
    units = [runs.TransferSearch("lcbench", held, 0, "random", 0) for held in range(2)]
    run_and_resume(units, workers=0)
    row, *_ = [line for line in page.make(1, 0, None).splitlines() if line.startswith("| random |")]
    regrets = []
    for unit in units:
        one = json.loads(unit.path.read_text())
        regrets.append((one["best"] - one["scores"][0]) / (one["best"] - one["median"]))
    assert row.split("|")[2].split()[0] == f"{np.mean(regrets):.4f}"


@pytest.mark.parametrize("method", ["no residual", "no basis", "no doubt"])
def test_an_ablation_is_another_search_and_leaves_ours_as_it_is(made, method):
    problem = tables.problem("lcbench", 0, 0)
    chosen = {}
    for name in ("advisor", method, "advisor"):
        contender = runs.METHODS[name](problem)
        rows = []
        for _ in range(6):
            rows.append(contender.ask())
            contender.tell(rows[-1], problem.evaluate(rows[-1]))
        assert chosen.setdefault(name, rows) == rows
    assert runs.METHODS[method].strategy.scales != runs.METHODS["advisor"].strategy.scales

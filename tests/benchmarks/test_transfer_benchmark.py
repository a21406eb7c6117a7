"""The benchmark's own rules: same problems for all, no row twice, kept searches are not rerun."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def parts(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import benchmark_transfer
    from transfer import methods, tables

    yield benchmark_transfer, methods, tables
    for name in [n for n in sys.modules if n == "transfer" or n.startswith("transfer.")]:
        del sys.modules[name]
    del sys.modules["benchmark_transfer"]


@pytest.fixture
def made(parts, monkeypatch):
    """Four tasks of 250 configurations whose scores move from task to task."""
    benchmark, _, tables = parts
    from advisor.encoding import Encoder, sample

    space = tables.SPACES["lcbench"]
    found = []
    for number in range(4):
        configs = sample(space, 250, seed=number)
        inputs = Encoder(space).encode(configs)
        scores = -((inputs[:, 1] - 0.4 - 0.05 * number) ** 2) - 0.1 * inputs[:, 6]
        found.append(tables.Table(f"made {number}", configs, inputs, scores))
    monkeypatch.setattr(tables, "family_tables", lambda family: found)
    return benchmark


def test_problems_leave_the_task_out_and_are_the_same_for_all(made, parts):
    tables = parts[2]
    first, again = tables.problem("lcbench", 2, 1), tables.problem("lcbench", 2, 1)
    assert [source.name for source in first.sources] == ["made 0", "made 1", "made 3"]
    assert first.start == again.start
    assert all(len(source.scores) == tables.SOURCE_TRIALS for source in first.sources)
    assert tables.problem("lcbench", 2, 0).start != first.start


def test_a_small_pool_is_the_same_for_all_seeds(made, parts):
    tables = parts[2]
    pools = [tables.problem("lcbench", 1, seed, pool=50).pool.configs for seed in (0, 1)]
    assert len(pools[0]) == 50
    assert pools[0] == pools[1]


@pytest.mark.parametrize("method", ["advisor", "advisor, no past", "random", "two lacking"])
def test_searches_try_no_row_twice_and_are_kept(made, parts, method, monkeypatch, tmp_path):
    monkeypatch.setattr(made, "RESULTS", tmp_path)
    monkeypatch.setattr(made, "TRIALS", 15)
    job = ("lcbench", 0, 0, method, 0)
    made.search(job)
    kept = made.result_path(*job[:4])
    before = kept.read_text()
    made.search(job)
    assert kept.read_text() == before
    rows = json.loads(before)["rows"]
    assert len(set(rows)) == 15


def test_past_tasks_are_worth_something(made, parts):
    methods, tables = parts[1], parts[2]
    problem = tables.problem("lcbench", 0, 0)
    informed = methods.Advisor(problem)
    reached = []
    for _ in range(3):
        row = informed.ask()
        informed.tell(row)
        reached.append(problem.pool.scores[row])
    assert np.mean(problem.pool.scores > max(reached)) < 0.02

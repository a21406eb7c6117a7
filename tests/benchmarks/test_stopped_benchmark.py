"""The benchmark of what stopped trials teach: who is stopped where, and what the page says."""

import numpy as np

from advisor.curves import LAST
from scripts.benchmarks import stopped
from scripts.benchmarks.curves.tables import Table


def test_the_worse_half_is_stopped_twice():
    values = np.maximum.accumulate(np.random.default_rng(0).random((200, LAST + 1)), axis=1)
    table = Table("made", [{} for _ in values], np.zeros((200, 2)), values)
    drawn = stopped._drawn(table, np.random.default_rng(1))
    early, late = stopped.STOPS
    assert [(drawn.ended == rung).sum() for rung in (early, late, LAST)] == [30, 15, 15]
    went_on = drawn.values[drawn.ended > early, early]
    assert went_on.min() >= drawn.values[drawn.ended == early, early].max()
    assert len(drawn.curves(drawn.finished).values) == 15


def test_the_page_compares_task_by_task(tmp_path, monkeypatch):
    monkeypatch.setattr(stopped, "WORK", tmp_path)
    units = [stopped.AfterStops(held, seed) for held in (0, 1) for seed in (0, 1)]
    pasts = {name: place for place, name in enumerate(stopped.PASTS)}
    for unit in units:
        regrets = {name: [unit.held + 0.1 * place] * 20 for name, place in pasts.items()}
        monkeypatch.setattr(stopped.AfterStops, "compute", lambda _, r=regrets: {"regrets": r})
        unit.run()
    page = stopped.make(units)
    assert "| finished trials only | 0.500 ± 0.500 |" in page
    assert f"| {stopped.ALL} | 0.900 ± 0.500 |" in page
    assert "| finished trials only | -0.400 ± 0.000 |" in page
    assert "2 tasks, 4 searches for each past." in page


def test_without_the_trainings_it_says_so(monkeypatch):
    from click.testing import CliRunner

    monkeypatch.setattr(stopped.curves, "missing", lambda: "there are none")
    done = CliRunner().invoke(stopped.main, [])
    assert done.exit_code == 1
    assert "there are none" in done.output

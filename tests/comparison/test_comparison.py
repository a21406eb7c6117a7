"""Comparisons: equal budgets, nothing trained twice, numbers of the studies themselves."""

import math
import sys
from dataclasses import replace

import pytest

from advisor.comparison import compare
from advisor.comparison.comparison import resume_comparison, start_comparison
from advisor.comparison.plan import Plan
from advisor.comparison.plots import check_plot_file, save_plot, text_plot, value_range
from advisor.comparison.standings import StudyNumbers, standings
from advisor.settings import Settings
from knowledge_base import KnowledgeBase, UserError
from knowledge_base.studies import StudyDirectory

OBJECTIVE = """
from pathlib import Path
def train(config, report):
    with Path("calls.txt").open("a") as file:
        file.write("x")
    for epoch in range(1, 10):
        report((config["x"] - 0.3) ** 2 + 1 / epoch)
    return {"value": (config["x"] - 0.3) ** 2, "test_value": 7.0}
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(OBJECTIVE)
    (tmp_path / "space.yaml").write_text("hyperparameters: {x: {type: float, low: -1, high: 1}}")
    return Settings(objective="train.py:train", space="space.yaml", trials=4, direction="minimize")


@pytest.fixture
def kb():
    return KnowledgeBase(seed=False)


def calls(tmp_path):
    return len((tmp_path / "calls.txt").read_text())


@pytest.fixture(scope="module")
def flowers(tmp_path_factory):
    """Three strategies on real data, once for all tests that only look."""
    folder = tmp_path_factory.mktemp("flowers")
    settings = Settings(data="sklearn:iris", trials=3, max_epochs=2)
    kb = KnowledgeBase(folder / "kb.duckdb")
    return compare(settings, ["random", "bayesian+warm", "halving"], kb)


def test_budgets_data_and_seeds_are_equal(flowers):
    kept = [flowers.study(entry) for entry in flowers.plan.studies]
    assert [len(study.trials()) for study in kept] == [3, 3, 3]
    assert len({study.task.task_id for study in kept}) == 1
    assert len({study.space.space_id for study in kept}) == 1
    assert {trial.seed for study in kept for trial in study.trials()} == {0}
    assert max(t.epochs for study in kept for t in study.trials()) <= 2


def test_only_who_asks_for_it_starts_warm(flowers):
    warm = {s.strategy: s.studies[0].n_warm for s in flowers.standings()}
    assert warm["random"] == warm["halving"] == 0
    assert warm["bayesian+warm"] > 0
    assert not list(flowers.path.glob("*random*/past.npz"))


def test_numbers_are_those_of_the_studies(flowers):
    for standing in flowers.standings():
        (numbers,) = standing.studies
        trials = StudyDirectory.open(flowers.path / numbers.study).trials()
        done = [t for t in trials if t.state == "complete"]
        best = max(done, key=lambda t: t.value)
        assert standing.best.mean == best.value
        assert standing.test.mean == best.metrics["test_accuracy"]
        assert standing.found_after.mean == best.number + 1
        assert standing.epochs.mean == sum(t.epochs for t in trials)
        assert standing.seconds.mean == pytest.approx(sum(t.duration for t in trials))
        assert standing.curve[-1] == best.value
        assert standing.best.error is None


def test_a_comparison_adds_nothing_to_the_knowledge_base_unasked(flowers):
    before = len(flowers.kb.trials())
    assert "sklearn:iris" not in set(flowers.kb.tasks()["name"])
    flowers.contribute()
    flowers.contribute()
    assert len(flowers.kb.trials()) == before + 9


def test_a_comparison_that_was_cut_off_goes_on(own, kb, tmp_path, monkeypatch):
    plan = Plan(own, ("random", "grid", "sobol"))
    whole = start_comparison(plan, kb, "whole")
    whole.run()
    assert calls(tmp_path) == 12

    def cut(trial, tuner):
        if calls(tmp_path) == 12 + 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_comparison(plan, kb, "cut").run(on_trial=cut)
    again = resume_comparison(plan, kb, "cut")
    assert again.n_finished == 1
    ran = []
    again.run(on_study=lambda entry, search: ran.append((entry.strategy, len(search.tuner.trials))))
    assert ran == [("grid", 2), ("sobol", 0)]
    assert calls(tmp_path) == 24
    assert [s.curve for s in again.standings()] == [s.curve for s in whole.standings()]
    again.run()
    assert calls(tmp_path) == 24


def test_the_newest_of_the_same_arguments_is_resumed_and_may_be_longer(own, kb, tmp_path):
    plan = Plan(own, ("random", "grid"))
    first = start_comparison(plan, kb)
    first.run()
    start_comparison(Plan(own, ("random",)), kb)
    again = resume_comparison(plan, kb, trials=5)
    assert again.path == first.path
    again.run()
    assert calls(tmp_path) == 10
    with pytest.raises(UserError, match="random,grid"):
        resume_comparison(Plan(own, ("sobol",)), kb, first.path.name)


def test_time_that_is_over_stays_over(own, kb, tmp_path):
    plan = Plan(own, ("random", "grid"), timeout=1e-9)
    start_comparison(plan, kb, "short").run()
    assert not (tmp_path / "calls.txt").exists()
    again = resume_comparison(plan, kb, "short")
    assert again.n_finished == 2
    assert again.notes[-1] == "Not all ran 4 trials."
    assert all(math.isnan(s.best.mean) for s in again.standings())
    more = resume_comparison(plan, kb, "short", timeout=60.0)
    more.run()
    assert calls(tmp_path) == 8


def test_warm_starts_know_nothing_of_the_comparison(own, kb):
    done = compare(own, ["random", "bayesian"], kb, warm=True)
    assert done.plan.strategies == ("random+warm", "bayesian+warm")
    assert [s.studies[0].n_warm for s in done.standings()] == [0, 0]
    assert "random+warm started cold" in " ".join(done.notes)


def test_seeds_are_averaged(own, kb):
    done = compare(own, ["random", "sobol"], kb, seeds=2)
    for standing in done.standings():
        one, two = (study.best for study in standing.studies)
        assert [study.seed for study in standing.studies] == [0, 1]
        assert standing.best.mean == pytest.approx((one + two) / 2)
        assert standing.best.error == pytest.approx(abs(one - two) / 2)
        assert one != two
    ranks = [standing.mean_rank.mean for standing in done.standings()]
    assert sum(ranks) == pytest.approx(3)


@pytest.mark.parametrize(
    ("strategies", "says"),
    [
        (("random", "baysian"), "bayesian"),
        (("random", "random"), "twice"),
        ((), "nothing"),
        (("random", "bayesian+wram"), "bayesian"),
    ],
)
def test_strategies_that_are_none(own, kb, strategies, says):
    with pytest.raises(UserError, match=says):
        start_comparison(Plan(own, strategies), kb, "x")


def test_a_space_without_gradients_is_refused_before_anything_is_run(kb, tmp_path):
    settings = Settings(data="sklearn:iris", trials=3, max_epochs=2)
    with pytest.raises(UserError, match="gradient cannot differentiate"):
        start_comparison(Plan(settings, ("random", "gradient+warm")), kb, "x", tmp_path / "s")
    assert not list(tmp_path.rglob("study.json"))
    part = replace(settings, only=["learning_rate", "weight_decay"], trials=1)
    plan = Plan(part, ("gradient", "random"))
    assert start_comparison(plan, kb, "x", tmp_path / "s").n_finished == 0


def test_a_strategy_that_cannot_go_on_ends_alone(own, kb):
    done = compare(own, ["gradient", "random"], kb)
    (problem,) = done.problems
    assert problem.startswith("gradient, seed 0: The strategy gradient needs gradients")
    assert {s.strategy: s.trials.mean for s in done.standings()} == {"random": 4, "gradient": 1}


def test_a_damaged_file_is_said_to_be_one(own, kb):
    made = start_comparison(Plan(own, ("random",)), kb, "x")
    (made.path / "comparison.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        resume_comparison(made.plan, kb, "x")


def study(curve, seed=0):
    known = [v for v in curve if v is not None]
    best = max(known, default=None)
    return StudyNumbers("s", seed, len(curve), 5, 1.0, best, None, None, 0, curve)


def test_ranks_count_ties_failures_and_searches_that_ended_early():
    found = standings(
        {"a": [study([0.5, 0.5, 0.9])], "b": [study([0.5, 0.7])], "c": [study([None, None])]},
        "maximize",
    )
    assert [s.strategy for s in found] == ["a", "b", "c"]
    ranks = {s.strategy: s.mean_rank.mean for s in found}
    assert ranks == pytest.approx({"a": (1.5 + 2 + 1) / 3, "b": (1.5 + 1 + 2) / 3, "c": 3})


CURVES = {"grid": [0.1, 0.8, 0.8, 0.9], "bayesian": [0.2, 0.7, 0.9, 0.9], "bayesian+warm": [None]}


@pytest.mark.parametrize("width", [40, 80])
def test_the_text_plot_is_ascii_fits_and_tells_curves_apart(width):
    text = text_plot(CURVES, "maximize", "accuracy", width)
    assert text.isascii()
    assert max(len(line) for line in text.splitlines()) <= width
    assert "g grid" in text
    assert "b bayesian" in text
    assert "B bayesian+warm" in text
    top = next(line for line in text.splitlines() if line.strip().startswith("0.9 |"))
    assert top.split("|")[1].split() == ["b", "g"]


def test_a_bad_first_trial_does_not_flatten_the_plot():
    curve = [0.1, *[0.8 + 0.01 * n for n in range(10)]]
    assert value_range({"a": curve}, "maximize") == pytest.approx((0.81, 0.89))
    low, high = value_range({"a": [1.0, 1.0]}, "minimize")
    assert low == 1.0 < high


def test_a_plot_of_nothing_says_so():
    assert "no trial completed" in text_plot({"a": [None]}, "minimize", "loss", 80)


def test_plots_are_written(tmp_path):
    pytest.importorskip("matplotlib")
    errors = {"grid": [0.01] * 4}
    for name in ("plot.svg", "plot.png"):
        save_plot(tmp_path / name, CURVES, "maximize", "accuracy", errors, "title")
    assert "<svg" in (tmp_path / "plot.svg").read_text()
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_a_plot_that_cannot_be_written_is_refused_at_once(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"\.svg"):
        check_plot_file(tmp_path / "plot.gif")
    with pytest.raises(UserError, match="does not exist"):
        check_plot_file(tmp_path / "nowhere" / "plot.svg")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UserError, match=r"advisor-automl\[plots\]"):
        check_plot_file(tmp_path / "plot.svg")

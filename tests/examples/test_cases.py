"""The cases run on tiny data that come with scikit-learn, and go on where they were cut off."""

import importlib.util
from pathlib import Path

import pytest

from advisor.models import get_family
from examples import cases
from examples.page import page

NAMES = ("fashion_mnist", "review_sentiment", "forecast")


def load(name):
    where = Path(cases.__file__).parent / name / "run.py"
    spec = importlib.util.spec_from_file_location(f"example_{name}", where)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASE


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_smoke_run_does_all_that_a_case_does(name, tmp_path, monkeypatch):
    monkeypatch.setattr(cases, "PACKAGES", tmp_path / "none")
    case = load(name)
    result = cases.run_case(case, quick=True, root=tmp_path)
    (cold,), (warm,) = result.cold, result.warm
    assert (len(cold.trials), len(warm.trials)) == (2, 1)
    space = get_family(case.family).space()
    assert dict(cold.trials[0].config) == space.default()
    assert all(space.complete(t.config) == t.config for t in (*cold.trials, *warm.trials))
    assert len(result.past) >= 4
    assert len(result.unrelated) == (case.kin is not None)
    assert case.kin is None or any(name.startswith(case.kin) for name in result.past)
    assert f"test_{cold.metric}" in cold.best().metrics
    text = page(result)
    assert "a smoke run, which says nothing of the case" in text
    assert f"| Default configuration | {cold.validation(1):.4f}" in text
    assert ("| Warm search, other sources |" in text) == bool(result.unrelated)
    again = cases.run_case(case, quick=True, root=tmp_path)
    assert [t.trial_id for t in again.cold[0].trials] == [t.trial_id for t in cold.trials]


def test_data_that_were_not_fetched_are_said_to_be_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(cases, "PACKAGES", tmp_path)
    with pytest.raises(cases.MissingPackageError, match="fetch_data"):
        load("forecast").write(tmp_path)


def test_better_is_what_the_metric_says():
    trials = [trial(0, 0.3), trial(1, 0.2), trial(2, None), trial(3, 0.2), trial(4, 0.1)]
    low, high = cases.Arm(trials, "mase", "minimize"), cases.Arm(trials, "accuracy", "maximize")
    assert (low.validation(), low.validation(4), high.validation()) == (0.1, 0.2, 0.3)
    assert low.best(4).number == 1
    assert low.test() == 4.1


def trial(number, value):
    from knowledge_base.records import TrialRecord

    state = "failed" if value is None else "complete"
    metrics = {"test_mase": number + (value or 0)}
    return TrialRecord("study", number, {}, state, value=value, metrics=metrics)


def test_a_page_says_so_when_the_short_search_falls_short():
    from examples.page import _verdict

    def result(cold, warm):
        arms = [[cases.Arm([trial(0, v)], "mase", "minimize") for v in vs] for vs in (cold, warm)]
        return cases.Result(load("forecast"), *arms, past=(), data=Path())

    assert "**at least as good as**" in _verdict(result([0.2, 0.4], [0.3, 0.3]))
    assert "**not as good as**" in _verdict(result([0.2, 0.4], [0.2, 0.5]))

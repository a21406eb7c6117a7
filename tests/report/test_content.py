"""What a study shows, as plain data."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from advisor.predictor.judged import JudgedRows
from advisor.report.content import (
    LeftOut,
    NoAnswer,
    StudySource,
    answer_of,
    data_of,
    history_of,
    study_content,
)
from advisor.report.content.axes import axes_of
from advisor.report.content.curves import curves_of
from advisor.report.content.diagnoses import diagnoses_of
from advisor.report.content.evidence import PastTask, agreement, evidence_of
from advisor.report.content.forest import grown
from advisor.report.content.importance import fanova, importance_of
from advisor.report.content.judgement import judgement_of
from advisor.report.content.surface import surface_of
from knowledge_base import SpaceDefinition
from knowledge_base.records import TrialRecord
from knowledge_base.studies import StudyDirectory

SPACE = SpaceDefinition.from_dict(
    {
        "name": "own",
        "hyperparameters": [
            {"type": "uniform_float", "name": "rate", "lower": 1e-4, "upper": 1.0,
             "default_value": 0.01, "log": True},
            {"type": "uniform_int", "name": "units", "lower": 1, "upper": 9, "default_value": 5},
            {"type": "categorical", "name": "kind", "choices": ["a", "b"], "default_value": "a"},
        ],
    }
)  # fmt: skip


def trials(values, start=datetime(2026, 1, 1, tzinfo=UTC), gap=timedelta(seconds=2)):
    rng = np.random.default_rng(0)
    return [
        TrialRecord(
            "s" * 32, number,
            {"rate": float(10 ** rng.uniform(-4, 0)), "units": int(rng.integers(1, 10)),
             "kind": "ab"[number % 2]},
            "complete" if value is not None else "failed", value=value, duration=1.0,
            error=None if value is not None else "no luck", started_at=start + number * gap,
        )
        for number, value in enumerate(values)
    ]  # fmt: skip


def test_the_history_leaves_out_idle_time_and_keeps_the_best(made):
    source = StudySource.open(made(SPACE, trials([0.5, None, 0.7, 0.6])))
    history = history_of(source)
    assert [step.best for step in history.steps] == [0.5, 0.5, 0.7, 0.7]
    assert [step.seconds for step in history.steps] == [1.0, 2.0, 3.0, 4.0]
    assert [step.reached for step in history.steps] == [0.0, None, 1.0, 0.5]
    assert history.steps[1].note == "no luck"


def test_smaller_is_better_where_it_is_minimised(made):
    path = made(SPACE, trials([0.5, 0.4, 0.7]), metric="rmse", direction="minimize")
    source = StudySource.open(path)
    assert history_of(source).steps[-1].best == 0.4
    assert answer_of(source).number == 1


def test_the_answer_names_the_model_and_what_is_easier_to_have(content):
    answer = content.answer
    names = [standing.name for standing in answer.standings]
    assert names == ["baseline", "default", "single", "final"]
    final = answer.standings[-1]
    assert f"{final.test:.4g}" in answer.sentence
    assert "library default" in answer.sentence
    assert "trivial baseline" in answer.sentence
    assert answer.cost.networks >= 1
    assert answer.cost.bytes > 1000
    assert 0 < answer.cost.seconds_per_thousand < 100
    assert str(content.path) in answer.command


def test_the_code_of_the_answer_runs(content, search):
    names = {"NEW": str(search.settings.data)}
    exec(content.answer.code, names)
    assert len(names["predictions"]) == 90


def test_the_code_of_a_study_without_a_model_runs(made):
    source = StudySource.open(made(SPACE, trials([0.5, 0.7])))
    names = {}
    exec(answer_of(source).code, names)
    assert names["config"] == source.best.config


def test_warm_trials_are_marked_and_the_past_expected_something(content):
    steps = content.history.steps
    assert sum(step.warm for step in steps) == 3
    assert all(0 <= step.expected <= 1 for step in steps)


def test_every_section_of_a_trained_study_is_there(content):
    sections = vars(content)
    left = {name: one.reason for name, one in sections.items() if isinstance(one, LeftOut)}
    assert left == {}


def test_what_was_read_is_kept(content):
    intake = content.data.intake
    assert intake.columns["numbers"] == ["width", "height"]
    assert "90 rows" in intake.size


def test_past_tasks_have_their_names_and_weights(content):
    evidence = content.evidence
    assert evidence.named
    assert sum(task.weight for task in evidence.tasks) == pytest.approx(1)
    weights = [task.weight for task in evidence.tasks]
    assert weights == sorted(weights, reverse=True)
    assert all(-1 <= task.agreement <= 1 for task in evidence.tasks if task.agreement is not None)
    assert np.isfinite(evidence.here).all()


def test_trials_that_stopped_have_an_expected_end(search, tmp_path):
    path = tmp_path / "flowers"
    shutil.copytree(search.path, path)
    directory = StudyDirectory.open(path)
    whole = directory.trials()[-1]
    reason = "paused after 2 epochs: others promised more"
    directory.append(
        replace(whole, number=whole.number + 1, state="stopped", curve=whole.curve[:2],
                error=reason, trial_id="", started_at=whole.started_at + timedelta(days=1))
    )  # fmt: skip
    curves = curves_of(StudySource.open(path)).curves
    (stopped,) = [curve for curve in curves if curve.number == whole.number + 1]
    assert stopped.stopped == reason
    end = stopped.end
    assert max(stopped.values) <= end.low <= end.middle <= end.high
    assert end.epoch > len(stopped.epochs) == 2


def test_without_past_curves_no_end_is_expected(large):
    found = curves_of(StudySource.open(large))
    assert "no end was expected" in found.note
    assert all(curve.end is None for curve in found.curves)
    assert sum(bool(curve.stopped) for curve in found.curves) == 100


def test_the_confusion_matrix_counts_all_validation_rows(content, search):
    judgement = content.judgement
    assert judgement.matrix.sum() == judgement.rows
    kept = JudgedRows.load(search.path)
    positive = kept.truth == 1
    (roc,) = judgement.rocs
    assert roc.area == pytest.approx(roc_auc_score(positive, kept.prediction[:, 1]))


def test_forests_find_what_matters():
    points = np.random.default_rng(0).random((300, 3))
    found = fanova(points, np.sin(4 * points[:, 1]), 16).mean(0)
    assert found[1] > 0.95
    assert found[[0, 2]].max() < 0.02
    both = fanova(points, points[:, 0] + 2 * points[:, 2], 16).mean(0)
    assert both[2] == pytest.approx(0.8, abs=0.06)
    assert both[0] == pytest.approx(0.2, abs=0.06)
    crossed = fanova(points, np.where((points[:, 0] > 0.5) ^ (points[:, 1] > 0.5), 1.0, 0.0), 16)
    assert crossed.mean(0).sum() < 0.3  # It is all interaction.


def test_the_leaves_of_each_tree_are_the_whole_cube():
    points = np.random.default_rng(1).random((200, 4))
    points[:, 3] = points[:, 3] > 0.5  # A category.
    leaves = grown(points, points[:, 0] * 3 + points[:, 3], trees=5)
    volumes = (leaves.boxes[:, :, 1] - leaves.boxes[:, :, 0]).prod(1)
    assert np.bincount(leaves.tree, volumes) == pytest.approx(np.ones(5))
    told = np.array([
        [value for tree, box, value in zip(leaves.tree, leaves.boxes, leaves.values, strict=True)
         if tree == one and ((box[:, 0] < point) & (point <= box[:, 1]) | (point == 0)).all()]
        for one in range(5) for point in points[:20] if (point[:3] > 0).all() and point[3] > 0
    ])  # fmt: skip
    assert told.shape[1] == 1  # Every point lies in one leaf of a tree.
    truth = np.tile([3 * p[0] + 1 for p in points[:20] if p[3] > 0], 5)
    assert np.corrcoef(told[:, 0], truth)[0, 1] > 0.9


def test_forests_say_what_those_of_a_library_say():
    """Importances are near those of scikit-learn's random forest with the same leaves."""
    from sklearn.ensemble import RandomForestRegressor

    rng = np.random.default_rng(2)
    points = rng.random((300, 3))
    values = points[:, 0] + 2 * points[:, 1] ** 2 + rng.normal(0, 0.05, 300)
    forest = RandomForestRegressor(40, min_samples_leaf=2, random_state=0).fit(points, values)
    cells = rng.random((4000, 3))
    whole = forest.predict(cells)
    theirs = []
    for column in range(3):
        grid = np.linspace(0.01, 0.99, 25)
        means = [
            forest.predict(np.insert(np.delete(cells[:400], column, 1), column, at, axis=1)).mean()
            for at in grid
        ]
        theirs.append(np.var(means) / whole.var())
    assert fanova(points, values, 40).mean(0) == pytest.approx(theirs, abs=0.06)


def test_one_row_grows_one_leaf():
    assert len(grown(np.array([[0.3, 0.4]]), np.array([1.0]), trees=3).values) == 3


def test_the_importance_of_a_study_is_of_its_learning_rate(large):
    found = importance_of(StudySource.open(large))
    assert found.names[0] == "learning_rate"
    assert found.here[0] > 0.5
    assert found.past.shape == (len(found.tasks), len(found.names))


def test_slices_follow_the_trials(large):
    surface = surface_of(StudySource.open(large), ["learning_rate"])
    first = surface.slices[0]
    assert first.name == "learning_rate"
    best = float(first.labels[int(np.argmax(first.mean))])
    assert 5e-4 < best < 2e-2
    assert (first.low <= first.mean).all()
    assert (first.mean <= first.high).all()


def test_axes_hold_values_and_the_region_where_the_past_was_good(content):
    by_name = {axis.name: axis for axis in content.axes.axes}
    rate = by_name["learning_rate"]
    assert rate.value(0.0) == "1e-05"
    low, high = rate.good
    assert 0 <= low < high <= 1
    assert sum(by_name["optimizer"].good_choices) == pytest.approx(1)


def test_ranks_agree_or_not():
    rising = np.arange(6.0)
    assert agreement(rising, rising**3) == pytest.approx(1)
    assert agreement(rising, -rising) == pytest.approx(-1)
    assert agreement(rising, np.ones(6)) is None
    verdicts = [PastTask("t", 1.0, value, (0, 0)).verdict for value in (0.5, 0.0, -0.5, None)]
    assert verdicts == ["right", "said little", "wrong", "unknown"]


def test_a_study_of_an_own_function_leaves_out_what_it_has_not(made):
    path = made(SPACE, trials([0.5, 0.7, 0.6]))
    content = study_content(path)
    assert content.answer.cost is None
    for name in ("importance", "surface", "curves", "diagnoses", "judgement", "evidence", "data"):
        reason = getattr(content, name).reason
        assert reason.endswith(".")
    assert "3 of them" in content.importance.reason


def test_a_study_without_a_trial_has_no_answer(made):
    content = study_content(made(SPACE))
    assert isinstance(content.answer, NoAnswer)
    assert isinstance(content.history, LeftOut)
    assert isinstance(content.axes, LeftOut)


def test_a_study_whose_trials_all_failed_says_why(made):
    content = study_content(made(SPACE, trials([None, None])))
    assert content.answer.sentence.endswith("in 2 of them: no luck")
    assert len(content.history.steps) == 2


def test_a_search_that_was_killed_within_a_line_is_shown_as_far_as_it_came(made):
    path = made(SPACE, trials([0.5, 0.7]))
    lines = path / "trials.jsonl"
    lines.write_bytes(lines.read_bytes()[:-20])
    content = study_content(path)
    assert len(content.history.steps) == 1
    assert any("ends within a line" in line for line in content.warnings)


def test_a_study_of_an_earlier_version_has_tasks_without_names(large):
    source = StudySource.open(large)
    source.prior.names = ()
    found = evidence_of(source)
    assert not found.named
    assert found.tasks[0].name.startswith("past task ")


def test_damaged_arrays_are_no_past(made, tmp_path):
    path = made(SPACE, trials([0.5, 0.7]))
    (path / "past.npz").write_bytes(b"PK\x03\x04 nothing")
    assert isinstance(evidence_of(StudySource.open(path)), LeftOut)


def test_predictions_that_cannot_be_are_left_out(made):
    path = made(SPACE, trials([0.5, 0.7]))
    JudgedRows("classification", np.array([0.0, 7.0]), np.ones((2, 2)), ["a", "b"]).save(path)
    assert isinstance(judgement_of(StudySource.open(path)), LeftOut)
    JudgedRows("classification", np.array([0.0, 1.0]), np.eye(2), ["a", "b"], rows=2).save(path)
    assert judgement_of(StudySource.open(path)).matrix.tolist() == [[1, 0], [0, 1]]


def test_forecasts_have_their_intervals(made):
    path = made(SPACE, trials([0.5, 0.7]))
    ones = np.ones((1, 3))
    JudgedRows("forecasting", ones, ones, (), ones - 1, ones + 1, np.full((1, 4), 2.0), ["a"],
               5).save(path)  # fmt: skip
    found = judgement_of(StudySource.open(path))
    assert found.names == ["a"]
    assert (found.upper - found.lower == 2).all()


def test_sections_can_be_had_one_by_one(large):
    source = StudySource.open(large)
    assert len(history_of(source).steps) == len(curves_of(source).curves) == 500
    assert len(axes_of(source).numbers) == 500
    assert diagnoses_of(source).healthy >= 0
    assert isinstance(data_of(source), LeftOut)

"""Networks that a formula gives, in the model that a search leaves."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
from exported import imported

import advisor
from advisor import Advisor
from advisor.predictor.saving import DOCUMENT, FOLDER
from advisor.predictor.solved import solved
from advisor.problem import data_problem
from advisor.settings import Settings
from knowledge_base.checksums import sealed, unsealed
from knowledge_base.errors import UserError


def searched_on(values, folder):
    """Return a search of one trial of one epoch on a series of months, and the series."""
    months = pd.date_range("2000-01-01", periods=len(values), freq="MS")
    frame = pd.DataFrame({"month": months, "y": values})
    search = Advisor(folder / "kb.duckdb").tune(
        frame, "y", time="month", horizon=4, trials=1, n_warm=0, max_epochs=1, seed=0,
        root=folder / "studies", contribute=False,
    )  # fmt: skip
    return search, frame


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """Whatever the network says, the wave is linear."""
    t = np.arange(200)
    wave = np.sin(t / 3) + 0.5 * np.sin(t / 7 + 1) + 4
    return searched_on(wave, tmp_path_factory.mktemp("solved"))


def test_they_join_and_are_better(searched):
    search, _ = searched
    by_name = {one.name: one for one in search.model.standings}
    described = search.model.average.described()
    assert "linear forecaster" in described
    assert by_name["final"].test < 0.5 * by_name["single"].test
    assert sum(member.share for member in search.model.average.members) == pytest.approx(1.0)


def test_saved_and_loaded_they_predict_the_same(searched):
    search, frame = searched
    found = advisor.load(search.path)
    assert np.array_equal(found.predict(frame), search.model.predict(frame))


def test_one_network_alone_has_none_of_them(searched):
    search, frame = searched
    folds = Advisor(search.path.parent.parent / "kb.duckdb").tune(
        frame, "y", time="month", horizon=4, trials=1, n_warm=0, max_epochs=1, seed=0,
        root=search.path.parent, contribute=False, final="folds", name="folds",
    )  # fmt: skip
    described = folds.model.average.described()
    assert "linear" not in described
    assert "smoother" not in described


def test_exported_they_are_the_same(searched, tmp_path):
    search, frame = searched
    search.model.export(tmp_path / "out")
    found = imported(tmp_path / "out")
    assert found.predict(list(frame["y"]))[0] == pytest.approx(
        list(search.model.predict(frame)[0]), rel=1e-4
    )


def test_smoothers_join_where_they_forecast_best(tmp_path):
    noisy = np.random.default_rng(0).normal(size=200) + 0.1 * np.arange(200)
    search, frame = searched_on(noisy, tmp_path)
    members = search.model.average.members
    assert any(member.config.get("cell") == "smoothing" for member in members)
    assert "exponential smoothers" in search.model.average.described()
    found = advisor.load(search.path).predict(frame)
    assert np.array_equal(found, search.model.predict(frame))
    search.model.export(tmp_path / "out")
    exported = imported(tmp_path / "out").predict(noisy.tolist())[0]
    assert exported == pytest.approx(list(found[0]), rel=1e-4)


def test_they_are_judged_by_further_folds():
    frame = pd.DataFrame({
        "month": pd.date_range("2000-01-01", periods=240, freq="MS"),
        "y": np.random.default_rng(0).normal(size=240).cumsum(),
    })  # fmt: skip
    problem = data_problem(frame, "y", time="month", horizon=4)
    settings = Settings()
    folds, further = problem.folds(settings), problem.further_folds(settings)
    assert (len(folds), len(further)) == (1, 2)
    formula = problem.family.closed_forms[0]
    asked = partial(solved, problem.family, formula, folds, [0], problem.metric)
    alone, judged = asked(), asked(further=further)
    assert [len(one.networks) for one in judged] == [1] * len(judged)
    values = []
    for fold in further:
        (again,) = [
            one for one in solved_all(problem, formula, fold) if one.config == judged[0].config
        ]
        values.append(again.value)
    (first,) = [one for one in solved_all(problem, formula, folds[0])
                if one.config == judged[0].config]  # fmt: skip
    assert judged[0].value == pytest.approx(np.mean([first.value, *values]))
    assert alone[0].value <= first.value


def solved_all(problem, formula, fold):
    """Return all that a formula gives for one fold."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("advisor.predictor.solved.MOST", 1000)
        return solved(problem.family, formula, [fold], [0], problem.metric)


def test_an_altered_one_is_refused(searched, tmp_path):
    search, _ = searched
    stored = (search.path / FOLDER / DOCUMENT).read_bytes()
    document = unsealed(stored, "the model")
    members = [m for m in document["members"] if m["config"].get("cell") == "linear"]
    assert members
    members[0]["config"]["penalty"] = "much"
    copied = tmp_path / "model"
    copied.mkdir()
    for path in (search.path / FOLDER).iterdir():
        (copied / path.name).write_bytes(path.read_bytes())
    (copied / DOCUMENT).write_text(sealed(json.dumps(document)))
    with pytest.raises(UserError, match="penalty"):
        advisor.load(copied)

"""Searches as estimators: what they take, what they give, and what they leave behind."""

import json
import pickle
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import advisor
from advisor import AdvisorClassifier, AdvisorRegressor, KnowledgeBase, UserError

QUICK = {"trials": 1, "n_warm": 0, "folds": 1, "max_epochs": 2, "random_state": 0}
ROOT = Path(__file__).resolve().parents[2]
N = 60


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    found = pd.DataFrame(
        {
            "size": rng.normal(size=N),
            "city": rng.choice(["Ulm", "Bonn", "Kiel"], N),
            "rooms": rng.integers(1, 4, N),
            "when": pd.date_range("2024-01-01", periods=N, freq="D")[rng.permutation(N)],
        }
    )
    found.loc[::7, "size"] = np.nan
    found.loc[::9, "city"] = None
    return found


@pytest.fixture(scope="module")
def labels():
    return np.where(np.random.default_rng(1).random(N) < 0.5, "yes", "no")


@pytest.fixture(scope="module")
def fitted(frame, labels):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ADVISOR_KB", str(Path(tempfile.mkdtemp()) / "kb.duckdb"))
        return AdvisorClassifier(**QUICK).fit(frame, labels)


@pytest.fixture
def numbers():
    rng = np.random.default_rng(2)
    inputs = rng.normal(size=(N, 3))
    return inputs, inputs[:, 0] - inputs[:, 1]


def test_frames_with_categories_dates_and_missing_values(fitted, frame, labels):
    kinds = {c.name: c.reading.kind for c in fitted.model_.reading.columns}
    assert kinds == {"size": "numbers", "city": "categories", "rooms": "numbers", "when": "dates"}
    assert fitted.classes_.tolist() == ["no", "yes"]
    assert fitted.n_features_in_ == 4
    assert fitted.feature_names_in_.tolist() == list(frame.columns)
    shares = fitted.predict_proba(frame)
    assert shares.shape == (N, 2)
    np.testing.assert_allclose(shares.sum(1), 1)
    predicted = fitted.predict(frame)
    assert (predicted == fitted.classes_[shares.argmax(1)]).all()
    assert fitted.score(frame, labels) == (predicted == labels).mean()


def test_what_the_search_found_is_there(fitted):
    assert fitted.best_config_ == fitted.trials_["config"][0]
    assert fitted.best_value_ == fitted.trials_["value"][0]
    assert fitted.trials_["state"].tolist() == ["complete"]
    assert fitted.model_.metric == "accuracy"
    assert fitted.study_ is None


def test_columns_are_found_by_name_and_new_categories_are_unknown(fitted, frame):
    turned = frame[frame.columns[::-1]]
    np.testing.assert_array_equal(fitted.predict_proba(turned), fitted.predict_proba(frame))
    strange = fitted.predict_proba(frame.assign(city="Atlantis"))
    nothing = fitted.predict_proba(frame.assign(city=pd.Series([None] * N, dtype="object")))
    assert np.isfinite(strange).all()
    assert strange.shape == nothing.shape == (N, 2)


def test_tables_of_other_libraries_and_frames_without_names(fitted, frame, numbers):
    table = pa.Table.from_pandas(frame)
    np.testing.assert_array_equal(fitted.predict_proba(table), fitted.predict_proba(frame))
    model = AdvisorRegressor(**QUICK).fit(pa.Table.from_pandas(frame), numbers[1])
    assert model.feature_names_in_.tolist() == list(frame.columns)
    inputs, y = numbers
    before = pd.DataFrame(inputs)
    model.fit(before, pd.Series(y, name="self"))
    assert before.shape == (N, 3)
    assert model.model_.reading.target.name == "self"
    assert not hasattr(model, "feature_names_in_")
    expected = AdvisorRegressor(**QUICK).fit(inputs, y).predict(inputs)
    for same in (pd.DataFrame(inputs), inputs, inputs.tolist()):
        np.testing.assert_array_equal(model.predict(same), expected)
    np.testing.assert_array_equal(model.fit(inputs.tolist(), y.tolist()).predict(inputs), expected)


@pytest.mark.parametrize(("change", "says"), [
    (lambda f: f.drop(columns="city"), r"X lacks a column of the training: 'city' \(categories\)"),
    (lambda f: f.assign(more=1), "X has a column 'more' that was not there in training"),
    (lambda f: f.assign(size="large"), "'size' of the frame was read as numbers in training"),
    (lambda f: f.assign(size=np.inf), "'size' of the frame holds an infinite number"),
    (lambda f: f.to_numpy()[:, :2], "X has 2 features, but AdvisorClassifier is expecting 4"),
], ids=["missing", "more", "texts", "infinite", "narrow"])  # fmt: skip
def test_other_columns_are_refused_in_one_line(fitted, frame, change, says):
    with pytest.raises(ValueError, match=says) as raised:
        fitted.predict(change(frame))
    assert "\n" not in str(raised.value)


def test_numbers_of_an_array_stay_numbers():
    rng = np.random.default_rng(0)
    few = rng.integers(0, 2, size=(N, 3))
    few[:, 2] = np.arange(N)  # counts the rows, as an identifier in a frame would
    y = rng.integers(0, 2, N)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for inputs in (few, few.astype(float), few.astype(bool)):
            model = AdvisorClassifier(**QUICK).fit(inputs, y)
            assert [c.reading.kind for c in model.model_.reading.columns] == ["numbers"] * 3
            assert model.predict(inputs).dtype == y.dtype
    objects = few.astype(object)
    objects[:, 1] = np.where(few[:, 1] == 1, "a", "b")
    model = AdvisorClassifier(**QUICK).fit(objects, y)
    kinds = [c.reading.kind for c in model.model_.reading.columns]
    assert kinds == ["numbers", "categories", "numbers"]


def test_what_is_left_out_of_a_frame_is_warned_of(frame, labels):
    with pytest.warns(UserWarning, match="Left out: id") as caught:
        AdvisorClassifier(**QUICK).fit(frame.assign(id=range(100, 100 + N)), labels)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = AdvisorClassifier(**QUICK, keep=["id"], drop="when")
        model.fit(frame.assign(id=range(100, 100 + N)), labels)
    assert [c.name for c in model.model_.reading.columns] == ["size", "city", "rooms", "id"]
    assert model.n_features_in_ == 5


def test_all_rows_train_and_validate(numbers):
    model = AdvisorRegressor(**{**QUICK, "folds": 4}).fit(*numbers)
    (member, *_) = model.model_.average.members
    assert [len(network.prediction) for network in member.networks] == [N // 4] * 4
    assert all(standing.test is None for standing in model.model_.standings)


@pytest.mark.parametrize("labels", [
    np.array(["1", "02", "NA"]), np.array([3, 1, 2]), np.array([-1.0, 5.0, 10.0]),
    np.array(["b", "a", ""], dtype=object),
], ids=["texts", "integers", "floats", "objects"])  # fmt: skip
def test_labels_come_back_as_they_were(numbers, labels):
    y = labels[np.digitize(numbers[1], [-0.6, 0.6])]
    model = AdvisorClassifier(**{**QUICK, "max_epochs": 60}).fit(numbers[0], y)
    assert model.classes_.tolist() == sorted(labels.tolist())
    assert model.predict(numbers[0]).dtype == y.dtype
    assert model.score(numbers[0], y) > 0.6  # by chance it is about a half


def test_a_class_too_rare_to_be_learnt_is_told_and_never_predicted(numbers):
    y = np.where(numbers[1] > 0, "a", "c").astype(object)
    y[5] = "b"
    with pytest.warns(UserWarning, match=r"1 row .* the first being 'b'") as caught:
        model = AdvisorClassifier(**QUICK).fit(numbers[0], y)
    assert caught[0].filename == __file__
    assert model.classes_.tolist() == ["a", "b", "c"]
    shares = model.predict_proba(numbers[0])
    assert not shares[:, 1].any()
    np.testing.assert_allclose(shares.sum(1), 1)


@pytest.mark.parametrize(("estimator", "y", "says"), [
    (AdvisorClassifier, np.zeros((N, 2)), "1d array"),
    (AdvisorRegressor, np.zeros((N, 2)), "1d array"),
    (AdvisorRegressor, ["a"] * N, "y holds no numbers"),
    (AdvisorRegressor, np.ones(N), "is constant"),
    (AdvisorClassifier, np.arange(N)[:-1] % 2, "inconsistent numbers of samples"),
], ids=["2d-classes", "2d-numbers", "texts", "constant", "short"])  # fmt: skip
def test_a_target_that_is_none_is_refused(numbers, estimator, y, says):
    with pytest.raises(ValueError, match=says):
        estimator(**QUICK).fit(numbers[0], y)


@pytest.mark.parametrize(("wrong", "says"), [
    ({"trials": 0}, "`trials` must be at least 1"),
    ({"metric": "accuracy"}, "accuracy is for classification"),
    ({"family": "mpl"}, "Try mlp"),
    ({"timeout": -1}, "`timeout` must be"),
    ({"random_state": -1}, "`random_state` must be at least 0"),
    ({"drop": "x7"}, "no column 'x7'"),
], ids=lambda item: next(iter(item)) if isinstance(item, dict) else "")  # fmt: skip
def test_errors_are_those_of_both_worlds(numbers, wrong, says):
    for kind in (ValueError, UserError):
        with pytest.raises(kind, match=says):
            AdvisorRegressor(**{**QUICK, **wrong}).fit(*numbers)
    with pytest.raises(TypeError, match="sample_weight"):
        AdvisorRegressor(**QUICK).fit(*numbers, sample_weight=np.ones(N))
    with pytest.raises(NotFittedError):
        AdvisorRegressor(**QUICK).predict(numbers[0])


def test_in_a_pipeline_with_frames(frame, labels):
    columns = make_column_transformer(
        (StandardScaler(), ["size", "rooms"]),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["city"]),
    )
    model = make_pipeline(columns, AdvisorClassifier(**QUICK))
    found = cross_val_score(model, frame, labels, cv=2, error_score="raise")
    assert ((found >= 0) & (found <= 1)).all()
    model.set_output(transform="pandas").fit(frame, labels)
    names = list(model[-1].feature_names_in_)
    assert names == list(columns.fit(frame).get_feature_names_out())
    assert set(model.predict(frame)) <= {"yes", "no"}


def test_clone_and_grid_search(numbers, tmp_path):
    kb = KnowledgeBase(tmp_path / "other.duckdb")
    model = AdvisorRegressor(**QUICK, kb=kb, fix={"units": 32})
    again = clone(model)
    assert again.get_params()["fix"] == {"units": 32}
    assert again.kb.path == kb.path
    grid = GridSearchCV(again, {"max_epochs": np.arange(1, 3)}, cv=2, error_score="raise")
    grid.fit(*numbers)
    assert grid.best_estimator_.best_config_["units"] == 32
    assert kb.trials().query("layer == 'user'").empty


def test_a_fit_leaves_nothing_behind_unless_asked(numbers, tmp_path, monkeypatch, capfd):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    model = AdvisorRegressor(**QUICK).fit(*numbers)
    assert not any((tmp_path / "temporary").iterdir())
    assert KnowledgeBase().trials().query("layer == 'user'").empty
    assert capfd.readouterr() == ("", "")
    kept = AdvisorRegressor(
        **QUICK, directory=tmp_path / "studies", contribute=True, verbose=True
    ).fit(*numbers)
    assert kept.study_.parent == tmp_path / "studies"
    expected = model.predict(numbers[0])
    np.testing.assert_array_equal(kept.predict(numbers[0]), expected)
    rows = pd.DataFrame(numbers[0], columns=["x0", "x1", "x2"])
    np.testing.assert_array_equal(advisor.load(kept.study_).predict(rows), expected)
    assert len(KnowledgeBase().trials().query("layer == 'user'")) == 1
    out, err = capfd.readouterr()
    assert not out
    assert "Read the frame: 60 rows" in err
    assert "trial 0 complete" in err


def test_a_fitted_one_predicts_the_same_in_another_process(fitted, frame, tmp_path):
    fitted.predict(frame)  # Networks that were built for it are no part of what is pickled.
    joblib.dump(fitted, tmp_path / "model.joblib")
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(fitted))
    fitted.save(tmp_path / "saved")
    frame.to_pickle(tmp_path / "frame.pickle")
    code = """
        import json, joblib, pickle, sys, pandas as pd, advisor
        frame = pd.read_pickle("frame.pickle")
        models = [joblib.load("model.joblib"), pickle.load(open("model.pickle", "rb"))]
        found = [model.predict_proba(frame).tolist() for model in models]
        found.append(advisor.load("saved").predict_proba(frame).to_numpy().tolist())
        print(json.dumps([found, models[0].best_config_, models[0].predict(frame).tolist()]))
    """
    lines = "\n".join(line.strip() for line in code.splitlines())
    run = subprocess.run([sys.executable, "-c", lines], cwd=tmp_path, text=True, check=True,
                         capture_output=True, env={"PYTHONPATH": str(ROOT)})  # fmt: skip
    shares, config, predicted = json.loads(run.stdout)
    assert shares == [fitted.predict_proba(frame).tolist()] * 3
    assert config == fitted.best_config_
    assert predicted == fitted.predict(frame).tolist()


def test_a_saved_one_that_was_fitted_on_an_array_takes_arrays(numbers, tmp_path):
    inputs, y = numbers
    inputs[:, 1] = 3.0  # is left out, as a constant
    fitted = AdvisorRegressor(**QUICK).fit(inputs, y)
    fitted.save(tmp_path / "saved")
    model = advisor.load(tmp_path / "saved")
    for rows in (inputs, inputs.tolist(), pd.DataFrame(inputs, columns=["x0", "x1", "x2"])):
        np.testing.assert_array_equal(model.predict(rows), fitted.predict(inputs))
    with pytest.raises(advisor.UserError, match="lacks columns of the training"):
        model.predict(inputs[:, :2])


def test_a_pickle_of_an_altered_model_is_refused(fitted):
    state = fitted.__getstate__()
    files = state["model_"]
    name = next(name for name in files if name.endswith(".safetensors"))
    altered = files[name][:-1] + bytes([files[name][-1] ^ 1])
    empty = AdvisorClassifier.__new__(AdvisorClassifier)
    with pytest.raises(ValueError, match="damaged"):
        empty.__setstate__({**state, "model_": {**files, name: altered}})


def test_the_same_seed_gives_the_same_model_and_none_another(numbers):
    one, two = (AdvisorRegressor(**QUICK).fit(*numbers).predict(numbers[0]) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    drawn = [
        AdvisorRegressor(**{**QUICK, "random_state": seed}).fit(*numbers).predict(numbers[0])
        for seed in (None, np.random.RandomState(3))
    ]
    assert not any(np.array_equal(one, other) for other in drawn)


def test_the_time_limit_ends_a_search_and_leaves_a_model(numbers):
    model = AdvisorRegressor(trials=10_000, timeout=2, n_warm=0, random_state=0)
    began = time.monotonic()
    model.fit(*numbers)
    assert 0 < len(model.trials_) < 10_000
    assert np.isfinite(model.predict(numbers[0])).all()
    assert time.monotonic() - began < 120  # ten thousand trials take an hour
    with pytest.raises(UserError, match="give more `timeout`"):
        model.set_params(timeout=0).fit(*numbers)

"""Models of images, texts, series and of the user's own networks, saved and used."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import advisor
from advisor import Advisor, KnowledgeBase, UserError
from advisor.cli import main
from advisor.predictor.tables import table_of

FEW = {"trials": 1, "max_epochs": 2, "n_warm": 1, "contribute": False}


@pytest.fixture
def tune(tmp_path):
    """Return a function that searches and returns the search."""
    kb = KnowledgeBase(tmp_path / "kb.duckdb")

    def search(data, target=None, **settings):
        return Advisor(kb).tune(data, target, root=tmp_path / "studies", **FEW, **settings)

    return search


def same_again(search, new):
    """Assert that the saved model predicts what the search's own does; return its rows."""
    model = advisor.load(search.path)
    rows = model.read(new)
    assert np.array_equal(model.raw(rows), search.model.raw(search.model.read(new)))
    return model, rows


def test_series_are_forecast_beyond_their_end(tune, tmp_path):
    times = pd.date_range("2015-01-01", periods=90, freq="MS").strftime("%Y-%m-%d")
    waves = 10 + np.sin(np.arange(90) * np.pi / 6)
    frame = pd.DataFrame(
        {"month": [*times, *times], "shop": ["a"] * 90 + ["b"] * 90,
         "sales": [*waves, *(100 * waves)]}
    )  # fmt: skip
    search = tune(frame, "sales", time="month", series="shop", horizon=3)
    model, rows = same_again(search, frame)
    table = table_of(model, rows)
    assert table["month"].tolist() == ["2022-07-01", "2022-08-01", "2022-09-01"] * 2
    assert table["series"].tolist() == ["a"] * 3 + ["b"] * 3
    assert np.isfinite(table["sales"]).all()
    assert table["sales"][3:].mean() > 10 * table["sales"][:3].mean()
    with pytest.raises(UserError, match="needs the last"):
        model.predict(frame.groupby("shop").head(3))


def test_texts(tune):
    texts = [("good fine nice " if i % 2 else "bad poor sad ") * (1 + i % 3) for i in range(80)]
    frame = pd.DataFrame({"text": texts, "label": [i % 2 for i in range(80)]})
    search = tune(frame, "label", text="text")
    model, rows = same_again(search, frame.drop(columns="label").head(6))
    table = table_of(model, rows, proba=True)
    assert set(table["label"]) <= {0, 1}
    assert np.allclose(table[["P(0)", "P(1)"]].sum(axis=1), 1)


def test_images(tune, tmp_path):
    drawn = np.random.default_rng(0)
    images = drawn.integers(0, 120, (60, 8, 8)).astype(np.uint8)
    labels = np.arange(60) % 2
    images[labels == 1, :4] += 100
    np.savez(tmp_path / "images.npz", X=images, y=labels)
    search = tune(tmp_path / "images.npz")
    model, rows = same_again(search, tmp_path / "images.npz")
    assert len(table_of(model, rows)) == 60
    assert model.score(tmp_path / "images.npz") >= 0.5


def test_an_own_network_is_rebuilt_by_its_function(tune, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("taken_net.py").write_text(
        "import torch\n"
        "def build(config, n_inputs, n_outputs):\n    return torch.nn.Linear(n_inputs, n_outputs)\n"
    )
    Path("space.yaml").write_text(
        "{name: taken-net, hyperparameters: {learning_rate: {type: float, low: 0.001, high: 0.1}}}"
    )
    search = tune("sklearn:iris", module="taken_net.py:build", space="space.yaml")
    frame = pd.DataFrame(np.ones((3, 4)), columns=search.problem.dataset.features.columns)
    with pytest.raises(UserError, match="own function"):
        advisor.load(search.path)
    model = advisor.load(search.path, module="taken_net.py:build")
    assert model.predict(frame).tolist() == search.model.predict(frame).tolist()
    told = CliRunner().invoke(main, ["export", str(search.path), "-o", str(tmp_path / "out")])
    assert told.exit_code == 2
    assert "'taken-net', whose code is not exported" in told.output
    assert not (tmp_path / "out").exists()


def test_a_search_of_an_own_function_has_no_model(tune, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("taken_train.py").write_text("def train(config, report):\n    return config['x']\n")
    Path("space.yaml").write_text(
        "{name: taken-own, hyperparameters: {x: {type: float, low: 0, high: 1}}}"
    )
    kb = KnowledgeBase(tmp_path / "own.duckdb")
    search = Advisor(kb).tune(
        objective="taken_train.py:train", space="space.yaml", direction="minimize", trials=1
    )
    assert search.saved_model is None
    with pytest.raises(UserError, match="keeps its models itself"):
        search.model.predict("x.csv")

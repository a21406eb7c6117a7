"""The user's own networks on data of all kinds: folds, model, prediction, resume, time limits."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import advisor
from advisor import Advisor, KnowledgeBase
from advisor.cli import main

NET = """
import torch
from torch import nn


class Last(nn.Module):
    def __init__(self, n_inputs, n_outputs):
        super().__init__()
        self.read, self.tell = nn.GRU(n_inputs, 4, batch_first=True), nn.Linear(4, n_outputs)

    def forward(self, x):
        return self.tell(self.read(x)[0][:, -1])


def table(config, n_inputs, n_outputs):
    return nn.Sequential(nn.Linear(n_inputs, 8), nn.BatchNorm1d(8), nn.Linear(8, n_outputs))


def images(config, n_inputs, n_outputs):
    return nn.Sequential(
        nn.Conv2d(n_inputs, 4, 3), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, n_outputs)
    )


def texts(config, n_inputs, n_outputs):
    return nn.Sequential(nn.EmbeddingBag(n_inputs, 4), nn.Linear(4, n_outputs))


def series(config, n_inputs, n_outputs):
    return Last(n_inputs, n_outputs)
"""
SPACE = "{name: own-kinds, hyperparameters: {learning_rate: {type: float, low: 0.001, high: 0.1}}}"


def tables(kind):
    drawn = np.random.default_rng(0)
    frame = pd.DataFrame({"x": drawn.normal(size=90), "c": drawn.choice(list("ab"), 90)})
    y = frame["x"] + (frame["c"] == "b")
    frame["y"] = y if kind == "regression" else np.where(y > 0, "yes", "no")
    frame.to_csv("data.csv", index=False)
    frame.drop(columns="y").head(7).to_csv("new.csv", index=False)
    return "table", ["data.csv", "--target", "y"], "new.csv", 7


def images():
    drawn = np.random.default_rng(0)
    pixels, labels = drawn.integers(0, 120, (60, 8, 8)).astype(np.uint8), np.arange(60) % 2
    pixels[labels == 1, :4] += 100
    np.savez("images.npz", X=pixels, y=labels)
    return "images", ["images.npz"], "images.npz", 60


def texts():
    words = [("good fine " if i % 2 else "bad poor ") * (1 + i % 3) for i in range(80)]
    frame = pd.DataFrame({"text": words, "label": [i % 2 for i in range(80)]})
    frame.to_csv("texts.csv", index=False)
    frame.drop(columns="label").head(5).to_csv("new.csv", index=False)
    return "texts", ["texts.csv", "--text", "text", "--target", "label"], "new.csv", 5


def series():
    days = pd.date_range("2020-01-01", periods=120).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"day": days, "sales": 10 + np.sin(np.arange(120) * 2 * np.pi / 7)})
    frame.to_csv("sales.csv", index=False)
    words = ["sales.csv", "--time", "day", "--target", "sales", "--horizon", "3"]
    return "series", words, "sales.csv", 3


KINDS = {
    "classification": lambda: tables("classification"),
    "regression": lambda: tables("regression"),
    "images": images,
    "texts": texts,
    "series": series,
}
WHERE = ("--kb", "kb.duckdb", "--studies-dir", "studies")


def run(*words):
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


@pytest.fixture(params=sorted(KINDS))
def kind(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("kinds_net.py").write_text(NET)
    Path("space.yaml").write_text(SPACE)
    yield KINDS[request.param]()
    sys.modules.pop("kinds_net", None)


def tune(data, name, *more):
    return run("tune", *data, "--module", f"kinds_net.py:{name}", "--space", "space.yaml",
               "--study", "s", "--warm", "0", "--max-epochs", "3", *WHERE, *more)  # fmt: skip


@pytest.mark.slow
def test_an_own_network_on_folds_predicts_and_goes_on(kind):
    name, data, new, rows = kind
    module = f"kinds_net.py:{name}"
    first = tune(data, name, "--folds", "2", "--trials", "1")
    assert "final model" in first
    assert "advisor predict" in first
    run("predict", "s", new, "-o", "one.csv", "--module", module, *WHERE)
    assert len(pd.read_csv("one.csv")) == rows

    again = json.loads(
        run("tune", "--study", "s", "--resume", "--trials", "3", "--format", "json", *WHERE)
    )
    assert [trial["state"] for trial in again["trials"]] == ["complete"] * 3
    assert all({"fold_1", "fold_2"} <= trial["metrics"].keys() for trial in again["trials"])
    model = advisor.load("studies/s", module=module)
    assert all(len(member.networks) == 2 for member in model.average.members)
    raw = model.raw(model.read(new))
    assert np.isfinite(raw).all()

    search = Advisor(KnowledgeBase("kb.duckdb")).search(
        name="s", root=Path("studies").absolute(), resume=True
    )
    assert np.array_equal(search.model.raw(search.model.read(new)), raw)
    code = (
        "import advisor, json, sys\n"
        f"model = advisor.load('studies/s', module={module!r})\n"
        "print(json.dumps(model.raw(model.read(sys.argv[1])).tolist()))\n"
    )
    told = subprocess.run([sys.executable, "-c", code, new], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == raw.tolist()


def test_an_own_network_that_the_time_cuts_off_is_taken_away(kind, monkeypatch):
    name, data, new, rows = kind
    # The first trial may train a single batch.
    monkeypatch.setattr("advisor.tuning.batches.Watch.seconds_left", lambda self: 0.0)
    told = tune(data, name, "--trials", "2", "--timeout", "1h")
    assert "Best " in told
    assert "final model" in told
    assert "No trial completed" not in told
    run("predict", "studies/s", new, "-o", "one.csv", "--module", f"kinds_net.py:{name}", *WHERE)
    assert len(pd.read_csv("one.csv")) == rows

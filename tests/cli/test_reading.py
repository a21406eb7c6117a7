"""What the commands say of the data that they read, and how it can be read otherwise."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from advisor import Advisor, tune
from advisor.cli import main
from advisor.settings import Settings
from knowledge_base import KnowledgeBase

N = 80
SHORT = ["--trials", 2, "--max-epochs", 1, "--warm", 0, "--no-contribute"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("ADVISOR_KB", str(tmp_path / "k.duckdb"))

    def run(*arguments, code=0, **more):
        result = CliRunner().invoke(main, [str(a) for a in arguments], **more)
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    return run


@pytest.fixture
def data(tmp_path):
    """A table with a saved index, sorted by a class that nothing tells."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "sold": pd.date_range("2024-01-01", periods=N).strftime("%d/%m/%Y"),
            "price": [f"${price:,.2f}" for price in rng.uniform(1, 9999, N)],
            "zip": rng.integers(0, 4, N),
            "note": [f"note {n} on {rng.choice(['red', 'blue'])} {rng.random()}" for n in range(N)],
            "label": ["a"] * 50 + ["b"] * 28 + [""] * 2,
        }
    )
    frame.to_csv(tmp_path / "data.csv")
    return tmp_path / "data.csv"


def test_every_command_says_what_was_read_as_what(run, data, tmp_path):
    studies = ["--studies-dir", tmp_path / "st"]
    read = ["--target", "label", "--drop", "note", "--as", "zip=category"]
    for command in (
        ["recommend", data, *read, "-n", 1],
        ["tune", data, *read, *SHORT, *studies],
        ["compare", data, *read, "--trials", 1, "--max-epochs", 1, "--strategies", "random",
         *studies],
    ):  # fmt: skip
        told = run(*command)
        lines = [line for line in told.stderr.splitlines() if not line.startswith("Trials")]
        assert lines[:4] == [
            "Read data.csv: 78 rows; target 'label', 2 classes.",
            "Columns: 1 number (price), 1 category (zip), 1 date (sold).",
            "Left out: note (as you said), Unnamed: 0 (a saved index).",
            "Note: 2 rows without a target are left out, the first being data row 79.",
        ]
        assert "Read data.csv" not in told.stdout
        plain = run(*command, "--format", "json")
        found = json.loads(plain.stdout)["data"]
        assert found["left_out"] == {"note": "as you said", "Unnamed: 0": "a saved index"}
        assert "Read data.csv" not in plain.stderr


def test_a_study_goes_on_with_its_columns(run, data, tmp_path):
    options = ["--studies-dir", tmp_path / "st", "--max-epochs", 1, "--warm", 0, "--no-contribute"]
    read = [data, "--target", "label", "--drop", "note", "--keep", "Unnamed: 0"]
    run("tune", *read, *options, "--trials", 1)
    again = run("tune", *read, *options, "--trials", 2, "--resume")
    assert "2 finished trials" in again.stdout
    by_name = run("tune", "--study", "data-1", *options, "--trials", 3, "--resume")
    assert "3 finished trials" in by_name.stdout
    assert "Left out: note (as you said)." in by_name.stderr


def test_what_a_study_was_before_these_options_it_still_is():
    assert Settings(data="d.csv").signature == Settings(data="d.csv", drop=[], keep=()).signature
    assert Settings(data="d.csv").signature != Settings(data="d.csv", drop=["a"]).signature
    asked = Settings(data="d.csv", drop="a", as_types={"b": "date"}, size=(8, 9))
    stored = Settings.from_dict(json.loads(json.dumps(asked.to_dict())))
    assert stored.signature == asked.signature
    assert (stored.drop, stored.as_types, stored.size) == (["a"], {"b": "date"}, [8, 9])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--drop", "lable"], "no column 'lable'. Did you mean 'label'"),
        (["--as", "zip"], "--as takes NAME=TYPE"),
        (["--as", "zip=nummer"], "as --as zip=nummer has it. Try number"),
        (["--size", "big"], "--size takes pixels, such as 64 or 64x48"),
        (["--size", "8x8"], "--size is for images"),
    ],
)
def test_what_cannot_be_meant(run, data, options, told):
    result = run("recommend", data, "--target", "label", *options, code=2)
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_names_with_spaces_are_quoted_where_they_are_to_be_typed(run, tmp_path):
    order = np.arange(N)
    frame = pd.DataFrame({"x": np.sin(order * 9), "the order": order, "y": ["a"] * 30 + ["b"] * 50})
    frame.to_csv(tmp_path / "d.csv", index=False)
    told = run("recommend", tmp_path / "d.csv", "--target", "y", "-n", 1)
    assert "leave it out with --drop 'the order'" in told.stderr


def test_standard_input(run, data, tmp_path, monkeypatch):
    from advisor.data.sources import stdin

    stdin._content.cache_clear()
    told = run("recommend", "-", "--target", "label", "-n", 1, input=data.read_bytes())
    assert "Read standard input: 78 rows" in told.stderr
    stdin._content.cache_clear()
    run("tune", "-", "--target", "label", *SHORT, "--studies-dir", tmp_path / "st",
        input=data.read_bytes())  # fmt: skip
    assert (tmp_path / "st" / "stdin-1").is_dir()
    stdin._content.cache_clear()
    empty = run("recommend", "-", "--target", "label", input=b"", code=2)
    assert "Standard input is empty" in empty.stderr
    stdin._content.cache_clear()


def test_images_in_another_size(run, tmp_path):
    from PIL import Image

    for place in range(24):
        (tmp_path / "d" / "ab"[place % 2]).mkdir(parents=True, exist_ok=True)
        Image.new("L", (9 + place, 9)).save(tmp_path / "d" / "ab"[place % 2] / f"{place}.png")
    told = run("recommend", tmp_path / "d", "-n", 1, "--size", "16x12")
    assert "24 images of 16 x 12" in told.stderr


def test_three_rows_of_a_class_are_enough_for_every_metric(run, tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=300), "y": ["a"] * 297 + ["b"] * 3})
    frame.to_csv(tmp_path / "d.csv", index=False)
    for seed in range(3):
        run("tune", tmp_path / "d.csv", "--target", "y", "--metric", "roc_auc", "--seed", seed,
            *SHORT, "--studies-dir", tmp_path / f"st{seed}")  # fmt: skip
        told = run("diagnose", "d-1", "--studies-dir", tmp_path / f"st{seed}")
        assert "diverged" not in told.stdout


def test_frames_of_every_kind_are_tuned_and_advised_on(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(N, 3)), columns=list("abc"))
    label = pd.Series(rng.integers(0, 2, N).astype(str), name="y")
    kb = KnowledgeBase(tmp_path / "k.duckdb")
    for data, target in (
        (frame.assign(y=label), "y"),
        ((frame, label), None),
        ((frame.to_numpy(), label.to_numpy()), None),
        ({**frame.to_dict("list"), "y": list(label)}, "y"),
        (pd.concat([frame, label], axis=1).set_axis(range(4), axis=1), 3),
    ):
        assert Advisor(kb).recommend(data, target, n=1).recommendations
        search = tune(data, target, kb=kb, trials=1, max_epochs=1, n_warm=0, contribute=False)
        assert search.intake.size == f"{N} rows"
        assert search.tuner.trials[0].state == "complete"

"""The documents say what the program does."""

import importlib
import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest
import torch

import advisor
from advisor.cli import main
from advisor.strategies.random import RandomSearch
from knowledge_base import KnowledgeBase, SpaceDefinition
from scripts.pages.generated import PAGES as PAGES_MADE

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), ROOT / "ARCHITECTURE.md"]
PAGES += (ROOT / "examples").rglob("*.md")


def blocks(text: str, language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    lines = [line for block in blocks(README) for line in block.splitlines()]
    lines += re.findall(r"`(advisor [^`]+)`", README)
    found = [line.removeprefix("$ ") for line in lines]
    return sorted({line for line in found if line.startswith("advisor ")})


def parse(command: click.Command, words: list[str]) -> click.Command:
    """Parse a command line as click does, without running it."""
    if isinstance(command, click.Group):
        context = click.Context(command, **main.context_settings)
        found = command.get_command(context, words[0])
        assert found is not None, words
        return parse(found, words[1:])
    command.make_context("x", list(words), **main.context_settings)
    return command


def test_the_readme_shows_every_command_once():
    shown = " ".join(commands())
    below = ("info", "tasks", "studies", "trials", "export", "import", "verify")
    for name in ("recommend", "tune", "contribute", *(f"kb {name}" for name in below)):
        assert f"advisor {name}" in shown


@pytest.mark.parametrize("line", commands())
def test_the_commands_of_the_readme_parse(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("runs.csv", "data.csv"):
        (tmp_path / name).touch()
    words = shlex.split(line, comments=True)[1:]
    assert parse(main, words).name in words


def test_the_space_of_the_readme_is_one(tmp_path):
    (text,) = blocks(README, "yaml")
    (tmp_path / "space.yaml").write_text(text)
    space = SpaceDefinition.read(tmp_path / "space.yaml")
    assert "momentum" not in space.default() or space.default()["optimizer"] == "sgd"


def test_the_python_of_the_readme_compiles():
    found = blocks(README, "python")
    assert len(found) >= 3
    for block in found:
        compile(block, "README.md", "exec")


def test_the_search_from_python_in_the_readme_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from sklearn.datasets import load_iris

    frame = load_iris(as_frame=True).frame.rename(columns={"target": "label"})
    frame.assign(label=frame["label"].map({0: "a", 1: "b", 2: "c"})).to_csv("data.csv")
    block = next(b for b in blocks(README, "python") if "tune(" in b)
    names = {}
    exec(block.replace("trials=30", "trials=2, max_epochs=2"), names)
    assert len(names["search"].tuner.trials) == 2
    assert len(names["advice"].to_dict()["recommendations"]) == 5
    assert len(KnowledgeBase(seed=False).trials()) == 2


def test_the_report_of_the_readme_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{n / 60},{n % 7},{'yes' if n > 30 else 'no'}\n" for n in range(60))
    (tmp_path / "data.csv").write_text(f"a,b,label\n{rows}")
    block = next(b for b in blocks(README, "python") if "search.report(" in b)
    names = {}
    exec(block.replace("trials=30", "trials=2, max_epochs=2"), names)
    assert "Study data-1" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert names["figure"].data
    assert len([line for line in capsys.readouterr().err.splitlines() if "/2: trial" in line]) == 2


def test_ask_and_tell_in_the_readme_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "space.yaml").write_text(blocks(README, "yaml")[0])
    block = next(b for b in blocks(README, "python") if "tuner.ask()" in b)
    names = {"accuracy": 0.9}
    exec(block, names)
    assert names["tuner"].best.value == 0.9


def test_the_estimator_of_the_readme_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    block = next(b for b in blocks(README, "python") if "AdvisorClassifier(" in b)
    names = {}
    exec(block.replace("trials=15", "trials=1, max_epochs=2"), names)
    estimator, rows = names["estimator"], names["X"]
    saved = advisor.load("wine").predict(rows)
    assert saved.tolist() == estimator.predict(rows).tolist()


def test_the_checkpoint_of_the_readme_is_kept_and_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "space.yaml").write_text(blocks(README, "yaml")[0])
    block = next(b for b in blocks(README, "python") if "report.folder" in b)
    names = {"one_epoch": lambda model, lr: lr}
    exec(block.replace("keep=3", "keep=3, trials=4"), names)
    search, best = names["search"], names["search"].tuner.best
    assert names["kept"]["config"] == best.config
    assert names["model"].weight.shape == (best.config["units"], 4)
    assert len(list((search.path / "trials").iterdir())) == 3


def test_the_training_of_the_readme_goes_on_where_it_was_put_aside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "adaptive": True,
        "pauses": True,
        "should_pause": lambda self, config, curve, seconds: len(curve) == 7,
    }.items():
        monkeypatch.setattr(RandomSearch, name, value)
    trained = []

    def one_epoch(model, lr):
        trained.append(float(model.weight.detach().sum()))
        with torch.no_grad():
            model.weight += lr
        return lr * len(trained)

    (tmp_path / "space.yaml").write_text(blocks(README, "yaml")[0])
    block = next(b for b in blocks(README, "python") if "report.resume" in b)
    names = {"one_epoch": one_epoch, "torch": torch}
    exec(block, names)
    search = advisor.tune(
        objective=names["train"], space="space.yaml", direction="maximize",
        strategy="random", trials=2,
    )  # fmt: skip
    assert {(trial.state, trial.epochs) for trial in search.tuner.trials} == {("complete", 20)}
    assert len(trained) == 40
    parts = [trained[:7], trained[7:14], trained[14:27], trained[27:]]
    went_on = sorted(part[0] for part in parts[2:])
    assert went_on == pytest.approx(sorted(2 * p[-1] - p[-2] for p in parts[:2]), rel=1e-3)


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page}: {target}"


@pytest.mark.parametrize("name", PAGES_MADE)
def test_a_page_that_is_made_is_current(name):
    page = PAGES_MADE[name]
    made = page.made().splitlines()
    assert page.kept().splitlines() == made, f"run python -m scripts.pages {name}"


BENCHMARKS = sorted((ROOT / "docs" / "benchmarks").glob("*.md"))
SHARED = {"experiment", "report", "timing"}


def test_every_benchmark_has_its_page_and_every_page_its_benchmark():
    rooms = {path.stem for path in (ROOT / "scripts" / "benchmarks").glob("[a-z]*")}
    assert rooms - SHARED == {page.stem for page in BENCHMARKS}


@pytest.mark.parametrize("page", BENCHMARKS, ids=lambda page: page.stem)
def test_a_page_of_a_benchmark_names_its_command(page):
    text = page.read_text(encoding="utf-8")
    (line,) = re.findall(r"Made by `python -m scripts\.benchmarks\.([^`]+)`; do not", text)
    name, *options = shlex.split(line)
    assert name == page.stem
    module = f"scripts.benchmarks.{name}"
    if importlib.util.find_spec(module).submodule_search_locations is not None:
        module += ".__main__"
    parse(importlib.import_module(module).main, options)


def test_no_document_names_a_script_that_is_not_there():
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "knowledge_base" / "seed" / "README.md"]:
        text = page.read_text(encoding="utf-8")
        files = re.findall(r"(?<![\w/])scripts/[\w/]*(?:\.\w+)?", text)
        modules = re.findall(r"python -m (scripts[\w.]*\w)", text)
        assert [name for name in files if not (ROOT / name).exists()] == [], page
        assert [name for name in modules if importlib.util.find_spec(name) is None] == [], page


def test_rooms_of_the_architecture_exist():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:advisor|knowledge_base)/[\w/.]*)`", text)
    assert len(named) > 8
    assert [name for name in named if not (ROOT / name).exists()] == []

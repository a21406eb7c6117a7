"""How far a search is: lines in a log, a bar in a notebook, and what logging is told."""

import logging
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from advisor import Outcome, Tuner
from advisor.cli import main
from advisor.tuning.progress import InNotebook, Lines, Nothing, in_python, line_of
from advisor.tuning.search import start
from knowledge_base import KnowledgeBase, SpaceDefinition
from knowledge_base.records import TAKEN

SPACE = SpaceDefinition.from_dict(
    {"name": "own", "hyperparameters": [
        {"type": "uniform_float", "name": "x", "lower": 0.0, "upper": 1.0, "default_value": 0.5}]}
)  # fmt: skip
TRAIN = "def train(config, report):\n    if config['x'] > 0.9:\n        raise ValueError('far')\n"
TRAIN += "    return config['x']\n"


@pytest.fixture
def tuner():
    return Tuner.create(SPACE, metric="accuracy", direction="maximize", strategy="random")


def test_a_line_says_what_came_of_a_trial(tuner):
    first = tuner.tell({"x": 0.25}, Outcome("complete", value=0.5, duration=2.0))
    line = line_of(first, tuner, 10)
    assert line == "1/10: trial 0 complete, accuracy 0.5, best 0.5 (trial 0), 2.0 s"
    line = line_of(replace(first, origin=f"{TAKEN}abc"), tuner, 10)
    assert line.endswith("best 0.5 (trial 0), taken from the store")
    second = tuner.tell({"x": 0.5}, Outcome("failed", error="no"))
    line = line_of(second, tuner, 10, verbose=True)
    assert line == "2/10: trial 1 failed, best 0.5 (trial 0), x=0.5"


def test_a_log_has_a_line_for_each_trial(tuner):
    said = []
    with Lines(2, "Trials", said.append) as progress:
        for x in (0.25, 0.5):
            progress.update(tuner.tell({"x": x}, Outcome("complete", value=x)), tuner)
    assert [line.split(":")[0] for line in said] == ["Trials 1/2", "Trials 2/2"]


class Display:
    """What IPython shows: each text that was drawn in a place."""

    def __init__(self):
        self.shown = []

    def HTML(self, text):
        return text

    def display(self, text, display_id):
        self.shown.append(text)
        return SimpleNamespace(update=self.shown.append)


@pytest.fixture
def notebook(monkeypatch):
    display = Display()
    shell = type("ZMQInteractiveShell", (), {})()
    ipython = SimpleNamespace(get_ipython=lambda: shell, display=display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return display


def test_a_notebook_has_a_bar_that_is_drawn_in_its_place(tuner, notebook):
    with in_python(None, 2, 0) as progress:
        assert isinstance(progress, InNotebook)
        progress.update(tuner.tell({"x": 0.5}, Outcome("complete", value=0.5)), tuner)
    assert len(notebook.shown) == 2
    assert 'value="0" max="2"' in notebook.shown[0]
    assert 'value="1" max="2"' in notebook.shown[1]
    assert "best accuracy 0.5" in notebook.shown[1]


def test_elsewhere_python_is_silent_unless_asked(tuner, capsys):
    assert isinstance(in_python(None, 2, 0), Nothing)
    assert isinstance(in_python(False, 2, 0), Nothing)
    with in_python(True, 2, 0) as progress:
        progress.update(tuner.tell({"x": 0.5}, Outcome("complete", value=0.5)), tuner)
    assert capsys.readouterr().err.startswith("Trials 1/2: trial 0 complete")


def test_logging_is_told_of_every_trial(tmp_path, caplog):
    from advisor.settings import Settings

    settings = Settings(
        objective=lambda config, report: config["x"], space=SPACE, direction="maximize", trials=3,
        strategy="random", n_warm=0,
    )  # fmt: skip
    search = start(settings, KnowledgeBase(tmp_path / "kb.duckdb"), root=tmp_path)
    with caplog.at_level(logging.INFO, logger="advisor.trials"):
        search.run()
    told = [record.getMessage() for record in caplog.records if record.name == "advisor.trials"]
    assert len(told) == 3
    assert told[2].startswith(f"{search.path.name}: 3/3: trial 2 complete")


@pytest.fixture
def command(tmp_path):
    (tmp_path / "train.py").write_text(TRAIN)
    SPACE.write(tmp_path / "space.json")

    def call(*more):
        return CliRunner().invoke(
            main,
            ["tune", "--objective", f"{tmp_path / 'train.py'}:train", "--space",
             str(tmp_path / "space.json"), "--direction", "maximize", "--trials", "3", "--strategy",
             "sobol", "--warm", "0", "--kb", str(tmp_path / "kb.duckdb"), "--no-contribute", *more],
        )  # fmt: skip

    return call


def test_off_a_terminal_the_command_says_a_line_for_each_trial(command):
    lines = [line for line in command().stderr.splitlines() if line.startswith("Trials")]
    assert [line.split(":")[0] for line in lines] == ["Trials 1/3", "Trials 2/3", "Trials 3/3"]
    assert "x=" not in lines[0]
    loud = [line for line in command("-v").stderr.splitlines() if line.startswith("Trials")]
    assert "x=" in loud[0]
    quiet = command("-q")
    assert quiet.exit_code == 0
    assert "Trials" not in quiet.stderr

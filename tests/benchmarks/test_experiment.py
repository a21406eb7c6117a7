"""What all benchmarks share: contenders are asked and told alike, and nothing is run twice."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.benchmarks import report
from scripts.benchmarks.experiment import Contender, Evaluation, Unit, compete, run_and_resume
from scripts.benchmarks.timing import in_turn


class Square:
    """A task whose best is at 3; what is negative fails."""

    def evaluate(self, point):
        return Evaluation(-math.inf if point < 0 else -((point - 3) ** 2), seconds=1.0)


class Up(Contender[int]):
    """Counts up and remembers what it is told."""

    def __init__(self):
        self.told = []

    def ask(self):
        return len(self.told) - 1

    def tell(self, point, evaluation):
        self.told.append((point, evaluation.value))


class Absent(Up):
    needs = ("json", "no_such_module")


def test_a_contender_is_told_what_came_of_what_it_asked_for():
    entered = []
    course = compete(lambda: entered.append(Up()) or entered[0], Square(), 4)
    assert course.points == [-1, 0, 1, 2]
    assert entered[0].told == [(-1, None), (0, -9), (1, -4), (2, -1)]
    assert course.val == [-math.inf, -9, -4, -1]
    assert course.overhead >= 0


def test_a_contender_says_what_is_not_installed():
    assert Up.lacking() is None
    assert Absent.lacking() == "no_such_module not installed"


@dataclass(frozen=True)
class Doubled(Unit):
    """Doubles a number, and notes that it did."""

    folder: Path
    number: int

    @property
    def path(self):
        return self.folder / "kept" / f"{self.number}.json"

    def compute(self):
        with (self.folder / "begun").open("a") as file:
            file.write(f"{self.number}\n")
        if self.number == 3 and not (self.folder / "well").exists():
            raise RuntimeError("killed")
        return {"doubled": 2 * self.number}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_that_was_cut_off_goes_on_and_repeats_nothing(tmp_path, workers):
    units = [Doubled(tmp_path, number) for number in range(3)]
    run_and_resume(units[:2], workers)
    run_and_resume(units, workers)
    assert sorted((tmp_path / "begun").read_text().split()) == ["0", "1", "2"]
    assert [unit.result() for unit in units] == [{"doubled": 2 * n} for n in range(3)]


def test_what_failed_leaves_nothing_behind_and_is_run_again(tmp_path):
    unit = Doubled(tmp_path, 3)
    with pytest.raises(RuntimeError):
        run_and_resume([unit], 0)
    assert not unit.finished
    (tmp_path / "well").touch()
    run_and_resume([unit], 0)
    assert json.loads(unit.path.read_text()) == {"doubled": 6}


def test_calls_are_timed_in_turn():
    made = []
    times = in_turn({"a": lambda: made.append("a"), "b": lambda: made.append("b")}, 3)
    assert made == ["a", "b"] * 3
    assert [len(side) for side in times.values()] == [3, 3]


def test_a_table_says_what_is_empty_and_where_numbers_stand():
    text = report.table(("", "n", "said"), [("one", 1, ""), ("two", "", "x")], "lrl")
    assert text.splitlines() == [
        "| | n | said |",
        "|---|---:|---|",
        "| one | 1 | |",
        "| two | | x |",
    ]
    assert report.table(("a", "b", "c"), []).splitlines()[1] == "|---|---:|---:|"


def test_a_page_names_its_command():
    text = report.page("Title", "store", ["\nText.", "| a |"], " --seeds 1")
    made = "Made by `python -m scripts.benchmarks.store --seeds 1`; do not edit by hand."
    assert text.startswith(f"# Title\n\n{made}\n\n")
    assert text.endswith("Text.\n\n| a |\n")

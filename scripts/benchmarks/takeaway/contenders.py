"""Who takes part in which question, and how each is called."""

from dataclasses import dataclass, field

from knowledge_base.types import JsonObject
from scripts.benchmarks.takeaway.figures import REFERENCE, TODAY

ENOUGH = 1000
"""Trials of searches that only time is to end."""


@dataclass(frozen=True)
class Entrant:
    """One that takes part.

    Attributes:
        name: in results and on the command line.
        title: on the page.
        way: one of `ours.WAYS`, "" for a peer.
        settings: of the way.
        after: the one whose median seconds on the same data set are its `timeout`.
        every: whether every network of its search is measured on the truth, too.
    """

    name: str
    title: str
    way: str = ""
    settings: JsonObject = field(default_factory=dict, compare=False)
    after: str | None = None
    every: bool = False


SINGLE: JsonObject = {"trials": 15, "folds": 1, "final": "folds"}
"""What a search left before: the best of 15 trials on one split, one network."""

MINUTE = Entrant("ours-60s", "ours, 60 s", "tune", {"timeout": 60.0})


def _items(way: str) -> list[Entrant]:
    return [
        Entrant(TODAY, "best of 15 trials, one network", way, SINGLE),
        Entrant("ours-same", "ours, in as many seconds", way, after=TODAY),
        Entrant("ours-15", "ours, 15 trials", way, {"trials": 15}),
    ]


def _folds(seconds: int) -> list[Entrant]:
    common: JsonObject = {"timeout": float(seconds), "trials": ENOUGH}
    one, auto = {**common, "folds": 1}, common
    return [
        Entrant(f"one-{seconds}s", f"one split, {seconds} s", "tune", one, every=True),
        Entrant(f"folds-{seconds}s", f"folds, {seconds} s", "tune", auto, every=True),
        Entrant(f"one-{seconds}s-single", "", "tune", {**one, "final": "single"}),
        Entrant(f"folds-{seconds}s-single", "", "tune", {**auto, "final": "single"}),
    ]


ENTRANTS: dict[str, list[Entrant]] = {
    "tables": [
        Entrant(REFERENCE, "RealMLP-TD"),
        Entrant("default", "library default, one network", "default"),
        Entrant(TODAY, "best of 15 trials, one network", "tune", SINGLE),
        Entrant("ours-fast", "ours, RealMLP's seconds", "tune", after=REFERENCE),
        MINUTE,
        Entrant("lightgbm", "LightGBM"),
        Entrant("boosting", "HistGradientBoosting"),
        Entrant("tpe60", "Optuna TPE, 60 trials, one network", "optuna", {"trials": 60}),
    ],
    "folds": [*_folds(20), *_folds(60)],
    "images": _items("tune_items"),
    "texts": _items("tune_items"),
    "series": _items("tune_series"),
    "tabm": [Entrant(REFERENCE, "RealMLP-TD"), MINUTE, Entrant("tabm", "TabM-D")],
}
"""By question, in the order in which they run on one data set."""

OF_TABLES = ("tables", "folds", "tabm")
"""The questions that are asked of the same tables."""

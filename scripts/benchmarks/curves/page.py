"""The page, from what is finished."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from advisor.curves import LAST, SHARES
from scripts.benchmarks import report
from scripts.benchmarks.curves import crossing, tables
from scripts.benchmarks.curves.calibration import FINISHED, RUNNING, Calibration
from scripts.benchmarks.curves.crossing import LateBloomer
from scripts.benchmarks.curves.runs import METHODS, CurveSearch
from scripts.benchmarks.curves.tables import EPOCHS

AFTER = (0.5, 1, 2, 3, 5, 10, 20)
"""Full trainings' worth of epochs."""
SHORT = AFTER[:5]
"""Those that are reported of all searches."""
MAX_TASKS = 120
FAMILIES = {"lcbench": "LCBench", "shipped": "The tables that ship"}

INTRODUCTION = """
Each task of LCBench is left out in turn; what learns from the past has {sources} random trainings
of each other task with their curves (values after epochs {epochs}). Then a method spends epochs on
the left-out task's 2,000 configurations: it says which training goes on to the next of these
epochs. Regret is (best of the table - best value seen) / (best - median of the finished
trainings), where a value after any epoch counts as seen; 0 is perfect, 1 a typical random
training. Columns are epochs spent, in trainings of {full} epochs; means over tasks (each the mean
of its seeds) with the standard error over tasks.

Optuna's pruners have a reduction factor of 4, so that their rungs are epochs of the table, and what
its samplers propose is the nearest untried row, of which they are told the true position.
`ASHA` promotes the best quarter after 1, 4 and 16 epochs, of random configurations; `portfolio
under ASHA` has those of a greedy portfolio of the same past instead."""


def make() -> str | None:
    """Return the page, None without any search."""
    parts = [_regret(), *(_calibration(family) for family in FAMILIES), _crossing()]
    parts = [part for part in parts if part]
    if not parts:
        return None
    text = INTRODUCTION.format(
        sources=tables.SOURCE_TRIALS, epochs=", ".join(map(str, EPOCHS)), full=EPOCHS[-1]
    )
    versions = report.measured_on("optuna", "numpy", "scipy")
    return report.page("Searches that spend epochs", "curves", [text, *parts, versions])


def _searches() -> pd.DataFrame:
    """Return regret by method, task and seed, at every budget."""
    rows = []
    for method in METHODS:
        for path in sorted(CurveSearch(0, 0, method).path.parent.glob("*.json")):
            _, held, seed = path.stem.rsplit(".", 2)
            unit = CurveSearch(int(held), int(seed), method, 0)
            if unit.path == path:
                rows.append({"method": method, "task": held, "seed": seed, **_at(unit)})
    frame = pd.DataFrame(rows)
    if not len(frame):
        return frame
    # A method that is not through with all searches would be compared on other tasks.
    count = frame["method"].value_counts()
    return frame[frame["method"].map(count) == count.max()]


def _at(unit: CurveSearch) -> dict[str, float]:
    found = unit.result()
    spent = np.array([step["spent"] for step in found["steps"]])
    best = np.array([step["best"] for step in found["steps"]])
    regret = np.maximum(found["best"] - best, 0) / (found["best"] - found["median"])
    at = {f"{k:g}": k * EPOCHS[-1] for k in AFTER}
    # A search that was not to spend so many epochs says nothing of them.
    known = {
        name: float(regret[spent <= epochs][-1]) if spent[-1] >= epochs else np.nan
        for name, epochs in at.items()
    }
    return known


def _regret() -> str:
    frame = _searches()
    if not len(frame):
        return ""
    parts = ["## Regret by epochs spent", _table(frame, SHORT)]
    # Long searches may be finished on some of the tasks only; all methods are compared on those.
    long = [f"{k:g}" for k in AFTER[len(SHORT) :]]
    unknown = frame[frame[long].isna().any(axis=1)]
    rest = frame[~frame["task"].isin(unknown["task"])]
    if len(rest):
        parts += ["Searches that spent more:", _table(rest, AFTER[len(SHORT) :])]
    return "\n\n".join(parts)


def _table(frame: pd.DataFrame, after: Sequence[float]) -> str:
    rows = []
    for method, group in frame.groupby("method", sort=False):
        each = [group.groupby("task")[f"{k:g}"].mean() for k in after]
        cells = [report.mean_and_error(at, 3) for at in each]
        rows.append((method, *cells))
    about = f"{frame['task'].nunique()} tasks, {frame['seed'].nunique()} seed(s) each."
    return "\n\n".join([report.table(("", *(f"{k:g}" for k in after)), rows), about])


def _calibration(family: str) -> str:
    found = [
        unit.result()
        for held in range(MAX_TASKS)
        for seed in range(3)
        if (unit := Calibration(family, held, seed)).finished
    ]
    if not found:
        return ""
    rows = []
    for rung in range(LAST):
        each = [one["rungs"][str(rung)] for one in found if str(rung) in one["rungs"]]
        if not each:
            continue
        below = np.concatenate([one["below"] for one in each])
        held = np.concatenate([one["held"] for one in each]).mean()
        where = f"{EPOCHS[rung]} of 50" if family == "lcbench" else f"{SHARES[rung]:.0%}"
        errors = [float(np.median(np.concatenate([one[n] for one in each])))
                  for n in ("error", "error_of_last")]  # fmt: skip
        rows.append((where, f"{held:.0%}", f"{below.mean():.2f}", *(f"{e:.3f}" for e in errors)))
    about = (
        f"{len(found)} left-out tasks; {FINISHED} random trainings of the new task are finished, "
        f"and the end of {RUNNING} others is predicted from the epochs so far. An 80% interval "
        "should hold 80%; the mean probability below the true value should be 0.5. Errors are "
        "medians of absolute ones, in units of best minus median: of the middle of the forecast, "
        "and of the last value taken for the end."
    )
    heading = ("epochs seen", "held by 80%", "mean probability below", "error", "of the last value")
    return "\n\n".join([f"## Calibration: {FAMILIES[family]}", report.table(heading, rows), about])


def _crossing() -> str:
    rows, count = [], 0
    for method in crossing.METHODS:
        units = [LateBloomer(seed, method) for seed in range(200)]
        found = [unit.result() for unit in units if unit.finished]
        if found:
            behind = np.mean([one["places"][2] for one in found])
            kept, count = np.mean([one["kept"] for one in found]), len(found)
            rows.append((method, f"{kept:.0%}", f"{behind:.0%}"))
    if not rows:
        return ""
    about = (
        f"{count} planted problems: of {crossing.AMONG} configurations the one that is best at "
        "its end has a low learning rate, and half of them a cosine schedule, and is behind at "
        "first. It is kept if it is trained to its end within the epochs of five trainings."
    )
    heading = ("", "kept", f"ahead of it after {EPOCHS[2]} epochs")
    return "\n\n".join(["## Late bloomers", report.table(heading, rows), about])

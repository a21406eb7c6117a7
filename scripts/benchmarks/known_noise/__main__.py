"""Does a search that knows the noise of folds find better configurations?

    python -m scripts.benchmarks.known_noise

Trials are looked up: in shipped tables, each left out of the past, and in smooth functions. What is
true of a configuration is known; its folds are that, plus a difficulty that all share, plus luck.
What was finished stays in .build/known_noise/, so that a run that was cut off goes on.
"""

import click
import pandas as pd

from scripts.benchmarks import report
from scripts.benchmarks.experiment import run_and_resume
from scripts.benchmarks.known_noise.runs import Predicted, Searched

PLACES, LEVELS, KINDS = 40, (0.2, 0.4, 0.8), ("smooth", "tables")

INTRODUCTION = """
The truth is a lookup: {places} shipped tables (`mlp`, the metric on the test part; the past is all
other data sets, evenly weighted) and {places} random smooth functions of four numbers (400 places,
no past). A configuration has four folds: its truth, plus the fold's difficulty (standard deviation
1), plus luck, of the standard deviation in the first column. The unit is the distance from the
median of the truth to its 90% quantile; in the shipped tables validation and test differ by 0.4 of
it (median; 0.1 to 0.7 are the outer tenths). Folds are raced as in a search on data.

"learned" is the search that is told the values alone, "known" the one that is told their folds.
Means with standard errors of "known" less "learned" over tables or functions, the same luck for
both."""
SEARCHED = """
## What a search chooses

Regret on the truth of the trial with the best value, and of the one that the surrogate believes to
be best, after so many trainings of a fold; smaller is better."""
PREDICTED = """
## What is predicted

From so many random trials, all others: root mean square error and log density of the truth (on the
scale of the surrogate's targets), and correlation with it. How known noise enters the model was
chosen among thirteen ways by such predictions from other random trials of the first 20 tables and
30 functions with the same luck, so that this table is not blind."""


def compared(runs: pd.DataFrame) -> str:
    """Return the table of figures, "learned" and what "known" adds to it."""
    columns = [c.removeprefix("learned ") for c in runs.columns if c.startswith("learned ")]
    rows: list[tuple[object, ...]] = []
    for (kind, luck), part in runs.groupby(["kind", "luck"]):
        learned = [f"{part[f'learned {c}'].mean():.3f}" for c in columns]
        more = [part[f"known {c}"] - part[f"learned {c}"] for c in columns]
        rows.append((kind, luck, "learned", *learned))
        rows.append((kind, luck, "known less learned", *map(report.mean_and_error, more)))
    more = [runs[f"known {c}"] - runs[f"learned {c}"] for c in columns]
    rows.append(("all", "", "known less learned", *map(report.mean_and_error, more)))
    return report.table(("", "luck", "", *columns), rows)


def page(searched: pd.DataFrame, predicted: pd.DataFrame) -> str:
    """Return the page of searches and predictions, one row each as their units keep it."""
    parts = [INTRODUCTION.format(places=searched["place"].nunique())]
    parts += [SEARCHED, compared(searched), PREDICTED, compared(predicted)]
    return report.page("Known noise of folds", "known_noise", parts)


@click.command()
@click.option("--places", default=PLACES, help="Tables, and functions.")
@report.report_only_option
@report.workers_option
@report.write_option
def main(places: int, report_only: bool, workers: int, write: bool) -> None:
    """Search and predict, and write the page; it takes a quarter of an hour."""
    kinds = (Searched, Predicted)
    units = [
        made(kind, place, level)
        for made in kinds
        for kind in KINDS
        for place in range(places)
        for level in LEVELS
    ]
    if not report_only:
        run_and_resume(units, workers)
    frames = [
        pd.DataFrame([unit.result() for unit in units if type(unit) is made and unit.finished])
        for made in kinds
    ]
    if not all(map(len, frames)):
        raise report.nothing_finished()
    report.publish("known_noise", page(*frames), write)


if __name__ == "__main__":
    main()

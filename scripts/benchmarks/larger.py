"""Tables of more rows than the past has: models of a minute, with trials put aside and without.

    python -m scripts.benchmarks.larger

No table that ships has more than 2,000 rows. Here 16,000 are known and the others are the truth;
each table is left out of the store with its near-copies, as in `scripts.benchmarks.takeaway`.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.preprocessing import OrdinalEncoder

from advisor import Advisor
from knowledge_base.types import JsonObject
from scripts import BUILD
from scripts.benchmarks import report
from scripts.benchmarks.advice.held import held_out
from scripts.benchmarks.experiment import Unit
from scripts.benchmarks.takeaway.data import drawn_table, entries
from scripts.benchmarks.takeaway.figures import error_of
from scripts.benchmarks.takeaway.peers import TARGET
from scripts.seed.work import Entry

TABLES = ("letter", "diamonds", "casp")
"""All that have 20,000 rows and more."""

KNOWN, TRUTH = 16_000, 20_000
BOOSTING, PLAIN, STOPPING = "boosting", "ours", "stopping"
NAMES = {
    BOOSTING: "HistGradientBoosting", PLAIN: "ours", STOPPING: "ours, `--stopping`",
}  # fmt: skip

INTRODUCTION = """
{known:,} rows are known, the others, at most {truth:,}, are the truth; {seeds} seed(s). Searches
have {seconds:g} s and one thread; scikit-learn's gradient boosting has its defaults. Errors are
1 - accuracy or the RMSE on the truth. "To the end" are trials that ended, of those that began. The
shipped trials are of at most 2,000 rows: of their curves `--stopping` learns when to put a trial
aside.
"""


def boosting(known: pd.DataFrame, truth: pd.DataFrame, kind: str) -> JsonObject:
    """Return the error of gradient boosting, and its seconds."""
    columns = known.columns.drop(TARGET)
    texts = [name for name in columns if not pd.api.types.is_numeric_dtype(known[name])]
    made = [frame[columns].copy() for frame in (known, truth)]
    if texts:
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
        encoder.fit(known[texts])
        for frame in made:
            frame[texts] = encoder.transform(frame[texts])
    classes = kind == "classification"
    model = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    began = time.perf_counter()
    fitted = model(categorical_features=texts or None).fit(made[0], known[TARGET])
    predicted = fitted.predict(made[1])
    seconds = time.perf_counter() - began
    return {"error": error_of(kind, truth[TARGET].to_numpy(), predicted), "seconds": seconds}


def ours(
    entry: Entry, known: pd.DataFrame, truth: pd.DataFrame, kind: str, seed: int, seconds: float,
    stopping: bool,
) -> JsonObject:  # fmt: skip
    """Return the error of a search's model, its seconds, and how many trials ended and began."""
    advisor = Advisor(held_out(entry, seed).past)
    with tempfile.TemporaryDirectory() as root:
        began = time.perf_counter()
        search = advisor.search(
            known, TARGET, kind=kind, test=truth, seed=seed, root=Path(root), contribute=False,
            timeout=seconds, stopping=stopping,
        )  # fmt: skip
        search.run(max(seconds - (time.perf_counter() - began), 1.0))
        predicted = search.model.predict(truth.drop(columns=TARGET))
        took = time.perf_counter() - began
        ended = sum(trial.state == "complete" for trial in search.tuner.trials)
        begun = len(search.tuner.trials)
    error = error_of(kind, truth[TARGET].to_numpy(), np.asarray(predicted))
    return {"error": error, "seconds": took, "ended": ended, "begun": begun}


@dataclass(frozen=True)
class Measured(Unit):
    """What each contender comes to on a table.

    Attributes:
        entry: the table.
        seed: of the draw and the searches.
        seconds: of a search.
        n_known: rows that are known, at most.
    """

    entry: Entry
    seed: int
    seconds: float
    n_known: int

    @property
    def path(self) -> Path:
        return BUILD / "larger" / f"{self.entry.name}-{self.seed}-{self.seconds:g}.json"

    def compute(self) -> JsonObject:
        entry, seed, limit = self.entry, self.seed, self.seconds
        known, truth = drawn_table(entry, seed, self.n_known, TRUTH)
        kind = "regression" if pd.api.types.is_numeric_dtype(known[TARGET]) else "classification"
        return {
            BOOSTING: boosting(known, truth, kind),
            PLAIN: ours(entry, known, truth, kind, seed, limit, stopping=False),
            STOPPING: ours(entry, known, truth, kind, seed, limit, stopping=True),
        }


def text_of(runs: Sequence[JsonObject], seconds: float, load: float) -> str:
    """Return the page.

    Args:
        runs: table, seed and what `measured` gives of each.
        seconds: of a search.
        load: of the machine at the start.
    """
    lines, ratios = [], {name: list[float]() for name in NAMES}
    for run in runs:
        found, cells = run["found"], [run["table"], str(run["seed"])]
        for name in NAMES:
            cells.append(f"{found[name]['error']:.4g}")
            ratios[name].append(found[name]["error"] / found[BOOSTING]["error"])
        for name in (PLAIN, STOPPING):
            cells.append(f"{found[name]['ended']} of {found[name]['begun']}")
            cells.append(f"{found[name]['seconds']:.0f}")
        lines.append(cells)
    means = [f"{np.exp(np.mean(np.log(found))):.3f}" for found in ratios.values()]
    titles = ["table", "seed", *NAMES.values()]
    titles += ["ours: to the end", "s", "stopping: to the end", "s"]
    seeds = len({run["seed"] for run in runs})
    parts = [
        INTRODUCTION.format(known=KNOWN, truth=TRUTH, seeds=seeds, seconds=seconds),
        report.table(titles, lines, "lrrrrrrrr"),
        "Geometric means of the errors to boosting's: "
        + ", ".join(f"{NAMES[name]} {mean}" for name, mean in zip(NAMES, means, strict=True)) + ".",
        report.measured_under(load, "torch", "scikit-learn"),
    ]  # fmt: skip
    return report.page("Tables of more rows than the past has", "larger", parts)


@click.command()
@click.option("--seeds", default=1)
@click.option("--seconds", default=60.0, help="Of each search.")
@click.option("--only", multiple=True, help="Tables by name.  [default: all]")
@click.option("--quick", is_flag=True, help="Fewer rows and seconds; writes no page.")
@report.write_option
def main(seeds: int, seconds: float, only: tuple[str, ...], quick: bool, write: bool) -> None:
    """Run what is not done yet, print and write the page."""
    load = os.getloadavg()[0]
    if quick:
        seconds, seeds, only = 6.0, 1, only or TABLES[:1]
    runs = []
    for seed in range(seeds):
        for entry in entries("tables", only or TABLES):
            unit = Measured(entry, seed, seconds, 2000 if quick else KNOWN)
            found = unit.compute() if quick else unit.result()
            runs.append({"table": entry.name, "seed": seed, "found": found})
            click.echo(str(runs[-1]), err=True)
    report.publish("larger", text_of(runs, seconds, load), write and not quick)


if __name__ == "__main__":
    main()

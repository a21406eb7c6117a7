"""Does a search that leans towards the remedies of its diagnoses find more?

    scripts/fetch_data.sh
    python scripts/benchmark_leaning.py

The same cold searches with and without the bonus of `advisor.strategies.leaning`, trained for
real on the tables that never ship and on some series, three seeds each. Finished trials stay in
.build/advice/, so that a run that was cut off goes on.
"""

import multiprocessing
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
import pandas as pd

from scripts.benchmarks.advice.held import ROOT, Held
from scripts.benchmarks.advice.searches import asked
from scripts.seed.build import ENTRIES
from scripts.seed.tables import HELD_OUT
from scripts.seed.work import Entry

from advisor.strategies import leaning

REPORT = ROOT / "docs" / "benchmarks" / "leaning.md"
SERIES = ("AirPassengers", "a10", "lynx", "gas")
SEEDS, TRIALS = 3, 20
AFTER = (5, 10, 15, 20)
ARMS = {"leaning": leaning.BONUS, "plain": 0.0}

PAGE = """# Leaning towards remedies

Made by `python scripts/benchmark_leaning.py`; do not edit by hand.

Cold Bayesian searches of {trials} trials on {n} data sets ({names}),
{seeds} seeds of split, training and search. "leaning" is what ships: candidates that follow the
remedies of the best trials' diagnoses get a bonus on the expected improvement. "plain" is the
same without the bonus.
Regret is (best - reached) / (best - first trial), with the best that either found on that data
set and seed; the first trial, the default, is the same for both. Standard errors over data sets.

{table}
"""


def run(job: tuple[str, Entry, int]) -> dict[str, object]:
    """Return the best value so far after some trials of one search."""
    import torch

    torch.set_num_threads(1)
    arm, entry, seed = job
    leaning.BONUS = ARMS[arm]
    held = Held(entry, seed, {entry.label})
    rows, _ = asked(held, TRIALS, kb=None, n_warm=0)
    good = np.maximum.accumulate([held.good(row) for row in rows])
    return {"arm": arm, "data": entry.label, "seed": seed, "first": good[0]} | {
        f"@{count}": good[count - 1] for count in AFTER
    }


def page(runs: pd.DataFrame) -> str:
    """Return the page of these searches, one row each as `run` returns it."""
    columns = [f"@{count}" for count in AFTER]
    last = columns[-1]
    best = runs.groupby(["data", "seed"])[last].transform("max")
    scale = (best - runs["first"]).clip(lower=0)
    useful = runs[scale > 0].copy()
    for column in columns:
        useful[column] = (best - useful[column]) / scale
    by_data = useful.groupby(["arm", "data"])[columns].mean()
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for arm in ARMS:
        lines.append(_line(arm, by_data.loc[arm], columns))
    lines.append(_line("difference", by_data.loc["leaning"] - by_data.loc["plain"], columns))
    names = sorted(set(useful["data"]))
    return PAGE.format(
        trials=TRIALS,
        n=len(names),
        names=", ".join(names),
        seeds=runs["seed"].nunique(),
        table="\n".join(lines),
    )


def _line(name: str, values: pd.DataFrame, columns: list[str]) -> str:
    means: Mapping[str, float] = values[columns].mean()
    errors = values[columns].sem()
    return f"| {name} | " + " | ".join(f"{means[c]:.3f} ± {errors[c]:.3f}" for c in columns) + " |"


@click.command()
@click.option("--seeds", default=SEEDS, help="Seeds per data set.")
@click.option("--workers", default=2, help="Processes of one thread each.")
def main(seeds: int, workers: int) -> None:
    """Run both arms and write the page."""
    entries = [*HELD_OUT, *(e for e in ENTRIES["series"] if e.name in SERIES)]
    jobs = [(arm, entry, seed) for entry in entries for seed in range(seeds) for arm in ARMS]
    runs = []
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for done in pool.imap_unordered(run, jobs):
            runs.append(done)
            click.echo(f"{len(runs)} of {len(jobs)}: {done['arm']} {done['data']} {done['seed']}")
    text = page(pd.DataFrame(runs))
    REPORT.write_text(text, encoding="utf-8")
    click.echo(text)


if __name__ == "__main__":
    main()

"""What the shipped trials are worth on data sets that they lack, in real trainings.

    scripts/fetch_data.sh
    python -m pip install optuna
    python scripts/evaluate_advice.py

Every data set that ships is left out in turn, with all that are near-copies of it or cut from
the same source (scripts/seed_groups.json), and so are the tables that never ship: five
recommendations from the others are compared with the library default and with 50 random
configurations. On the data sets of
`SEARCHED`, with three seeds of split, training and search, warm searches are compared with
Optuna's samplers, too. Finished trials stay in .build/advice/, so that a run that was cut off
goes on.
"""

import multiprocessing
import sys
import time
from pathlib import Path

import click

from scripts.benchmarks.advice.answers import answers, answers_path
from scripts.benchmarks.advice.held import ROOT, Held
from scripts.benchmarks.advice.page import report
from scripts.benchmarks.advice.searches import TRIALS, search, search_path
from scripts.seed.build import ENTRIES
from scripts.seed.near_copies import group_of
from scripts.seed.tables import HELD_OUT
from scripts.seed.work import Entry

REPORT = ROOT / "docs" / "benchmarks" / "advice.md"
SEEDS = 3
SEARCHED = {
    "table": ("olive", "diabetes", "segment", "vehicle", "airfoil", "HousePrices"),
    "image": ("full-size silhouettes",),
    "text": ("mails", "reuters r8"),
    "series": ("AirPassengers", "a10", "lynx"),
}
"""Tables that never ship, and data sets that are left out with their groups."""
LATER = ("fashion", "tomatoes")
LATER_SERIES = 38
"""What shipped after the defaults had been set: these sources, and the series from this one on."""


def entries() -> list[Entry]:
    """Return the data sets that searches are run on."""
    known = {**ENTRIES, "table": HELD_OUT}
    return [e for modality, names in SEARCHED.items() for e in known[modality] if e.name in names]


def later() -> set[str]:
    """Return the labels of what had no part in the choice of the defaults, though it ships."""
    sources = [e for entries in ENTRIES.values() for e in entries if e.source in LATER]
    return {e.label for e in [*sources, *ENTRIES["series"][LATER_SERIES:]]}


def held(entry: Entry, seed: int) -> Held:
    """Return a data set held out with its group."""
    known = [e.label for entries in ENTRIES.values() for e in entries]
    own = group_of(entry.label)
    return Held(entry, seed, {entry.label} | {label for label in known if group_of(label) == own})


def do(job: tuple[str, Entry, int]) -> str:
    """Run one job: "answers", or a search by its method."""
    import torch

    torch.set_num_threads(1)
    what, entry, seed = job
    if what == "answers":
        answers(held(entry, seed))
    else:
        search(held(entry, seed), what)
    return f"{what} {entry.label} {seed}"


@click.command()
@click.option("--seeds", default=SEEDS, help="Of the searches.")
@click.option("--only", multiple=True, help="Names of data sets; default all.")
@click.option("--answers-only", is_flag=True, help="No searches.")
@click.option("--report-only", is_flag=True, help="Train nothing; report what is finished.")
@click.option("--workers", default=2, help="Processes of one thread each.")
@click.option("--write/--no-write", default=True, help="Replace the page in docs/benchmarks/.")
def main(
    seeds: int,
    only: tuple[str, ...],
    answers_only: bool,
    report_only: bool,
    workers: int,
    write: bool,
) -> None:
    """Run what is missing, then write the page."""
    known = [*(e for entries in ENTRIES.values() for e in entries), *HELD_OUT]
    first = [e for e in known if not only or e.name in only]
    searched = [e for e in entries() if not only or e.name in only]
    jobs: list[tuple[str, Entry, int]] = [("answers", entry, 0) for entry in first]
    if not answers_only:
        for seed in range(seeds):
            jobs += [("answers", e, seed) for e in searched if seed]
            jobs += [(method, e, seed) for e in searched for method in TRIALS]
    if not report_only:
        run(jobs, workers)
    asked = {entry: held(entry, 0) for entry in first}
    pairs = {} if answers_only else {(e, s): held(e, s) for e in searched for s in range(seeds)}
    page = report(
        {entry: answers(h) for entry, h in asked.items() if answers_path(h).exists()},
        {entry.label for entry in HELD_OUT},
        later(),
        {pair: h for pair, h in pairs.items() if finished(h)},
        REPORT.parent if write and not only else None,
    )
    if write and not only:
        REPORT.write_text(page, encoding="utf-8")
    click.echo(page)


def run(jobs: list[tuple[str, Entry, int]], workers: int) -> None:
    """Run jobs in parallel; what is finished is only looked up."""
    started = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for count, done in enumerate(pool.imap_unordered(do, jobs), start=1):
            left = (time.monotonic() - started) / count * (len(jobs) - count) / 60
            click.echo(f"{count} of {len(jobs)}: {done}; about {left:.0f} min left")


def finished(held: Held) -> bool:
    """Return whether the answers and all searches of a data set and seed are there."""
    return answers_path(held).exists() and all(search_path(held, m).exists() for m in TRIALS)


if __name__ == "__main__":
    main()

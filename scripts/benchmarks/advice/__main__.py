"""What the shipped trials are worth on data sets that they lack, in real trainings.

    scripts/fetch_data.sh
    python -m pip install optuna
    python -m scripts.benchmarks.advice

Every data set that ships is left out in turn, with all that are near-copies of it or cut from
the same source (scripts/seed/groups.json), and so are the tables that never ship: five
recommendations from the others are compared with the library default and with 50 random
configurations. On the data sets of
`SEARCHED`, with three seeds of split, training and search, warm searches are compared with
Optuna's samplers, too. Finished trials stay in .build/advice/, so that a run that was cut off
goes on.
"""

import click

from scripts.benchmarks import report
from scripts.benchmarks.advice import page
from scripts.benchmarks.advice.answers import Answers
from scripts.benchmarks.advice.searches import TRIALS, HeldSearch
from scripts.benchmarks.experiment import Unit, run_and_resume
from scripts.seed.catalogue import ENTRIES, HELD_OUT, shipped_entries
from scripts.seed.work import Entry

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
    sources = [entry for entry in shipped_entries() if entry.source in LATER]
    return {e.label for e in [*sources, *ENTRIES["series"][LATER_SERIES:]]}


@click.command()
@click.option("--seeds", default=SEEDS, help="Seeds of the searches.")
@click.option("--only", multiple=True, help="Names of data sets; default all.")
@click.option("--answers-only", is_flag=True, help="No searches.")
@report.report_only_option
@report.workers_option
@report.write_option
def main(
    seeds: int,
    only: tuple[str, ...],
    answers_only: bool,
    report_only: bool,
    workers: int,
    write: bool,
) -> None:
    """Run what is missing, then write the page."""
    known = [*shipped_entries(), *HELD_OUT]
    first = [e for e in known if not only or e.name in only]
    searched = [e for e in entries() if not only or e.name in only]
    pairs = [] if answers_only else [(e, s) for e in searched for s in range(seeds)]
    if not report_only:
        run_and_resume(_units(first, pairs), workers)
    asked = {entry: Answers(entry) for entry in first}
    write = write and not only
    found = {entry: unit.result() for entry, unit in asked.items() if unit.finished}
    if not found:
        raise report.nothing_finished()
    text = page.report(
        found,
        {entry.label for entry in HELD_OUT},
        later(),
        [pair for pair in pairs if _done(*pair)],
        report.FOLDER if write else None,
    )
    report.publish("advice", text, write)


def _units(first: list[Entry], pairs: list[tuple[Entry, int]]) -> list[Unit]:
    units: list[Unit] = [Answers(entry) for entry in first]
    by_seed = sorted(pairs, key=lambda pair: pair[1])
    units += [Answers(entry, seed) for entry, seed in by_seed if seed]
    return units + [HeldSearch(e, seed, method) for e, seed in by_seed for method in TRIALS]


def _done(entry: Entry, seed: int) -> bool:
    """Return whether the answers and all searches of a data set and seed are there."""
    searches = [HeldSearch(entry, seed, method) for method in TRIALS]
    return all(unit.finished for unit in [Answers(entry, seed), *searches])


if __name__ == "__main__":
    main()

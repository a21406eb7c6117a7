"""Planted pathologies and healthy runs on real data: what is named rightly, and false alarms.

    scripts/fetch_data.sh
    python -m scripts.benchmarks.diagnosis

Trained runs stay in .build/diagnosis/, so that a run that was cut off goes on. With
`--development` the data sets that the thresholds were chosen by are judged instead, and no page
is written.
"""

import click

from scripts.benchmarks import report
from scripts.benchmarks.diagnosis.data import DEVELOPMENT, REPORTED
from scripts.benchmarks.diagnosis.page import judged, mistakes, page
from scripts.benchmarks.diagnosis.runs import jobs, kept_runs
from scripts.benchmarks.experiment import run_and_resume


@click.command()
@click.option("--development", is_flag=True, help="The data sets of the thresholds; no page.")
@report.report_only_option
@report.write_option
def main(development: bool, report_only: bool, write: bool) -> None:
    """Train what is missing, judge everything, and write the page."""
    units = list(jobs(DEVELOPMENT if development else REPORTED))
    if not report_only:
        run_and_resume(units, workers=0)
    cases = judged(kept_runs(units))
    if not cases:
        raise report.nothing_finished()
    report.publish("diagnosis", page(cases), write and not development)
    click.echo("\n".join(mistakes(cases)), err=True)


if __name__ == "__main__":
    main()

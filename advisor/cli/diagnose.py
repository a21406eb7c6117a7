"""`advisor diagnose`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.cli.common import format_option, kb_option, speaks_to_the_user
from advisor.cli.output import config_text, print_json, say

if TYPE_CHECKING:
    from advisor.diagnosis import Finding
    from advisor.diagnosis.study import StudyDiagnosis


@click.command(name="diagnose")
@click.argument("study")
@click.option("--trial", type=click.IntRange(min=0), help="Number of the only trial to look at.")
@click.option("--studies-dir", type=click.Path(path_type=Path),
              help="Where studies are kept.  [default: beside the knowledge base]")  # fmt: skip
@kb_option
@format_option
@speaks_to_the_user
def command(
    study: str, trial: int | None, studies_dir: Path | None, kb_path: str | None, output: str
) -> None:
    """Say what went wrong in the trials of STUDY, by their curves, and what to change.

    STUDY is a name that `advisor tune` prints, or a study's folder.

    \b
    Examples:
      advisor diagnose digits-1
      advisor diagnose digits-1 --trial 4
    """
    from advisor.facade import Advisor

    found = Advisor(kb_path).diagnose(study, trial, studies_dir)
    if output == "json":
        print_json(found.to_dict())
    else:
        _print(found)


def _print(found: "StudyDiagnosis") -> None:
    for trial, diagnosis in zip(found.trials, found.diagnoses, strict=True):
        value = "no value" if trial.value is None else f"{found.metric} {trial.value:.4g}"
        best = ", the best" if trial.number == found.best else ""
        say(f"Trial {trial.number}: {trial.state}, {value}{best}")
        say(f"  {config_text(trial.config)}")
        if not diagnosis.findings:
            say("  Nothing wrong that its curve shows." if trial.curve else "  No curve.")
        for finding in diagnosis.findings:
            _print_finding(finding)
        if len(found.trials) == 1:
            for text in diagnosis.unjudged:
                say(f"  Not judged: {text}.")
    if len(found.trials) != 1:
        _print_summary(found)


def _print_finding(finding: "Finding") -> None:
    say(f"  {finding.title}: {finding.evidence}")
    for remedy in finding.remedies:
        say(f"    try {remedy.hyperparameter}: {remedy.text}")
    if not finding.remedies:
        for text in finding.advice:
            say(f"    think of {text}")


def _print_summary(found: "StudyDiagnosis") -> None:
    from advisor.diagnosis import SYMPTOMS

    titles = {symptom.name: symptom.title for symptom in SYMPTOMS}
    say()
    say(f"Study {found.study}: {len(found.trials)} trials, {found.healthy} without a finding")
    for name, count in found.counts.items():
        say(f"  {titles[name]}: {count}")

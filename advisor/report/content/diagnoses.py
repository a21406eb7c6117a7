"""What went wrong in the trials of a study, with its place on their curves."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.diagnosis import Finding, diagnose
from advisor.report.content.base import LeftOut
from advisor.report.content.source import StudySource
from knowledge_base.records import TrialRecord

MOST_SHOWN = 6
"""Trials whose curves are drawn: the best of those with a finding."""

_EPOCH = re.compile(r"epochs? (\d+)")


@dataclass(frozen=True)
class Diagnosed:
    """A trial with what went wrong in it.

    Attributes:
        number: of the trial.
        value: of it, None without one.
        findings: what went wrong, causes first.
        places: epochs that the evidence of each finding names, in the order of the findings;
            the last epoch where it names none.
        epochs: of the curve.
        train, valid: losses after each epoch, None where there is none.
    """

    number: int
    value: float | None
    findings: Sequence[Finding]
    places: Sequence[Sequence[int]]
    epochs: Sequence[int]
    train: Sequence[float | None]
    valid: Sequence[float | None]


@dataclass(frozen=True)
class Diagnoses:
    """The diagnoses of a study.

    Attributes:
        counts: how many trials show each symptom, by its title, the most frequent first.
        healthy: how many trials with a curve show none.
        diagnosed: trials with findings, the best first.
        drawn: those of them whose curves are drawn.
    """

    counts: Mapping[str, int]
    healthy: int
    diagnosed: Sequence[Diagnosed]
    drawn: Sequence[Diagnosed]


def diagnoses_of(source: StudySource) -> Diagnoses | LeftOut:
    """Return what went wrong in the trials of a study."""
    directory = source.directory
    curved = [trial for trial in source.trials if trial.curve or trial.state == "diverged"]
    if not curved:
        return LeftOut("No trial told its epochs, so nothing can be diagnosed.")
    classes = None if directory.dataset is None else directory.dataset.n_classes
    best = None if source.best is None else source.best.value
    found: list[Diagnosed] = []
    for trial in curved:
        findings = diagnose(trial, directory.task, directory.space, classes, best).findings
        if findings:
            found.append(_diagnosed(trial, findings))
    order = sorted(found, key=lambda d: (d.value is None, -source.sign * (d.value or 0.0)))
    counts = Counter(finding.title for one in found for finding in one.findings)
    drawn = [one for one in order if one.epochs][:MOST_SHOWN]
    return Diagnoses(dict(counts.most_common()), len(curved) - len(found), order, drawn)


def _diagnosed(trial: TrialRecord, findings: Sequence[Finding]) -> Diagnosed:
    epochs = [epoch.epoch for epoch in trial.curve]
    places = []
    for finding in findings:
        named = sorted({int(text) for text in _EPOCH.findall(finding.evidence)})
        within = [epoch for epoch in named if epoch in epochs]
        places.append(within or epochs[-1:])
    return Diagnosed(
        trial.number,
        trial.value,
        findings,
        places,
        epochs,
        [epoch.train_loss for epoch in trial.curve],
        [epoch.val_loss for epoch in trial.curve],
    )

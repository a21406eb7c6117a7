"""Judges the runs, and writes the page of what was named."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.diagnosis import SYMPTOMS, Diagnosis, diagnose
from advisor.diagnosis.curve import Curve
from advisor.metrics import default_metric
from advisor.models import get_family
from knowledge_base.records import TaskRecord, TrialRecord
from scripts.benchmarks import report
from scripts.benchmarks.diagnosis.data import DEVELOPMENT
from scripts.benchmarks.diagnosis.plants import HEALTHY
from scripts.benchmarks.diagnosis.runs import Run

NEAR = 0.1
"""Share of what the best known run explains: a run that lacks less is near its score."""

MUST_COST = ("underfitting", "plateau", "oscillation", "not_enough_epochs", "overfitting")
"""What did not take where the run is near the best known score all the same."""


@dataclass(frozen=True)
class Case:
    """A judged run: with the others of its data set and split, and on its own."""

    run: Run
    lacks: float
    together: Diagnosis
    alone: Diagnosis

    @property
    def kind(self) -> str:
        """What was planted."""
        return self.run.job.plant.kind

    @property
    def taken(self) -> bool:
        """Whether the run is what it was meant to be, by its score and length alone."""
        if self.kind == HEALTHY or self.kind in MUST_COST:
            return (self.lacks < NEAR) == (self.kind == HEALTHY)
        if self.kind == "stopped_in_warmup":
            return len(self.run.outcome.curve) <= self.run.job.config["warmup_epochs"]
        return True


def judged(runs: Sequence[Run]) -> list[Case]:
    """Diagnose each run as `advisor diagnose` would in a study of its data set and split."""
    return [_case(run, _best(run, runs)) for run in runs]


def _best(run: Run, runs: Sequence[Run]) -> float:
    metric = default_metric(run.dataset.kind)
    alike = (r for r in runs if (r.job.source, r.job.seed) == (run.job.source, run.job.seed))
    values = [r.outcome.value for r in alike if r.outcome.value is not None]
    return max(values) if metric.direction == "maximize" else min(values)


def _case(run: Run, best: float) -> Case:
    metric, family = default_metric(run.dataset.kind), get_family(run.job.source.family)
    task = TaskRecord(
        run.job.source.name,
        metric.name,
        metric.direction,
        family.name,
        dataset_id=run.dataset.fingerprint,
        target=run.dataset.target_name,
    )
    outcome, classes = run.outcome, run.dataset.n_classes
    trial = TrialRecord("study", 0, run.job.config, outcome.state, outcome.value,
                        error=outcome.error, curve=outcome.curve)  # fmt: skip
    lacks = Curve(trial, task, classes, best).shortfall
    return Case(
        run,
        1.0 if lacks is None else lacks,
        diagnose(trial, task, family.space(), classes, best),
        diagnose(trial, task, family.space(), classes),
    )


def mistakes(cases: Sequence[Case]) -> list[str]:
    """Return a line for each run that was named wrongly, or was healthy and had a finding."""
    lines = []
    for case in cases:
        wrong = case.kind != HEALTHY and case.kind not in case.together.labels
        alarm = case.kind == HEALTHY and case.together.labels
        if case.taken and (wrong or alarm):
            lines.append(f"{case.run.job.path.name}: {case.together.labels}")
    return lines


INTRODUCTION = """
Runs are trained for real, with one
thing planted in each by construction (`scripts/benchmarks/diagnosis/plants.py`), on {sources}. \
Rules and thresholds were chosen on {developed}, and these runs
were looked at only when they were final.

**{named} of {n_sick} planted pathologies were named ({share:.0%}); \
{alarms} of {n_well} healthy runs had a finding ({alarm_share:.0%}).**

A run is named rightly if what was planted is among its findings; *first* counts those
where it is the first. Besides, a planted run has {extra:.2f} other findings on average
(an exploding gradient makes the loss diverge, too). Healthy runs are well-tuned
configurations that lack less than {near:.0%} of what the best run on the same data and split
explains; {weak} that lack more are left out. Left out, too (*did not take*), are runs
that are that near to the best run in spite of what was planted, and warm-ups that no
early stop cut off. `Alone`: judged without the other runs of the data set, whose best
value tells what is possible."""


def page(cases: Sequence[Case]) -> str:
    """Return the page."""
    sick = [case for case in cases if case.taken and case.kind != HEALTHY]
    well = [case for case in cases if case.taken and case.kind == HEALTHY]
    named = sum(case.kind in case.together.labels for case in sick)
    alarms = sum(bool(case.together.labels) for case in well)
    jobs = [case.run.job for case in cases]
    introduction = INTRODUCTION.format(
        sources=", ".join(sorted({f"{j.source.name} ({j.source.family})" for j in jobs})),
        developed=", ".join(source.name for source in DEVELOPMENT),
        named=named,
        n_sick=len(sick),
        share=named / len(sick),
        alarms=alarms,
        n_well=len(well),
        alarm_share=alarms / len(well),
        extra=sum(len(set(case.together.labels) - {case.kind}) for case in sick) / len(sick),
        near=NEAR,
        weak=sum(case.kind == HEALTHY and not case.taken for case in cases),
    )
    confusion = ["## What planted runs were named first", _confusion(sick + well)]
    title = "Diagnosis: planted pathologies on real data"
    return report.page(title, "diagnosis", [introduction, _table(cases), *confusion])


def _table(cases: Sequence[Case]) -> str:
    well = [case for case in cases if case.taken and case.kind == HEALTHY]
    rows: list[tuple[object, ...]] = []
    for symptom in SYMPTOMS:
        of_kind = [case for case in cases if case.kind == symptom.name]
        sick = [case for case in of_kind if case.taken]
        named = sum(symptom.name in case.together.labels for case in sick)
        first = sum(case.together.labels[:1] == (symptom.name,) for case in sick)
        alone = sum(symptom.name in case.alone.labels for case in sick)
        false = sum(symptom.name in case.together.labels for case in well)
        left = len(of_kind) - len(sick)
        rows.append((symptom.title, len(sick), left, named, first, alone, false))
    alone = sum(bool(case.alone.labels) for case in well)
    together = sum(bool(case.together.labels) for case in well)
    rows.append(("healthy runs with a finding", len(well), "", together, "", alone, together))
    columns = ("", "planted", "did not take", "named", "first", "named alone",
               "also named for a healthy run")  # fmt: skip
    return report.table(columns, rows)


def _confusion(cases: Sequence[Case]) -> str:
    names = [symptom.name for symptom in SYMPTOMS]
    counts = Counter((case.kind, (*case.together.labels, "nothing")[0]) for case in cases)
    rows = [
        (kind, *(counts[kind, name] or "" for name in (*names, "nothing")))
        for kind in (*names, HEALTHY)
    ]
    return report.table(("planted", *names, "nothing"), rows)

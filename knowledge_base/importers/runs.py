"""Runs of other tools in one form, and the importer that makes trials of them.

Whatever the tool, a run has parameters, curves of metrics with steps, a state, times and an
origin; its identity is the tool's own, so that reading twice adds nothing. Where a tool keeps no
space, it is inferred from all runs (see `inferred`), unless the user gives one.
"""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from knowledge_base.bundle import Bundle
from knowledge_base.errors import ContributionError
from knowledge_base.identity import digest
from knowledge_base.importers.base import Importer, ImportOptions, check_direction
from knowledge_base.importers.checks import assemble_all, task_of
from knowledge_base.importers.contribution import Contribution, Rejection
from knowledge_base.importers.given import of_given
from knowledge_base.importers.inferred import Inferred, infer
from knowledge_base.naming import did_you_mean, printable
from knowledge_base.records import EpochRecord, StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import TrialState
from knowledge_base.types import Config

MAX_METRICS = 50
"""Metrics of a run that are kept beside the one that is optimised."""

LONGEST_ERROR = 2_000
"""Characters of an error that are kept."""

RESERVED = ("fold_", "gradient_", "standard_error")
"""How metrics begin that mean something here."""

Points: TypeAlias = Sequence[tuple[int, float]]
"""Steps and values of a metric, in the order in which they were logged."""


@dataclass(frozen=True)
class Run:
    """One run of another tool.

    Attributes:
        run_id: the identity that the tool gave it, unique among all its runs anywhere.
        origin: where it is, as a person finds it again.
        params: its parameters by name; nested ones by names with dots.
        state: how it ended, None while it has not.
        curves: values of each metric.
        started_at: when it began.
        seconds: what it took.
        error: why it failed.
        told_as: identity under which a searcher of ours that led the run told it, if one did.
    """

    run_id: str
    origin: str
    params: Config
    state: TrialState | None
    curves: Mapping[str, Points] = field(default_factory=dict)
    started_at: datetime | None = None
    seconds: float | None = None
    error: str | None = None
    told_as: str | None = None


@dataclass(frozen=True)
class Found:
    """What a reader found.

    Attributes:
        name: what the runs belong to: an experiment, a sweep, a folder.
        runs: all of them, in the order of their start.
        space: their space, where the tool keeps it.
        metric, direction: what they optimise, where the tool says so.
        from_texts: whether the tool keeps parameters as texts.
        rejected: runs that could not be read.
        warnings: remarks on all of them.
    """

    name: str
    runs: Sequence[Run]
    space: SpaceDefinition | None = None
    metric: str | None = None
    direction: str | None = None
    from_texts: bool = False
    rejected: tuple[Rejection, ...] = ()
    warnings: tuple[str, ...] = ()


class RunsImporter(Importer):
    """Makes trials of the runs of a tool; a subclass finds the runs."""

    takes_space = True

    @abstractmethod
    def runs(self, source: str, options: ImportOptions) -> Found:
        """Read the runs of a source.

        Raises:
            ContributionError: the source as a whole cannot be read or understood.
        """

    def read(self, source: str, options: ImportOptions) -> Contribution:
        """Read the runs that ended.

        Raises:
            ContributionError: the source as a whole cannot be read or understood, or it is not
                said what the runs optimise.
        """
        found = self.runs(source, options)
        ended = [run for run in found.runs if run.state is not None]
        if not any(run.params for run in ended):
            if found.rejected:
                return Contribution(Bundle(), found.rejected, found.warnings)
            raise ContributionError(f"{source} has no run that ended and has parameters.")
        metric = _metric(source, ended, options.metric or found.metric)
        direction = check_direction(
            options.direction or found.direction or options.direction_of(metric)
        )
        made = _space(found, ended, options)
        task = task_of(options, found.name, metric, direction,
                       options.family or made.space.name)  # fmt: skip
        studies: dict[str, tuple[SpaceDefinition, StudyRecord]] = {}
        good: list[TrialRecord] = []
        rejected: list[Rejection] = [*found.rejected]
        known_as: dict[str, list[str]] = {}
        first_step = min((s for run in ended for s, _ in run.curves.get(metric, ())), default=1)
        for number, (run, config) in enumerate(zip(ended, made.configs, strict=True)):
            own = made.own(config)
            reason = _problem(run, config, metric, own)
            if reason:
                rejected.append(Rejection(run.origin, reason))
                continue
            if own.space_id not in studies:
                studies[own.space_id] = own, self._study(found, source, task, own, options)
            _, study = studies[own.space_id]
            trial_id = digest(f"{self.name} run", task.task_id, run.run_id)
            if run.told_as is not None:  # It is no identity to take: a folder can say anything.
                known_as[trial_id] = [run.told_as]
            good.append(_trial(run, number, own.complete(config), metric, study, trial_id,
                               1 - min(first_step, 1)))  # fmt: skip
        whole = assemble_all(good, rejected, task, list(studies.values()), options)
        warnings = (*found.warnings, *made.warnings, *_unfinished(found), f"The metric is "
                    f"{metric}, to {direction}.")  # fmt: skip
        return Contribution(whole.bundle, whole.rejected, warnings, known_as=known_as)

    def _study(
        self,
        found: Found,
        source: str,
        task: TaskRecord,
        space: SpaceDefinition,
        options: ImportOptions,
    ) -> StudyRecord:
        return StudyRecord(
            study_id=digest(f"{self.name} study", found.name, task.task_id, space.space_id),
            task_id=task.task_id,
            space_id=space.space_id,
            name=found.name,
            strategy=self.name,
            source=f"{self.name} {source}",
            contributor=options.contributor,
        )


def _metric(source: str, runs: Sequence[Run], wanted: str | None) -> str:
    """Return the metric that is optimised: the one that is named, or the only one.

    Raises:
        ContributionError: it is not clear, or no run has it.
    """
    known = sorted({name for run in runs for name in run.curves})
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted is not None and wanted in known:
        return wanted
    listed = ", ".join(known[:MAX_METRICS]) or "none"
    if wanted is None:
        raise ContributionError(f"Say with `metric` what the runs of {source} optimise; they have: "
                                f"{listed}.")  # fmt: skip
    hint = did_you_mean(wanted, known, otherwise=f"They have: {listed}.")
    raise ContributionError(f"No run of {source} has the metric {wanted!r}. {hint}")


def _space(found: Found, runs: Sequence[Run], options: ImportOptions) -> Inferred:
    params = [run.params for run in runs]
    given = options.space or found.space
    return infer(found.name, params, found.from_texts) if given is None else of_given(given, params)


def _unfinished(found: Found) -> list[str]:
    left = sum(run.state is None for run in found.runs)
    if not left:
        return []
    return [f"{left} of {len(found.runs)} runs are not finished; contribute them again when they "
            "are."]  # fmt: skip


def _problem(run: Run, config: Config, metric: str, space: SpaceDefinition) -> str:
    """Return why a run cannot be taken, '' if it can."""
    if not run.params:
        return "it has no parameters"
    if run.state is TrialState.COMPLETE and not run.curves.get(metric):
        return f"it ended without the metric {metric}"
    if any(step < 0 for step, _ in run.curves.get(metric, ())):
        return f"{metric} has a negative step"
    return str(space.validate(space.frame([config])).iloc[0])


def _trial(
    run: Run,
    number: int,
    config: Config,
    metric: str,
    study: StudyRecord,
    trial_id: str,
    shift: int,
) -> TrialRecord:
    """Return a run as a trial; its value is the last one that it logged."""
    points = list(run.curves.get(metric, ()))
    finite = {step: value for step, value in points if math.isfinite(value)}
    state, error, value = run.state, run.error, points[-1][1] if points else None
    if value is not None and not math.isfinite(value):
        state, error, value = TrialState.FAILED, error or f"{metric} became {value}", None
    if state is TrialState.FAILED:
        value = None
    assert state is not None
    is_curve = len(points) > 1 or state is TrialState.STOPPED
    return TrialRecord(
        study_id=study.study_id,
        number=number,
        config=config,
        state=state,
        value=value,
        metrics=_others(run, metric),
        duration=run.seconds,
        epochs=len(finite) if is_curve else None,
        error=None if error is None else printable(error[:LONGEST_ERROR]),
        started_at=run.started_at,
        origin=run.origin,
        curve=tuple(
            EpochRecord(epoch=step + shift, val_metric=v) for step, v in sorted(finite.items())
        ) if is_curve else (),
        trial_id=trial_id,
    )  # fmt: skip


def _others(run: Run, metric: str) -> dict[str, float]:
    """Return the last values of other metrics."""
    last = {name: points[-1][1] for name, points in sorted(run.curves.items()) if points}
    kept = [
        name
        for name, value in last.items()
        if name != metric and math.isfinite(value) and not name.startswith(RESERVED)
    ]
    return {name: last[name] for name in kept[:MAX_METRICS]}

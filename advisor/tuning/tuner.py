"""The tuner: a strategy with a memory, behind `ask` and `tell`."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, overload

from advisor.diagnosis import labelled, remedies_for
from advisor.meta import Query
from advisor.meta.warm_start import MAX_WARM, Start, load_prior, save_prior, warm_start
from advisor.strategies import Observation, get_strategy
from advisor.surrogates import Prior
from advisor.training.outcome import GRADIENT, Outcome
from knowledge_base import Bundle, KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.records import (
    DatasetRecord,
    EpochRecord,
    StudyRecord,
    TaskRecord,
    TrialRecord,
    best_trial,
)
from knowledge_base.space import SpaceDefinition
from knowledge_base.studies import StudyDirectory


@dataclass(frozen=True)
class StudyContext:
    """Where a study's trials belong and where they go.

    Attributes:
        study, task, space: as stored in the knowledge base.
        dataset: None for tasks without a data set.
        metafeatures: of the data set, by name; may be empty.
        directory: on-disk record that `--resume` reads; None keeps none.
        kb: knowledge base that every finished trial goes into; None for none.
    """

    study: StudyRecord
    task: TaskRecord
    space: SpaceDefinition
    dataset: DatasetRecord | None = None
    metafeatures: Mapping[str, float] = field(default_factory=dict)
    directory: StudyDirectory | None = None
    kb: KnowledgeBase | None = None

    def bundle(self, trials: Sequence[TrialRecord]) -> Bundle:
        """Return `trials` with everything they refer to."""
        from advisor.metafeatures import VERSION

        known: dict[tuple[str, str, int], Mapping[str, float]] = {}
        records: list[Any] = [self.task, self.space, self.study, *trials]
        if self.dataset is not None:
            records.append(self.dataset)
            if self.metafeatures:
                key = (self.dataset.dataset_id, self.task.target or "", VERSION)
                known[key] = self.metafeatures
        return Bundle.from_records(records, metafeatures=known)

    def save(self, trials: Sequence[TrialRecord]) -> None:
        """Write finished trials to the directory, then to the knowledge base."""
        if self.directory is not None:
            for trial in trials:
                self.directory.append(trial)
        if self.kb is not None:
            self.kb.append(self.bundle(trials))


class Tuner:
    """Asks for configurations and learns from what it is told.

    >>> tuner = Tuner.create(space, kb=kb, name="svm on adult", metric="accuracy",
    ...                      direction="maximize", family="svm")
    >>> config = tuner.ask()
    >>> trial = tuner.tell(config, 0.93)
    """

    def __init__(
        self,
        context: StudyContext,
        strategy: str = "bayesian",
        seed: int = 0,
        warm: Sequence[Mapping[str, Any]] = (),
        finished: Sequence[TrialRecord] = (),
        past: Prior | None = None,
        per_second: bool = False,
    ) -> None:
        """Start, or go on after `finished` trials (told to the strategy in their order).

        Args:
            context: where the trials belong and go.
            strategy: name of a search strategy.
            seed: of all random choices.
            warm: configurations to try first.
            finished: trials of an earlier run.
            past: past tasks to learn from.
            per_second: prefer what is quick.

        Raises:
            UserError: no such strategy, or a warm-start configuration outside the space.
        """
        self.context = context
        self.trials: list[TrialRecord] = []
        kind = get_strategy(strategy)
        options = {"per_second": per_second} if "per_second" in kind.options else {}
        self._strategy = kind(context.space, context.task.direction, seed, **options)
        self._strategy.start_from(warm, past)
        self._seed = seed
        self._active: list[dict[str, Any]] = []
        for trial in finished:
            self._remember(trial)

    @classmethod
    def create(
        cls,
        space: SpaceDefinition,
        *,
        kb: KnowledgeBase | None = None,
        name: str = "task",
        metric: str = "loss",
        direction: str = "minimize",
        family: str | None = None,
        query: Query | None = None,
        strategy: str = "bayesian",
        n_warm: int = MAX_WARM,
        seed: int = 0,
        contribute: bool = True,
        per_second: bool = False,
        directory: str | Path | None = None,
    ) -> "Tuner":
        """Return a tuner for any space and task, with or without a data set behind it.

        Args:
            space: the search space.
            kb: past trials to start from, and where finished trials go.
            name: of the task.
            metric: its name; `direction` is "minimize" or "maximize".
            family: model family; past tasks of the same family count. Default: the space's
                name.
            query: what is known about the new task, such as metafeatures.
            strategy: name of a search strategy.
            n_warm: how many configurations to take from the past.
            seed: of all random choices.
            contribute: whether told trials go into `kb`.
            per_second: prefer what is quick; tell outcomes with their durations.
            directory: new folder to keep the study in, so that `resume` can go on with it.

        Raises:
            UserError: the directory holds a study already.
        """
        family = family or space.name
        task = TaskRecord(name=name, metric=metric, direction=direction, family=family)
        study = StudyRecord(
            study_id=uuid.uuid4().hex,
            task_id=task.task_id,
            space_id=space.space_id,
            name=name,
            strategy=strategy,
            seed=seed,
            source="advisor ask/tell",
        )
        query = query or Query(task_id=task.task_id)
        begin = warm_start(kb, space, family, query, n_warm, costs=per_second)
        kept = None
        if directory is not None:
            kept = _new_directory(Path(directory), study, task, space, begin, per_second)
        context = StudyContext(study, task, space, directory=kept, kb=kb if contribute else None)
        return cls(context, strategy, seed, begin.warm, past=begin.prior, per_second=per_second)

    @classmethod
    def resume(cls, directory: str | Path, kb: KnowledgeBase | None = None) -> "Tuner":
        """Go on with a study that `create` keeps in a directory.

        It asks what it would have asked; configurations that were asked for and not told are
        forgotten.

        Args:
            directory: of the study.
            kb: where finished trials go; those of the study are added now if missing.

        Raises:
            UserError: there is no study, or it is damaged.
        """
        kept = StudyDirectory.open(directory)
        context = StudyContext(
            kept.study, kept.task, kept.space, kept.dataset, kept.metafeatures, kept, kb
        )
        finished = kept.trials()
        if kb is not None and finished:
            kb.add(context.bundle(finished))
        return cls(
            context,
            kept.study.strategy or "bayesian",
            kept.study.seed or 0,
            kept.settings.get("warm", []),
            finished,
            load_prior(Path(directory)),
            bool(kept.settings.get("per_second", False)),
        )

    @overload
    def ask(self) -> dict[str, Any]: ...

    @overload
    def ask(self, n: int) -> list[dict[str, Any]]: ...

    def ask(self, n: int | None = None) -> dict[str, Any] | list[dict[str, Any]]:
        """Return the next configuration to try (active hyperparameters only), or `n` of them.

        Several may be asked for before any is told: they differ, and say different things.
        """
        configs = self._strategy.suggest(1 if n is None else n)
        self._active += configs
        return dict(configs[0]) if n is None else [dict(config) for config in configs]

    def tell(
        self,
        config: Mapping[str, Any],
        result: float | Outcome | None,
        started_at: datetime | None = None,
    ) -> TrialRecord:
        """Store a finished trial with its diagnosis, durable on return, and learn from it.

        Args:
            config: the configuration tried; need not have been asked for.
            result: its value, or None if it failed, or everything known about it.
            started_at: when it started; default now.

        Raises:
            SpaceError: `config` is not in the space.
        """
        outcome = result if isinstance(result, Outcome) else Outcome.of(result)
        trial = TrialRecord(
            study_id=self.context.study.study_id,
            number=len(self.trials),
            config=self.context.space.complete(dict(config)),
            state=outcome.state,
            value=outcome.value,
            metrics=outcome.metrics,
            duration=outcome.duration,
            epochs=outcome.epochs,
            n_params=outcome.n_params,
            seed=self._seed,
            error=outcome.error,
            started_at=started_at or datetime.now(UTC),
            origin=f"{self.context.study.name}:{len(self.trials)}",
            curve=tuple(outcome.curve),
        )
        trial = labelled(
            trial, self.context.task, self.context.space, self.context.dataset, self.trials
        )
        self.context.save([trial])
        self._remember(trial)
        return trial

    def withdraw(self, config: Mapping[str, Any]) -> None:
        """Take back a question that will not be answered; it may be asked again."""
        if config in self._active:
            self._active.remove(dict(config))
            self._strategy.update([], self._active)

    @property
    def adaptive(self) -> bool:
        """Whether the next question depends on what is told before it."""
        return self._strategy.adaptive

    def stops(self, curve: Sequence[EpochRecord]) -> bool:
        """Return whether the strategy wants a running trial to end now."""
        return self._strategy.stops([epoch.val_metric for epoch in curve])

    @property
    def best(self) -> TrialRecord | None:
        """The completed trial with the best value so far, None before the first."""
        return best_trial(self.trials, self.context.task.direction)

    def _remember(self, trial: TrialRecord) -> None:
        self.trials.append(trial)
        # A stopped trial's value belongs to fewer epochs, yet it is better than no value.
        value = trial.value if trial.state in ("complete", "stopped") else None
        curve = [epoch.val_metric for epoch in trial.curve]
        slopes = {
            name.removeprefix(GRADIENT): slope
            for name, slope in trial.metrics.items()
            if name.startswith(GRADIENT)
        }
        remedies = [
            remedy
            for label in trial.labels or ()
            for remedy in remedies_for(label, self.context.space, dict(trial.config))
        ]
        if trial.config in self._active:
            self._active.remove(dict(trial.config))
        told = Observation(
            trial.config,
            value,
            trial.duration,
            tuple(curve),
            slopes or None,
            tuple(remedies) if trial.labels else None,
        )
        self._strategy.update([told], self._active)


def _new_directory(
    path: Path,
    study: StudyRecord,
    task: TaskRecord,
    space: SpaceDefinition,
    begin: Start,
    per_second: bool,
) -> StudyDirectory:
    if (path / "study.json").exists():
        raise UserError(f"{path} holds a study already; go on with Tuner.resume.")
    settings = {"warm": list(begin.warm), "per_second": per_second}
    kept = StudyDirectory.create(path, study=study, task=task, space=space, settings=settings)
    save_prior(path, begin.prior)
    return kept

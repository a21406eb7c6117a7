"""The tuner: a strategy with a memory, behind `ask` and `tell`."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import overload

from advisor.diagnosis import labelled, remedies_for
from advisor.meta import Query
from advisor.meta.warm_start import MAX_WARM, Start, load_prior, save_prior, warm_start
from advisor.strategies import SearchStrategy, get_strategy
from advisor.training.outcome import GRADIENT, Outcome
from advisor.tuning.study import Study
from knowledge_base import KnowledgeBase
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
from knowledge_base.types import Config, ConfigDict, JsonObject


class Tuner:
    """Asks for configurations and learns from what it is told.

    >>> tuner = Tuner.create(space, kb=kb, name="svm on adult", metric="accuracy",
    ...                      direction="maximize", family="svm")
    >>> config = tuner.ask()
    >>> trial = tuner.tell(config, 0.93)
    """

    def __init__(
        self,
        study: Study,
        strategy: SearchStrategy,
        seed: int = 0,
        finished: Sequence[TrialRecord] = (),
    ) -> None:
        """Start, or go on after `finished` trials (told to the strategy in their order).

        Args:
            study: where the trials belong and go.
            strategy: proposes configurations; nothing was asked of it yet.
            seed: as stored with trials.
            finished: trials of an earlier run.
        """
        self.study = study
        self.trials: list[TrialRecord] = []
        self._strategy, self._seed = strategy, seed
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
        query = query or Query(task_id=task.task_id)
        start = warm_start(kb, space, family, query, n_warm, costs=per_second)
        asked = make_strategy(strategy, space, direction, seed, start, per_second)
        record = StudyRecord(
            study_id=uuid.uuid4().hex,
            task_id=task.task_id,
            space_id=space.space_id,
            name=name,
            strategy=strategy,
            seed=seed,
            source="advisor ask/tell",
        )
        kept = None
        if directory is not None:
            settings: JsonObject = {"per_second": per_second}
            kept = new_directory(Path(directory), record, task, space, start, settings)
        study = Study(record, task, space, directory=kept, kb=kb if contribute else None)
        return cls(study, asked, seed)

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
        study, finished = Study.of(kept, kb), kept.trials()
        if kb is not None and finished:
            kb.add(study.bundle(finished))
        name, seed = kept.study.strategy or "bayesian", kept.study.seed or 0
        start = Start(kept.settings.get("warm", []), load_prior(kept.path))
        per_second = bool(kept.settings.get("per_second", False))
        direction = kept.task.direction
        asked = make_strategy(name, kept.space, direction, seed, start, per_second)
        return cls(study, asked, seed, finished)

    @overload
    def ask(self) -> ConfigDict: ...

    @overload
    def ask(self, n: int) -> list[ConfigDict]: ...

    def ask(self, n: int | None = None) -> ConfigDict | list[ConfigDict]:
        """Return the next configuration to try (active hyperparameters only), or `n` of them.

        Several may be asked for before any is told: they differ, and say different things.
        """
        if n is None:
            return self._strategy.ask()
        return [self._strategy.ask() for _ in range(n)]

    def tell(
        self,
        config: Config,
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
            study_id=self.study.record.study_id,
            # Not their count: a damaged line of the study is left out, its number is not free.
            number=1 + max((past.number for past in self.trials), default=-1),
            config=self.study.space.complete(dict(config)),
            state=outcome.state,
            value=outcome.value,
            metrics=outcome.metrics,
            duration=outcome.duration,
            epochs=outcome.epochs,
            n_params=outcome.n_params,
            seed=self._seed,
            error=outcome.error,
            started_at=started_at or datetime.now(UTC),
            origin=f"{self.study.record.name}:{len(self.trials)}",
            curve=tuple(outcome.curve),
        )
        trial = labelled(trial, self.study.task, self.study.space, self.study.dataset, self.trials)
        self.study.save(trial)
        self._remember(trial)
        return trial

    def withdraw(self, config: Config) -> None:
        """Take back a question that will not be answered; it may be asked again."""
        self._strategy.withdraw(config)

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
        return best_trial(self.trials, self.study.task.direction)

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
        self._strategy.tell(trial.config, value, trial.duration, curve, slopes or None)
        for label in trial.labels or ():
            remedies = remedies_for(label, self.study.space, dict(trial.config))
            self._strategy.advise(trial.config, remedies)


def make_strategy(
    name: str,
    space: SpaceDefinition,
    direction: str,
    seed: int,
    start: Start,
    per_second: bool = False,
) -> SearchStrategy:
    """Return a search strategy that knows what it starts from.

    Args:
        name: of the strategy.
        space, direction, seed: as for every strategy.
        start: configurations to try first, and past tasks.
        per_second: prefer what is quick, for strategies that can.

    Raises:
        UserError: no such strategy, one that cannot search the space, or a configuration of
            the start that is outside of it.
    """
    return get_strategy(name)(space, direction, seed, start.warm, start.past, per_second=per_second)


def new_directory(
    path: Path,
    record: StudyRecord,
    task: TaskRecord,
    space: SpaceDefinition,
    start: Start,
    settings: JsonObject,
    dataset: DatasetRecord | None = None,
    metafeatures: Mapping[str, float] | None = None,
) -> StudyDirectory:
    """Make the directory of a study, with everything that a resumed search needs.

    Args:
        path: of the folder.
        record, task, space, dataset, metafeatures: what the trials belong to.
        start: what the search starts from.
        settings: what it was started with.

    Raises:
        UserError: the directory holds a study already, or cannot be written.
    """
    if (path / "study.json").exists():
        raise UserError(f"{path} holds a study already; go on with Tuner.resume.")
    kept = StudyDirectory.create(
        path,
        study=record,
        task=task,
        space=space,
        dataset=dataset,
        metafeatures=metafeatures,
        settings={**settings, "warm": list(start.warm)},
    )
    save_prior(path, start.past)
    return kept

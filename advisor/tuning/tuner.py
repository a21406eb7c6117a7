"""The tuner: a strategy with a memory, behind `ask` and `tell`."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, overload

from filelock import BaseFileLock

from advisor.checks import one_of, whole
from advisor.diagnosis import labelled, remedies_for
from advisor.keywords import known_keywords
from advisor.meta import Query
from advisor.meta.warm_start import MAX_WARM, Start, warm_start
from advisor.models import FAMILIES
from advisor.strategies import Observation, SearchStrategy, get_strategy, make_strategy
from advisor.training.outcome import Outcome
from advisor.tuning.study import Study
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.locking import hold
from knowledge_base.naming import printable
from knowledge_base.records import (
    TAKEN,
    EpochRecord,
    StudyRecord,
    TaskRecord,
    TrialRecord,
    best_trial,
    fold_values,
)
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import Direction
from knowledge_base.studies import StudyDirectory
from knowledge_base.types import Config, ConfigDict


@dataclass
class Tuner:
    """Asks for configurations and learns from what it is told.

    >>> tuner = Tuner.create(space, kb=kb, name="svm on adult", metric="accuracy",
    ...                      direction="maximize", family="svm")
    >>> config = tuner.ask()
    >>> trial = tuner.tell(config, 0.93)

    Attributes:
        study: where the trials belong and go.
        strategy: suggests configurations.
        seed: as stored with trials.
        trials: what was told, in its order.
    """

    study: Study
    strategy: SearchStrategy
    seed: int = 0
    trials: list[TrialRecord] = field(default_factory=list, init=False)
    _active: list[ConfigDict] = field(default_factory=list, init=False, repr=False)
    _lock: BaseFileLock | None = field(default=None, init=False, repr=False)

    @classmethod
    @known_keywords
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
            UserError: the direction or the strategy does not exist, a number is impossible, or
                the directory holds a study already.
        """
        one_of("direction", direction, tuple(Direction))
        whole("n_warm", n_warm, 0)
        whole("seed", seed, 0)
        get_strategy(strategy).check(space)
        path = None if directory is None else Path(directory).absolute()
        if path is not None and (path / "study.json").exists():
            raise UserError(f"{path} holds a study already; go on with Tuner.resume.")
        family = printable(family or space.name)
        task = TaskRecord(
            name=printable(name), metric=printable(metric), direction=direction, family=family
        )
        query = query or Query(task_id=task.task_id)
        default = space.default() if family in FAMILIES else None
        start = warm_start(kb, space, family, query, n_warm, costs=per_second, default=default)
        suggesting = make_strategy(
            strategy, space, direction, seed, start.warm, start.prior, per_second
        )
        record = StudyRecord(
            study_id=uuid.uuid4().hex,
            task_id=task.task_id,
            space_id=space.space_id,
            name=task.name,
            strategy=strategy,
            seed=seed,
            source="advisor ask/tell",
        )
        if path is None:
            study = Study(record, task, space, kb=kb if contribute else None)
            return cls(study, suggesting, seed)
        kept = StudyDirectory.create(
            path,
            study=record,
            task=task,
            space=space,
            settings={"warm": list(start.warm), "per_second": per_second},
            arrays=start.arrays(),
        )
        study = Study(record, task, space, directory=kept, kb=kb if contribute else None)
        tuner = cls(study, suggesting, seed)
        tuner._lock = hold(path)
        return tuner

    @classmethod
    def resume(cls, directory: str | Path, kb: KnowledgeBase | None = None) -> "Tuner":
        """Go on with a study that `create` keeps in a directory.

        It asks what it would have asked; configurations that were asked for and not told are
        forgotten. A study goes on in one place at a time: until this tuner is closed or
        collected, or its process ends, nobody else can go on with the study.

        Args:
            directory: of the study.
            kb: where finished trials go; those of the study are added now if missing.

        Raises:
            UserError: there is no study, it is damaged, or it is running elsewhere.
        """
        kept = StudyDirectory.open(Path(directory).absolute())
        lock = hold(kept.path)
        study, finished = Study.of(kept, kb), kept.trials()
        if kb is not None and finished:
            kb.add(study.bundle(finished))
        start, seed = Start.kept_in(kept), kept.study.seed or 0
        suggesting = make_strategy(
            kept.study.strategy or "bayesian",
            kept.space,
            kept.task.direction,
            seed,
            start.warm,
            start.prior,
            bool(kept.settings.get("per_second", False)),
        )
        tuner = cls(study, suggesting, seed)
        tuner._lock = lock
        tuner.replay(finished)
        return tuner

    def close(self) -> None:
        """Give the study's directory free, so that it can go on elsewhere; twice does no harm."""
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        """Return the tuner; the end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def replay(self, trials: Sequence[TrialRecord]) -> None:
        """Learn from trials of an earlier run, which are stored already."""
        for trial in trials:
            self._remember(trial)

    @overload
    def ask(self) -> ConfigDict: ...

    @overload
    def ask(self, n: int) -> list[ConfigDict]: ...

    def ask(self, n: int | None = None) -> ConfigDict | list[ConfigDict]:
        """Return the next configuration to try (active hyperparameters only), or `n` of them.

        Several may be asked for before any is told: they differ, and say different things.
        """
        configs = self.strategy.suggest(1 if n is None else n)
        self._active += configs
        return dict(configs[0]) if n is None else [dict(config) for config in configs]

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
            UserError: the result is neither a number nor an outcome, such as "0.5" or True, or
                the tuner is closed.
        """
        if self._lock is not None and not self._lock.is_locked:
            raise UserError("This tuner is closed; go on with Tuner.resume.")
        outcome = result if isinstance(result, Outcome) else Outcome.of(result)
        trial = TrialRecord(
            study_id=self.study.record.study_id,
            number=self.next_number,
            config=self.study.space.complete(dict(config)),
            state=outcome.state,
            value=outcome.value,
            metrics=outcome.stored_metrics,
            duration=outcome.duration,
            epochs=outcome.epochs,
            n_params=outcome.n_params,
            seed=self.seed,
            error=outcome.stored_error,
            started_at=started_at or datetime.now(UTC),
            origin=f"{TAKEN}{outcome.taken_from}"
            if outcome.taken_from
            else f"{self.study.record.name}:{len(self.trials)}",
            curve=tuple(outcome.curve),
        )
        trial = labelled(trial, self.study.task, self.study.space, self.study.dataset, self.trials)
        networks = self.study.networks if outcome.fitted else None
        if networks is not None:  # Before the trial, so that none that is stored lacks them.
            networks.keep(trial.number, trial.config, outcome.value or 0.0, outcome.fitted)
        self.study.save(trial)
        self._remember(trial)
        if networks is not None:
            networks.prune(self.trials)
        if self.study.folders is not None:  # After the trial, so that no best one lacks its own.
            self.study.folders.sort_out(self.trials)
        return trial

    def withdraw(self, config: Config) -> None:
        """Take back a question that will not be answered; it may be asked again."""
        if config in self._active:
            self._active.remove(dict(config))
            self.strategy.update([], self._active)

    def make_folder(self) -> Path:
        """Return the folder of the trial that is told next, made if it is not there.

        Raises:
            UserError: it cannot be made, or the study keeps none.
        """
        folders = self.study.folders
        if folders is None:
            raise UserError("This study keeps no folders of its trials.")
        return folders.make(self.next_number)

    @property
    def next_number(self) -> int:
        """The number of the trial that is told next.

        It is not their count: a damaged line of the study is left out, its number is not free.
        """
        return 1 + max((past.number for past in self.trials), default=-1)

    @property
    def adaptive(self) -> bool:
        """Whether the next question depends on what is told before it."""
        return self.strategy.adaptive

    def stops(self, curve: Sequence[EpochRecord]) -> bool:
        """Return whether the strategy wants a running trial to end now."""
        return self.strategy.stops([epoch.val_metric for epoch in curve])

    @property
    def best(self) -> TrialRecord | None:
        """The trial with the best value so far, None before the first; see `best_trial`."""
        return best_trial(self.trials, self.study.task.direction)

    def _remember(self, trial: TrialRecord) -> None:
        self.trials.append(trial)
        # A stopped trial's value belongs to fewer epochs, yet it is better than no value.
        value = trial.value if trial.state in ("complete", "stopped") else None
        curve = [epoch.val_metric for epoch in trial.curve]
        remedies = [
            remedy
            for label in trial.labels or ()
            for remedy in remedies_for(label, self.study.space, dict(trial.config))
        ]
        if trial.config in self._active:
            self._active.remove(dict(trial.config))
        told = Observation(
            trial.config,
            value,
            trial.duration,
            tuple(curve),
            trial.gradients or None,
            tuple(remedies) if trial.labels else None,
            fold_values(trial.metrics),
        )
        self.strategy.update([told], self._active)

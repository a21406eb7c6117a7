"""The tuner: a strategy with a memory, behind `ask` and `tell`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Self, overload

from filelock import BaseFileLock

from advisor.checks import whole
from advisor.directions import said_direction
from advisor.keywords import known_keywords
from advisor.meta import Query
from advisor.meta.warm_start import MAX_WARM, Start, warm_start
from advisor.models import FAMILIES
from advisor.strategies import Observation, SearchStrategy, get_strategy, make_strategy
from advisor.training.outcome import Outcome
from advisor.tuning.paused import PausedTrials
from advisor.tuning.paused_trial import PausedTrial
from advisor.tuning.processes import check_identity, shared_study, stored_trials
from advisor.tuning.study import Study
from advisor.tuning.told import observation_of, record_of
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.identity import canonical_json, digest
from knowledge_base.locking import hold
from knowledge_base.naming import printable
from knowledge_base.records import (
    EpochRecord,
    StudyRecord,
    TaskRecord,
    TrialRecord,
    best_trial,
    without_earlier_parts,
)
from knowledge_base.space import SpaceDefinition
from knowledge_base.studies import StudyDirectory
from knowledge_base.types import Config, ConfigDict, JsonObject


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
        stopping: whether the strategy may put trials aside.
        host_id: what the host of a study of several processes calls the trial, or the worker, that
            this process runs; None where the study is this process's own.
        trials: what was told, in its order.
        paused: trials that stand paused; those among them that were told at the end of a run are
            among `trials`, too, until they go on.
        told: in one line, what past it starts from, or why it starts cold (see `Start`).
    """

    study: Study
    strategy: SearchStrategy
    seed: int = 0
    stopping: bool = True
    host_id: str | None = None
    trials: list[TrialRecord] = field(default_factory=list, init=False)
    paused: PausedTrials = field(init=False, repr=False)
    told: str = field(default="", init=False)
    _numbers: set[int] = field(default_factory=set, init=False, repr=False)
    _active: list[ConfigDict] = field(default_factory=list, init=False, repr=False)
    _pending: list[ConfigDict] = field(default_factory=list, init=False, repr=False)
    _listening: bool = field(default=False, init=False, repr=False)
    _heard_at: tuple[object, ...] = field(default=(), init=False, repr=False)
    _lock: BaseFileLock | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Name the place of paused trials."""
        directory = self.study.directory
        path = None if directory is None else directory.path
        self.paused = PausedTrials(path, self.study.task.direction)

    @classmethod
    @known_keywords
    def create(
        cls,
        space: SpaceDefinition,
        *,
        kb: KnowledgeBase | None = None,
        name: str = "task",
        metric: str = "loss",
        direction: str | None = None,
        family: str | None = None,
        query: Query | None = None,
        strategy: str = "bayesian",
        n_warm: int = MAX_WARM,
        seed: int = 0,
        contribute: bool = True,
        per_second: bool = False,
        directory: str | Path | None = None,
        study_id: str | None = None,
        trial_id: str | int | None = None,
    ) -> "Tuner":
        """Return a tuner for any space and task, with or without a data set behind it.

        Args:
            space: the search space.
            kb: past trials to start from, and where finished trials go.
            name: of the task.
            metric: its name; `direction` is "minimize" or "maximize". Default: that of a metric
                whose name is known, such as loss or accuracy; of others it must be said.
            family: model family; past tasks of the same family count. Default: the space's
                name.
            query: what is known about the new task, such as metafeatures.
            strategy: name of a search strategy.
            n_warm: how many configurations to take from the past.
            seed: of all random choices.
            contribute: whether told trials go into `kb`.
            per_second: prefer what is quick; tell outcomes with their durations.
            directory: new folder to keep the study in, so that `resume` can go on with it.
            study_id: what the host calls the study, where several processes share it through
                `kb`: all that give the same one tell trials of one study of the task, and start
                from what `kb` has of it. Default: a study of its own.
            trial_id: what the host calls the trial, or the worker, that this process runs, so
                that trials of two processes are two, were they alike. The same configuration
                told again under it, as after a restart, is no second trial. Only with `study_id`.

        Raises:
            UserError: the direction is not known, it or the strategy does not exist, a number is
                impossible,
                the directory holds a study already, or it is given with `study_id`.
        """
        check_identity(study_id, trial_id, directory)
        direction = said_direction(metric, direction)
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
            study_id=shared_study(study_id, task, space),
            task_id=task.task_id,
            space_id=space.space_id,
            name=task.name,
            strategy=strategy,
            seed=seed,
            source="advisor ask/tell",
        )
        if path is None:
            study = Study(record, task, space, kb=kb if contribute else None)
            tuner = cls(
                study, suggesting, seed, host_id=None if trial_id is None else str(trial_id)
            )
            tuner.told, tuner._listening = start.told, study_id is not None
            tuner._listen()
            return tuner
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
        tuner.told, tuner._lock = start.told, hold(path)
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
        """Learn from trials of an earlier run, which are stored already; known ones are left out.

        Those that stand paused can be taken up where their states are on disk.
        """
        new = [trial for trial in trials if trial.number not in self._numbers]
        if self.stopping:
            self.paused.read(self.study.space, trials)
        standing = {t.line.number for t in self.paused.all() if t.line is not None}
        self.trials[:] = without_earlier_parts([*self.trials, *new])
        self._numbers |= {trial.number for trial in new}
        ended = [trial for trial in new if trial.number not in standing]
        for trial in ended:
            self._remember(trial)
        if not ended and len(self.paused):
            self._update([])

    def hear(self, trials: Sequence[TrialRecord]) -> list[TrialRecord]:
        """Learn from trials of this study that other processes told; known ones are left out.

        Args:
            trials: as `tell` returned them there.

        Returns:
            Those that are new.
        """
        known = {trial.trial_id for trial in self.trials}
        new = [trial for trial in trials if trial.trial_id not in known]
        self.trials += new
        self._numbers |= {trial.number for trial in new}
        for trial in new:
            self._remember(trial)
        return new

    def _listen(self) -> None:
        """Hear what other processes told the knowledge base of a study that they share."""
        kb = self.study.kb
        if not self._listening or kb is None or kb.stamp() == self._heard_at:
            return
        self._heard_at = kb.stamp()
        self.hear(stored_trials(kb, self.study.record.study_id))

    def pending(self, configs: Sequence[Config]) -> None:
        """Say which trials run elsewhere now, so that nothing alike is asked for meanwhile.

        Args:
            configs: all of them. Those of an earlier call that are missing are withdrawn, as where
                they ended or their process died; configurations that this tuner was asked for
                need not be among them.

        Raises:
            SpaceError: a configuration is not in the space.
        """
        self._pending = [self.study.space.complete(dict(config)) for config in configs]
        self._update([])

    @overload
    def ask(self) -> ConfigDict: ...

    @overload
    def ask(self, n: int) -> list[ConfigDict]: ...

    def ask(self, n: int | None = None) -> ConfigDict | list[ConfigDict]:
        """Return the next configuration to try (active hyperparameters only), or `n` of them.

        Several may be asked for before any is told: they differ, and say different things.
        """
        self._listen()
        configs = self.strategy.suggest(1 if n is None else n)
        self._active += configs
        return dict(configs[0]) if n is None else [dict(config) for config in configs]

    def tell(
        self,
        config: Config,
        result: float | Outcome | None,
        started_at: datetime | None = None,
        *,
        trial_id: str | int | None = None,
    ) -> TrialRecord:
        """Store a finished trial with its diagnosis, durable on return, and learn from it.

        Args:
            config: the configuration tried; need not have been asked for.
            result: its value, or None if it failed, or everything known about it.
            started_at: when it started; default now.
            trial_id: what the host of the study calls the trial. One that is known under it is
                returned as it is.

        Raises:
            SpaceError: `config` is not in the space.
            UserError: the result is neither a number nor an outcome, such as "0.5" or True, or
                the tuner is closed.
        """
        identity = self._identity(config, trial_id)
        told = [trial for trial in self.trials if trial.trial_id == identity]
        if told:
            self.withdraw(config)
            return told[0]
        if self._lock is not None and not self._lock.is_locked:
            raise UserError("This tuner is closed; go on with Tuner.resume.")
        outcome = result if isinstance(result, Outcome) else Outcome.of(result)
        standing = self.paused.find(dict(config))
        trial = self._store(config, outcome, started_at, standing, identity)
        if standing is not None:  # After the line, so that a kill loses neither.
            self.paused.remove(standing)
        self._remember(trial)
        return trial

    def tell_standing(self, standing: PausedTrial, outcome: Outcome) -> TrialRecord:
        """Store a trial that stands paused with what it reached; it can still be taken up.

        Args:
            standing: one of `paused`.
            outcome: what its state says, as of a stopped trial.
        """
        trial = self._store(standing.config, outcome, standing.started_at, standing)
        standing.line = trial
        return trial

    def pause(self, config: Config, outcome: Outcome, started_at: datetime) -> list[PausedTrial]:
        """Put a trial aside.

        Args:
            config: of the trial, which ran.
            outcome: with the state in which it can be taken up.
            started_at: when its first part began.

        Returns:
            Paused trials that have no room any more, and are to be told.

        Raises:
            UserError: the study's directory cannot be written.
        """
        before = self.paused.find(dict(config))
        folders = self.study.folders
        trial = PausedTrial(
            key=self.paused.new_key() if before is None else before.key,
            config=dict(config),
            started_at=started_at,
            value=outcome.value,
            seconds=outcome.duration or 0.0,
            curve=outcome.curve,
            metrics=dict(outcome.metrics),
            parts=1 if before is None else before.parts + 1,
            state=outcome.paused,
            line=None if before is None else before.line,
        )
        files = None if folders is None else folders.of(self.next_number)
        crowded = self.paused.put(trial, files)
        self._active.remove(dict(config))
        self._update([])
        return crowded

    def _store(
        self,
        config: Config,
        outcome: Outcome,
        started_at: datetime | None,
        standing: PausedTrial | None,
        identity: str = "",
    ) -> TrialRecord:
        """Write a trial with its networks; durable on return.

        Args:
            config, outcome, started_at: as for `tell`.
            standing: the paused trial that it was until now.
            identity: of the trial; '' where its study and number are that.
        """
        earlier = None if standing is None else standing.line  # What goes on is the same trial.
        others = [t for t in self.trials if earlier is None or t.number != earlier.number]
        trial = record_of(
            self.study, self.next_number, self.seed, config, outcome, started_at, others
        )
        trial = replace(trial, trial_id=identity) if identity else trial
        networks = self.study.networks if outcome.fitted else None
        if networks is not None:  # Before the trial, so that none that is stored lacks them.
            networks.keep(trial.number, trial.config, outcome.value or 0.0, outcome.fitted)
        self.study.save(trial)
        self.trials[:] = [*others, trial]
        self._numbers.add(trial.number)
        if networks is not None:
            networks.prune(self.trials)
        if self.study.folders is not None:  # After the trial, so that no best one lacks its own.
            self.study.folders.sort_out(self.trials)
        return trial

    def withdraw(self, config: Config) -> None:
        """Take back a question that will not be answered; it may be asked again."""
        if config in self._active:
            self._active.remove(dict(config))
            self._update([])

    def _identity(self, config: Config, trial_id: str | int | None) -> str:
        """Return the identity of a trial that is told, '' where its number is that."""
        study_id = self.study.record.study_id
        if trial_id is not None:
            return digest("trial", study_id, "told", str(trial_id))
        if self.host_id is None:
            return ""
        return digest("trial", study_id, "run", self.host_id, canonical_json(dict(config)))

    def __getstate__(self) -> JsonObject:
        """Return what a pickle holds.

        Raises:
            UserError: the study is kept in a folder, which only one tuner may write to.
        """
        if self._lock is not None:
            raise UserError("A tuner with a folder cannot be pickled; go on with Tuner.resume.")
        return self.__dict__

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
        return 1 + max(self._numbers, default=-1)

    def companions(self, lead: Config, count: int, free: Collection[str]) -> list[ConfigDict]:
        """Return what to try together with what was asked for last; see `SearchStrategy`."""
        found = self.strategy.companions(lead, count, free)
        self._active += found
        return found

    @property
    def adaptive(self) -> bool:
        """Whether the next question depends on what is told before it."""
        return self.strategy.adaptive

    def stops(self, curve: Sequence[EpochRecord]) -> bool:
        """Return whether the strategy wants a running trial to end now."""
        return self.strategy.stops([epoch.val_metric for epoch in curve])

    def should_pause(self, config: Config, curve: Sequence[EpochRecord], seconds: float) -> bool:
        """Return whether the strategy wants a running trial to be put aside now.

        Args:
            config: of the trial.
            curve: its epochs so far.
            seconds: what they took.
        """
        if not (self.stopping and self.strategy.pauses):
            return False
        values = [epoch.val_metric for epoch in curve]
        return self.strategy.should_pause(config, values, seconds)

    @property
    def best(self) -> TrialRecord | None:
        """The trial with the best value so far, None before the first; see `best_trial`."""
        return best_trial(self.trials, self.study.task.direction)

    @property
    def begun(self) -> int:
        """How many trials have begun: those that ended, and those that stand paused."""
        return self.ended + len(self.paused)

    @property
    def ended(self) -> int:
        """How many trials ended; those that are told as paused have not, since they can go on."""
        return len(self.trials) - sum(trial.line is not None for trial in self.paused.all())

    def _remember(self, trial: TrialRecord) -> None:
        """Let the strategy hear of a trial that ended."""
        for asked in (self._active, self._pending):
            if trial.config in asked:
                asked.remove(dict(trial.config))
                break
        self._update([observation_of(trial, self.study)])

    def _update(
        self, completed: Sequence[Observation], elsewhere: Sequence[ConfigDict] = ()
    ) -> None:
        """Let the strategy hear what happened, and what other processes try."""
        active = [*self._active, *self._pending, *elsewhere]
        standing = [t.seen() for t in self.paused.all() if t.config not in self._active]
        if standing:
            self.strategy.update(completed, active, standing)
        else:  # A strategy of the user's own may know nothing of paused trials.
            self.strategy.update(completed, active)

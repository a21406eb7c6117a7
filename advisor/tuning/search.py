"""From settings to a finished search: makes or reopens the study, then runs it."""

import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.data import Intake
from advisor.environment import contributor, machine, package_versions
from advisor.meta import Query
from advisor.meta.warm_start import Start, warm_count, warm_start
from advisor.metrics import get_metric
from advisor.models import FAMILIES, ModuleFamily
from advisor.predictor.kept import DEFAULT, KNOWN
from advisor.predictor.predictor import Predictor
from advisor.predictor.saving import FOLDER
from advisor.problem import DataProblem, Problem, problem_of
from advisor.settings import Settings
from advisor.strategies import make_strategy
from advisor.training.objective import FamilyObjective, Objective
from advisor.tuning.batches import Watch, over
from advisor.tuning.code import (
    KEPT,
    check_owner,
    code_again,
    code_kept,
    keep,
    lies_where_it_lay,
    runs_code,
    with_loaded,
)
from advisor.tuning.final import Final, test_rows
from advisor.tuning.known import known_trials, observations, remembering
from advisor.tuning.runner import OnTrial, RunResult, run
from advisor.tuning.study import Study
from advisor.tuning.tuner import Tuner
from knowledge_base import KnowledgeBase
from knowledge_base.errors import LOG, UserError
from knowledge_base.finding import claim_path, find_study
from knowledge_base.locking import exclusive
from knowledge_base.records import StudyRecord, TrialRecord
from knowledge_base.states import Direction, TrialState
from knowledge_base.studies import StudyDirectory
from knowledge_base.types import Config, JsonObject

if TYPE_CHECKING:
    from advisor.data import NewRows

SHARE_OF_FINAL = 0.05
"""Share of the time limit that is left for making the model of what was trained."""

SHARE_OF_TRIAL = 0.5
"""Share of the time limit that a recommended configuration is expected to take at most."""

SHARE_IN_STACK = 0.5
"""What a network of a further fold takes, of the time of one that is trained alone."""

LEAST_FOR_FINAL, MOST_OF_SHORT = 0.5, 0.25
"""Seconds that are left for it at least, where they are no more than this share of the limit."""

SHARE_OF_FIRST_REFIT = 0.15
"""Share of the time limit that is left for one network of all known rows before any trial ended."""

MOST_OF_REFIT = 0.3
"""Share of the time limit that such a network may have at most."""

MORE_ROWS = 1.5
"""Times the seconds of a trial that one network of all known rows may take."""

SHARE_OF_DEFAULT = 0.1
"""Share of the time limit that measuring the library default may take, as a trial took it."""


@dataclass
class Search:
    """A study that is ready to run or to go on.

    Attributes:
        settings: what was asked for.
        tuner: with the trials of earlier runs told.
        objective: what to evaluate.
        trainer: the same without what the store remembers; it has trained the networks.
        path: the study directory.
        kb: the knowledge base; every finished trial goes there if `contribute`.
        problem: what is searched.
        known: what was taken from the store of this very task: told to the strategy, and not
            asked again; as `advisor.tuning.known.known_trials` gives it.
        begin: the warm start.
        test: rows of the user's own that the model is measured on.
        notes: what to tell the user before it runs, one line each.
    """

    settings: Settings
    tuner: Tuner
    objective: Objective
    trainer: Objective
    path: Path
    kb: KnowledgeBase
    problem: Problem
    known: Sequence[JsonObject] = ()
    begin: Start = field(default_factory=Start)
    test: "NewRows[object] | None" = None
    notes: list[str] = field(default_factory=list)
    _choice_ends: float | None = field(default=None, init=False, repr=False)
    _measured: set[str] = field(default_factory=set, init=False, repr=False)

    @property
    def intake(self) -> Intake | None:
        """What was read as what of the data set, None without one."""
        return self.problem.intake

    @property
    def stored(self) -> list[TrialRecord]:
        """All finished trials that are on disk, in their order."""
        return StudyDirectory.open(self.path).trials()

    @cached_property
    def model(self) -> Predictor:
        """What was trained, as one model for new rows; made when first asked for.

        Raises:
            UserError: no network is kept, as of the user's own function, which keeps its own.
        """
        return self._final.predictor(self.settings.final)

    @cached_property
    def _final(self) -> Final:
        """What makes the model.

        Raises:
            UserError: as `model`.
        """
        problem = self.problem
        if not isinstance(self.trainer, FamilyObjective) or not isinstance(problem, DataProblem):
            raise UserError(
                "The user's own function keeps its models itself; there is none to take away."
            )
        reading = problem.dataset.reading
        if reading is None:
            raise UserError(
                "A data set that was made in Python has no account of how new rows are read; "
                "give a file or a frame instead."
            )
        study = self.tuner.study
        assert study.networks is not None
        metric = get_metric(study.task.metric)
        whole, ends = None, self._choice_ends
        if self.settings.final == "single":
            whole = problem.whole(self.settings)
        networks = study.networks
        return Final(self.trainer, networks, metric, reading, self.test, whole, lambda: over(ends))

    def folder(self, trial: TrialRecord | int | None = None) -> Path | None:
        """Return the folder that the user's own function filled as `report.folder` in a trial.

        Args:
            trial: it or its number; default the best one.

        Returns:
            None where that trial has none, or it is not kept.
        """
        folders, chosen = self.tuner.study.folders, self.tuner.best if trial is None else trial
        if folders is None or chosen is None:
            return None
        return folders.of(chosen if isinstance(chosen, int) else chosen.number)

    def run(self, timeout: float | None = None, on_trial: OnTrial | None = None) -> RunResult:
        """Run until the study has all its trials, or until `timeout` seconds are over.

        The model of what was trained is saved in the study's directory in the end, also where
        Ctrl-C ends the search.

        Raises:
            UserError: another process is running the study.
        """
        started, shared = time.monotonic(), SHARE_OF_FINAL
        if timeout:
            shared = max(shared, min(LEAST_FOR_FINAL / timeout, MOST_OF_SHORT))
        # Half of what is left is for the choice, the rest for what it is worth and the disk.
        self._choice_ends = None if timeout is None else started + (1 - shared / 2) * timeout

        def kept() -> float:
            return shared + (0.0 if timeout is None else self._for_refit(timeout))

        def deadline(share: float) -> float | None:
            return None if timeout is None else started + (1 - share) * timeout

        def told(trial: TrialRecord, tuner: Tuner) -> None:
            # The default is measured early where it is no trial of the warm start, and costs
            # little of the time; or else in the end.
            if timeout is None or (trial.duration or 0.0) < SHARE_OF_DEFAULT * timeout:
                self._measure_default(deadline(kept()), self.begin.warm)
            if on_trial is not None:
                on_trial(trial, tuner)

        with exclusive(self.path):
            # Another process may have gone on between the reading and the lock.
            self.tuner.replay(self.stored[len(self.tuner.trials) :])
            self._sort_out()  # A run that was killed leaves the folder of its last trial.
            try:
                found = run(self.tuner, self.objective, self.settings.trials, timeout, told, kept)
                self._measure_default(deadline(kept()))
                self._measure_known(deadline(kept()))
                self._refit(deadline(shared))
            finally:
                self._sort_out()
                self._save_model()
        return found

    def _for_refit(self, timeout: float) -> float:
        """Return the share of the time limit that one network of all known rows may need.

        Its epochs go over more rows than those of a fold, but there are hardly ever more of them.
        The folds of a trial took less than one after another would, since they train as one, but
        more than one of them.
        """
        if self.settings.final != "single":
            return 0.0
        best = self.tuner.best
        if best is None or best.duration is None:
            return SHARE_OF_FIRST_REFIT
        return min(MORE_ROWS * best.duration / timeout, MOST_OF_REFIT)

    def _refit(self, deadline: float | None) -> None:
        """Train the best configuration on all known rows, if one network is to be taken away."""
        if self.settings.final != "single" or not self._trained or over(deadline):
            return
        with suppress(Exception):  # The network of a fold is taken then, with a word.
            self._final.refit(Watch(None, deadline))

    def _sort_out(self) -> None:
        """Keep the folders of the best trials only."""
        if self.tuner.study.folders is not None:
            self.tuner.study.folders.sort_out(self.tuner.trials)

    def _measure_default(self, deadline: float | None, coming: Sequence[Config] = ()) -> None:
        """Train the library default on the folds of the search, once, as what it is measured by.

        Args:
            deadline: of the search.
            coming: configurations that will be trials.
        """
        if self.tuner.study.task.family not in FAMILIES:
            return
        default = self.trainer.family.default() if isinstance(self.trainer, FamilyObjective) else {}
        if default not in coming and all(t.config != default for t in self.tuner.trials):
            self._measure(DEFAULT, default, deadline)

    def _measure_known(self, deadline: float | None) -> None:
        """Train the best of what was taken from the store, if that is better than what was."""
        networks, sign = self.tuner.study.networks, 1.0
        if networks is None:
            return
        if self.tuner.study.task.direction == Direction.MAXIMIZE:
            sign = -1.0
        kept = set(networks.numbers())
        found = [(sign * item["value"], 1, dict(item["config"])) for item in self.known]
        found += [
            (sign * trial.value, int(trial.number not in kept), dict(trial.config))
            for trial in self.tuner.trials
            if trial.value is not None and trial.state == TrialState.COMPLETE
        ]
        if found:
            _, untrained, config = min(found, key=lambda item: item[:2])
            if untrained:
                self._measure(KNOWN, config, deadline)

    def _measure(self, name: str, config: Config, deadline: float | None) -> None:
        """Train a configuration that is no trial on all folds, once, and keep its networks."""
        networks, trainer = self.tuner.study.networks, self.trainer
        if networks is None or not isinstance(trainer, FamilyObjective) or over(deadline):
            return
        if name in self._measured or networks.has(name):
            return
        self._measured.add(name)
        with suppress(Exception):  # What cannot be trained has no standing.
            outcome = trainer.measure(config, Watch(None, deadline))
            # What others are compared with is no standing where the time cut it off.
            whole = outcome.state == TrialState.COMPLETE
            if whole and len(outcome.fitted) == len(trainer.folds):
                networks.keep(name, config, outcome.value or 0.0, outcome.fitted)

    @property
    def saved_model(self) -> Predictor | None:
        """The model that lies in the study's directory, None where there is none to take away."""
        return self.model if (self.path / FOLDER).is_dir() else None

    def _save_model(self) -> None:
        """Save the model of the trials so far, if there is any network."""
        self.__dict__.pop("model", None)
        if not self._trained:
            return
        try:
            model = self.model
        except UserError as error:  # such as networks that are all damaged
            LOG.warning("%s", error)
        else:
            model.save(self.path / FOLDER)

    @property
    def _trained(self) -> bool:
        """Whether there are networks of which a model for new rows can be made."""
        networks = self.tuner.study.networks
        if networks is None or not (networks.numbers() or networks.has(KNOWN)):
            return False
        return isinstance(self.problem, DataProblem) and self.problem.dataset.reading is not None


def start(
    settings: Settings,
    kb: KnowledgeBase,
    name: str | None = None,
    root: Path | None = None,
    contribute: bool = True,
    problem: Problem | None = None,
    reuse: bool = True,
    timeout: float | None = None,
) -> Search:
    """Begin a new study with the recommendations of the knowledge base as its warm start.

    Args:
        settings: what to search, and how.
        kb: past trials, and where finished trials go.
        name: of the study directory; default from the data set.
        root: folder of study directories; default beside the knowledge base.
        contribute: whether each finished trial goes into `kb` at once.
        problem: what the settings ask for, where that is known already.
        reuse: whether a cold search takes what is stored of the very task, too.
        timeout: seconds that the search is going to have; it begins with what fits in them.

    Raises:
        UserError: the settings, data, space or objective cannot be used.
    """
    # The user's file may change the working directory; what is relative is looked up before.
    root = (root or kb.studies_root).absolute()
    stored, code = {**settings.to_dict(), "signature": settings.signature}, code_kept(settings)
    problem = problem or problem_of(settings)
    test = test_rows(problem, settings)
    objective = trainer = problem.objective(settings)
    n_warm = warm_count(settings.trials) if settings.n_warm is None else settings.n_warm
    begin = warm_start(
        kb,
        problem.space,
        problem.task.family,
        _query_within(timeout, problem, settings),
        n_warm,
        settings.exclude_datasets,
        settings.per_second,
        problem.default,
    )
    strategy = make_strategy(
        settings.strategy,
        problem.space,
        problem.task.direction,
        settings.seed,
        begin.warm,
        begin.prior,
        settings.per_second,
    )
    code = with_loaded(code)
    known: list[JsonObject] = []
    if n_warm >= 1 and not strategy.needs_gradients:  # Stored values come without gradients.
        known = known_trials(kb, problem, settings, code, root)
    elif n_warm == 0 and reuse:
        objective = remembering(trainer, strategy, kb, problem, settings, code, root)
    strategy.update(observations(known), [])
    path = claim_path(root, settings.label, name)
    record = StudyRecord(
        study_id=uuid.uuid4().hex,
        task_id=problem.task.task_id,
        space_id=problem.space.space_id,
        name=path.name,
        strategy=settings.strategy,
        seed=settings.seed,
        source="advisor tune",
        contributor=contributor(),
        versions=package_versions(),
        machine=machine(),
    )
    directory = StudyDirectory.create(
        path,
        study=record,
        task=problem.task,
        space=problem.space,
        dataset=problem.dataset_record,
        metafeatures=problem.metafeatures,
        settings={**stored, KEPT: code, "warm": list(begin.warm), "known": known},
        arrays=begin.arrays(),
    )
    study = _study(problem, directory, kb if contribute else None, settings)
    tuner = Tuner(study, strategy, settings.seed)
    notes = problem.notes(settings)
    return Search(settings, tuner, objective, trainer, path, kb, problem, known, begin, test, notes)


def _query_within(timeout: float | None, problem: Problem, settings: Settings) -> Query:
    """Return what the past is asked, for configurations that leave time for several others."""
    if timeout is None:
        return problem.query
    folds = problem.n_folds(settings) if isinstance(problem, DataProblem) else 1
    networks = 1 + (folds - 1) * SHARE_IN_STACK
    return replace(problem.query, seconds=SHARE_OF_TRIAL * timeout / networks)


def resume(
    settings: Settings,
    kb: KnowledgeBase,
    name: str | None = None,
    root: Path | None = None,
    contribute: bool = True,
    trials: int | None = None,
    reuse: bool = True,
    final: str | None = None,
) -> Search:
    """Reopen a study; finished trials are told again, not run again.

    Args:
        settings: as the study was started with; only needed to find it without a `name`, for
            objects that cannot be stored, and for another `memory_limit`.
        kb: as for `start`; trials that did not reach it before are added now.
        name: of the study.
        root: folder of study directories.
        contribute: whether finished trials go into `kb`.
        trials: new length of the whole study; default the stored one.
        reuse: as for `start`.
        final: what its model is made of now; default as it was begun.

    Raises:
        UserError: no such study, or its data or space are not what they were; its code is not,
            and the settings do not name it; or the study is another user's.
    """
    path = find_study(
        (root or kb.studies_root).absolute(),
        name,
        settings.signatures,
        lambda found: lies_where_it_lay(settings, found),
    )
    directory = StudyDirectory.open(path)
    asked = _asked_again(directory, settings)
    if runs_code(asked):
        check_owner(path)
    asked, notes = code_again(asked, settings, directory)
    code = code_kept(asked)  # The user's file may change the working directory.
    problem = problem_of(asked, directory.task.name).in_version(directory.space.version, asked)
    _check_unchanged(problem, directory)
    asked = replace(asked, trials=trials or asked.trials, final=final or asked.final)
    begin = Start.kept_in(directory)
    strategy = make_strategy(
        asked.strategy,
        problem.space,
        problem.task.direction,
        asked.seed,
        begin.warm,
        begin.prior,
        asked.per_second,
    )
    known = directory.settings.get("known", [])
    strategy.update(observations(known), [])
    study = _study(problem, directory, kb if contribute else None, asked)
    finished = directory.trials()
    tuner = Tuner(study, strategy, asked.seed)
    tuner.replay(finished)
    if contribute and finished:
        kb.add(study.bundle(finished))
    test = test_rows(problem, asked)
    objective = trainer = problem.objective(asked)
    code = with_loaded(code)
    keep(directory, code, asked, runs_code(settings))
    if asked.n_warm == 0 and reuse:
        objective = remembering(trainer, strategy, kb, problem, asked, code, path.parent)
    notes = [*notes, *problem.notes(asked)]
    return Search(asked, tuner, objective, trainer, path, kb, problem, known, begin, test, notes)


def _asked_again(directory: StudyDirectory, now: Settings) -> Settings:
    """Return the stored settings of a study with what cannot be stored as it is given now.

    Raises:
        UserError: something of it is not given.
    """
    name, stored = directory.path.name, Settings.from_dict(directory.settings)
    brought = {"space"} if isinstance(now.module, ModuleFamily) else set()
    missing = [w for w in stored.python if getattr(now, w) is None and w not in brought]
    # The first versions did not store which settings were objects.
    own = stored.module is None and stored.data is not None
    if own and now.module is None and stored.family not in (None, *FAMILIES):
        missing = ["module", "space"]
    if missing:
        given = ", ".join(f"{what}=..." for what in missing)
        raise UserError(
            f"The {' and the '.join(missing)} of the study '{name}' were given from Python; go on "
            f"there with Advisor(kb).tune({given}, name={name!r}, resume=True)."
        )
    asked = stored.given_again(now)
    if asked.data is None and asked.objective is None:
        raise UserError(
            f"The study '{name}' was asked and told from Python; go on with "
            f"Tuner.resume({str(directory.path)!r})."
        )
    return asked


def _check_unchanged(problem: Problem, directory: StudyDirectory) -> None:
    """Refuse to go on with another task or space.

    Raises:
        UserError: one of them is not what it was.
    """
    if (
        problem.task.task_id != directory.task.task_id
        or problem.space.space_id != directory.space.space_id
    ):
        raise UserError(
            f"The data or the search space of the study '{directory.path.name}' changed since it "
            "started; start a new study without `resume`."
        )


def _study(
    problem: Problem, directory: StudyDirectory, kb: KnowledgeBase | None, settings: Settings
) -> Study:
    return Study(
        record=directory.study,
        task=problem.task,
        space=problem.space,
        dataset=problem.dataset_record,
        metafeatures=problem.metafeatures or {},
        directory=directory,
        kb=kb,
        keep=settings.folders_kept,
    )

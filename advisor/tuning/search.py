"""From settings to a finished search: makes or reopens the study, then runs it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.data import Intake
from advisor.meta.warm_start import Start
from advisor.predictor.predictor import Predictor
from advisor.problem import Problem, problem_of
from advisor.settings import Settings
from advisor.training.objective import FamilyObjective, Objective
from advisor.tuning import progress
from advisor.tuning.begin import (
    asked_again,
    check_meant,
    check_unchanged,
    is_meant,
    make_directory,
    n_warm_of,
    recommended,
    strategy_of,
    study_in,
)
from advisor.tuning.code import (
    check_owner,
    code_again,
    code_kept,
    keep,
    lies_where_it_lay,
    runs_code,
    with_loaded,
)
from advisor.tuning.division import division
from advisor.tuning.final import test_rows
from advisor.tuning.known import known_trials, observations, remembering
from advisor.tuning.left_model import LeftModel
from advisor.tuning.references import References
from advisor.tuning.runner import OnTrial, RunResult, run
from advisor.tuning.seen_before import seen_before
from advisor.tuning.shared import SharedTuner
from advisor.tuning.shown import Shown
from advisor.tuning.time_limit import TimeLimit
from advisor.tuning.tuner import Tuner
from advisor.tuning.without_effect import without_effect
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.finding import find_study
from knowledge_base.records import TrialRecord
from knowledge_base.sharing import take_place
from knowledge_base.studies import StudyDirectory
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    from advisor.data import NewRows
    from advisor.tuning.workers import Crew


@dataclass
class Search(Shown):
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
        joins: whether other processes may be running the study.
        leaves_model: whether this process is the one that made the model of the study; not,
            where it joined another that still ran.
    """

    settings: Settings
    tuner: SharedTuner
    objective: Objective
    trainer: Objective
    path: Path
    kb: KnowledgeBase
    problem: Problem
    known: Sequence[JsonObject] = ()
    begin: Start = field(default_factory=Start)
    test: "NewRows[object] | None" = None
    notes: list[str] = field(default_factory=list)
    joins: bool = False
    leaves_model: bool = field(default=True, init=False)

    @property
    def intake(self) -> Intake | None:
        """What was read as what of the data set, None without one."""
        return self.problem.intake

    @property
    def split(self) -> str | None:
        """A sentence on what is trained, validated and tested on; None without a data set."""
        if not isinstance(self.trainer, FamilyObjective):
            return None
        return division(self.trainer.folds, self.test)

    @property
    def stored(self) -> list[TrialRecord]:
        """All finished trials that are on disk, in their order."""
        return StudyDirectory.open(self.path).trials()

    @property
    def model(self) -> Predictor:
        """What was trained, as one model for new rows; made when first asked for.

        Raises:
            UserError: no network is kept, as of the user's own function, which keeps its own.
        """
        return self._left_model.predictor

    @property
    def saved_model(self) -> Predictor | None:
        """The model that lies in the study's directory, None where there is none to take away."""
        return self._left_model.saved

    @cached_property
    def _left_model(self) -> LeftModel:
        study = self.tuner.study
        return LeftModel(self.settings, study, self.path, self.problem, self.trainer, self.test)

    @cached_property
    def _references(self) -> References:
        return References(self.tuner, self.trainer, self.known)

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
        Ctrl-C ends the search. Of several processes that run the study together, the one that
        began or resumed it makes the model, or, where that is gone, the first that ends.

        Raises:
            UserError: another process is running the study, and this one did not join it; or
                what is searched cannot be sent to worker processes; or nothing would end it.
        """
        if timeout is None and self.settings.trials is None:
            raise UserError(
                "Nothing would end this search, which was begun with a time limit and without a "
                "number of trials: give `timeout` or `trials`."
            )
        limit, tuner = TimeLimit(timeout, self.settings.final == "single"), self.tuner
        self._left_model.choice_ends = limit.choice_ends

        def kept() -> float:
            return limit.after_trials(tuner.best)

        def told(trial: TrialRecord, tuner: Tuner) -> None:
            # The default is measured early where it is no trial of the warm start, and costs
            # little of the time; or else in the end.
            if self.leaves_model and limit.has_time_for_default(trial):
                self._references.measure_default(limit.trials_end(tuner.best), self.begin.warm)
            progress.told(trial, tuner, self.settings.trials)
            if on_trial is not None:
                on_trial(trial, tuner)

        place = take_place(self.path, self.joins)
        try:
            # Another process may have gone on between the reading and the lock.
            tuner.share(place, self.settings.length)
            self.leaves_model = place.leads()
            tuner.sort_out()  # A run that was killed leaves the folder of its last trial.
            try:
                with self._crew() as crew:
                    found = run(
                        tuner, self.objective, self.settings.length, timeout, told, kept, crew
                    )
                self.leaves_model = place.leads()
                if self.leaves_model:
                    self._references.measure_default(limit.trials_end(tuner.best))
                    self._references.measure_known(limit.trials_end(tuner.best))
                    self._left_model.refit(limit.refit_ends)
            finally:
                tuner.sort_out()
                self.leaves_model = place.leads()
                if self.leaves_model:
                    self._left_model.save()
        finally:
            tuner.part()
            place.leave()
        return found

    @contextmanager
    def _crew(self) -> "Iterator[Crew | None]":
        """Give the processes that train, None where this one does."""
        if self.settings.workers == 1:
            yield None
            return
        from advisor.tuning.workers import Crew

        with Crew(self.trainer, self.settings.workers) as crew:
            self._references.crew = crew
            try:
                yield crew
            finally:
                self._references.crew = None


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
    signature, given, settings = settings.signature, settings, settings.with_limit(timeout)
    stored, code = {**settings.to_dict(), "signature": signature}, code_kept(settings)
    problem = problem or problem_of(settings)
    test = test_rows(problem, settings)
    objective = trainer = problem.objective(settings)
    begin = recommended(kb, problem, settings, timeout)
    strategy = strategy_of(settings, problem, begin, trainer.inert)
    code = with_loaded(code)
    n_warm = n_warm_of(settings)
    known: list[JsonObject] = []
    if n_warm >= 1 and not strategy.needs_gradients:  # Stored values come without gradients.
        known = known_trials(kb, problem, settings, code, root)
    elif n_warm == 0 and reuse:
        objective = remembering(trainer, strategy, kb, problem, settings, code, root)
    strategy.update(observations(known), [])
    directory = make_directory(root, name, problem, settings, stored, code, begin, known, trainer)
    study = study_in(directory, problem, kb if contribute else None, settings)
    tuner = SharedTuner(study, strategy, settings.seed, settings.may_pause)
    unused, seen = without_effect(given, strategy), seen_before(problem, test)
    notes, path = [*unused, *problem.notes(settings), *seen], directory.path
    return Search(settings, tuner, objective, trainer, path, kb, problem, known, begin, test, notes)


def resume(
    settings: Settings,
    kb: KnowledgeBase,
    name: str | None = None,
    root: Path | None = None,
    contribute: bool = True,
    trials: int | None = None,
    reuse: bool = True,
    final: str | None = None,
    join: bool = False,
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
        join: whether another process may be running it meanwhile.

    Raises:
        UserError: no such study, or its data or space are not what they were; its code is not,
            and the settings do not name it; or the study is another user's.
    """
    path = find_study(
        (root or kb.studies_root).absolute(),
        name,
        settings.signatures,
        lambda found: lies_where_it_lay(settings, found) and is_meant(settings, found),
    )
    directory = StudyDirectory.open(path)
    check_meant(settings, directory)
    asked = asked_again(directory, settings)
    if runs_code(asked):
        check_owner(path)
    asked, notes = code_again(asked, settings, directory)
    code = code_kept(asked)  # The user's file may change the working directory.
    problem = problem_of(asked, directory.task).in_version(directory.space.version, asked)
    check_unchanged(problem, directory)
    asked = replace(asked, trials=trials or asked.trials, final=final or asked.final)
    begin = Start.kept_in(directory)
    objective = trainer = problem.objective(asked)
    strategy = strategy_of(asked, problem, begin, trainer.inert)
    known = directory.settings.get("known", [])
    strategy.update(observations(known), [])
    study = study_in(directory, problem, kb if contribute else None, asked)
    finished = directory.trials()
    tuner = SharedTuner(study, strategy, asked.seed, asked.may_pause and not join)
    tuner.replay(finished)
    if contribute and finished:
        kb.add(study.bundle(finished))
    test = test_rows(problem, asked)
    code = with_loaded(code)
    keep(directory, code, asked, runs_code(settings))
    if asked.n_warm == 0 and reuse:
        objective = remembering(trainer, strategy, kb, problem, asked, code, path.parent)
    unused = without_effect(replace(asked, per_second=None), strategy, join)
    notes = [*notes, *unused, *problem.notes(asked), *seen_before(problem, test)]
    return Search(
        asked, tuner, objective, trainer, path, kb, problem, known, begin, test, notes, join
    )

"""A sampler for Optuna that starts from past tasks, for one process or many on one storage."""

import sys
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any  # The signatures are Optuna's.

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.samplers._base import _process_constraints_after_trial
from optuna.trial import FrozenTrial, TrialState

from advisor.integrations.given import check_numbers, given_space, given_store
from advisor.integrations.optuna.contributing import contributed
from advisor.integrations.optuna.history import FAILED, PLAN, Plan, is_over, made_plan, plan_of
from advisor.integrations.optuna.past import Past
from advisor.integrations.optuna.searching import Searching, ended
from advisor.integrations.optuna.spaces import HostSpace, drawn, middle
from advisor.keywords import known_keywords
from advisor.meta import Query
from advisor.meta.warm_start import MAX_WARM
from advisor.strategies import get_strategy, make_strategy
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.naming import printable
from knowledge_base.space import SpaceDefinition

REMEMBERED = 64
"""Plans of latest trials that are kept in memory; all are in the storage."""


FRAMES = 8
"""Callers that are looked at for what an objective raised."""

LONGEST = 200
"""Characters of an error that are kept with a trial."""


class SeveralObjectives(UserError, ValueError):
    """A study has several objectives; both a `UserError` and a `ValueError`."""


class AdvisorSampler(BaseSampler):
    """Asks a search of the advisor what each trial of a study of Optuna is to try.

    All that it knows is in the storage: trials that ended, those that run anywhere, and what is
    planned for each (in the trial's system attributes). So threads (`n_jobs`), processes and
    machines that share a storage are one search, and one that dies takes nothing along: its trial
    is tried by nobody any more as soon as that is known, on the same machine at once, elsewhere
    by the storage's heartbeat.

    The space is what the trials asked for so far, unless it is given; it may grow. A trial without
    a parameter is one where that was inactive; when a parameter is there is learned from the
    trials. Pruned trials count with what they reached in their epochs, failed and infeasible ones
    as failures.

    >>> study = optuna.create_study(sampler=AdvisorSampler(kb=KnowledgeBase(), family="mlp"))
    >>> study.optimize(objective, n_trials=30, callbacks=[study.sampler.contribute])
    """

    @known_keywords
    def __init__(
        self,
        kb: KnowledgeBase | str | Path | None = None,
        family: str | None = None,
        space: SpaceDefinition | str | Path | None = None,
        *,
        task: str | None = None,
        metric: str = "value",
        query: Query | None = None,
        strategy: str = "bayesian",
        n_warm: int = MAX_WARM,
        seed: int = 0,
        epochs: int | None = None,
        per_second: bool = False,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
    ) -> None:
        """Prepare a sampler; nothing is read before a trial asks.

        Args:
            kb: past trials to start from, and where `contribute` puts finished ones; a path names
                its file. Without it the search starts cold.
            family: model family; past tasks of the same family count. Default: the name of the
                study, or of `space`.
            space: the search space, or its file. Default: what the trials ask for.
            task: name of the task in `kb`. Default: the name of the study.
            metric: name of what the objective returns.
            query: what is known about the task, such as metafeatures.
            strategy: name of a search strategy.
            n_warm: how many configurations to take from the past.
            seed: of all random choices. All processes of a study are to have the same.
            epochs: reports of a whole training; the value may stand for the last one. A trial
                that is told as complete with fewer was stopped, as hosts such as Ray tell trials
                that their scheduler ended. Not to be given where trials report nothing.
            per_second: prefer what is quick.
            constraints_func: constraints of a finished trial, as for the samplers of Optuna; a
                trial with one above 0 counts as a failure.

        Raises:
            UserError: the strategy does not exist, a number is impossible, or the file of the
                space is wrong.
        """
        check_numbers(n_warm, seed, epochs)
        get_strategy(strategy)
        given = given_space(space)
        if given is not None:
            get_strategy(strategy).check(given)
        kb = given_store(kb)
        self.space: HostSpace | None = None if given is None else HostSpace(given)
        self.past: Past = Past(kb, family, task, metric, query, n_warm, per_second)
        self._strategy, self._seed, self._epochs = strategy, seed, epochs
        self._constraints = constraints_func
        self._lock = threading.RLock()
        self._searches: dict[int, Searching] = {}
        self._plans: dict[int, Plan] = {}
        self._told: set[tuple[str, int]] = set()

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: what was heard is heard again from the storage."""
        forgotten: dict[str, Any] = {"_searches": {}, "_plans": {}}
        state = {**self.__dict__, **forgotten}
        del state["_lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what a pickle held."""
        self.__dict__.update(state)
        self._lock = threading.RLock()

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return none: each parameter is looked up in the plan when the trial asks for it.

        What a trial will ask for is only known when it does, and where it does. See
        `sample_independent`.

        Raises:
            SeveralObjectives: the study has several objectives.
        """
        _check(study)
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Plan the trial, and return what is planned for `search_space`.

        Raises:
            SeveralObjectives: the study has several objectives.
            SpaceError: a parameter has no legal definition.
        """
        _check(study)
        plan, space = self._planned(study, trial, search_space)
        found = {name: _value(space, name, plan, asked) for name, asked in search_space.items()}
        return {name: value.value for name, value in found.items() if value is not None}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return what is planned for a parameter.

        What nobody asked for before stands in its middle at the first trial, where the past says
        nothing of it, and is drawn evenly at later ones; so is what is planned outside of the
        range that this trial asks for.

        Raises:
            SeveralObjectives: the study has several objectives.
            SpaceError: a parameter has no legal definition.
        """
        _check(study)
        plan = self._plans.get(trial._trial_id) or plan_of(trial)
        space = self._known_space(study)
        if plan is None:
            plan, space = self._planned(study, trial, {})
        found = _value(space, param_name, plan, param_distribution)
        if found is not None:
            return found.value
        if trial.number == 0 and param_name not in plan["config"]:
            return middle(param_distribution)
        place = zlib.crc32(param_name.encode())
        rng = np.random.default_rng([self._seed, trial.number, place])
        return drawn(param_distribution, rng)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Keep constraints, and that a trial failed; one that died leaves no such mark.

        A trial that Ctrl-C ended did not fail, either.
        """
        if self._constraints is not None:
            _process_constraints_after_trial(self._constraints, study, trial, state)
        raised = _raised()
        if state == TrialState.FAIL and not isinstance(raised, KeyboardInterrupt):
            reason = (
                "the objective failed" if raised is None else f"{type(raised).__name__}: {raised}"
            )
            kept = printable(reason.splitlines()[0][:LONGEST])
            study._storage.set_trial_system_attr(trial._trial_id, FAILED, kept)

    def reseed_rng(self) -> None:
        """Do nothing: threads and processes of a study leave each other room by its trials."""

    def contribute(self, study: Study, trial: FrozenTrial | None = None) -> None:
        """Add what is over to the knowledge base; a callback of `study.optimize`, too.

        A trial that is there already, from whichever process, is no second one.

        Args:
            study: of Optuna.
            trial: that ended last; all that are over and were not added yet are looked at.

        Raises:
            UserError: the sampler has no `kb`, or it cannot be written.
            SeveralObjectives: the study has several objectives.
        """
        _check(study)
        if self.past.kb is None:
            raise UserError("`contribute` adds trials to a knowledge base; give the sampler `kb`.")
        with self._lock:
            trials = study.get_trials(deepcopy=False)
            new = [
                t for t in trials if is_over(t) and (study.study_name, t.number) not in self._told
            ]
            space = self.space or HostSpace.of_trials(study.study_name, trials)
            if not new or space is None:
                return
            task = self.past.task(study.study_name, study.direction.name.lower(), space.definition)
            self.past.keep(study, task)
            contributed(study, new, space, task, self.past.kb, self._epochs, self._seed)
            self._told |= {(study.study_name, t.number) for t in new}

    def _known_space(self, study: Study) -> HostSpace | None:
        search = self._searches.get(study._study_id)
        return self.space or (None if search is None else search.space)

    def _planned(
        self, study: Study, trial: FrozenTrial, more: Mapping[str, BaseDistribution]
    ) -> tuple[Plan, HostSpace | None]:
        """Return the plan of a trial, which is in the storage from then on, and its space."""
        with self._lock:
            trials = study.get_trials(deepcopy=False)
            space = self.space or HostSpace.of_trials(study.study_name, trials, more)
            if space is None:
                config = self.past.hint(study) if trial.number == 0 else {}
            else:
                config = self._search(study, space, trials).plan(trials, trial)
            here = bool(getattr(study._thread_local, "in_optimize_loop", False))
            plan = made_plan(config, here)
            kept: Any = plan  # Types of what a storage takes know no typed mappings.
            study._storage.set_trial_system_attr(trial._trial_id, PLAN, kept)
            self._plans[trial._trial_id] = plan
            while len(self._plans) > REMEMBERED:
                del self._plans[next(iter(self._plans))]
            return plan, space

    def _search(self, study: Study, space: HostSpace, trials: Sequence[FrozenTrial]) -> Searching:
        """Return the search in a space that goes on with what it heard, else a new one."""
        known = self._searches.get(study._study_id)
        definition = space.definition
        same = known is not None and known.space.definition.space_id == definition.space_id
        if known is not None and same and known.follows(trials):
            return known
        start = self.past.start(study, definition)
        # A space that grew is not begun anew: its search is on its way.
        begun = self.space is None and len(ended(trials)) >= self.past.n_warm
        warm = () if begun else start.warm
        strategy = make_strategy(
            self._strategy, definition, study.direction.name.lower(), self._seed, warm,
            start.prior, self.past.per_second, stopping=_never_pausing(self._strategy),
        )  # fmt: skip
        self._searches[study._study_id] = Searching(space, strategy, self._epochs)
        return self._searches[study._study_id]


def _raised() -> BaseException | None:
    """Return what the objective of the trial that ends now raised, None where nothing is known.

    Optuna tells samplers that a trial failed, but not by what, and a trial that Ctrl-C ended says
    nothing about its configuration. The loop that calls `after_trial` has it at hand.
    """
    frame = sys._getframe(1)
    for _ in range(FRAMES):
        if frame.f_back is None:
            return None
        frame = frame.f_back
        if frame.f_code.co_name == "_run_trial":
            found = frame.f_locals.get("func_err")
            return found if isinstance(found, BaseException) else None
    return None


def _never_pausing(strategy: str) -> bool | None:
    """Return whether a strategy may stop trials: a host cannot take up what it put aside."""
    return None if get_strategy(strategy).stops_early() else False


def _value(space: HostSpace | None, name: str, plan: Plan, asked: BaseDistribution) -> Any:
    """Return what is planned for a parameter, None where nothing is that the trial asks for."""
    known = space or HostSpace(_NOTHING)
    return known.value(name, plan["config"], asked)


_NOTHING = SpaceDefinition("nothing", 1, {}, (), ())
"""The space of which only the conversion of values is used."""


def _check(study: Study) -> None:
    """Refuse several objectives.

    Raises:
        SeveralObjectives: there are several.
    """
    if study._is_multi_objective():
        raise SeveralObjectives(
            f"AdvisorSampler searches for one objective; the study '{study.study_name}' has "
            f"{len(study.directions)}."
        )

"""A pruner for Optuna that forecasts learning curves."""

from collections.abc import Sequence
from math import inf
from pathlib import Path

import numpy as np
from optuna import Study
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState

from advisor.checks import whole
from advisor.curves import LAST, PastCurves, TaskCurves, at_rungs, rung_epochs
from advisor.encoding import Encoder
from advisor.integrations.given import given_space, given_store
from advisor.integrations.optuna.history import curve_of, is_stopped, observation, reached
from advisor.integrations.optuna.past import Past
from advisor.integrations.optuna.searching import ended
from advisor.integrations.optuna.spaces import HostSpace
from advisor.keywords import known_keywords
from advisor.meta import Query
from advisor.strategies import Observation
from advisor.strategies.spending import Spending
from advisor.strategies.thinning import on_schedule
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.space import SpaceDefinition

MIN_WHOLE = 4
"""Whole trainings of a study before one of its trials is pruned."""

MIN_OWN = 8
"""Whole trainings of a study from which its own curves say how curves go on, where no past does."""

WORTH = 0.03
"""A trial goes on that is expected to gain this share of the unit of values over the best."""


class AdvisorPruner(BasePruner):
    """Ends a trial that is not expected to end better than the best so far.

    How curves go on is learned from those of past tasks, where `kb` has any for the family, and
    from the study's own (`advisor.curves`: a Gaussian process over configurations and the shares
    of a training). It judges at 2, 4, 8, 16, 32 and 64 percent of a training. The best trial so
    far is never ended, nor any before `MIN_WHOLE` were trained to their end.

    >>> study = optuna.create_study(sampler=AdvisorSampler(), pruner=AdvisorPruner(epochs=50))
    """

    @known_keywords
    def __init__(
        self,
        kb: KnowledgeBase | str | Path | None = None,
        family: str | None = None,
        space: SpaceDefinition | str | Path | None = None,
        *,
        epochs: int | None = None,
        worth: float = WORTH,
        query: Query | None = None,
        task: str | None = None,
        metric: str = "value",
    ) -> None:
        """Prepare a pruner; nothing is read before a trial reports.

        Args:
            kb, family, space, query, task, metric: as for `AdvisorSampler`.
            epochs: reports of a whole training. Default: the most that a trial of the study made
                that completed.
            worth: which gain over the best so far keeps a trial going, as a share of the unit in
                which values differ; larger prunes more.

        Raises:
            UserError: a number is impossible, or the file of the space is wrong.
        """
        if epochs is not None:
            whole("epochs", epochs, 1)
        if not 0 <= worth < inf:
            raise UserError(f"`worth` is a share from 0 on, not {worth!r}.")
        given = given_space(space)
        kb = given_store(kb)
        self.space: HostSpace | None = None if given is None else HostSpace(given)
        self.past: Past = Past(kb, family, task, metric, query, 1, per_second=False)
        self._epochs, self._worth = epochs, worth
        self._own: tuple[object, PastCurves | None] = (None, None)

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Return whether a trial should end now.

        Raises:
            SpaceError: a parameter has no legal definition.
        """
        curve = curve_of(trial)
        trials = study.get_trials(deepcopy=False)
        whole_ones = [t for t in trials if _is_whole(t, self._epochs)]
        epochs = self._epochs or max((len(t.intermediate_values) for t in whole_ones), default=0)
        if len(whole_ones) < MIN_WHOLE or not _is_rung(len(curve), epochs):
            return False
        sign = -1.0 if study.direction.name == "MINIMIZE" else 1.0
        own = max((sign * v for v in curve if v is not None), default=-np.inf)
        others = [v for v in (reached(t) for t in ended(trials)) if v is not None]
        if not np.isfinite(own):
            return True
        if own >= max(sign * value for value in others):
            return False
        space = self.space or HostSpace.of_trials(study.study_name, trials)
        if space is None:
            return False
        return not self._promises(study, trial, trials, space, epochs)

    def _promises(
        self,
        study: Study,
        trial: FrozenTrial,
        trials: Sequence[FrozenTrial],
        space: HostSpace,
        epochs: int,
    ) -> bool:
        """Return whether a trial may gain anything worth the name over the best so far."""
        over = ended(trials)
        found = space.configs([t.params for t in (*over, trial)])
        configs, running = found[:-1], found[-1]
        told = [
            observation(t, config, epochs)
            for t, config in zip(over, configs, strict=True)
            if config is not None
        ]
        sign = -1.0 if study.direction.name == "MINIMIZE" else 1.0
        encoder = Encoder(space.definition)
        past, trust = self._curves(study, told, encoder, space.definition, sign, epochs)
        if past is None or running is None:
            return True
        spending = HostSpending(past, encoder, sign, epochs, self._worth)
        going = Observation(running, None, None, curve_of(trial), finished=False)
        none = np.zeros((0, len(encoder.columns)))
        worth = spending.weigh(told, [going], none, np.zeros(0), trust)
        return worth is None or bool(worth.promising[0])

    def _curves(
        self,
        study: Study,
        told: Sequence[Observation],
        encoder: Encoder,
        space: SpaceDefinition,
        sign: float,
        epochs: int,
    ) -> tuple[PastCurves | None, float | None]:
        """Return what is known of how curves go on, and how far it is trusted as a past."""
        prior = self.past.start(study, space, curves=True).prior if self.past.kb else None
        if prior is not None and prior.curves is not None:
            key: object = ("past", space.space_id)
            if self._own[0] != key:
                self._own = (key, PastCurves.from_arrays(prior.curves))
            return self._own[1], None
        trained = [o for o in told if o.finished and o.value is not None and o.curve]
        if len(trained) < MIN_OWN:
            return None, None
        trained = trained[: on_schedule(len(trained))]
        key = ("own", space.space_id, len(trained), study.study_name)
        if self._own[0] != key:
            values = np.array([at_rungs(o.curve, epochs, sign, ended=True) for o in trained])
            inputs = encoder.encode([o.config for o in trained])
            there = np.isfinite(values[:, LAST])
            known = np.ones(inputs.shape[1], dtype=bool)
            task = TaskCurves(inputs[there], values[there], known)
            self._own = (key, PastCurves.learn([task], trust=0.0, epochs=epochs))
        return self._own[1], 0.0


class HostSpending(Spending):
    """Weighs trials whose length their host knows, by what they report."""

    def __init__(
        self, past: PastCurves, encoder: Encoder, sign: float, epochs: int, worth: float
    ) -> None:
        """Take what the past says.

        Args:
            past, encoder, sign: as for `Spending`.
            epochs: reports of a whole training.
            worth: share of the unit of values that is worth going on for.
        """
        super().__init__(past, encoder, sign, worth=worth)
        self._epochs = epochs

    def epochs_of(self, config: object) -> int:
        """Return the reports of a whole training; a hyperparameter may count something else."""
        return self._epochs


def _is_rung(reports: int, epochs: int) -> bool:
    return 0 < reports < epochs and reports in rung_epochs(epochs)


def _is_whole(trial: FrozenTrial, epochs: int | None) -> bool:
    """Return whether a trial was trained to its end, and reported on its way."""
    over = trial.state == TrialState.COMPLETE and bool(trial.intermediate_values)
    return over and not is_stopped(trial, epochs)

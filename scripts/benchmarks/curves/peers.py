"""Optuna's pruners and samplers, by their own code; a proposal gets the nearest untried row."""

import warnings
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from advisor.curves import LAST
from scripts.benchmarks.curves.methods import Method
from scripts.benchmarks.curves.tables import EPOCHS, Problem

if TYPE_CHECKING:
    import optuna

REDUCTION = 4
"""Optuna's default for successive halving: rungs after 1, 4 and 16 epochs, which tables have."""


class _Optuna(Method):
    needs: ClassVar[tuple[str, ...]] = ("optuna",)

    def __init__(self, problem: Problem) -> None:
        import optuna

        super().__init__(problem)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        self._optuna = optuna
        width = problem.table.inputs.shape[1]
        names = [f"x{column}" for column in range(width)]
        self._space: dict[str, optuna.distributions.BaseDistribution] = {
            name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in names
        }
        self._study = optuna.create_study(
            direction="maximize", sampler=self.sampler(), pruner=self.pruner()
        )
        self._trial: optuna.Trial | None = None
        self._row = -1

    @abstractmethod
    def pruner(self) -> "optuna.pruners.BasePruner":
        """Return the pruner."""

    @abstractmethod
    def sampler(self) -> "optuna.samplers.BaseSampler":
        """Return the sampler."""

    def ask(self) -> int:
        if self._trial is None:
            proposed = self._study.ask(self._space)
            point = np.array([proposed.params[name] for name in self._space])
            self._study.tell(proposed, state=self._optuna.trial.TrialState.FAIL)
            inputs = self.problem.table.inputs
            rows = np.setdiff1d(np.arange(len(inputs)), list(self.done))
            self._row = int(rows[((inputs[rows] - point) ** 2).sum(1).argmin()])
            true = np.clip(inputs[self._row], 0, 1)
            params = {name: float(x) for name, x in zip(self._space, true, strict=True)}
            self._study.enqueue_trial(params)
            self._trial = self._study.ask(self._space)
        return self._row

    def tell(self, row: int, rung: int, value: float) -> None:
        super().tell(row, rung, value)
        assert self._trial is not None, "a training was told that was not asked for"
        self._trial.report(value, EPOCHS[rung])
        if rung == LAST:
            self._study.tell(self._trial, value)
            self._trial = None
        elif self._trial.should_prune():
            self._study.tell(self._trial, state=self._optuna.trial.TrialState.PRUNED)
            self._trial = None


class _Halving(_Optuna):
    def pruner(self) -> "optuna.pruners.BasePruner":
        import optuna

        return optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=REDUCTION)


class _Hyperband(_Optuna):
    def pruner(self) -> "optuna.pruners.BasePruner":
        import optuna

        return optuna.pruners.HyperbandPruner(
            min_resource=1, max_resource=EPOCHS[-1], reduction_factor=REDUCTION
        )


class _Random(_Optuna):
    def sampler(self) -> "optuna.samplers.BaseSampler":
        import optuna

        return optuna.samplers.RandomSampler(seed=self.problem.seed)


class _TPE(_Optuna):
    def sampler(self) -> "optuna.samplers.BaseSampler":
        import optuna

        return optuna.samplers.TPESampler(seed=self.problem.seed, multivariate=True)


class RandomHalving(_Random, _Halving):
    """Random search with Optuna's successive halving."""


class TPEHalving(_TPE, _Halving):
    """TPE with Optuna's successive halving."""


class RandomHyperband(_Random, _Hyperband):
    """Random search with Optuna's Hyperband."""


class TPEHyperband(_TPE, _Hyperband):
    """TPE with Optuna's Hyperband."""

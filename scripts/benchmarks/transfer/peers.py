"""Optuna and SMAC3, by their own code; how each is held to the pool is said at each."""

import os
import warnings
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from knowledge_base.space import Hyperparameter, SpaceDefinition
from knowledge_base.types import Config, ConfigDict
from scripts.benchmarks.experiment import Evaluation
from scripts.benchmarks.transfer.methods import Method
from scripts.benchmarks.transfer.tables import Problem

if TYPE_CHECKING:
    import optuna


def columns_of(space: SpaceDefinition) -> list[tuple[Hyperparameter, slice]]:
    """Return hyperparameters with their columns of the encoding: a number one, a choice many."""
    found, first = [], 0
    for h in space.hyperparameters.values():
        width = len(h.choices) if h.kind == "categorical" else 1
        found.append((h, slice(first, first + width)))
        first += width
    return found


def params_of(problem: Problem, inputs: np.ndarray) -> ConfigDict:
    """Return an encoded row as numbers in [0, 1] and choices, by name."""
    params = {}
    for h, part in columns_of(problem.space):
        cells = inputs[part]
        if h.kind == "categorical":
            params[h.name] = h.choices[int(cells.argmax())]
        else:
            params[h.name] = float(np.clip(cells[0], 0, 1))
    return params


def point_of(problem: Problem, params: Config) -> np.ndarray:
    """Return the encoded point of such numbers and choices."""
    cells = []
    for h, _ in columns_of(problem.space):
        value = params[h.name]
        one_hot = [float(value == choice) for choice in h.choices]
        cells += one_hot if h.kind == "categorical" else [float(value)]
    return np.array(cells)


class _Optuna(Method):
    needs: ClassVar[tuple[str, ...]] = ("optuna",)

    @abstractmethod
    def sampler(self) -> "optuna.samplers.BaseSampler":
        """Return the sampler."""

    def __init__(self, problem: Problem) -> None:
        import optuna

        super().__init__(problem)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        self._optuna = optuna
        self._space = {
            h.name: optuna.distributions.CategoricalDistribution(h.choices)
            if h.kind == "categorical"
            else optuna.distributions.FloatDistribution(0.0, 1.0)
            for h, _ in columns_of(problem.space)
        }
        self._study = optuna.create_study(direction="maximize", sampler=self.sampler())

    def tell(self, point: int, evaluation: Evaluation) -> None:
        super().tell(point, evaluation)
        params = params_of(self.problem, self.problem.pool.inputs[point])
        self._study.add_trial(
            self._optuna.create_trial(
                params=params, distributions=self._space, value=evaluation.val
            )
        )

    def _proposed(self) -> ConfigDict:
        trial = self._study.ask(self._space)
        self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        return trial.params


class OptunaTPE(_Optuna):
    """Multivariate TPE; the untried row nearest to what it proposes."""

    def sampler(self) -> "optuna.samplers.BaseSampler":
        import optuna

        return optuna.samplers.TPESampler(seed=self.problem.seed, multivariate=True)

    def choose(self) -> int:
        return self.nearest(point_of(self.problem, self._proposed()))


class OptunaGP(_Optuna):
    """GPSampler; its acquisition maximised over the untried rows (it may be overridden)."""

    needs = ("optuna", "torch")

    def sampler(self) -> "optuna.samplers.BaseSampler":
        import optuna

        method = self

        class PoolGPSampler(optuna.samplers.GPSampler):
            def _optimize_acqf(self, acqf, best_params):
                values = acqf.eval_acqf_no_grad(method._grid[method.untried])
                method._chosen = int(method.untried[int(np.argmax(values))])
                return method._grid[method._chosen]

        warnings.simplefilter("ignore")
        self._grid = self._normalised()
        return PoolGPSampler(seed=self.problem.seed, n_startup_trials=1)

    def _normalised(self) -> np.ndarray:
        """Return the pool in the sampler's own form: names in order, choices by index."""
        names = sorted(columns_of(self.problem.space), key=lambda pair: pair[0].name)
        cells = []
        for h, part in names:
            block = self.problem.pool.inputs[:, part]
            one = block.argmax(1) if h.kind == "categorical" else np.clip(block[:, 0], 0, 1)
            cells.append(one.astype(float))
        return np.stack(cells, 1)

    def choose(self) -> int:
        self._proposed()
        return self._chosen


class PortfolioTPE(OptunaTPE):
    """A greedy portfolio of ten (trees on each past task), then multivariate TPE."""

    needs = ("optuna", "sklearn")
    random_start = False

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self._first = _tree_portfolio(problem, 10)

    def choose(self) -> int:
        done = len(self.tried)
        return self._first[done] if done < len(self._first) else super().choose()


def _tree_portfolio(problem: Problem, size: int) -> list[int]:
    from sklearn.ensemble import ExtraTreesRegressor

    past = []
    for source in problem.sources:
        ranks = source.scores.argsort().argsort() / (len(source.scores) - 1)
        trees = ExtraTreesRegressor(100, min_samples_leaf=2, random_state=problem.seed)
        past.append(trees.fit(source.inputs, ranks).predict(problem.pool.inputs))
    expected = np.array(past)
    best = np.zeros(len(expected))
    chosen: list[int] = []
    for _ in range(size):
        gain = np.maximum(expected, best[:, None]).mean(0) + 1e-6 * expected.mean(0)
        gain[chosen] = -np.inf
        chosen.append(int(gain.argmax()))
        best = np.maximum(best, expected[:, chosen[-1]])
    return chosen


class Smac(Method):
    """SMAC3's hyperparameter optimisation facade; the untried row nearest to its proposal."""

    needs = ("smac",)

    def __init__(self, problem: Problem) -> None:
        import logging

        import ConfigSpace
        from smac import HyperparameterOptimizationFacade, Scenario

        super().__init__(problem)
        logging.disable(logging.WARNING)
        space = ConfigSpace.ConfigurationSpace(seed=problem.seed)
        for h, _ in columns_of(problem.space):
            if h.kind == "categorical":
                space.add(ConfigSpace.CategoricalHyperparameter(h.name, h.choices))
            else:
                space.add(ConfigSpace.UniformFloatHyperparameter(h.name, 0.0, 1.0))
        self._space = space
        folder = f"/tmp/smac-{os.getpid()}"
        scenario = Scenario(
            space, deterministic=True, n_trials=1000, seed=problem.seed, output_directory=folder
        )
        design = HyperparameterOptimizationFacade.get_initial_design(
            scenario, n_configs=0, additional_configs=[]
        )
        self._facade = HyperparameterOptimizationFacade(
            scenario,
            lambda config, seed=0: 0.0,
            initial_design=design,
            overwrite=True,
            logging_level=50,
        )

    def choose(self) -> int:
        info = self._facade.ask()
        return self.nearest(point_of(self.problem, dict(info.config)))

    def tell(self, point: int, evaluation: Evaluation) -> None:
        from ConfigSpace import Configuration
        from smac.runhistory import TrialInfo, TrialValue

        super().tell(point, evaluation)
        params = params_of(self.problem, self.problem.pool.inputs[point])
        info = TrialInfo(Configuration(self._space, values=params), seed=0)
        self._facade.tell(info, TrialValue(cost=-evaluation.val))

"""Peers, each by its own library's code; how each is held to the pool is said at each."""

import os
import warnings

import numpy as np

from scripts.benchmarks.transfer.methods import Method


def _columns(space):
    """Return hyperparameters with their columns of the encoding: a number one, a choice many."""
    found, first = [], 0
    for h in space.hyperparameters.values():
        width = len(h.choices) if h.kind == "categorical" else 1
        found.append((h, slice(first, first + width)))
        first += width
    return found


def _params(problem, inputs):
    """Return an encoded row as numbers in [0, 1] and choices, by name."""
    params = {}
    for h, part in _columns(problem.space):
        cells = inputs[part]
        if h.kind == "categorical":
            params[h.name] = h.choices[int(cells.argmax())]
        else:
            params[h.name] = float(np.clip(cells[0], 0, 1))
    return params


def _point(problem, params):
    """Return the encoded point of such numbers and choices."""
    cells = []
    for h, _ in _columns(problem.space):
        value = params[h.name]
        one_hot = [float(value == choice) for choice in h.choices]
        cells += one_hot if h.kind == "categorical" else [float(value)]
    return np.array(cells)


class _Optuna(Method):
    needs = ("optuna",)

    def __init__(self, problem):
        import optuna

        super().__init__(problem)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        self._optuna = optuna
        self._space = {
            h.name: optuna.distributions.CategoricalDistribution(h.choices)
            if h.kind == "categorical"
            else optuna.distributions.FloatDistribution(0.0, 1.0)
            for h, _ in _columns(problem.space)
        }
        self._study = optuna.create_study(direction="maximize", sampler=self.sampler())

    def tell(self, row):
        super().tell(row)
        params = _params(self.problem, self.problem.pool.inputs[row])
        value = float(self.problem.pool.scores[row])
        self._study.add_trial(
            self._optuna.create_trial(params=params, distributions=self._space, value=value)
        )

    def _proposed(self):
        trial = self._study.ask(self._space)
        self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        return trial.params


class OptunaTPE(_Optuna):
    """Multivariate TPE; the untried row nearest to what it proposes."""

    def sampler(self):
        import optuna

        return optuna.samplers.TPESampler(seed=self.problem.seed, multivariate=True)

    def ask(self):
        return self.nearest(_point(self.problem, self._proposed()))


class OptunaGP(_Optuna):
    """GPSampler; its acquisition maximised over the untried rows (it may be overridden)."""

    needs = ("optuna", "torch")

    def sampler(self):
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

    def _normalised(self):
        """Return the pool in the sampler's own form: names in order, choices by index."""
        names = sorted(_columns(self.problem.space), key=lambda pair: pair[0].name)
        cells = []
        for h, part in names:
            block = self.problem.pool.inputs[:, part]
            one = block.argmax(1) if h.kind == "categorical" else np.clip(block[:, 0], 0, 1)
            cells.append(one.astype(float))
        return np.stack(cells, 1)

    def ask(self):
        self._proposed()
        return self._chosen


class PortfolioTPE(OptunaTPE):
    """A greedy portfolio of ten (trees on each past task), then multivariate TPE."""

    needs = ("optuna", "sklearn")
    random_start = False

    def ask(self):
        if not hasattr(self, "_first"):
            self._first = _tree_portfolio(self.problem, 10)
        return self._first[len(self.tried)] if len(self.tried) < 10 else super().ask()


def _tree_portfolio(problem, size):
    from sklearn.ensemble import ExtraTreesRegressor

    expected = []
    for source in problem.sources:
        ranks = source.scores.argsort().argsort() / (len(source.scores) - 1)
        trees = ExtraTreesRegressor(100, min_samples_leaf=2, random_state=problem.seed)
        expected.append(trees.fit(source.inputs, ranks).predict(problem.pool.inputs))
    expected = np.array(expected)
    best, chosen = np.zeros(len(expected)), []
    for _ in range(size):
        gain = np.maximum(expected, best[:, None]).mean(0) + 1e-6 * expected.mean(0)
        gain[chosen] = -np.inf
        chosen.append(int(gain.argmax()))
        best = np.maximum(best, expected[:, chosen[-1]])
    return chosen


class Smac(Method):
    """SMAC3's hyperparameter optimisation facade; the untried row nearest to its proposal."""

    needs = ("smac",)

    def __init__(self, problem):
        import logging

        import ConfigSpace
        from smac import HyperparameterOptimizationFacade, Scenario

        super().__init__(problem)
        logging.disable(logging.WARNING)
        space = ConfigSpace.ConfigurationSpace(seed=problem.seed)
        for h, _ in _columns(problem.space):
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

    def ask(self):
        info = self._facade.ask()
        return self.nearest(_point(self.problem, dict(info.config)))

    def tell(self, row):
        from ConfigSpace import Configuration
        from smac.runhistory import TrialInfo, TrialValue

        super().tell(row)
        params = _params(self.problem, self.problem.pool.inputs[row])
        info = TrialInfo(Configuration(self._space, values=params), seed=0)
        self._facade.tell(info, TrialValue(cost=-float(self.problem.pool.scores[row])))


class BotorchGP(Method):
    """SingleTaskGP with its default priors and log expected improvement over the pool."""

    needs = ("botorch",)

    def ask(self):
        import torch
        from botorch.acquisition import LogExpectedImprovement

        model, best = self._target()
        acquisition = LogExpectedImprovement(model, best_f=best)
        with torch.no_grad():
            points = torch.as_tensor(self.problem.pool.inputs[self.untried]).unsqueeze(1)
            return int(self.untried[int(acquisition(points).argmax())])

    def _target(self):
        pool = self.problem.pool
        return _fit(pool.inputs[self.tried], pool.scores[self.tried]), 0.0 + _standard(
            pool.scores[self.tried]
        ).max()


def _standard(values):
    return (values - values.mean()) / max(values.std(), 1e-9)


def _fit(inputs, values):
    import torch
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from gpytorch.mlls import ExactMarginalLogLikelihood

    warnings.simplefilter("ignore")
    x, y = torch.as_tensor(inputs), torch.as_tensor(_standard(values)).unsqueeze(-1)
    model = SingleTaskGP(x, y, outcome_transform=None)
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return model.eval()


class BotorchRGPE(BotorchGP):
    """Ranking-weighted GP ensemble (Feurer et al. 2018) of BoTorch models, as in its tutorial."""

    random_start = False
    SAMPLES = 256

    def __init__(self, problem):
        import torch

        super().__init__(problem)
        self._rng = np.random.default_rng(problem.seed)
        points = torch.as_tensor(problem.pool.inputs)
        self._means, self._variances = [], []
        for source in problem.sources:
            model = _fit(source.inputs, source.scores)
            with torch.no_grad():
                posterior = model.posterior(points)
            self._means.append(posterior.mean[:, 0].numpy())
            self._variances.append(posterior.variance[:, 0].numpy())

    def ask(self):
        means, variances = np.array(self._means), np.array(self._variances)
        if len(self.tried) < 3:  # nothing to rank yet: the best by the mean of the ensemble
            return int(self.untried[int(means.mean(0)[self.untried].argmax())])
        import torch

        model, best = self._target()
        with torch.no_grad():
            posterior = model.posterior(torch.as_tensor(self.problem.pool.inputs))
        weights = self._weights(model, means, variances)
        mean = weights @ np.vstack([means, posterior.mean[:, 0].numpy()])
        variance = weights**2 @ np.vstack([variances, posterior.variance[:, 0].numpy()])
        return self._best(mean, variance, max(float(mean[self.tried].max()), -np.inf), best)

    def _best(self, mean, variance, best, _):
        import torch
        from botorch.acquisition.analytic import _log_ei_helper

        deviation = np.sqrt(variance[self.untried])
        z = torch.as_tensor((mean[self.untried] - best) / deviation)
        scores = _log_ei_helper(z).numpy() + np.log(deviation)
        return int(self.untried[int(scores.argmax())])

    def _weights(self, model, means, variances):
        """Return how often each model ranks the observed trials best; the last is the target's."""
        import torch

        values = self.problem.pool.scores[self.tried]
        n = len(values)
        draws = self._rng.normal(size=(len(means), self.SAMPLES, n))
        deviation = np.sqrt(variances[:, self.tried])[:, None]
        samples = means[:, self.tried][:, None] + deviation * draws
        losses = [_ranking_loss(s, s, values) for s in samples]
        with torch.no_grad():  # leave-one-out in closed form (Rasmussen and Williams, 5.4.2)
            x = model.train_inputs[0]
            kernel = model.covar_module(x).to_dense().numpy()
            noise = float(model.likelihood.noise.mean())
            constant = float(model.mean_module.constant)
        inverse = np.linalg.inv(kernel + noise * np.eye(n))
        targets = _standard(values)
        variance = 1 / np.diag(inverse)
        left_out = targets - inverse @ (targets - constant) * variance
        draw = left_out + np.sqrt(variance) * self._rng.normal(size=(self.SAMPLES, n))
        losses.append(_ranking_loss(draw, np.broadcast_to(targets, draw.shape), values))
        losses = np.array(losses)
        # Weight dilution is prevented as in the tutorial: models worse than the target's go.
        losses[:-1][np.median(losses[:-1], 1) > np.percentile(losses[-1], 95)] = 1e9
        best = losses == losses.min(0)
        best[:-1, best[-1]] = False
        return (best / best.sum(0)).mean(1)


def _ranking_loss(left, right, values):
    """Return the number of misranked pairs of each sample, shape (samples,)."""
    wrong = (left[:, :, None] < right[:, None, :]) ^ (values[:, None] < values[None, :])
    return wrong.sum((1, 2))


class _SyneTune(Method):
    needs = ("syne_tune", "xgboost")
    random_start = False

    def _domains(self):
        from syne_tune.config_space import choice, uniform

        return {
            h.name: choice(list(h.choices)) if h.kind == "categorical" else uniform(0.0, 1.0)
            for h, _ in _columns(self.problem.space)
        }

    def _evaluations(self):
        import pandas as pd
        from syne_tune.optimizer.schedulers.transfer_learning.transfer_learning_task_evaluation import (  # noqa: E501
            TransferLearningTaskEvaluations,
        )

        found = {}
        for place, source in enumerate(self.problem.sources):
            frame = pd.DataFrame([_params(self.problem, row) for row in source.inputs])
            values = -source.scores.reshape(-1, 1, 1, 1)
            found[str(place)] = TransferLearningTaskEvaluations(
                self._domains(), frame, ["loss"], values
            )
        return found


class SyneTuneQuantile(_SyneTune):
    """Quantile-based transfer (Salinas et al. 2020); its candidates are the untried rows."""

    def __init__(self, problem):
        import pandas as pd
        from syne_tune.optimizer.schedulers.transfer_learning.quantile_based import (
            quantile_based_searcher as module,
        )

        super().__init__(problem)
        rows = [_params(problem, row) for row in problem.pool.inputs]

        class PoolSearcher(module.QuantileBasedSurrogateSearcher):
            def _sample_random_config(self):
                return rows[0]  # its 100,000 random candidates are replaced below

        self._searcher = PoolSearcher(
            self._domains(), self._evaluations(), random_seed=problem.seed
        )
        self._frame = pd.DataFrame(rows)
        mean = self._searcher.model_pipeline.predict(self._frame).reshape(-1, 1)
        self._mean, self._deviation = mean, float(self._searcher.sigma_pred.flat[0])

    def ask(self):
        rows = self.untried
        self._searcher.X_candidates = self._frame.iloc[rows].reset_index(drop=True)
        self._searcher.X_candidates["row"] = rows
        self._searcher.mu_pred = self._mean[rows]
        self._searcher.sigma_pred = np.full_like(self._mean[rows], self._deviation)
        return int(self._searcher.suggest()["row"])


class SyneTuneBox(_SyneTune):
    """Bounding box of the best of each past task (Perrone et al. 2019), then random search."""

    def __init__(self, problem):
        import contextlib
        import io

        from syne_tune.optimizer.baselines import RandomSearch
        from syne_tune.optimizer.schedulers.transfer_learning.bounding_box import BoundingBox

        super().__init__(problem)
        with contextlib.redirect_stdout(io.StringIO()):
            self._scheduler = BoundingBox(
                lambda space, metric, do_minimize, seed: RandomSearch(
                    space, [metric], do_minimize=do_minimize, random_seed=seed
                ),
                self._domains(),
                metric="loss",
                do_minimize=True,
                transfer_learning_evaluations=self._evaluations(),
                random_seed=problem.seed,
            )

    def ask(self):
        return self.nearest(_point(self.problem, self._scheduler.suggest().config))

"""BoTorch's Gaussian process, alone and as an ensemble with those of past tasks."""

import warnings
from typing import TYPE_CHECKING

import numpy as np

from scripts.benchmarks.transfer.methods import Method
from scripts.benchmarks.transfer.tables import Problem

if TYPE_CHECKING:
    from botorch.models import SingleTaskGP


class BotorchGP(Method):
    """SingleTaskGP with its default priors and log expected improvement over the pool."""

    needs = ("botorch",)

    def choose(self) -> int:
        import torch
        from botorch.acquisition import LogExpectedImprovement

        model, best = self._target()
        acquisition = LogExpectedImprovement(model, best_f=best)
        with torch.no_grad():
            points = torch.as_tensor(self.problem.pool.inputs[self.untried]).unsqueeze(1)
            return int(self.untried[int(acquisition(points).argmax())])

    def _target(self) -> tuple["SingleTaskGP", float]:
        """Return a model of the target's trials, and the best of them in its unit."""
        pool = self.problem.pool
        scores = pool.scores[self.tried]
        return _fit(pool.inputs[self.tried], scores), float(_standard(scores).max())


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / max(values.std(), 1e-9)


def _fit(inputs: np.ndarray, values: np.ndarray) -> "SingleTaskGP":
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

    def __init__(self, problem: Problem) -> None:
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

    def choose(self) -> int:
        means, variances = np.array(self._means), np.array(self._variances)
        if len(self.tried) < 3:  # nothing to rank yet: the best by the mean of the ensemble
            return int(self.untried[int(means.mean(0)[self.untried].argmax())])
        import torch

        model, _ = self._target()
        with torch.no_grad():
            posterior = model.posterior(torch.as_tensor(self.problem.pool.inputs))
        weights = self._weights(model, means, variances)
        mean = weights @ np.vstack([means, posterior.mean[:, 0].numpy()])
        variance = weights**2 @ np.vstack([variances, posterior.variance[:, 0].numpy()])
        return self._best(mean, variance, float(mean[self.tried].max()))

    def _best(self, mean: np.ndarray, variance: np.ndarray, best: float) -> int:
        import torch
        from botorch.acquisition.analytic import _log_ei_helper

        deviation = np.sqrt(variance[self.untried])
        z = torch.as_tensor((mean[self.untried] - best) / deviation)
        scores = _log_ei_helper(z).numpy() + np.log(deviation)
        return int(self.untried[int(scores.argmax())])

    def _weights(
        self, model: "SingleTaskGP", means: np.ndarray, variances: np.ndarray
    ) -> np.ndarray:
        """Return how often each model ranks the observed trials best; the last is the target's."""
        import torch

        values = self.problem.pool.scores[self.tried]
        n = len(values)
        draws = self._rng.normal(size=(len(means), self.SAMPLES, n))
        deviation = np.sqrt(variances[:, self.tried])[:, None]
        samples = means[:, self.tried][:, None] + deviation * draws
        found = [_ranking_loss(s, s, values) for s in samples]
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
        found.append(_ranking_loss(draw, np.broadcast_to(targets, draw.shape), values))
        losses = np.array(found)
        # Weight dilution is prevented as in the tutorial: models worse than the target's go.
        losses[:-1][np.median(losses[:-1], 1) > np.percentile(losses[-1], 95)] = 1e9
        best = losses == losses.min(0)
        best[:-1, best[-1]] = False
        return (best / best.sum(0)).mean(1)


def _ranking_loss(left: np.ndarray, right: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the number of misranked pairs of each sample, shape (samples,)."""
    wrong = (left[:, :, None] < right[:, None, :]) ^ (values[:, None] < values[None, :])
    return wrong.sum((1, 2))

"""Bayesian optimisation: a Gaussian process and log expected improvement, in BoTorch.

Balandat et al. 2020, "BoTorch"; Ament et al. 2023, "Unexpected improvements to expected
improvement" (LogEI). Categoricals are one-hot; inactive hyperparameters stand at their
defaults (Levesque et al. 2017); the acquisition is maximised over a pool of random
configurations and neighbours of the best ones, as in SMAC (Hutter et al. 2011), so that
conditions and forbidden combinations always hold.
"""

from typing import TYPE_CHECKING

import numpy as np

from advisor.spaces import Encoder, neighbours, sample, sobol
from advisor.strategies.base import Configuration, SearchStrategy

if TYPE_CHECKING:
    from botorch.models import SingleTaskGP

MIN_OBSERVED = 5
"""Values needed before the surrogate proposes; before that, the default and Sobol points."""

POOL_RANDOM = 500
POOL_LOCAL = 60
INCUMBENTS = 3


class BayesianSearch(SearchStrategy):
    """Gaussian process surrogate with log expected improvement."""

    name = "bayesian"

    def propose(self) -> Configuration:
        """Return the candidate with the largest log expected improvement."""
        losses = self.losses()
        if np.isfinite(losses).sum() < MIN_OBSERVED:
            return self._initial()
        pool = self._pool(losses)
        acquisition = self._acquisition(pool, losses)
        return pool[int(np.argmax(acquisition))]

    def _initial(self) -> Configuration:
        """Return the space's default first, if nothing is known of better ones, then Sobol."""
        told = len(self.observations)
        if told == 0:
            return self.space.default()
        return sobol(self.space, told, seed=self.seed)[-1]

    def _pool(self, losses: np.ndarray) -> list[Configuration]:
        """Return untried candidates: random ones and neighbours of the incumbents."""
        seed = self.trial_seed()
        pool = sample(self.space, POOL_RANDOM, seed=seed)
        order = np.argsort(np.where(np.isfinite(losses), losses, np.inf))
        for place in order[:INCUMBENTS]:
            incumbent = dict(self.observations[place].config)
            pool += neighbours(self.space, incumbent, POOL_LOCAL, seed=seed + int(place))
        tried = [dict(observation.config) for observation in self.observations]
        return [config for config in pool if config not in tried] or pool

    def _acquisition(self, pool: list[Configuration], losses: np.ndarray) -> np.ndarray:
        import torch
        from botorch.acquisition import LogExpectedImprovement

        encoder = Encoder(self.space)
        inputs = encoder.encode([dict(o.config) for o in self.observations])
        targets = robust_targets(losses)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            model = fit_gp(inputs, targets)
            acquisition = LogExpectedImprovement(model, best_f=targets.min(), maximize=False)
            with torch.no_grad():
                points = torch.as_tensor(encoder.encode(pool), dtype=torch.float64)
                return acquisition(points.unsqueeze(1)).numpy()


def robust_targets(losses: np.ndarray) -> np.ndarray:
    """Return losses fit for a Gaussian process: finite and without far outliers.

    Failures count as the worst value seen; values beyond three interquartile ranges above
    the median are pulled in, so that one exploded run does not flatten the rest.

    Args:
        losses: values to minimise, NaN for failures, shape (n,), at least one finite.
    """
    finite = losses[np.isfinite(losses)]
    low, middle, high = np.quantile(finite, [0.25, 0.5, 0.75])
    ceiling = middle + 3 * max(high - low, 1e-12)
    worst = min(float(finite.max()), ceiling)
    return np.minimum(np.where(np.isfinite(losses), losses, worst), ceiling)


def fit_gp(inputs: np.ndarray, targets: np.ndarray) -> "SingleTaskGP":
    """Fit BoTorch's default Gaussian process by marginal likelihood.

    Args:
        inputs: encoded configurations in the unit cube, shape (n, d).
        targets: shape (n,); standardised inside the model.
    """
    import warnings

    import torch
    from botorch.exceptions.warnings import BotorchWarning
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Standardize
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from linear_operator.utils.warnings import NumericalWarning

    x = torch.as_tensor(inputs, dtype=torch.float64)
    y = torch.as_tensor(targets, dtype=torch.float64).unsqueeze(-1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BotorchWarning)
        warnings.simplefilter("ignore", NumericalWarning)
        model = SingleTaskGP(x, y, outcome_transform=Standardize(m=1))
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    return model.eval()

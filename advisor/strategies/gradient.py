"""Gradient descent on hyperparameters, by the gradient of the validation loss.

Trials bring that gradient along: for built-in families by differentiating through an unrolled
training (Maclaurin et al. 2015; Franceschi et al. 2017), see `advisor.training.hypergradient`;
a training function of the user's returns it. Steps are normalised and shrink when they do not
help, since gradients of short trainings tell a direction rather than a distance (Wu et al.
2018).
"""

from collections.abc import Mapping
from math import log
from typing import NoReturn

import numpy as np

from advisor.encoding import sample
from advisor.encoding.cube import to_frame, to_points
from advisor.strategies.base import Observation, SearchStrategy
from knowledge_base.errors import UserError
from knowledge_base.space import Hyperparameter, SpaceDefinition
from knowledge_base.types import Config, ConfigDict

STEP = 0.15
"""Length of the first step, and the greatest, in units of the cube."""
GROWTH, SHRINKAGE = 1.3, 0.5
"""What the length is multiplied with after a step that helped, and after one that did not."""
SMALLEST_STEP = 0.01
"""Below this the descent has arrived, and a new one begins."""


def refuse(name: str, reason: str) -> NoReturn:
    """Say that a hyperparameter has no gradient, and what to do.

    Raises:
        UserError: always.
    """
    raise UserError(
        f"The strategy gradient cannot differentiate '{name}' ({reason}). Search continuous "
        "hyperparameters only, such as `only=learning_rate,weight_decay,dropout`, or use "
        "another strategy."
    )


class GradientSearch(SearchStrategy):
    """Descends from the warm start or the default; starts anew where it can go no further."""

    name = "gradient"
    needs_gradients = True

    @classmethod
    def check(cls, space: SpaceDefinition) -> None:
        """Refuse a space with hyperparameters that are not continuous."""
        for h in space.hyperparameters.values():
            if h.kind not in ("float", "constant"):
                refuse(h.name, f"{h.kind}: {h.describe()}")
            if h.kind == "float" and h.step is not None:
                refuse(h.name, f"it has steps of {h.step:g}: {h.describe()}")

    def propose(self) -> ConfigDict:
        """Return the best point so far, moved against its gradient.

        Raises:
            UserError: trials bring no gradients.
        """
        taken = self.taken()
        if not self.observations:
            default = self.space.default()
            return default if default not in taken else self._anew()
        known = [o for o in self.observations if o.gradients and o.value is not None]
        if not known:
            if any(o.value is not None for o in self.observations):
                raise UserError(
                    "The strategy gradient needs gradients: let the training function return "
                    "{'value': ..., 'gradients': {'learning_rate': ...}}, or use "
                    "`strategy=bayesian`."
                )
            return self._anew()
        centre, step = self._descent(known)
        if step < SMALLEST_STEP or len(self.active) > 0:
            return self._anew()
        moved = self._moved(centre, step)
        return moved if moved not in taken else self._anew()

    def _descent(self, known: list[Observation]) -> tuple[Observation, float]:
        """Replay the descent: where it stands, and how far its next step goes."""
        centre, step = known[0], STEP
        for observation in known[1:]:
            assert observation.value is not None
            assert centre.value is not None
            if self.sign * observation.value > self.sign * centre.value:
                centre, step = observation, min(step * GROWTH, STEP)
            else:
                step *= SHRINKAGE
        return centre, step

    def _moved(self, centre: Observation, step: float) -> ConfigDict:
        assert centre.gradients is not None
        rng = np.random.default_rng(self.seed)
        point = to_points(self.space, [centre.config], rng)[0]
        names = list(self.space.hyperparameters)
        slope = np.array([self._slope(name, centre.config, centre.gradients) for name in names])
        length = float(np.abs(slope).max())
        if length > 0:
            point = np.clip(point - step * slope / length, 0.0, 1.0)
        (config,) = self.space.records(to_frame(self.space, point[None]))
        return self.space.complete(config)

    def _slope(self, name: str, config: Config, gradients: Mapping[str, float]) -> float:
        """Return the gradient by the coordinate of the unit cube."""
        h: Hyperparameter = self.space.hyperparameters[name]
        if name not in gradients or name not in config or h.low is None or h.high is None:
            return 0.0
        if h.log:
            return gradients[name] * float(config[name]) * log(h.high / h.low)
        return gradients[name] * (h.high - h.low)

    def _anew(self) -> ConfigDict:
        return sample(self.space, 1, seed=self.step_seed())[0]

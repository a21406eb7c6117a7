"""The configurations among which a Bayesian search chooses next."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from advisor.encoding import Encoder, allowed, neighbours
from advisor.surrogates import Prior
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, ConfigDict

SPREAD = 1024
"""Evenly spread candidates; what past tasks expect of them is computed once per search."""

FROM_PAST = 256
"""Configurations that were tried on past tasks, those that are expected to be best. In many
dimensions no even spread has a point near where all past tasks were good."""

LOCAL = 40
"""Neighbours of each incumbent."""

FRESH = 32
"""New random candidates at each step, so that a long search is not tied to the first ones."""


class CandidatePool:
    """Candidates with their encoding and what past tasks expect of them.

    Attributes:
        fixed: whether the candidates were given.
        inputs: untried candidates, encoded, shape (m, d).
        past: scores that past tasks expect, shape (t, m).
        exhausted: whether everything was tried, and only repetitions are left.
    """

    def __init__(
        self,
        space: SpaceDefinition,
        encoder: Encoder,
        prior: Prior | None,
        seed: int,
        candidates: Sequence[Config] | None = None,
    ) -> None:
        """Prepare the part of the pool that stays.

        Args:
            space: a space of k hyperparameters.
            encoder: the encoder of that space.
            prior: what past tasks expect, if there are any.
            seed: the seed of the random part.
            candidates: all there is to choose from; default the whole space.
        """
        self._space, self._encoder, self._prior = space, encoder, prior
        self.fixed = candidates is not None
        self.exhausted = False
        if candidates is None:
            spread = allowed(space, _sobol(len(space.hyperparameters), SPREAD, seed))
            self._base = pd.concat([spread, self._from_past()], ignore_index=True)
        else:
            self._base = space.clean(space.frame(candidates))
        self._base_inputs = encoder.encode_frame(self._base)
        self._base_past = self._expect(self._base_inputs)

    def _from_past(self) -> pd.DataFrame:
        """Return what was best on past tasks, as they expect it of the new one."""
        configs = [] if self._prior is None else [json.loads(text) for text in self._prior.configs]
        frame = self._space.clean(self._space.frame(configs))
        if self._prior is None or len(frame) <= FROM_PAST:
            return frame
        expected = self._prior.weights @ self._expect(self._encoder.encode_frame(frame))
        return frame.iloc[np.argsort(-expected, kind="stable")[:FROM_PAST]]

    def refresh(self, incumbents: Sequence[Config], taken: np.ndarray, seed: int) -> None:
        """Renew the local part and leave out what was taken.

        Args:
            incumbents: the best configurations so far.
            taken: encoded configurations that were tried or are being tried, shape (n, d).
            seed: the seed of this step.
        """
        frames, inputs, past = [self._base], [self._base_inputs], [self._base_past]
        if not self.fixed:
            frames.append(self._local(incumbents, seed))
            inputs.append(self._encoder.encode_frame(frames[1]))
            past.append(self._expect(inputs[1]))
        together = np.vstack(inputs)
        free = _unlike(together, taken)
        self.exhausted = not free.any()
        if self.exhausted:
            free[:] = True
        self._rows = np.flatnonzero(free)
        self._frames = frames
        self.inputs, self.past = together[free], np.hstack(past)[:, free]

    @property
    def expected(self) -> np.ndarray:
        """The weighted mean of what past tasks expect, shape (m,)."""
        if self._prior is None:
            return np.zeros(len(self.inputs))
        expected: np.ndarray = self._prior.weights @ self.past
        return expected

    def best(self, scores: np.ndarray) -> ConfigDict:
        """Return the candidate with the largest score, shape (m,)."""
        row = int(self._rows[int(np.argmax(scores))])
        base = len(self._frames[0])
        frame, place = (self._frames[0], row) if row < base else (self._frames[1], row - base)
        return self._space.records(frame.iloc[[place]])[0]

    def _local(self, incumbents: Sequence[Config], seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        points = [neighbours(self._space, config, LOCAL, rng) for config in incumbents]
        points.append(rng.random((FRESH, len(self._space.hyperparameters))))
        return allowed(self._space, np.vstack(points))

    def _expect(self, inputs: np.ndarray) -> np.ndarray:
        return np.zeros((0, len(inputs))) if self._prior is None else self._prior.predict(inputs)


def _sobol(dimensions: int, n: int, seed: int) -> np.ndarray:
    from scipy.stats import qmc

    engine = qmc.Sobol(d=dimensions, scramble=True, rng=np.random.default_rng(seed))
    points: np.ndarray = engine.random(n)
    return points


def _unlike(inputs: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Return which rows of `inputs` are none of `taken`, boolean, shape (m,)."""
    seen = {row.tobytes() for row in np.round(taken, 9) + 0.0}
    return np.array([row.tobytes() not in seen for row in np.round(inputs, 9) + 0.0], dtype=bool)

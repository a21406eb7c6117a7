"""The configurations among which a Bayesian search chooses next."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from advisor.encoding import Encoder, allowed, neighbours
from advisor.encoding.inert import Inert, settled, settled_config
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
        inert: Sequence[Inert] = (),
    ) -> None:
        """Prepare the part of the pool that stays.

        Args:
            space: a space of k hyperparameters.
            encoder: the encoder of that space.
            prior: what past tasks expect, if there are any.
            seed: the seed of the random part.
            candidates: all there is to choose from; default the whole space.
            inert: hyperparameters that are not varied, since they do nothing.
        """
        self._space, self._encoder, self._prior = space, encoder, prior
        self._inert = inert
        self.fixed = candidates is not None
        self.exhausted = False
        if candidates is None:
            spread = allowed(space, _sobol(len(space.hyperparameters), SPREAD, seed))
            base = pd.concat([spread, self._from_past()], ignore_index=True)
            self._base = settled(space, base, inert)
        else:
            self._base = space.clean(space.frame(candidates))
        self._base_inputs = encoder.encode_frame(self._base)
        self._base_past = self.expect(self._base_inputs)
        self._base_costs: np.ndarray | None = None

    def _from_past(self) -> pd.DataFrame:
        """Return what was best on past tasks, as they expect it of the new one."""
        configs = [] if self._prior is None else [json.loads(text) for text in self._prior.configs]
        frame = self._space.clean(self._space.frame(configs))
        if self._prior is None or len(frame) <= FROM_PAST:
            return frame
        expected = self._prior.weights @ self.expect(self._encoder.encode_frame(frame))
        return frame.iloc[np.argsort(-expected, kind="stable")[:FROM_PAST]]

    def expect(self, inputs: np.ndarray) -> np.ndarray:
        """Return the scores that past tasks expect of encoded configurations, shape (t, n)."""
        return np.zeros((0, len(inputs))) if self._prior is None else self._prior.predict(inputs)

    def untried(
        self, configs: pd.DataFrame, taken: Sequence[Config], silent: Sequence[np.ndarray] = ()
    ) -> tuple[pd.DataFrame, np.ndarray]:
        """Return which of other configurations are worth a trial, and how they are encoded.

        Args:
            configs: legal ones.
            taken, silent: as for `refresh`.
        """
        found = settled(self._space, configs, self._inert)
        inputs = self._encoder.encode_frame(found)
        new = unlike(inputs, self._settled_inputs(taken), silent)
        return found[new], inputs[new]

    def _settled_inputs(self, configs: Sequence[Config]) -> np.ndarray:
        """Return encoded configurations with what does nothing where candidates have it."""
        if not self.fixed:
            configs = [settled_config(self._space, config, self._inert) for config in configs]
        return self._encoder.encode(configs)

    def refresh(
        self,
        incumbents: Sequence[Config],
        taken: Sequence[Config],
        seed: int,
        silent: Sequence[np.ndarray] = (),
    ) -> None:
        """Renew the local part and leave out what was taken.

        Args:
            incumbents: the best configurations so far.
            taken: configurations that were tried or are being tried.
            seed: the seed of this step.
            silent: sets of columns; what differs from something taken in one of them only is
                left out, too.
        """
        frames, inputs, past = [self._base], [self._base_inputs], [self._base_past]
        if not self.fixed:
            frames.append(self._local(incumbents, seed))
            inputs.append(self._encoder.encode_frame(frames[1]))
            past.append(self.expect(inputs[1]))
        together = np.vstack(inputs)
        free = unlike(together, self._settled_inputs(taken), silent)
        self.exhausted = not free.any()
        if self.exhausted:
            free[:] = True
        self._rows = np.flatnonzero(free)
        self._frames, self._local_inputs = frames, inputs[1:]
        self.inputs, self.past = together[free], np.hstack(past)[:, free]

    @property
    def expected(self) -> np.ndarray:
        """The weighted mean of what past tasks expect, shape (m,)."""
        if self._prior is None:
            return np.zeros(len(self.inputs))
        expected: np.ndarray = self._prior.weights @ self.past
        return expected

    def costs(self) -> np.ndarray:
        """Return what past tasks expect of the logarithms of seconds, shape (t, m)."""
        known = None if self._prior is None else self._prior.costs
        if known is None:
            return np.zeros((0, len(self.inputs)))
        if self._base_costs is None:
            self._base_costs = known.models.predict(self._base_inputs)
        local = [known.models.predict(inputs) for inputs in self._local_inputs]
        return np.hstack([self._base_costs, *local])[:, self._rows]

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
        return settled(self._space, allowed(self._space, np.vstack(points)), self._inert)


def _sobol(dimensions: int, n: int, seed: int) -> np.ndarray:
    from scipy.stats import qmc

    engine = qmc.Sobol(d=dimensions, scramble=True, rng=np.random.default_rng(seed))
    points: np.ndarray = engine.random(n)
    return points


def unlike(inputs: np.ndarray, taken: np.ndarray, silent: Sequence[np.ndarray] = ()) -> np.ndarray:
    """Return which rows of `inputs` are none of `taken`, boolean, shape (m,).

    Args:
        inputs, taken: encoded configurations, shapes (m, d) and (n, d).
        silent: sets of columns, each boolean of shape (d,), that are not looked at one after
            another, unless nothing would be left.
    """
    found = _none_of(inputs, taken)
    said = found.copy()
    for columns in silent:
        said &= _none_of(inputs[:, ~columns], taken[:, ~columns])
    return said if said.any() else found


def _none_of(inputs: np.ndarray, taken: np.ndarray) -> np.ndarray:
    seen = {row.tobytes() for row in np.round(taken, 9) + 0.0}
    return np.array([row.tobytes() not in seen for row in np.round(inputs, 9) + 0.0], dtype=bool)

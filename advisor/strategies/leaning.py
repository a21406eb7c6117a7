"""Leaning towards what diagnoses of the best trials say should help."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from advisor.encoding import Encoder
from knowledge_base.types import Config

if TYPE_CHECKING:
    from advisor.encoding.remedies import Remedy

BONUS = 0.3
"""At most this is added to the log expected improvement: a factor of 1.35."""

FADE = 0.8
"""Share of the bonus that is left after each further trial."""

LISTENED = 3
"""Best trials with a diagnosis that are listened to."""

STEP = 0.3
"""Share of a number's range: a step of this size in the right direction gets the whole bonus, and
a longer one gets no more."""


class Leaning:
    """Remembers remedies, and says which candidates follow them."""

    def __init__(self, encoder: Encoder) -> None:
        """Take the encoder of candidates."""
        self._encoder = encoder
        self._advice: dict[int, tuple[Config, Sequence[Remedy]]] = {}

    def hear(self, trial: int, config: Config, remedies: "Sequence[Remedy]") -> None:
        """Remember the remedies for the trial of that place; later ones replace earlier ones.

        Args:
            trial: its place among all trials, from 0 on.
            config: what was tried.
            remedies: what should have helped it; empty if nothing in the space does. The trial
                is one of those that are listened to all the same.
        """
        self._advice[trial] = (config, tuple(remedies))

    def bonus(self, values: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """Return what to add to the log expected improvement of candidates, shape (m,).

        Args:
            values: values of all trials, larger is better, NaN without one, shape (n,).
            inputs: encoded candidates, shape (m, d).
        """
        advised = [place for place in self._advice if np.isfinite(values[place])]
        best = sorted(advised, key=lambda place: -values[place])[:LISTENED]
        total = np.zeros(len(inputs))
        for place in best:
            config, remedies = self._advice[place]
            fade = FADE ** (len(values) - 1 - place)
            total += fade * self._followed(config, remedies, inputs)
        return BONUS * total / max(len(best), 1)

    def _followed(
        self, config: Config, remedies: "Sequence[Remedy]", inputs: np.ndarray
    ) -> np.ndarray:
        """Return how far candidates go in the direction of remedies, in [-1, 1]."""
        origin = self._encoder.encode([config])[0]
        places = {name: place for place, name in enumerate(self._encoder.columns)}
        parts = []
        for remedy in remedies:
            if remedy.direction and remedy.hyperparameter in places:
                column = places[remedy.hyperparameter]
                sign = 1 if remedy.direction == "more" else -1
                moved = sign * (inputs[:, column] - origin[column])
                parts.append(np.clip(moved / STEP, -1, 1))
            names = [f"{remedy.hyperparameter}={choice}" for choice in remedy.choices]
            columns = [places[name] for name in names if name in places]
            if columns:
                parts.append(inputs[:, columns].sum(1))
        return np.mean(parts, axis=0) if parts else np.zeros(len(inputs))

"""Bayesian optimisation with past tasks as its prior, if there are any.

The surrogate is `advisor.surrogates.TransferGP`; without past tasks it is a plain Gaussian
process. The acquisition is log expected improvement, maximised over evenly spread candidates
and neighbours of the best ones, as in SMAC (Hutter et al. 2011), so that conditions and
forbidden combinations always hold. See docs/method.md.
"""

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np

from advisor.encoding import Encoder, sobol
from advisor.strategies.base import Observation
from advisor.strategies.candidates import CandidatePool
from advisor.strategies.companions import around, spread_out
from advisor.strategies.leaning import Leaning
from advisor.strategies.noise import known_noise
from advisor.strategies.pausing import PausingSearch
from advisor.strategies.repeats import Repeats
from advisor.strategies.targets import robust_targets, target_noise
from advisor.strategies.thinning import looked_at, on_schedule
from advisor.strategies.turns import Offer, best_of
from advisor.surrogates import (
    Prior,
    TransferGP,
    expected_log_seconds,
    log_expected_improvement,
    mean_of,
    possible_lengthscales,
)
from advisor.surrogates.kernels import matern52
from advisor.surrogates.lengthscales import default_lengthscales
from advisor.surrogates.transfer import SCALES, Scales
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, ConfigDict

MIN_OBSERVED = 5
"""Values needed before a surrogate without past tasks proposes; until then, the default
configuration and Sobol points."""

MIN_TRUST = 0.1
"""Past tasks that are less likely than this to say anything are left out."""

STALLED = 8
DOUBTED = 3
"""After `STALLED` trials in a row without a new best, the past is set aside at every trial
whose number is a multiple of `DOUBTED`. A misleading past that has led all trials to one
plateau is never refuted by them: each agrees with the others."""

ALIKE = 0.99
"""Correlation with an active trial above which another one is not worth a worker."""

PROVEN = 0.8
"""Correlation with one of the best trials, in what shapes a network, from which on one of its shape
has companions."""


class BayesianSearch(PausingSearch):
    """Gaussian process surrogate with log expected improvement.

    Attributes:
        scales: how far the new task may be from past ones; a variant may have its own.
        knows_noise: whether the noise of folds is told to the surrogate; a variant may learn it.
    """

    name = "bayesian"
    options: ClassVar[frozenset[str]] = frozenset({"candidates", "per_second", "stopping"})
    scales: ClassVar[Scales] = SCALES
    knows_noise: ClassVar[bool] = True

    def __init__(
        self,
        space: SpaceDefinition,
        direction: str = "minimize",
        seed: int = 0,
        *,
        candidates: Sequence[Config] | None = None,
        per_second: bool = False,
        stopping: bool = True,
    ) -> None:
        """Prepare a search; see `SearchStrategy`.

        Args:
            space, direction, seed: as for every strategy.
            candidates: propose only these configurations, until all were tried.
            per_second: maximise expected improvement per second.
            stopping: put trials aside by their curves, where the prior has curves of past tasks;
                then what is maximised is always the improvement per second.
        """
        super().__init__(space, direction, seed)
        self._candidates = candidates
        self._per_second = per_second
        self._stopping = stopping
        self._encoder = Encoder(space)
        self._leaning = Leaning(self._encoder)
        self._repeats = Repeats(self._encoder)
        self._expectations: dict[bytes, np.ndarray] = {}
        self._plain: list[np.ndarray] = []
        self._informed: list[np.ndarray] = []
        self._learned_from = 0

    def start_from(self, warm: Sequence[Config], prior: Prior | None = None) -> None:
        """Hear what the past says; a prior that hardly deserves trust is left out."""
        trusted = prior is not None and prior.trust >= MIN_TRUST
        super().start_from(warm, prior if trusted else None)
        if self._stopping and self.prior is not None:
            self.pause_by(self.prior, self._encoder)

    def update(
        self,
        completed: Sequence[Observation],
        active: Sequence[Config],
        paused: Sequence[Observation] = (),
    ) -> None:
        """Hear what happened, and lean towards remedies of the best trials from now on."""
        first = len(self.observations)
        super().update(completed, active, paused)
        for place, observation in enumerate(completed, start=first):
            self._repeats.hear(observation)
            if observation.remedies is not None:
                self._leaning.hear(place, observation.config, observation.remedies)

    @cached_property
    def _pool(self) -> CandidatePool:
        return CandidatePool(
            self.space, self._encoder, self.prior, self.seed, self._candidates, self.inert
        )

    def offer(self, standing: Sequence[Observation]) -> Offer | None:
        """Return what may begin: the next configuration of the warm start, else any candidate."""
        known = [dict(o.config) for o in (*self.observations, *standing)]
        active = [config for config in self.active if config not in known]
        taken = [*known, *active]
        first = next((config for config in self.warm if config not in taken), None)
        if first is not None:
            return Offer.of_one(first, self._encoder)
        incumbents = best_of([*self.observations, *standing], self.sign)
        step = self.step_seed(len(taken))
        self._pool.refresh(incumbents, taken, step, self._repeats.columns)
        if self._pool.exhausted:
            return None
        bonus = self._leaning.bonus(self.goodness(), self._pool.inputs)
        running = self._encoder.encode(active)
        return Offer(self._pool.inputs, bonus, lambda s: self._apart(s, running), self._pool.best)

    def propose(self) -> ConfigDict:
        """Return the untried candidate with the largest log expected improvement."""
        config = self.begun()
        if config is not None:
            return config
        values = self.goodness()
        known = int(np.isfinite(values).sum())
        if self.prior is None and known < MIN_OBSERVED:
            return self._initial()
        taken = self.taken()
        encoded = self._encoder.encode(taken)
        model = self._fitted(values, encoded) if known else None
        leading = values
        if model is not None and self._noise(values) is not None:
            leading = self._at_trials(model, encoded[: len(values)])
        self._pool.refresh(
            self._incumbents(leading), taken, self.step_seed(), self._repeats.columns
        )
        if model is None:
            scores = self._pool.expected
        else:
            scores = log_expected_improvement(model.posteriors(self._pool.inputs, self._pool.past))
            scores = scores + self._leaning.bonus(values, self._pool.inputs)
        if self._per_second and known:
            tried = encoded[: len(values)]
            scores = scores - self._log_seconds(tried, self._pool.inputs, self._pool.costs())
        return self._pool.best(self._apart(scores, encoded[len(values) :]))

    def believed(self) -> np.ndarray:
        """Return what the surrogate expects of the trials that ended, larger is better, shape (n,).

        It is in the unit of `robust_targets`. Of many noisy values the best is too good to be
        true; what is expected there, given all values and their noise, is not.

        Raises:
            ValueError: no trial has a value.
        """
        values = self.goodness()
        if not np.isfinite(values).any():
            raise ValueError("without a value nothing can be expected of trials")
        encoded = self._encoder.encode(self.taken())
        model = self._fitted(values, encoded)
        return self._at_trials(model, encoded[: len(values)])

    def _at_trials(self, model: TransferGP, encoded: np.ndarray) -> np.ndarray:
        return mean_of(model.posteriors(encoded, self._expected(encoded)))

    def companions(self, lead: Config, count: int, free: Collection[str]) -> list[ConfigDict]:
        """Return neighbours of `lead` by their expected improvement; see `SearchStrategy`."""
        values = self.goodness()
        if int(np.isfinite(values).sum()) < MIN_OBSERVED or self._pool.fixed or self.by_curves:
            return []
        incumbents = self._incumbents(values)
        if not self._proven(lead, incumbents, free):
            return []
        taken = self.taken()
        encoded = self._encoder.encode(taken)
        model = self._fitted(values, encoded)
        found, inputs = self._pool.untried(
            around(self.space, lead, incumbents, free, self.step_seed()), taken,
            self._repeats.columns,
        )  # fmt: skip
        if not len(found):
            return []
        expected = self._pool.expect(inputs)
        scores = log_expected_improvement(model.posteriors(inputs, expected))
        scores = scores + self._leaning.bonus(values, inputs)
        if self._per_second:
            scores = scores - self._log_seconds(encoded[: len(values)], inputs)
        alike = matern52(inputs, inputs, self._lengthscales)
        chosen = spread_out(self._apart(scores, encoded[len(values) :], inputs), alike, count)
        configs = self.space.records(found.iloc[chosen])
        self.active += configs
        return [dict(config) for config in configs]

    def _proven(self, lead: Config, incumbents: Sequence[Config], free: Collection[str]) -> bool:
        """Return whether what `lead` shares with its companions is much like one of the best.

        A shape that is new may be bad, and then all that are tried with it are.
        """
        shared = np.array([name not in free for name in self._encoder.owners])
        here, best = self._encoder.encode([lead]), self._encoder.encode(incumbents)
        lengthscales = self._lengthscales[shared]
        return bool(matern52(here[:, shared], best[:, shared], lengthscales).max() >= PROVEN)

    def _log_seconds(
        self, tried: np.ndarray, inputs: np.ndarray, before: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the expected log duration of candidates, at least that of the usual trial.

        What is quicker than the trials so far saves little of a search, while small networks
        trained for few epochs take whatever improvement is expected of them by the second: images
        were searched in that way for worse models (docs/benchmarks/takeaway.md).
        """
        told = [o.seconds for o in self.observations]
        seconds = np.array([np.nan if s is None else s for s in told], dtype=float)
        costs = None if self.prior is None else self.prior.costs
        expected = expected_log_seconds(costs, tried, seconds, inputs, before)
        known = seconds[np.nan_to_num(seconds) > 0]
        return np.maximum(expected, np.log(np.median(known))) if len(known) else expected

    @property
    def _lengthscales(self) -> np.ndarray:
        known = None if self.prior is None else self.prior.lengthscales
        return default_lengthscales(len(self._encoder.columns)) if known is None else known

    def _apart(
        self, scores: np.ndarray, waiting: np.ndarray, inputs: np.ndarray | None = None
    ) -> np.ndarray:
        """Leave out what would teach much the same as an active trial, if anything is left.

        Args:
            scores: of the candidates, shape (m,).
            waiting: encoded active trials.
            inputs: encoded candidates; default those of the pool.
        """
        if not len(waiting):
            return scores
        inputs = self._pool.inputs if inputs is None else inputs
        alike = matern52(inputs, waiting, self._lengthscales).max(1)
        far = alike < ALIKE
        return np.where(far, scores, -np.inf) if far.any() else scores

    def _initial(self) -> ConfigDict:
        """Return the space's default first, then Sobol points; of given candidates, any."""
        if self._pool.fixed:
            self._pool.refresh([], self.taken(), self.step_seed())
            rng = np.random.default_rng(self.step_seed())
            return self._pool.best(rng.random(len(self._pool.inputs)))
        tried = len(self.observations) + len(self.active)
        if tried == 0:
            return self.space.default()
        # A warm configuration may be a point of the same sequence: go on to one that is not.
        taken, points = self.taken(), sobol(self.space, 2 * tried + 1, seed=self.seed)
        return next((p for p in points[tried - 1 :] if p not in taken), points[tried - 1])

    def _incumbents(self, values: np.ndarray) -> list[ConfigDict]:
        order = np.argsort(-values, kind="stable")[:3]
        return [dict(self.observations[place].config) for place in order]

    def _fitted(self, values: np.ndarray, encoded: np.ndarray) -> TransferGP:
        """Return the surrogate; active trials count as what is expected of them.

        That keeps workers apart ("kriging believer", Ginsbourger et al. 2010).
        """
        targets = robust_targets(values)
        noise = self._noise(values)
        rows = looked_at(targets)
        inputs = encoded[rows]
        expected = self._expected(encoded)
        self._learn_lengthscales(values, encoded)
        known = None if noise is None else noise[rows]
        model = self._model(inputs, targets[rows], expected[:, rows], known)
        if not self.active:
            return model
        waiting = np.arange(len(values), len(encoded))
        posteriors = model.posteriors(encoded[waiting], expected[:, waiting])
        believed = np.minimum(mean_of(posteriors), targets.max())
        together = np.concatenate([targets[rows], believed])
        rows = np.concatenate([rows, waiting])
        if known is not None:
            known = np.concatenate([known, np.full(len(waiting), np.median(known))])
        return self._model(encoded[rows], together, expected[:, rows], known)

    def _noise(self, values: np.ndarray) -> np.ndarray | None:
        """Return the known noise of the targets, shape (n,); None where it is not known."""
        if not self.knows_noise:
            return None
        deviations = known_noise(self.sign * values, [o.folds for o in self.observations])
        return None if deviations is None else target_noise(values, deviations)

    def _model(
        self,
        inputs: np.ndarray,
        targets: np.ndarray,
        expected: np.ndarray,
        noise: np.ndarray | None,
    ) -> TransferGP:
        if self.prior is None:
            return TransferGP(inputs, targets, plain=self._plain, scales=self.scales, noise=noise)
        weights = self.prior.weights
        trust = 0.0 if self._doubted() else self.prior.trust
        return TransferGP(
            inputs,
            targets,
            expected,
            weights,
            self._plain,
            self._informed,
            trust,
            self.scales,
            noise,
        )

    def _doubted(self) -> bool:
        """Return whether the past is set aside for this trial."""
        values = self.goodness()
        found = values[np.isfinite(values)]
        if len(found) <= STALLED or len(found) % DOUBTED:
            return False
        return bool(found[-STALLED:].max() <= found[:-STALLED].max())

    def _learn_lengthscales(self, values: np.ndarray, encoded: np.ndarray) -> None:
        """Learn from the first trials, as many as the last power of 1.15 had.

        Lengthscales hardly change with one more trial, and learning them is most of the work;
        on a schedule they still depend on nothing but the trials that ended.
        """
        count = on_schedule(len(values))
        if not np.isfinite(values[:count]).any():
            count = len(values)
        if count == self._learned_from:
            return
        targets = robust_targets(values[:count])
        rows = looked_at(targets)
        inputs, targets = encoded[:count][rows], targets[rows]
        plain = default_lengthscales(encoded.shape[1])
        self._plain = possible_lengthscales(inputs, targets, plain)
        if self.prior is not None:
            self._informed = possible_lengthscales(inputs, targets, self.prior.lengthscales)
        self._learned_from = count

    def _expected(self, encoded: np.ndarray) -> np.ndarray:
        """Return what past tasks expect, shape (t, n); computed once for each trial."""
        if self.prior is None:
            return np.zeros((0, len(encoded)))
        missing = [row for row in encoded if row.tobytes() not in self._expectations]
        if missing:
            found = self.prior.predict(np.array(missing))
            self._expectations.update(
                (row.tobytes(), column) for row, column in zip(missing, found.T, strict=True)
            )
        return np.array([self._expectations[row.tobytes()] for row in encoded]).T

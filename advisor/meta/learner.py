"""The meta-learner: from past tasks and a new one to a ranked list of configurations."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from advisor.encoding import Encoder, sobol
from advisor.meta.calibration import Calibration, beats_default, spread_of
from advisor.meta.certainty import Certainty, certainty_of
from advisor.meta.experience import Experience
from advisor.meta.past_task import PastTask
from advisor.meta.portfolio import distinct, greedy_portfolio
from advisor.meta.quickness import Costs
from advisor.meta.recommendation import Evidence, Query, Recommendation
from advisor.meta.risk import Risk
from advisor.meta.scores import normal_share
from advisor.meta.similarity import OUTCOME_SHARPNESS, task_weights, with_outcomes
from advisor.meta.threads import one_blas_thread
from advisor.surrogates import Prior, TransferGP, mean_of
from advisor.surrogates.kernels import matern52
from knowledge_base.identity import canonical_json
from knowledge_base.space import SpaceDefinition, projected
from knowledge_base.types import ConfigDict

EVIDENCE_SHOWN = 5
"""Past tasks that a recommendation names."""

SPREAD = 128
"""Candidates that are spread evenly over a part of a space, besides those of the past."""


MAX_CURVED = 32
"""Past tasks whose learning curves a search looks at: those that weigh most."""

CurvesOf: TypeAlias = Callable[
    [SpaceDefinition, Mapping[str, float], float], Mapping[str, np.ndarray] | None
]
"""Reads the curves of past tasks in a space, given their weights by identity and the trust."""


class MetaLearner(ABC):
    """Recommends configurations for a new task from past ones."""

    @abstractmethod
    def recommend(self, query: Query, n: int) -> list[Recommendation]:
        """Return up to `n` recommendations, best first; none without any history."""

    @abstractmethod
    def prior(
        self, query: Query, costs: bool = False, curves: CurvesOf | None = None
    ) -> Prior | None:
        """Return a prior for a search on the new task, None without any history.

        With `costs` it says what configurations take, too, and with `curves` how they learn.
        """


class PortfolioLearner(MetaLearner):
    """Greedy portfolio over past tasks, weighted by how alike they are expected to be.

    Without metafeatures on either side, and without outcomes, all past tasks count evenly.
    Expectations are corrected and their intervals made by leaving each past task out in turn.
    """

    def __init__(
        self,
        experience: Experience | None,
        space: SpaceDefinition,
        part: SpaceDefinition | None = None,
    ) -> None:
        """Take what `recall` returns for the space of the new task.

        With `part`, only that part of the space is recommended from and searched.
        """
        self._experience: Experience | None = experience
        self._space: SpaceDefinition = space
        self._part: SpaceDefinition | None = part
        if part is not None and experience is not None:
            self._experience = experience.asked_for(_within(part, experience), Encoder(space))

    @property
    def n_tasks(self) -> int:
        """Past tasks that are consulted."""
        return len(self._experience.tasks) if self._experience else 0

    @property
    def n_trials(self) -> int:
        """Past trials that are consulted."""
        return self._experience.n_trials if self._experience else 0

    def n_others(self, query: Query) -> int:
        """Return how many past tasks are consulted besides the very task of a query."""
        tasks = self._experience.tasks if self._experience else []
        return sum(task.task_id != query.task_id for task in tasks)

    @one_blas_thread()
    def recommend(self, query: Query, n: int) -> list[Recommendation]:
        """Return up to `n` recommendations, best first; none without any history."""
        experience = self._experience
        if experience is None:
            return []
        weights, same = self._weights(experience, query)
        risk = Risk(experience.tasks, weights, experience.models.lengthscales)
        costs = Costs.of(experience, weights, query, self._space.default())
        scores = self._scores(experience) - risk.penalty(self._encoded(experience)) - costs.slowness
        vouched = same & experience.standing.vouched
        answer = _Answer(experience, weights, same, risk, certainty_of(experience, query, vouched))
        if query.outcomes:
            chosen = self._by_outcomes(experience, weights, scores, query, n)
        else:
            quick, alike = costs.quick_enough(query, n), self._alike(experience)
            among = greedy_portfolio(scores[:, quick], weights, n, alike[np.ix_(quick, quick)])
            chosen = [int(quick[place]) for place in among]
        points, chosen = self._encoded(experience), costs.with_a_quick_one(chosen, weights @ scores)
        found = [answer.recommendation(k, c, points[c]) for k, c in enumerate(chosen, start=1)]
        return costs.told(found, chosen)

    @one_blas_thread()
    def nearest(self, query: Query, n: int) -> list[tuple[PastTask, float]]:
        """Return the `n` past tasks that count most besides those on the very data, with weights.

        The weights are shares of what those others say, in (0, 1].
        """
        experience = self._experience
        if experience is None:
            return []
        weights, same = self._weights(experience, query)
        weights = np.where(same, 0.0, weights)
        order = np.argsort(-weights, kind="stable")[:n]
        whole = weights.sum()
        return [(experience.tasks[t], float(weights[t] / whole)) for t in order if weights[t] > 0]

    @one_blas_thread()
    def prior(
        self, query: Query, costs: bool = False, curves: CurvesOf | None = None
    ) -> Prior | None:
        """Return a prior for a search on the new task, None without any history.

        The task itself is left out: its trials are told to the search, not expected by it.

        Args:
            query: what is known about the task.
            costs: whether to learn what configurations took, too.
            curves: reads the learning curves of past tasks in the whole space, given their
                weights by identity and the trust in them; default none are looked at.
        """
        experience = self._experience
        if experience is None:
            return None
        weights, _ = self._weights(experience, query)
        itself = [task.task_id == query.task_id for task in experience.tasks]
        weights = np.where(itself, 0.0, weights)
        if not weights.any():
            return None
        weights = weights / weights.sum()
        prior = experience.prior(weights, costs)
        if curves is not None:
            counted = _counted(experience, weights)
            prior.curves = curves(self._space, counted, prior.trust)
        return prior if self._part is None else prior.within(*_columns(self._part, self._space))

    def _by_outcomes(
        self,
        experience: Experience,
        weights: np.ndarray,
        scores: np.ndarray,
        query: Query,
        n: int,
    ) -> list[int]:
        """Return candidates by what outcomes on the new task and past tasks expect together."""
        tried = [config for config, _ in query.outcomes]
        values = np.array([np.nan if v is None else v for _, v in query.outcomes], dtype=float)
        if np.isfinite(values).sum() < 2:
            return greedy_portfolio(scores, weights, n, self._alike(experience))
        encoder = Encoder(self._space)
        prior = experience.prior(weights)
        inputs = encoder.encode(tried)
        model = TransferGP(
            inputs,
            _ranks(values),
            prior.predict(inputs),
            prior.weights,
            informed=[prior.lengthscales, prior.lengthscales * 0.4],
            trust=prior.trust,
        )
        candidates = self._encoded(experience)
        posteriors = model.posteriors(candidates, prior.predict(candidates))
        return distinct(mean_of(posteriors), self._alike(experience), n)

    def _encoded(self, experience: Experience) -> np.ndarray:
        """Return the candidates as points, shape (candidates, d)."""
        configs = [experience.config(column) for column in range(len(experience.keys))]
        return Encoder(self._space).encode(configs)

    def _alike(self, experience: Experience) -> np.ndarray:
        """Return correlations of candidates under the past tasks' kernel."""
        points = self._encoded(experience)
        return matern52(points, points, experience.models.lengthscales)

    def _weights(self, experience: Experience, query: Query) -> tuple[np.ndarray, np.ndarray]:
        metafeatures = [task.metafeatures for task in experience.tasks]
        expected = experience.agreement.predict(query.metafeatures, metafeatures)
        sharpness = experience.calibration.sharpness
        if query.outcomes:
            inputs = Encoder(self._space).encode([config for config, _ in query.outcomes])
            values = [-np.inf if value is None else value for _, value in query.outcomes]
            scores = experience.models.predict(inputs)
            expected = with_outcomes(expected, scores, np.array(values, dtype=float))
            sharpness = max(sharpness, OUTCOME_SHARPNESS)
        same = np.array([_same_data(query, task) for task in experience.tasks])
        trials = np.array([task.n_trials for task in experience.tasks], dtype=float)
        standing = experience.standing
        weights = task_weights(expected, sharpness, same & standing.vouched, trials)
        return standing.bounded(weights), same

    def _scores(self, experience: Experience) -> np.ndarray:
        """Return scores of candidates: half what was seen, where it was, half what is expected.

        One noisy trial is no proof, but the smooth expectation levels sharp optima.
        """
        seen = experience.seen
        known = np.isfinite(seen)
        half = 0.5 * (experience.scores + np.where(known, seen, 0.0))
        return experience.standing.believed(np.where(known, half, experience.scores))


class _Answer:
    """Makes recommendations of candidates for one query."""

    def __init__(
        self,
        experience: Experience,
        weights: np.ndarray,
        same: np.ndarray,
        risk: Risk,
        certainty: Certainty,
    ) -> None:
        self._experience: Experience = experience
        self._weights: np.ndarray = weights
        self._same: np.ndarray = same
        self._risk: Risk = risk
        self._certainty: Certainty = certainty

    def recommendation(self, rank: int, column: int, point: np.ndarray) -> Recommendation:
        experience, weights, certainty = self._experience, self._weights, self._certainty
        scores = experience.believed[:, column]
        shares = normal_share(scores)
        raw, spread = float(weights @ shares), spread_of(weights, shares)
        calibration = experience.calibration
        expected = calibration.expected(raw, spread)
        if certainty.unlike:  # How past tasks came out says nothing about it: nothing is claimed.
            calibration = Calibration()
        interval = calibration.interval(raw, spread)
        lower = self._by_vouched(shares, calibration)
        ahead = beats_default(weights, scores, experience.default)
        return Recommendation(
            rank=rank,
            config=experience.config(column),
            expected=min(max(expected, interval[0]), interval[1]),
            interval=interval,
            confidence=certainty.word(interval if lower is None else min(interval, lower)),
            beats_default=calibration.probability(ahead),
            evidence=self._evidence(column, shares),
            risk=self._risk.text(point),
            unlike=certainty.unlike,
            told_apart=certainty.told_apart,
            predictable=certainty.predictable,
        )

    def _by_vouched(
        self, shares: np.ndarray, calibration: Calibration
    ) -> tuple[float, float] | None:
        """Return the interval without tasks that nobody vouches for, None where there are none."""
        vouched = self._experience.standing.vouched
        weights = np.where(vouched, self._weights, 0.0)
        if vouched.all():
            return None
        if not weights.any():
            return 0.0, 1.0
        weights = weights / weights.sum()
        return calibration.interval(float(weights @ shares), spread_of(weights, shares))

    def _evidence(self, column: int, shares: np.ndarray) -> tuple[Evidence, ...]:
        # A trial says more than an expectation: tasks that tried it come before all but those
        # of the greatest weight.
        tried = self._experience.rows[:, column] >= 0
        order = np.argsort(-(self._weights * shares + 0.3 * tried), kind="stable")[:EVIDENCE_SHOWN]
        return tuple(self._item(int(t), column, float(shares[t])) for t in order)

    def _item(self, place: int, column: int, expected: float) -> Evidence:
        task = self._experience.tasks[place]
        row = int(self._experience.rows[place, column])
        observed = row >= 0
        return Evidence(
            task=task.name,
            task_id=task.task_id,
            weight=float(self._weights[place]),
            score=float(task.shares[row]) if observed else expected,
            observed=observed,
            value=float(task.values[row]) if observed and np.isfinite(task.values[row]) else None,
            same_dataset=bool(self._same[place]),
            contributors=task.contributors,
        )


def _counted(experience: Experience, weights: np.ndarray) -> dict[str, float]:
    """Return the tasks whose curves count, by identity: of those that are vouched for, if any.

    A task's curves are read together, whoever contributed them.
    """
    vouched = np.where(experience.standing.vouched, weights, 0.0)
    weights = vouched if vouched.any() else weights
    counted = dict[str, float]()
    for t in np.argsort(-weights, kind="stable")[:MAX_CURVED].tolist():
        task_id = experience.tasks[t].task_id
        counted[task_id] = counted.get(task_id, 0.0) + float(weights[t])
    return counted


def _within(part: SpaceDefinition, experience: Experience) -> list[ConfigDict]:
    """Return candidates of a part of the space: past ones as it fixes them, and an even spread."""
    past = projected(part, [experience.config(column) for column in range(len(experience.keys))])
    spread = sobol(part, SPREAD, seed=0)
    return list({canonical_json(config): config for config in [*past, *spread]}.values())


def _columns(part: SpaceDefinition, space: SpaceDefinition) -> tuple[np.ndarray, np.ndarray]:
    """Return where the encoded columns of a part are among all, and where the others stand."""
    encoder = Encoder(space)
    places = {name: place for place, name in enumerate(encoder.columns)}
    free = np.array([places[name] for name in Encoder(part).columns], dtype=int)
    return free, encoder.encode([part.default()])[0]


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks in [0, 1), failures last: at low fidelity only the order can be trusted."""
    filled = np.where(np.isfinite(values), values, -np.inf)
    ranks: np.ndarray = (filled[:, None] > filled).mean(1)
    return ranks


def _same_data(query: Query, task: PastTask) -> bool:
    if query.dataset_id is None:
        return query.task_id is not None and query.task_id == task.task_id
    return query.dataset_id == task.dataset_id and query.target == task.target

"""Recommendations and a prior for a space of somebody's own, from the families of the store."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from advisor.encoding import Encoder, allowed
from advisor.encoding.bridge import far_side
from advisor.meta.kin import OPTIMIZERS, Kin, kin_of, kin_weights, learned
from advisor.meta.learner import CurvesOf, MetaLearner, PortfolioLearner
from advisor.meta.past_task import PastTask
from advisor.meta.portfolio import greedy_portfolio
from advisor.meta.recommendation import Evidence, Query, Recommendation
from advisor.meta.scores import normal_share
from advisor.meta.threads import one_blas_thread
from advisor.surrogates import PastModels, Prior
from advisor.surrogates.kernels import matern52
from advisor.surrogates.lengthscales import default_lengthscales
from knowledge_base import KnowledgeBase
from knowledge_base.identity import canonical_json
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import ConfigDict

MAX_ROWS = 48
"""Past tasks of kin that are looked at, each once or for each optimiser."""

BEST_OF_TASK = 3
"""Configurations of each past task that become candidates."""

SPREAD = 512
"""Candidates that are spread over the space besides those."""

POINTS_OF_PAST, POINTS_SPREAD = 96, 128
"""Points of the space at which kin are asked: near what did well in the store, and evenly."""

NUGGET = 1e-3
"""Variance that is added, so that models go through points without swinging between them."""

EVIDENCE_SHOWN = 5


class KinLearner(MetaLearner):
    """Recommends for a space of somebody's own what did well in the store by the same roles.

    Attributes:
        n_tasks, n_trials: past tasks and trials of the families that speak.
    """

    def __init__(
        self,
        kin: Sequence[Kin],
        space: SpaceDefinition,
        part: SpaceDefinition | None = None,
    ) -> None:
        """Take the families that speak for the space, maybe none.

        With `part`, only that part of the space is recommended from and searched.
        """
        self._kin: list[Kin] = list(kin)
        self._space: SpaceDefinition = space
        self._part: SpaceDefinition | None = part
        self._last: tuple[Query, tuple[PastModels, np.ndarray, np.ndarray]] | None = None
        self.n_tasks: int = sum(len(one.experience) for one in kin)
        self.n_trials: int = sum(one.experience.n_trials for one in kin)

    @classmethod
    def of(
        cls, kb: KnowledgeBase, space: SpaceDefinition, exclude_datasets: Collection[str] = ()
    ) -> "KinLearner":
        """Return what the families of a knowledge base say of a space, or of a part of one."""
        whole = space.whole or space
        found = kin_of(kb, whole, exclude_datasets)
        return cls(found, whole, None if space.whole is None else space)

    @property
    def spoken_of(self) -> list[str]:
        """What families know by the same role, as the space calls it, in its order."""
        found = {name for one in self._kin for names in one.partners.of.values() for name in names}
        return [name for name in self._varying if name in found]

    @property
    def new(self) -> list[str]:
        """What no family knows, as the space calls it."""
        return [name for name in self._varying if name not in self.spoken_of]

    @property
    def _varying(self) -> list[str]:
        searched = self._part or self._space
        return [h.name for h in searched.hyperparameters.values() if h.kind != "constant"]

    @property
    def families(self) -> list[str]:
        """Who speaks."""
        return [one.family.name for one in self._kin]

    @one_blas_thread()
    def recommend(self, query: Query, n: int) -> list[Recommendation]:
        """Return up to `n` recommendations, best first; none where no family speaks."""
        if not self._kin or n < 1:
            return []
        models, weights, rows = self._models(query)
        configs = self._candidates()
        points = Encoder(self._part or self._space).encode(configs)
        scores = models.predict(points)
        alike = matern52(points, points, models.lengthscales)
        chosen = greedy_portfolio(scores, weights, n, alike)
        return [
            self._recommendation(rank, configs[column], scores[:, column], weights, rows)
            for rank, column in enumerate(chosen, start=1)
        ]

    @one_blas_thread()
    def prior(
        self, query: Query, costs: bool = False, curves: CurvesOf | None = None
    ) -> Prior | None:
        """Return a prior for a search, None where no family speaks.

        Families say nothing of what configurations of another's networks take, nor how they
        learn: `costs` and `curves` change nothing.
        """
        if not self._kin:
            return None
        models, weights, rows = self._models(query)
        keys = [canonical_json(config) for config in self._of_past(np.random.default_rng(0))]
        told = [f"{task.name} ({told_by})" for task, told_by in self._speakers]
        names = [told[row] for row in rows.tolist()]
        return Prior(models, weights, learned().trust, configs=keys, names=names)

    @property
    def _speakers(self) -> list[tuple[PastTask, str]]:
        """Every row of all kin in their order: the past task, and through what it speaks."""
        return [
            (task, one.family.name if one.n_groups < 2 else f"{one.family.name}, {through}")
            for one in self._kin
            for through in OPTIMIZERS[: one.n_groups]
            for task in one.experience.tasks
        ]

    def _models(self, query: Query) -> tuple[PastModels, np.ndarray, np.ndarray]:
        """Return what `_asked` does, once for a query that is asked again."""
        if self._last is None or self._last[0] is not query:
            self._last = query, self._asked(query)
        return self._last[1]

    def _asked(self, query: Query) -> tuple[PastModels, np.ndarray, np.ndarray]:
        """Return models in the space, their weights, and which of the rows of all kin they are.

        What kin expect at some points of the space becomes the trials of a past task there: so
        a search asks for what they expect elsewhere without crossing the bridge again.
        """
        space, encoder = self._part or self._space, Encoder(self._part or self._space)
        rows, weights = _evenly(kin_weights(self._kin, query.metafeatures), MAX_ROWS)
        rng = np.random.default_rng(0)
        past = self._of_past(rng)
        chosen = rng.permutation(len(past))[:POINTS_OF_PAST]
        spread = allowed(space, rng.random((POINTS_SPREAD, len(space.hyperparameters))))
        points = encoder.encode([*(past[k] for k in chosen), *space.records(spread)])
        wide = self._whole(points)
        usual = default_lengthscales(len(self._known))
        asked, own, first = [], [], 0
        for one in self._kin:
            size = len(one.experience) * one.n_groups
            mine = rows[(rows >= first) & (rows < first + size)] - first
            known = np.zeros(len(self._known), dtype=bool)
            known[one.bridge.sources] = True
            known = known[self._free]
            asked.append((known, one.predict(wide, mine)))
            own.append(one.bridge.lengthscales(one.experience.models.lengthscales, usual))
            first += size
        lengthscales = np.exp(np.mean(np.log(own), axis=0))[self._free]
        return _through(points, asked, lengthscales), weights, rows

    @property
    def _known(self) -> tuple[str, ...]:
        """The encoded columns of the whole space."""
        return Encoder(self._space).columns

    @property
    def _free(self) -> np.ndarray:
        """Which of them the searched part has, shape (e,)."""
        places = {name: place for place, name in enumerate(self._known)}
        columns = Encoder(self._part or self._space).columns
        return np.array([places[name] for name in columns], dtype=int)

    def _whole(self, points: np.ndarray) -> np.ndarray:
        """Return points of the searched part as points of the whole space."""
        if self._part is None:
            return points
        fixed = Encoder(self._space).encode([self._part.default()])[0]
        whole = np.tile(fixed, (len(points), 1))
        whole[:, self._free] = points
        return whole

    def _candidates(self) -> list[ConfigDict]:
        """Return what did well in the store, an even spread, and the default."""
        rng, space = np.random.default_rng(0), self._part or self._space
        past = self._of_past(None)
        points = rng.random((SPREAD, len(space.hyperparameters)))
        spread = space.records(allowed(space, points))
        every = [*past, space.default(), *spread]
        return list({canonical_json(config): config for config in every}.values())

    def _of_past(self, rng: np.random.Generator | None) -> list[ConfigDict]:
        """Return the best configurations of past tasks as configurations of the space.

        What families do not know stands at the default, or anywhere, if there is an `rng`.
        """
        space = self._part or self._space
        found: list[pd.DataFrame] = []
        for one in self._kin:
            told = zip(one.experience.tasks, one.experience.standing.factor, strict=True)
            best = list(dict.fromkeys(
                key for task, believed in told if believed > 0 for key in task.best[:BEST_OF_TASK]
            ))  # fmt: skip
            frame = far_side(one.space, space, one.partners, best, rng)
            clean, reasons = space.check(frame)
            found.append(clean[(reasons == "").to_numpy()])
        configs = [config for clean in found for config in space.records(clean)]
        return list({canonical_json(config): config for config in configs}.values())

    def _recommendation(
        self,
        rank: int,
        config: ConfigDict,
        scores: np.ndarray,
        weights: np.ndarray,
        rows: np.ndarray,
    ) -> Recommendation:
        shares = normal_share(scores)
        raw, known = float(weights @ shares), learned()
        expected = float(np.clip(raw + known.shift, 0.0, 1.0))
        low, high = np.clip([raw + known.low, raw + known.high], 0.0, 1.0)
        return Recommendation(
            rank=rank,
            config=config,
            expected=min(max(expected, float(low)), float(high)),
            interval=(float(low), float(high)),
            confidence="medium" if min(low, self._vouched(weights, shares, rows)) >= 0.5 else "low",
            evidence=self._evidence(shares, weights, rows),
            told_apart=False,
        )

    def _vouched(self, weights: np.ndarray, shares: np.ndarray, rows: np.ndarray) -> float:
        """Return the lower end of the interval without tasks that nobody vouches for."""
        vouched = np.concatenate([one.vouched for one in self._kin])[rows]
        own = weights[vouched].sum()
        return float(weights[vouched] @ shares[vouched] / own) + learned().low if own > 0 else 0.0

    def _evidence(
        self, shares: np.ndarray, weights: np.ndarray, rows: np.ndarray
    ) -> tuple[Evidence, ...]:
        speakers, order = self._speakers, np.argsort(-(weights * shares), kind="stable")
        shown: dict[str, Evidence] = {}
        for place in order:
            task, _ = speakers[int(rows[place])]
            item = Evidence(task.name, task.task_id, float(weights[place]), float(shares[place]),
                            observed=False, contributors=task.contributors)  # fmt: skip
            shown.setdefault(task.task_id, item)
        return tuple(shown.values())[:EVIDENCE_SHOWN]


def _through(
    points: np.ndarray, asked: Sequence[tuple[np.ndarray, np.ndarray]], lengthscales: np.ndarray
) -> PastModels:
    """Return models that go through what kin expect at some points.

    Args:
        points: shape (n, e).
        asked: of each family, which columns it knows, shape (e,), and what its rows expect,
            shape (r, n).
        lengthscales: shape (e,).
    """
    inputs, weights, masks = [], [], []
    for known, scores in asked:
        seen = points * known
        kernel = matern52(seen, seen, lengthscales) + NUGGET * np.eye(len(seen))
        coefficients = np.linalg.solve(kernel, scores.T).T
        inputs += [seen] * len(scores)
        weights += list(coefficients)
        masks += [known] * len(scores)
    return PastModels(lengthscales, inputs, weights, np.array(masks))


def _evenly(weights: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return at most `most` rows, each about as often as it weighs, and what they weigh then.

    Args:
        weights: summing to 1, shape (rows,).
        most: how many.
    """
    if len(weights) <= most:
        return np.arange(len(weights)), weights
    at = (np.arange(most) + 0.5) / most
    places = np.minimum(np.searchsorted(np.cumsum(weights), at), len(weights) - 1)
    rows, count = np.unique(places, return_counts=True)
    # A row stands for those around it that were passed over: what it weighed alone says nothing.
    return rows, count / count.sum()


def sentence(learner: KinLearner) -> str:
    """Return in one line what a search starts from, or that it starts cold and why."""
    if not learner.n_tasks:
        return (
            "starts cold: the store has no past of this space, and fewer than two of its "
            "hyperparameters are known there by name and range; `role` in the space file says "
            "what one is, such as learning_rate."
        )
    of = _listed(learner.families)
    known = _listed(learner.spoken_of)
    new = learner.new
    last = f"; {_listed(new)} {'is' if len(new) == 1 else 'are'} new" if new else ""
    return f"starts from {learner.n_tasks} past tasks of {of} by {known}{last}."


def told_of_own(own: PortfolioLearner, query: Query) -> str:
    """Return in one line that a search starts from the user's own past of its space."""
    count = own.n_others(query)
    return f"starts from {count} past task{'' if count == 1 else 's'} of this space."


def _listed(names: Collection[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last

"""Recommendations and a prior for a space of somebody's own, from the families of the store."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from advisor.encoding import Encoder, allowed
from advisor.encoding.bridge import far_side
from advisor.meta.kin import Kin, kin_of, kin_weights, learned
from advisor.meta.learner import CurvesOf, MetaLearner
from advisor.meta.portfolio import greedy_portfolio
from advisor.meta.recommendation import Evidence, Query, Recommendation
from advisor.meta.scores import normal_share
from advisor.meta.threads import one_blas_thread
from advisor.surrogates import BridgedModels, Prior
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
        if not self._kin:
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
        models, weights, _ = self._models(query)
        keys = [canonical_json(config) for config in self._of_past(np.random.default_rng(0))]
        return Prior(models, weights, learned().trust, configs=keys)

    def _models(self, query: Query) -> tuple[BridgedModels, np.ndarray, np.ndarray]:
        """Return the rows that weigh most, their weights, and which of all rows they are."""
        weights = kin_weights(self._kin, query.metafeatures)
        d = len(Encoder(self._space).columns)
        usual = default_lengthscales(d)
        own = [one.bridge.lengthscales(one.experience.models.lengthscales, usual)
               for one in self._kin]  # fmt: skip
        lengthscales = np.exp(np.mean(np.log(own), axis=0))
        models = BridgedModels([one.part for one in self._kin], lengthscales)
        rows = _evenly(weights, MAX_ROWS)
        models, weights = models.subset(rows.tolist()), weights[rows] / weights[rows].sum()
        if self._part is not None:
            models = models.within(*_columns(self._part, self._space))
        return models, weights, rows

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
            best = list(dict.fromkeys(
                key for task in one.experience.tasks for key in task.best[:BEST_OF_TASK]
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
            confidence="medium" if low >= 0.5 else "low",
            evidence=self._evidence(shares, weights, rows),
            told_apart=False,
        )

    def _evidence(
        self, shares: np.ndarray, weights: np.ndarray, rows: np.ndarray
    ) -> tuple[Evidence, ...]:
        tasks = [task for one in self._kin for _ in range(one.n_groups)
                 for task in one.experience.tasks]  # fmt: skip
        order = np.argsort(-(weights * shares), kind="stable")
        shown: dict[str, Evidence] = {}
        for place in order:
            task = tasks[int(rows[place])]
            item = Evidence(task.name, task.task_id, float(weights[place]), float(shares[place]),
                            observed=False)  # fmt: skip
            shown.setdefault(task.task_id, item)
        return tuple(shown.values())[:EVIDENCE_SHOWN]


def _evenly(weights: np.ndarray, most: int) -> np.ndarray:
    """Return rows, each about as often as it weighs, in their order: at most `most` of them."""
    if len(weights) <= most:
        return np.arange(len(weights))
    at = (np.arange(most) + 0.5) / most
    places: np.ndarray = np.unique(np.searchsorted(np.cumsum(weights), at))
    return np.minimum(places, len(weights) - 1)


def _columns(part: SpaceDefinition, space: SpaceDefinition) -> tuple[np.ndarray, np.ndarray]:
    """Return where the encoded columns of a part are among all, and where the others stand."""
    encoder = Encoder(space)
    places = {name: place for place, name in enumerate(encoder.columns)}
    free = np.array([places[name] for name in Encoder(part).columns], dtype=int)
    return free, encoder.encode([part.default()])[0]


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


def _listed(names: Collection[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


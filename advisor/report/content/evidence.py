"""Which past tasks spoke for a study, how far, and whether they were right in the end."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.report.content.base import LeftOut
from advisor.report.content.source import StudySource
from knowledge_base.types import Config

LEAST = 4
"""Trials with a value that an agreement is told from."""

MOST_POINTS = 200
"""Configurations on which past tasks are compared with each other."""

RIGHT = 0.2
"""Agreement from which on a task was right, and below the negative of which it was wrong."""


@dataclass(frozen=True)
class PastTask:
    """A past task that spoke.

    Attributes:
        name: of it.
        weight: its share in what the past said, from 0 to 1.
        agreement: rank correlation between what it expected of this study's trials and what
            came of them, from -1 to 1; None with too few of them.
        place: where it lies on the map, (2,).
    """

    name: str
    weight: float
    agreement: float | None
    place: tuple[float, float]

    @property
    def verdict(self) -> str:
        """Whether it was right in the end, in a word."""
        if self.agreement is None:
            return "unknown"
        if self.agreement >= RIGHT:
            return "right"
        return "wrong" if self.agreement <= -RIGHT else "said little"


@dataclass(frozen=True)
class Evidence:
    """What the past said.

    Attributes:
        tasks: those that spoke, the heaviest first.
        trust: prior probability that they say something about a new task, from 0 to 1.
        together: agreement of all of them together with what came, None with too few trials.
        here: where this task lies on the map; None with too few trials.
        told: trials with a value that agreements rest on.
        named: whether the names of the tasks are known.
    """

    tasks: Sequence[PastTask]
    trust: float
    together: float | None
    here: tuple[float, float] | None
    told: int
    named: bool


def evidence_of(source: StudySource) -> Evidence | LeftOut:
    """Return which past tasks spoke for a study."""
    prior, scores = source.prior, source.past_scores
    if prior is None:
        return LeftOut(
            "The search began without a past: a cold search, a space that no past task speaks "
            "for, or an empty knowledge base."
        )
    known = np.isfinite(source.values)
    good = source.sign * source.values[known]
    told = len(good)
    agreements: list[float | None] = [None] * len(prior.weights)
    together = None
    if scores is not None and told >= LEAST:
        agreements = [agreement(row, good) for row in scores[:, known]]
        together = agreement(prior.weights @ scores[:, known], good)
    places, here = _map(source, agreements)
    named = len(prior.names) == len(prior.weights)
    tasks = [
        PastTask(
            prior.names[t] if named else f"past task {t + 1}",
            float(prior.weights[t]),
            agreements[t],
            (float(places[t, 0]), float(places[t, 1])),
        )
        for t in np.argsort(-prior.weights, kind="stable")
    ]
    return Evidence(tasks, prior.trust, together, here, told, named)


def agreement(first: np.ndarray, second: np.ndarray) -> float | None:
    """Return the rank correlation (Spearman) of two series; None where one is constant."""
    ranks = [_ranks(values) for values in (first, second)]
    spread = [float(r.std()) for r in ranks]
    if min(spread) < 1e-12:
        return None
    product = ((ranks[0] - ranks[0].mean()) * (ranks[1] - ranks[1].mean())).mean()
    return float(product / (spread[0] * spread[1]))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks from 0; equal values share theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: np.ndarray = ((ends - counts + ends - 1) / 2)[places]
    return ranks


def _map(
    source: StudySource, agreements: Sequence[float | None]
) -> tuple[np.ndarray, tuple[float, float] | None]:
    """Return where past tasks lie, (t, 2), and where this one does, by how far they agree.

    Classical scaling (Torgerson 1952) of the distances sqrt(2 - 2 r), r being the rank correlation
    of what two tasks think of the same configurations. This task is put in by its agreements.
    """
    prior = source.prior
    assert prior is not None
    thought = _thought(source)
    ranks = np.array([_ranks(row) for row in thought])
    with np.errstate(invalid="ignore"):
        between = np.nan_to_num(np.corrcoef(ranks)).reshape(len(ranks), len(ranks))
    np.fill_diagonal(between, 1.0)
    known = any(a is not None for a in agreements)
    if known:
        row = np.array([0.0 if a is None else a for a in agreements])
        between = np.block([[between, row[:, None]], [row[None], np.ones((1, 1))]])
    squares = np.maximum(2 - 2 * between, 0.0)
    places = _scaled(squares)
    if not known:
        return places, None
    return places[:-1], (float(places[-1, 0]), float(places[-1, 1]))


def _thought(source: StudySource) -> np.ndarray:
    """Return what past tasks think of the configurations that they tried, (t, m)."""
    prior = source.prior
    assert prior is not None
    try:
        configs: list[Config] = [json.loads(text) for text in prior.configs[:MOST_POINTS]]
        points = source.encoder.encode(configs)
    except (KeyError, ValueError, TypeError):
        points = np.zeros((0, 0))
    if len(points) < LEAST:
        points = np.random.default_rng(0).random((MOST_POINTS, len(source.encoder.columns)))
    return prior.predict(points)


def _scaled(squares: np.ndarray) -> np.ndarray:
    """Return places in the plane whose distances are like those given by their squares, (n, 2)."""
    n = len(squares)
    centre = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-0.5 * centre @ squares @ centre)
    largest = np.argsort(-values)[:2]
    places = vectors[:, largest] * np.sqrt(np.maximum(values[largest], 0.0))
    if places.shape[1] < 2:
        places = np.hstack([places, np.zeros((n, 2 - places.shape[1]))])
    found: np.ndarray = places
    return found

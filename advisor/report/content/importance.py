"""Which hyperparameters matter: functional ANOVA, on this task and on past ones.

Hutter, Hoos and Leyton-Brown (2014), "An Efficient Approach for Assessing Hyperparameter
Importance": the variance over the space that one hyperparameter alone explains, as a forest of the
trials has it. What is left is of interactions. A tree is constant on boxes, so that its marginals
are sums over boxes, without sampling.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.encoding import drawn_plainly
from advisor.report.content.axes import place_of
from advisor.report.content.base import LeftOut
from advisor.report.content.forest import grown
from advisor.report.content.source import StudySource
from advisor.strategies.targets import robust_targets
from knowledge_base.types import Config

LEAST = 10
"""Trials with a value that a forest needs to tell hyperparameters apart."""

TREES, PAST_TREES = 48, 12
"""Trees of the forest of this task, and of each past one."""

MOST_TASKS = 6
"""Past tasks that are looked at: those that weigh most."""

POINTS = 256
"""Points of the space at which they are asked."""


@dataclass(frozen=True)
class Importance:
    """How much of the variance each hyperparameter alone explains.

    Attributes:
        names: of the hyperparameters, the most important here first.
        here: share of the variance on this task, from 0 to 1, shape (h,).
        spread: standard deviation of that over the trees, shape (h,).
        past: the same on past tasks, shape (tasks, h); no rows without a past.
        tasks: names of these past tasks.
        trials: with a value that this rests on.
    """

    names: Sequence[str]
    here: np.ndarray
    spread: np.ndarray
    past: np.ndarray
    tasks: Sequence[str]
    trials: int


def importance_of(source: StudySource, seed: int = 0) -> Importance | LeftOut:
    """Return the importance of the hyperparameters of a study.

    Args:
        source: the study.
        seed: of the forests that it is told from.
    """
    known = np.isfinite(source.values)
    count = int(known.sum())
    if count < LEAST:
        return LeftOut(
            f"Importance needs {LEAST} trials with a value to be told from chance; the study has "
            f"{count} of them."
        )
    if len(source.varying) < 2:
        return LeftOut("Only one hyperparameter varies, so that there is nothing to compare.")
    points = _points(source, [t.config for t, k in zip(source.trials, known, strict=True) if k])
    targets = robust_targets(source.sign * source.values[known])
    trees = fanova(points, targets, TREES, seed)
    past, tasks = _past(source, seed)
    order = np.argsort(-trees.mean(0), kind="stable")
    return Importance(
        [source.varying[place].name for place in order],
        trees.mean(0)[order],
        trees.std(0)[order],
        past[:, order],
        tasks,
        count,
    )


def fanova(points: np.ndarray, values: np.ndarray, trees: int, seed: int = 0) -> np.ndarray:
    """Return the share of the variance that each column explains in each tree, (trees, h).

    Args:
        points: in the unit cube, shape (n, h).
        values: any unit, shape (n,).
        trees: how many.
        seed: of what is drawn.
    """
    leaves = grown(points, values, trees, seed)
    return np.array(
        [_shares(leaves.boxes[mine], leaves.values[mine])
         for mine in (leaves.tree == tree for tree in range(trees))]
    )  # fmt: skip


def _points(source: StudySource, configs: Sequence[Config]) -> np.ndarray:
    """Return configurations in the unit cube, inactive hyperparameters at their default."""
    found = []
    for h in source.varying:
        column = np.array([place_of(h, config) for config in configs])
        usual = place_of(h, {h.name: h.default})
        found.append(np.where(np.isfinite(column), column, usual))
    return np.array(found).T.reshape(len(configs), len(source.varying))


def _past(source: StudySource, seed: int) -> tuple[np.ndarray, list[str]]:
    """Return the importance on the past tasks that weigh most, and their names."""
    prior = source.prior
    if prior is None:
        return np.zeros((0, len(source.varying))), []
    places = np.argsort(-prior.weights, kind="stable")[:MOST_TASKS].tolist()
    configs = drawn_plainly(source.directory.space, POINTS, seed)
    scores = prior.models.subset(places).predict(source.encoder.encode(configs))
    points = _points(source, configs)
    found = np.array([fanova(points, row, PAST_TREES, seed).mean(0) for row in scores])
    known = len(prior.names) == len(prior.weights)
    return found, [prior.names[p] if known else f"past task {p + 1}" for p in places]


def _shares(boxes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the shares of one tree's variance, shape (h,).

    Args:
        boxes: its leaves in the unit cube, from and to, shape (l, h, 2).
        values: of these, shape (l,).
    """
    widths = boxes[:, :, 1] - boxes[:, :, 0]
    volumes = widths.prod(1)
    mean = volumes @ values
    variance = volumes @ (values - mean) ** 2
    found = np.zeros(boxes.shape[1])
    if variance <= 1e-15:
        return found
    for column in range(len(found)):
        edges = np.unique(boxes[:, column])
        middles = (edges[:-1] + edges[1:]) / 2
        within = (boxes[:, column, 0] <= middles[:, None]) & (
            middles[:, None] < boxes[:, column, 1]
        )
        marginal = within @ (volumes / widths[:, column] * values)
        found[column] = np.diff(edges) @ (marginal - mean) ** 2 / variance
    return found

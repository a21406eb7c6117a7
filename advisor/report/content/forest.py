"""Extremely randomised trees (Geurts, Ernst and Wehenkel 2006), grown side by side as boxes.

scikit-learn has such trees, but its import takes longer than all else that a report does, and a
report wants the boxes of the leaves, which it does not give. As cuts are drawn and not looked for,
all nodes of a level, of all trees, are split by a few operations on arrays.
"""

from dataclasses import dataclass

import numpy as np

LEAF = 2
"""Rows in a leaf at least."""

CUTS = 2
"""Cuts that are drawn for each column of a node; the best of all is taken."""


@dataclass(frozen=True)
class Leaves:
    """The leaves of a forest.

    Attributes:
        tree: to which each belongs, shape (l,).
        boxes: where each lies in the unit cube, from and to, shape (l, h, 2).
        values: mean of the rows in each, shape (l,).
    """

    tree: np.ndarray
    boxes: np.ndarray
    values: np.ndarray


def grown(points: np.ndarray, values: np.ndarray, trees: int, seed: int = 0) -> Leaves:
    """Return the leaves of trees that each see as many rows, drawn with repetition.

    Args:
        points: in the unit cube, shape (n, h), n >= 1.
        values: any unit, shape (n,).
        trees: how many.
        seed: of what is drawn.
    """
    rng = np.random.default_rng(seed)
    count, width = points.shape
    rows = rng.integers(count, size=(trees, count)).ravel()
    node = np.repeat(np.arange(trees), count)  # Of each row; rows stand in the order of nodes.
    tree, boxes = np.arange(trees), np.tile([0.0, 1.0], (trees, width, 1))
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    while len(tree):
        seen, target = points[rows], values[rows]
        starts = np.searchsorted(node, np.arange(len(tree)))
        sizes = np.diff(np.append(starts, len(rows)))
        means = np.add.reduceat(target, starts) / sizes
        low, high = np.minimum.reduceat(seen, starts), np.maximum.reduceat(seen, starts)
        seen, low, high = (np.tile(part, CUTS) for part in (seen, low, high))
        cuts = low + rng.random(low.shape) * (high - low)
        below = seen <= cuts[node]
        gains = _gains(below, target - means[node], starts, sizes)
        column = gains.argmax(1)
        split = gains[np.arange(len(tree)), column] > 0
        found.append((tree[~split], boxes[~split], means[~split]))
        number = np.cumsum(split) - 1
        inside = split[node]
        rows, node, below = rows[inside], node[inside], below[inside]
        node = 2 * number[node] + ~below[np.arange(len(node)), column[node]]
        order = np.argsort(node, kind="stable")
        rows, node = rows[order], node[order]
        tree, boxes = np.repeat(tree[split], 2), _halves(boxes[split], column[split], cuts[split])
    return Leaves(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _gains(
    below: np.ndarray, target: np.ndarray, starts: np.ndarray, sizes: np.ndarray
) -> np.ndarray:
    """Return by how much each cut lowers the sum of squares, -1 where it may not be, (nodes, h).

    Args:
        below: whether a row lies below its node's cut in each column, shape (n, h).
        target: of the rows, less the mean of their nodes, shape (n,).
        starts: place of each node's first row.
        sizes: rows of each node.
    """
    lower = np.add.reduceat(below, starts, dtype=float)
    upper = sizes[:, None] - lower
    total = np.add.reduceat(np.where(below, target[:, None], 0.0), starts)
    allowed = np.minimum(lower, upper) >= LEAF
    gains = total**2 * (1 / np.maximum(lower, 1) + 1 / np.maximum(upper, 1))
    return np.where(allowed & (gains > 1e-12), gains, -1.0)


def _halves(boxes: np.ndarray, column: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Return both parts of each box, shape (2 l, h, 2).

    Args:
        boxes: shape (l, h, 2).
        column: which of the cuts is taken, shape (l,).
        cuts: `CUTS` of each column, shape (l, CUTS h).
    """
    both = np.repeat(boxes, 2, axis=0)
    each = np.arange(len(boxes))
    at = column % boxes.shape[1]
    both[2 * each, at, 1] = both[2 * each + 1, at, 0] = cuts[each, column]
    return both

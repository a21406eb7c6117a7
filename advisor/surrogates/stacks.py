"""Past tasks whose models are asked together: where they tried the same, it is compared once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.surrogates.kernels import matern52

STACKED = 3000
"""Points of past tasks in one kernel matrix, which bounds the memory."""


@dataclass(frozen=True)
class Stack:
    """Tasks that know the same columns, over all that any of them tried.

    Most tasks of a store tried much the same configurations, so that a kernel of the distinct ones
    is a tenth of that of all.

    Attributes:
        tasks: their places, length g.
        known: the columns that they know, boolean, shape (d,).
        points: what was tried, distinct, single precision: half the time, and an error far below
            what a task knows; shape (u, d).
        coefficients: of the posterior means, zero where a task did not try a point, shape (u, g).
    """

    tasks: list[int]
    known: np.ndarray
    points: np.ndarray
    coefficients: np.ndarray

    def alike(self, points: np.ndarray, lengthscales: np.ndarray) -> np.ndarray:
        """Return the kernel of points and what was tried, shape (n, u).

        Args:
            points: shape (n, d).
            lengthscales: shape (d,).
        """
        seen = (points * self.known).astype(np.float32)
        return matern52(seen, self.points, lengthscales.astype(np.float32))

    def predict(self, points: np.ndarray, lengthscales: np.ndarray) -> np.ndarray:
        """Return what each task expects at points, shape (g, n).

        Args:
            points, lengthscales: as for `alike`.
        """
        found: np.ndarray = (self.alike(points, lengthscales) @ self.coefficients).T
        return found


def stacks_of(
    inputs: Sequence[np.ndarray], coefficients: Sequence[np.ndarray], known: np.ndarray
) -> list[Stack]:
    """Return all tasks, in stacks.

    Args:
        inputs: what each of t tasks tried, shapes (n_t, d).
        coefficients: of its posterior mean, shapes (n_t,).
        known: which columns each knows, boolean, shape (t, d).
    """
    stacks = []
    for tasks, places in _grouped(inputs, known):
        rows = np.vstack([inputs[t] for t in tasks]).astype(np.float32)
        together = np.concatenate(places)
        points = np.empty((together.max() + 1, rows.shape[1]), dtype=np.float32)
        points[together] = rows
        table = np.zeros((len(points), len(tasks)))
        for column, (task, place) in enumerate(zip(tasks, places, strict=True)):
            np.add.at(table[:, column], place, coefficients[task])
        stacks.append(Stack(tasks, known[tasks[0]], points, table))
    return stacks


def _grouped(
    inputs: Sequence[np.ndarray], known: np.ndarray
) -> Iterator[tuple[list[int], list[np.ndarray]]]:
    """Give tasks that know the same columns, and which of their points each row of theirs is."""
    order = sorted(range(len(inputs)), key=lambda t: (known[t].tobytes(), t))
    tasks, places, seen = list[int](), list[np.ndarray](), dict[bytes, int]()
    for t in order:
        if tasks and (len(seen) >= STACKED or (known[t] != known[tasks[0]]).any()):
            yield tasks, places
            tasks, places, seen = [], [], {}
        rows = np.ascontiguousarray(inputs[t], dtype=np.float32)
        tasks.append(t)
        places.append(np.array([seen.setdefault(row.tobytes(), len(seen)) for row in rows]))
    if tasks:
        yield tasks, places

"""Which trained configurations to average, and with which weights."""

from collections.abc import Callable, Sequence

import numpy as np

ROUNDS = 40
"""Steps of the greedy choice; later ones hardly move the weights."""

MOST_EVEN, WORST_EVEN = 8, 1.5
"""Over how many candidates of each kind a part of the weights is even, and up to how many times the
least error."""

EVEN_ROWS, EVEN_OF_SERIES = 50, 0.5
"""Rows of which half of the weights is even, and the part that is even of series
(docs/benchmarks/takeaway.md)."""


def greedy_weights(
    predictions: Sequence[np.ndarray],
    loss: Callable[[np.ndarray], float],
    rounds: int = ROUNDS,
    over: Callable[[], bool] = lambda: False,
) -> np.ndarray:
    """Choose greedily with replacement what lowers the loss of the average most.

    Caruana et al. 2004, "Ensemble selection from libraries of models". The average of the best
    round is taken; among equal ones that of the earliest round, and of the earliest candidate.

    Args:
        predictions: of each candidate for the same rows, (n,), (n, classes) or (n, horizon), made
            by networks that did not train on these rows.
        loss: of an average of them; smaller is better.
        rounds: most choices.
        over: whether the time for it is over; one choice is always made.

    Returns:
        Shares of the candidates, shape (candidates,), that add up to one.

    Raises:
        ValueError: there is no candidate.
    """
    if not predictions:
        raise ValueError("there is nothing to choose from")
    if len(predictions) == 1:
        return np.ones(1)
    counts = np.zeros(len(predictions))
    total = np.zeros_like(predictions[0], dtype=np.float64)
    best_loss, best = np.inf, counts
    for size in range(1, rounds + 1):
        losses = [loss((total + one) / size) for one in predictions]
        chosen = int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
        counts = counts.copy()
        counts[chosen] += 1
        total += predictions[chosen]
        if losses[chosen] < best_loss or size == 1:
            best_loss, best = losses[chosen], counts
        if over():
            break
    shares: np.ndarray = best / best.sum()
    return shares


def even_part(rows: int) -> float:
    """Return the part of the weights that is even where they are chosen on so many rows."""
    return EVEN_ROWS / (EVEN_ROWS + rows)


def evened(
    shares: np.ndarray, errors: Sequence[float], kinds: Sequence[Sequence[int]], even: float
) -> np.ndarray:
    """Return shares of which a part is spread evenly over the good candidates of each kind.

    What is chosen on few rows is chosen by chance to a part; Smith and Wallis 2009, "A simple
    explanation of the forecast combination puzzle", say why even weights are hard to beat.

    Args:
        shares: as `greedy_weights` gave them, (candidates,).
        errors: of each candidate, in any unit; what is more than half above the least does not
            join.
        kinds: places of the candidates of each kind, best first; the first `MOST_EVEN` join.
        even: the part that is spread.
    """
    enough = np.nanmin(np.asarray(errors, dtype=float)) * WORST_EVEN
    joining = [
        place for kind in kinds for place in kind[:MOST_EVEN] if errors[place] <= enough
    ]  # what is not a number is no less
    if not joining:
        return shares
    spread = np.zeros(len(shares))
    spread[joining] = 1 / len(joining)
    mixed: np.ndarray = (1 - even) * shares + even * spread
    return mixed

"""How much each past task counts for a new one, by the distance of their metafeatures."""

from collections.abc import Mapping, Sequence

import numpy as np

UNIFORM_SHARE = 0.5
"""Half of the weight is spread evenly: metafeatures help, but a portfolio that trusts them
alone loses more on the tasks that they place wrongly."""

SAME_DATASET_SHARE = 0.6
"""Weight that past tasks on the very same data get together: a direct observation outweighs
every analogy, but a handful of noisy trials does not silence the rest."""


def task_weights(
    query: Mapping[str, float] | None,
    sources: Sequence[Mapping[str, float] | None],
    same_dataset: np.ndarray,
) -> np.ndarray:
    """Return non-negative weights of the source tasks that sum to 1, shape (t,).

    Sources without metafeatures, and all of them when the query has none, count evenly.

    Args:
        query: metafeatures of the new task by name, or None.
        sources: metafeatures of each past task, or None.
        same_dataset: mask of past tasks on the query's own data and target, shape (t,).
    """
    weights = _kernel_weights(query, sources)
    if same_dataset.any() and not same_dataset.all():
        others = np.where(same_dataset, 0.0, weights)
        own = same_dataset / same_dataset.sum()
        weights = SAME_DATASET_SHARE * own + (1 - SAME_DATASET_SHARE) * others / others.sum()
    return weights


def _kernel_weights(
    query: Mapping[str, float] | None, sources: Sequence[Mapping[str, float] | None]
) -> np.ndarray:
    uniform = np.full(len(sources), 1 / len(sources))
    known = np.array([bool(source) for source in sources])
    if not query or known.sum() < 2:
        return uniform
    distances = _distances(query, [source for source in sources if source])
    # The bandwidth is local: the distance of the k-th nearest, k = sqrt(t), so that weights
    # neither collapse on one neighbour nor spread flat when the store grows.
    nearest = max(int(np.sqrt(len(distances))), 1)
    bandwidth = max(np.sort(distances)[nearest - 1], 1e-9)
    kernel = np.exp(-0.5 * (distances / bandwidth) ** 2)
    similar = np.zeros(len(sources))
    similar[known] = kernel / kernel.sum()
    return UNIFORM_SHARE * uniform + (1 - UNIFORM_SHARE) * similar


def _distances(query: Mapping[str, float], sources: Sequence[Mapping[str, float]]) -> np.ndarray:
    """Root mean squared difference over the metafeatures both sides have, standardised."""
    names = sorted(query)
    table = np.array([[source.get(name, np.nan) for name in names] for source in sources])
    point = np.array([query[name] for name in names])
    table, point = _standardise(table.astype(float), point.astype(float))
    difference = table - point
    shared = np.isfinite(difference)
    count = np.maximum(shared.sum(1), 1)
    squared = (np.where(shared, difference, 0.0) ** 2).sum(1) / count
    # A metafeature undefined on one side only (classes of a regression) is a difference too.
    one_sided = (np.isfinite(table) != np.isfinite(point)).mean(1)
    return np.sqrt(squared + one_sided)


def _standardise(table: np.ndarray, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre by the median and scale by the spread over the sources; clip outliers."""
    finite = np.isfinite(table)
    filled = np.where(finite, table, np.nan)
    columns = finite.any(0)
    centre = np.zeros(table.shape[1])
    scale = np.ones(table.shape[1])
    centre[columns] = np.nanmedian(filled[:, columns], axis=0)
    scale[columns] = np.nanstd(filled[:, columns], axis=0)
    scale = np.where(scale > 1e-12, scale, 1.0)
    return np.clip((filled - centre) / scale, -3, 3), np.clip((point - centre) / scale, -3, 3)

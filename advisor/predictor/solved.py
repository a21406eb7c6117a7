"""Networks that a formula gives, as candidates of the model that a search leaves."""

from collections.abc import Callable, Sequence
from math import isfinite
from statistics import fmean
from typing import TYPE_CHECKING

from advisor.metrics import Metric
from advisor.predictor.average import built
from advisor.predictor.kept import Candidate
from advisor.training.outcome import Fitted
from knowledge_base.identity import canonical_json
from knowledge_base.states import Direction
from knowledge_base.types import ConfigDict

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.models import ModelFamily
    from advisor.models.base import Solution

MOST = 8
"""How many join, the best ones: many of them hardly differ."""


def solved(
    family: "ModelFamily",
    folds: "Sequence[PreparedData]",
    places: Sequence[int],
    metric: Metric,
    over: Callable[[], bool] = lambda: False,
) -> list[Candidate]:
    """Return the best networks that need no training, best first; none of most families.

    Args:
        family: says which there are.
        folds: the data set in the folds that the search trained on.
        places: those of them that a network is wanted for.
        metric: what they are ranked by, on the validation rows.
        over: whether the time for it is over; what is found by then counts.
    """
    formula = family.closed_form
    if formula is None:
        return []
    values: dict[str, list[float]] = {}
    networks: dict[str, list[Fitted]] = {}
    configs: dict[str, ConfigDict] = {}
    for place in places:
        for solution in formula.solutions(folds[place]):
            if over():
                break
            key = canonical_json(solution.config)
            one = _fitted(family, solution, place)
            seen = solution.data
            value = metric.compute(seen.truth("valid"), one.prediction, seen.naive_error("valid"))
            configs[key] = solution.config
            networks.setdefault(key, []).append(one)
            values.setdefault(key, []).append(value)
    sign = -1.0 if metric.direction == Direction.MAXIMIZE else 1.0
    # What has not every fold, since the time was over or there were too few rows, is left out.
    means = {key: fmean(of) for key, of in values.items() if len(of) == len(places)}
    found = {key: mean for key, mean in means.items() if isfinite(mean)}
    ranked = sorted(found, key=lambda key: sign * found[key])
    return [
        Candidate(f"{formula.title} {place}", configs[key], found[key], networks[key])
        for place, key in enumerate(ranked[:MOST], 1)
    ]


def _fitted(family: "ModelFamily", solution: "Solution", place: int) -> Fitted:
    """Return the network for one fold, with what it predicts."""
    import torch

    from advisor.training.evaluation import outputs_of, to_prediction

    seen = solution.data
    network = built(family, solution.config, seen, solution.weights)
    outputs = outputs_of(network, torch.from_numpy(seen.x("valid")), seen.evaluation_batch)
    return Fitted(solution.weights, to_prediction(outputs, seen, "valid"), 0, place)

"""Networks that a formula gives, as candidates of the model that a search leaves."""

from collections.abc import Callable, Sequence
from math import isfinite
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from advisor.metrics import Metric
from advisor.predictor.average import built
from advisor.predictor.kept import Candidate
from advisor.training.outcome import Fitted
from knowledge_base.states import Direction
from knowledge_base.types import ConfigDict

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.models import ModelFamily
    from advisor.models.base import ClosedForm

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
    found: list[tuple[float, ConfigDict, list[Fitted]]] = []
    for config in formula.configs(folds[places[0]]):
        if over():
            break
        networks, values = [], []
        for place in places:
            one = _solved_one(family, formula, config, folds[place], place)
            if one is None:
                break
            seen = family.adapt(config, folds[place])
            networks.append(one)
            values.append(
                metric.compute(seen.truth("valid"), one.prediction, seen.naive_error("valid"))
            )
        if len(networks) == len(places) and isfinite(fmean(values)):
            found.append((fmean(values), config, networks))
    sign = -1.0 if metric.direction == Direction.MAXIMIZE else 1.0
    found.sort(key=lambda one: sign * one[0])
    return [
        Candidate(f"{formula.title} {place}", config, value, networks)
        for place, (value, config, networks) in enumerate(found[:MOST], 1)
    ]


def _solved_one(
    family: "ModelFamily",
    formula: "ClosedForm",
    config: ConfigDict,
    data: "PreparedData",
    place: int,
) -> Fitted | None:
    """Return the network for one fold, with what it predicts; None where there is none."""
    import torch

    from advisor.training.evaluation import outputs_of, to_prediction

    seen = family.adapt(config, data)
    try:
        weights = formula.solve(config, seen)
    except np.linalg.LinAlgError:
        return None
    if weights is None:
        return None
    network = built(family, config, seen, weights)
    outputs = outputs_of(network, torch.from_numpy(seen.x("valid")), seen.evaluation_batch)
    return Fitted(weights, to_prediction(outputs, seen, "valid"), 0, place)

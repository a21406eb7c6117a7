"""Networks that a formula gives, as candidates of the model that a search leaves."""

from collections.abc import Callable, Sequence
from dataclasses import replace
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
    from advisor.models.base import ClosedForm, Solution

MOST = 8
"""How many join, the best ones: many of them hardly differ."""


def solved(
    family: "ModelFamily",
    formula: "ClosedForm",
    folds: "Sequence[PreparedData]",
    places: Sequence[int],
    metric: Metric,
    further: "Sequence[PreparedData]" = (),
    over: Callable[[], bool] = lambda: False,
) -> list[Candidate]:
    """Return the best networks that a formula gives without training, best first.

    Args:
        family: builds them.
        formula: one of the family's.
        folds: the data set in the folds that the search trained on.
        places: those of them that a network is wanted for.
        metric: what they are ranked by, on the validation rows.
        further: folds after those, by which they are ranked, too: one fold says little, and
            a formula takes no time.
        over: whether the time for it is over; what is found by then counts.
    """
    by_config: dict[str, list[tuple[float, ConfigDict, Fitted]]] = {}
    everything = [*folds, *further]
    ranked_by = [*places, *range(len(folds), len(everything))]
    for place in ranked_by:
        for solution in formula.solutions(everything[place]):
            if over():
                break
            one, seen = _fitted(family, solution, place), solution.data
            value = metric.compute(seen.truth("valid"), one.prediction, seen.naive_error("valid"))
            found = by_config.setdefault(canonical_json(solution.config), [])
            found.append((value, solution.config, one))
    # What has not every fold, since the time was over or there were too few rows, is left out,
    # unless nothing has more than those that a network is wanted for.
    most = max(map(len, by_config.values()), default=0)
    candidates = []
    for of in by_config.values():
        mean = fmean(value for value, _, _ in of)
        if len(of) == most >= len(places) and isfinite(mean):
            networks = [one for _, _, one in of[: len(places)]]
            candidates.append(Candidate("", of[0][1], mean, networks))
    sign = -1.0 if metric.direction == Direction.MAXIMIZE else 1.0
    candidates.sort(key=lambda one: sign * one.value)
    return [
        replace(one, name=f"{formula.title} {place}")
        for place, one in enumerate(candidates[:MOST], 1)
    ]


def _fitted(family: "ModelFamily", solution: "Solution", place: int) -> Fitted:
    """Return the network for one fold, with what it predicts."""
    import torch

    from advisor.training.evaluation import outputs_of, to_prediction

    seen = solution.data
    network = built(family, solution.config, seen, solution.weights)
    outputs = outputs_of(network, torch.from_numpy(seen.x("valid")), seen.evaluation_batch)
    return Fitted(solution.weights, to_prediction(outputs, seen, "valid"), 0, place)

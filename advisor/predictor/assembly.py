"""From the kept networks of a search to the model that its user takes away."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from advisor.metrics import Metric, get_metric
from advisor.predictor.average import ALL_ROWS, ONE_FOLD, Average, Member
from advisor.predictor.kept import Candidate
from advisor.predictor.selection import EVEN_OF_SERIES, even_part, evened, greedy_weights
from advisor.predictor.solved import solved
from advisor.training.outcome import Fitted
from knowledge_base.errors import UserError
from knowledge_base.states import Direction

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.models import ModelFamily

SMOOTH = {"accuracy": "log_loss"}
"""What averages are chosen by instead of a metric that counts rows: on few rows it moves in steps,
and many averages are equal (docs/benchmarks/takeaway.md)."""


def assemble(
    family: "ModelFamily",
    folds: "Sequence[PreparedData]",
    candidates: Sequence[Candidate],
    metric: Metric,
    final: str = "ensemble",
    further: "Sequence[PreparedData]" = (),
    over: Callable[[], bool] = lambda: False,
) -> Average:
    """Return the model of a search.

    Args:
        family: what was trained.
        folds: the data set in the folds that it was trained on.
        candidates: configurations with their networks, best first.
        metric: what the choice is made by, on predictions for rows that a network did not see;
            its smooth stand-in, where it has one.
        final: "ensemble", of the candidates and of what a formula gives; "folds" of the best one
            alone, or "single", its first fold alone.
        further: folds after those, for judging what a formula gives.
        over: whether the time for the choice is over.

    Raises:
        UserError: there is no candidate.
    """
    whole = with_all_folds(candidates)
    preparations = [data.preparation for data in folds if data.preparation is not None]
    if final == "single":
        best = whole[0]
        member = Member(best.name, dict(best.config), 1.0, best.networks[:1])
        return Average(family, preparations, [member], ONE_FOLD)
    if final == "folds":
        shares = np.eye(1, len(whole))[0]
    else:
        places = [network.fold for network in whole[0].networks]
        ready = [
            solved(family, one, folds, places, metric, further, over) for one in family.closed_forms
        ]
        kinds = [whole, *ready]
        shares = _shares(family, kinds, folds, metric, over)
        whole = [one for kind in kinds for one in kind]
    members = [
        Member(one.name, dict(one.config), float(share), one.networks)
        for one, share in zip(whole, shares, strict=True)
        if share > 0
    ]
    return Average(family, preparations, members)


def with_all_folds(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates with as many folds as any has, in their order.

    Averages are compared on the same rows: what has fewer folds than others is not among them.

    Raises:
        UserError: there is no candidate.
    """
    if not candidates:
        raise UserError("No trained network of this search is kept; there is no model.")
    most = max(len(one.networks) for one in candidates)
    return [one for one in candidates if len(one.networks) == most]


def refitted(
    family: "ModelFamily", whole: "PreparedData", best: Candidate, network: Fitted
) -> Average:
    """Return one network of the best configuration, trained on all known rows, as a model.

    Args:
        family: what was trained.
        whole: the data set as the network saw it.
        best: the configuration with the networks of its folds.
        network: the one that was trained on all known rows.
    """
    assert whole.preparation is not None
    member = Member(best.name, dict(best.config), 1.0, [network])
    return Average(family, [whole.preparation], [member], ALL_ROWS)


def _shares(
    family: "ModelFamily",
    kinds: Sequence[Sequence[Candidate]],
    folds: "Sequence[PreparedData]",
    metric: Metric,
    over: Callable[[], bool],
) -> np.ndarray:
    """Return the shares of candidates of every kind, first what was trained, on the same folds.

    What is chosen on few rows is chosen by chance to a part, which is spread evenly over the best
    of each kind. Forecasts overlap, however many there are: of series it is half.
    """
    first, candidates = kinds[0][0], [one for kind in kinds for one in kind]
    places = [network.fold for network in first.networks]
    config = family.complete(first.config, folds[0])
    seen = [family.adapt(config, folds[place]) for place in places]
    truth = np.concatenate([data.truth("valid") for data in seen])
    errors = [data.naive_error("valid") for data in seen]
    naive = None if errors[0] is None else np.concatenate([e for e in errors if e is not None])
    predictions = [np.concatenate([n.prediction for n in one.networks]) for one in candidates]
    chosen = get_metric(SMOOTH.get(metric.name, metric.name))
    shares = greedy_weights(predictions, partial(_loss, chosen, truth, naive), over=over)
    even = EVEN_OF_SERIES if family.modality == "series" else even_part(len(truth))
    ends = np.cumsum([0, *(len(kind) for kind in kinds)])
    places_of = [range(start, end) for start, end in pairwise(ends)]
    return evened(shares, [_off(truth, one) for one in predictions], places_of, even)


def _off(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Return how far a prediction is off on average: in the target's unit, or of certainty."""
    if prediction.ndim > truth.ndim:
        return float(1 - prediction[np.arange(len(truth)), truth].mean())
    return float(np.abs(truth - prediction).mean())


def _loss(
    metric: Metric, truth: np.ndarray, naive: np.ndarray | None, prediction: np.ndarray
) -> float:
    sign = -1.0 if metric.direction == Direction.MAXIMIZE else 1.0
    return sign * metric.compute(truth, prediction, naive)

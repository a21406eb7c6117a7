"""From the kept networks of a search to the model that its user takes away."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from advisor.metrics import Metric, get_metric
from advisor.predictor.average import Average, Member
from advisor.predictor.selection import greedy_weights
from advisor.training.outcome import Fitted
from knowledge_base.errors import UserError
from knowledge_base.records import TrialRecord
from knowledge_base.states import Direction

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.models import ModelFamily

FINAL = ("ensemble", "folds")
"""What may be made of the kept networks: an average of several configurations, or of the folds of
the best one."""


SMOOTH = {"accuracy": "log_loss"}
"""What averages are chosen by instead of a metric that counts rows: on few rows it moves in steps,
and many averages are equal (docs/benchmarks/takeaway.md)."""


def assemble(
    family: "ModelFamily",
    folds: "Sequence[PreparedData]",
    trials: Sequence[TrialRecord],
    kept: Mapping[int, Sequence[Fitted]],
    metric: Metric,
    direction: str,
    final: str = "ensemble",
) -> Average:
    """Return the model of a search.

    Args:
        family: what was trained.
        folds: the data set in the folds that it was trained on.
        trials: of the search; those without kept networks do not count.
        kept: networks by the numbers of trials.
        metric: what the choice is made by, on predictions for rows that a network did not see;
            its smooth stand-in, where it has one.
        direction: "minimize" or "maximize" it.
        final: one of `FINAL`.

    Raises:
        UserError: no network is kept.
    """
    by_number = {trial.number: trial for trial in trials if trial.value is not None}
    found = {n: list(networks) for n, networks in kept.items() if n in by_number and networks}
    if not found:
        raise UserError("No trained network of this search is kept; there is no model.")
    # Averages are compared on the same rows: what has fewer folds than others is not among them.
    most = max(map(len, found.values()))
    sign = -1.0 if direction == Direction.MAXIMIZE else 1.0
    candidates = sorted(
        (n for n, networks in found.items() if len(networks) == most),
        key=lambda n: (sign * (by_number[n].value or 0.0), n),
    )
    if final == "folds":
        shares = np.eye(1, len(candidates))[0]
    else:
        config = family.complete(by_number[candidates[0]].config, folds[0])
        seen = [family.adapt(config, data) for data in folds]
        shares = _shares([found[n] for n in candidates], seen, metric)
    members = [
        Member(n, dict(by_number[n].config), float(share), found[n])
        for n, share in zip(candidates, shares, strict=True)
        if share > 0
    ]
    preparations = [data.preparation for data in folds if data.preparation is not None]
    return Average(family, preparations, members)


def _shares(
    candidates: Sequence[Sequence[Fitted]],
    folds: "Sequence[PreparedData]",
    metric: Metric,
) -> np.ndarray:
    """Return the shares of candidates that have the same folds."""
    metric = get_metric(SMOOTH.get(metric.name, metric.name))
    sign = -1.0 if metric.direction == Direction.MAXIMIZE else 1.0
    places = [network.fold for network in candidates[0]]
    truth = np.concatenate([folds[place].truth("valid") for place in places])
    errors = [folds[place].naive_error("valid") for place in places]
    naive = None if errors[0] is None else np.concatenate([e for e in errors if e is not None])
    predictions = [np.concatenate([n.prediction for n in networks]) for networks in candidates]
    return greedy_weights(predictions, partial(_loss, metric, sign, truth, naive))


def _loss(
    metric: Metric,
    sign: float,
    truth: np.ndarray,
    naive: np.ndarray | None,
    prediction: np.ndarray,
) -> float:
    return sign * metric.compute(truth, prediction, naive)

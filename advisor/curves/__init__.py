"""Learning curves: what a training will reach, and what going on with it is worth."""

from advisor.curves.base import CurveModel, Forecast, probability_below, quantiles
from advisor.curves.gp import CurveGP
from advisor.curves.improvement import expected_gain, improvement_rates
from advisor.curves.past import PastCurves, TaskCurves
from advisor.curves.rungs import LAST, SHARES, at_rungs, rung_epochs
from advisor.curves.widening import learn_curves

__all__ = [
    "LAST",
    "SHARES",
    "CurveGP",
    "CurveModel",
    "Forecast",
    "PastCurves",
    "TaskCurves",
    "at_rungs",
    "expected_gain",
    "improvement_rates",
    "learn_curves",
    "probability_below",
    "quantiles",
    "rung_epochs",
]

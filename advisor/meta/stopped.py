"""What stopped trials of past tasks would have reached, so that they count, too.

A search that stops what others are ahead of leaves few finished trials, all of them good: whoever
learned of these alone would not know what is bad. The end of a stopped trial is forecast from its
curve by the curves of finished trainings on other tasks (see `advisor.curves.gp`). Where there are
none, what it had reached is taken for its end if it was stopped since others were ahead, and it
does not count if the time was over.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from advisor.curves import LAST, CurveGP, PastCurves, TaskCurves, at_rungs, quantiles
from advisor.meta.curves import configured_epochs, read_curves
from advisor.meta.translation import added_since, translate, upgraded
from knowledge_base import KnowledgeBase
from knowledge_base.records import TIME_OVER
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import TrialState

TASKS = 8
"""Past tasks by whose curves ends are forecast."""

TOGETHER = 100
"""Stopped trials that are forecast at once, each by its own curve and by those of the others."""

MOST = 300
"""Stopped trials of a task whose end is forecast; of more, evenly spaced ones."""


class StoppedTrials:
    """Says what the stopped trials of a family would have reached."""

    def __init__(self, kb: KnowledgeBase, space: SpaceDefinition, family: str | None) -> None:
        """Take what is needed to read them, once they are asked for.

        Args:
            kb: where they are.
            space: the search space of the new task.
            family: model family; None takes every family.
        """
        self.kb, self.space, self.family = kb, space, family
        self._learned: dict[str | None, PastCurves | None] = {}

    def ends(
        self,
        tasks: Sequence[str],
        shares: Mapping[str, float],
        directions: Mapping[str, str],
    ) -> pd.DataFrame:
        """Return stopped trials as the finished ones that they would have become.

        Args:
            tasks: identities of the tasks.
            shares: of large tasks, as for `KnowledgeBase.outcomes`.
            directions: "maximize" or "minimize" by task.

        Returns:
            The columns of `KnowledgeBase.outcomes`. What the curve is expected to gain yet, by its
            median, is added to the value and to that of the first fold; the duration is that of all
            epochs, NaN where it is not known how many there were to be.
        """
        found = upgraded(self.kb.stopped_outcomes(self.family, tasks, shares), self._added)
        signs = {task: 1.0 if said == "maximize" else -1.0 for task, said in directions.items()}
        groups = [
            self._forecast(_even(group), str(task), signs[str(task)])
            for task, group in found.groupby("task_id", sort=True)
        ]
        made = pd.concat(groups) if groups else found
        return made[made["value"].notna()].drop(columns=["curve", "error"])

    def _forecast(self, trials: pd.DataFrame, task: str, sign: float) -> pd.DataFrame:
        curves = [list(curve) for curve in trials["curve"]]
        past = self._past(task)
        lengths = _lengths(trials["config"], 0 if past is None else past.epochs)
        reached = np.array([_best(curve, sign) for curve in curves])
        gain = np.where(trials["error"] == TIME_OVER, np.nan, 0.0)
        (seen,) = translate([trials["config"].tolist()], self.space)
        if past is not None and seen is not None:
            rungs = np.array([
                at_rungs(curve, max(length, len(curve)), sign)
                for curve, length in zip(curves, lengths, strict=True)
            ])  # fmt: skip
            rungs, at = rungs[seen.rows], seen.rows
            known = np.isfinite(rungs).any(1) & (lengths[at] > 0)
            at = at[known]
            ends = expected_ends(past, seen.inputs[known], rungs[known], reached[at])
            gain[at] = ends - reached[at]
        slower = np.where(lengths > 0, lengths / np.array([len(curve) for curve in curves]), np.nan)
        return trials.assign(
            state=str(TrialState.COMPLETE),
            value=trials["value"] + sign * gain,
            first_fold=trials["first_fold"] + sign * gain,
            duration=trials["duration"] * slower,
        )

    def _past(self, task: str) -> PastCurves | None:
        """Return what finished trainings of other tasks say of curves, None without any.

        What ships was trained to its end whatever it promised; of searches that stop trials only
        what went well is finished, and is asked where nothing ships.
        """
        left_out = task if task in self._sources else None
        if left_out not in self._learned:
            tasks = [name for name in self._sources if name != task]
            curves, epochs = read_curves(self.kb, self.space, self.family, tasks)
            found = list[TaskCurves](curves.values())
            self._learned[left_out] = PastCurves.learn(found, epochs=epochs) if found else None
        return self._learned[left_out]

    @cached_property
    def _sources(self) -> list[str]:
        tasks = self.kb.tasks()
        if self.family is not None:
            tasks = tasks[tasks["family"] == self.family]
        ships = tasks[tasks["layer"] == "seed"]
        names = sorted((tasks if ships.empty else ships)["task_id"].astype(str))
        chosen = np.linspace(0, len(names) - 1, min(len(names), TASKS)).round().astype(int)
        return [names[place] for place in chosen]

    @cached_property
    def _added(self) -> Mapping[str, Mapping[str, object]]:
        return added_since(self.kb.spaces(), self.space)


def expected_ends(
    past: PastCurves, inputs: np.ndarray, values: np.ndarray, reached: np.ndarray
) -> np.ndarray:
    """Return medians of what trainings will have reached in the end, shape (n,).

    Args:
        past: curves of other tasks.
        inputs: encoded configurations, shape (n, d).
        values: best so far at rungs, NaN where there is none yet, shape (n, rungs).
        reached: best so far at all, shape (n,).
    """
    found = np.empty(len(inputs))
    for start in range(0, len(inputs), TOGETHER):
        part = slice(start, start + TOGETHER)
        model = CurveGP(past, inputs[part], values[part])
        forecasts = model.forecasts(inputs[part], np.arange(len(inputs[part])), [LAST])
        found[part] = quantiles(forecasts, [0.5], reached[part])[:, 0]
    return found


def _even(trials: pd.DataFrame) -> pd.DataFrame:
    if len(trials) <= MOST:
        return trials
    return trials.iloc[np.linspace(0, len(trials) - 1, MOST).round().astype(int)]


def _lengths(configs: pd.Series, otherwise: int) -> np.ndarray:
    """Return for how many epochs each was configured, 0 where nobody knows, shape (n,)."""
    return np.array([configured_epochs(text) or otherwise for text in configs])


def _best(curve: Sequence[float | None], sign: float) -> float:
    values = [sign * value for value in curve if value is not None and np.isfinite(value)]
    return max(values, default=np.nan)

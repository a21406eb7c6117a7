"""Learning curves of past tasks, read from the knowledge base for a search that pauses trials."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from advisor.curves import LAST, TaskCurves, at_rungs, learn_curves
from advisor.meta.translation import added_since, translate, upgraded
from knowledge_base import KnowledgeBase
from knowledge_base.space import SpaceDefinition

MIN_CURVES = 10
"""A task with fewer curves says too little about how they go on."""

EPOCHS = "epochs"
"""The hyperparameter that says how long a training is configured to be."""


def curves_for_search(
    kb: KnowledgeBase,
    family: str | None,
    space: SpaceDefinition,
    weights: Mapping[str, float],
    trust: float,
) -> dict[str, np.ndarray] | None:
    """Return what past curves teach a search as plain arrays, None where there are too few.

    Args:
        kb: where to read.
        family: model family; None takes every family.
        space: the search space of the new task.
        weights: how much each task counts, by its identity.
        trust: probability that the past says something about the new task.
    """
    found, epochs = read_curves(kb, space, family, sorted(weights))
    if not found:
        return None
    counted = np.array([weights[task] for task in found])
    if not counted.any():
        return None
    return learn_curves(list(found.values()), counted, trust, epochs).to_arrays()


def read_curves(
    kb: KnowledgeBase, space: SpaceDefinition, family: str | None, tasks: Sequence[str]
) -> tuple[dict[str, TaskCurves], int]:
    """Return the curves of past tasks by their identity, and how long trainings usually are.

    Only trainings that came to their end count, whether after all of their epochs or since their
    patience was over. The length is that of those whose configuration says nothing of it; 0 if
    there are none.

    Args:
        kb, space, family: as for `curves_for_search`.
        tasks: identities of the tasks.
    """
    frame = upgraded(kb.trained_curves(family, tasks), added_since(kb.spaces(), space))
    frame = frame.drop_duplicates(["task_id", "config"])
    directions = kb.tasks().set_index("task_id")["direction"]
    groups = {str(task): group for task, group in frame.groupby("task_id", sort=True)}
    groups = {task: group for task, group in groups.items() if len(group) >= MIN_CURVES}
    translated = translate([group["config"].tolist() for group in groups.values()], space)
    found, silent = {}, list[int]()
    for (task, group), seen in zip(groups.items(), translated, strict=True):
        if seen is None or not seen.known.any():
            continue
        values, lengths = _values(group.iloc[seen.rows], directions[task] == "maximize")
        silent += lengths
        there = np.isfinite(values[:, LAST])
        if there.sum() >= MIN_CURVES:
            found[task] = TaskCurves(seen.inputs[there], values[there], seen.known)
    return found, int(np.median(silent)) if silent else 0


def configured_epochs(config: str) -> int | None:
    """Return for how many epochs a configuration is, given as JSON; None where it does not say."""
    given = json.loads(config).get(EPOCHS)
    return int(given) if isinstance(given, (int, float)) and given >= 1 else None


def _values(group: pd.DataFrame, maximised: bool) -> tuple[np.ndarray, list[int]]:
    """Return values at rungs, and the lengths of trainings whose configuration says none."""
    rows, silent = [], []
    for text, curve in zip(group["config"], group["curve"], strict=True):
        epochs = configured_epochs(text)
        if epochs is None:
            epochs = len(curve)
            silent.append(epochs)
        rows.append(at_rungs(list(curve), epochs, 1.0 if maximised else -1.0, ended=True))
    return np.array(rows), silent

"""Checks that every importer makes on trials, whichever way they came."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from knowledge_base.bundle import Bundle
from knowledge_base.errors import ContributionError
from knowledge_base.importers.base import ImportOptions
from knowledge_base.importers.contribution import Contribution, Rejection
from knowledge_base.records import StudyRecord, TaskRecord, TrialRecord
from knowledge_base.schema import DIRECTIONS, TRIAL_STATES
from knowledge_base.space import SpaceDefinition


def value_reasons(states: pd.Series, values: pd.Series) -> pd.Series:
    """Return why states and values are not those of a trial, '' if they are.

    Args:
        states: one of TRIAL_STATES per row.
        values: metric as it was read (text too), NaN or empty where there is none.
    """
    numbers = pd.to_numeric(values, errors="coerce")
    given = values.notna() & (values.astype(str).str.strip() != "")
    reasons = pd.Series("", index=states.index, dtype=object)
    text = given & numbers.isna()
    reasons[text] = values[text].map(lambda value: f"the metric is not a number: {value!r}")
    infinite = np.isinf(numbers.to_numpy(dtype=float, na_value=np.nan))
    reasons[infinite] = "the metric is not finite"
    absent = (states == "complete") & ~given
    reasons[absent] = "a complete trial has no metric"
    unknown = ~states.isin(TRIAL_STATES)
    legal = ", ".join(TRIAL_STATES)
    reasons[unknown] = states[unknown].map(lambda s: f"the state {s!r} is none of {legal}")
    return reasons


def check_direction(direction: str | None) -> str:
    """Return a legal direction.

    Raises:
        ContributionError: it is missing or unknown.
    """
    if direction not in DIRECTIONS:
        raise ContributionError(
            "Say with --direction whether the metric is to minimize or maximize, "
            f"not {direction!r}."
        )
    return direction


def assemble(
    trials: Sequence[TrialRecord],
    rejected: Sequence[Rejection],
    task: TaskRecord,
    space: SpaceDefinition,
    study: StudyRecord,
    options: ImportOptions,
) -> Contribution:
    """Return the contribution of good trials with what they belong to."""
    if not trials:
        return Contribution(Bundle(), tuple(rejected))
    records: list[Any] = [task, space, study, *trials]
    metafeatures: dict[tuple[str, str, int], Mapping[str, float]] = {}
    if options.dataset is not None:
        records.append(options.dataset)
        key = (options.dataset.dataset_id, options.target or "", options.metafeatures_version)
        metafeatures[key] = options.metafeatures
    return Contribution(Bundle.from_records(records, metafeatures=metafeatures), tuple(rejected))


def task_of(
    options: ImportOptions, name: str, metric: str, direction: str, family: str
) -> TaskRecord:
    """Return the task that the options describe."""
    dataset = options.dataset
    return TaskRecord(
        name=options.task_name or (dataset.name if dataset else name),
        metric=metric,
        direction=direction,
        family=family,
        dataset_id=dataset.dataset_id if dataset else None,
        target=options.target if dataset else None,
    )

"""Checks that every importer makes on trials, whichever way they came."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from knowledge_base.bundle import Bundle, MetafeatureKey, Record
from knowledge_base.errors import ContributionError, SpaceError
from knowledge_base.importers.base import ImportOptions
from knowledge_base.importers.contribution import Contribution, Rejection
from knowledge_base.records import StudyRecord, TaskRecord, TrialRecord
from knowledge_base.schema import DIRECTIONS, TRIAL_STATES
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import Direction, TrialState


def value_reasons(states: pd.Series, values: pd.Series) -> pd.Series:
    """Return why states and values are not those of a trial, '' if they are.

    Args:
        states: state of each row, as text; shape (n,).
        values: metric of each row as it was read (text too), NaN or empty where there is none.
    """
    numbers = pd.to_numeric(values, errors="coerce")
    given = values.notna() & (values.astype(str).str.strip() != "")
    reasons = pd.Series("", index=states.index, dtype=object)
    text = given & numbers.isna()
    reasons[text] = values[text].map(lambda value: f"the metric is not a number: {value!r}")
    infinite = np.isinf(numbers.to_numpy(dtype=float, na_value=np.nan))
    reasons[infinite] = "the metric is not finite"
    absent = (states == TrialState.COMPLETE) & ~given
    reasons[absent] = "a complete trial has no metric"
    unknown = ~states.isin(TRIAL_STATES)
    legal = ", ".join(TRIAL_STATES)
    reasons[unknown] = states[unknown].map(lambda s: f"the state {s!r} is none of {legal}")
    return reasons


def check_direction(direction: str | None) -> Direction:
    """Return a legal direction.

    Raises:
        ContributionError: it is missing or unknown.
    """
    if direction not in DIRECTIONS:
        raise ContributionError(
            "Say with `direction` whether the metric is to minimize or maximize, "
            f"not {direction!r}."
        )
    return Direction(direction)


def assemble(
    trials: Sequence[TrialRecord],
    rejected: Sequence[Rejection],
    task: TaskRecord,
    space: SpaceDefinition,
    study: StudyRecord,
    options: ImportOptions,
) -> Contribution:
    """Return the contribution of good trials, with everything that they belong to."""
    if not trials:
        return Contribution(Bundle(), tuple(rejected))
    records: list[Record] = [task, space, study, *trials]
    metafeatures: dict[MetafeatureKey, Mapping[str, float]] = {}
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


def checked(bundle: Bundle) -> Contribution:
    """Return the good trials of a bundle as a contribution, the others with reasons."""
    trials = bundle["trials"].to_pandas()
    if trials.empty:
        return Contribution(bundle)
    studies = bundle["studies"].to_pandas().set_index("study_id")
    tasks = set(bundle["tasks"]["task_id"].to_pylist())
    spaces = _spaces(bundle)
    reasons = value_reasons(trials["state"], trials["value"])
    for study_id, group in trials.groupby("study_id"):
        reasons[group.index] = _study_reasons(group, reasons[group.index], study_id, studies, tasks,
                                              spaces)  # fmt: skip
    good = pa.array((reasons == "").to_numpy())
    bad = trials[(reasons != "").to_numpy()]
    rejected = [
        Rejection(str(row.origin or row.trial_id), reason)
        for row, reason in zip(bad.itertuples(), reasons[bad.index], strict=True)
    ]
    kept = bundle["trials"].filter(good)
    curves = bundle["curves"]
    known = set(kept["trial_id"].to_pylist())
    belongs = np.array([trial in known for trial in curves["trial_id"].to_pylist()], dtype=bool)
    tables = {
        name: bundle[name] for name in ("datasets", "metafeatures", "spaces", "tasks", "studies")
    }
    curves = curves.filter(pa.array(belongs))
    return Contribution(Bundle({**tables, "trials": kept, "curves": curves}), tuple(rejected))


def _spaces(bundle: Bundle) -> dict[str, SpaceDefinition]:
    found = {}
    for row in bundle["spaces"].to_pylist():
        try:
            space = SpaceDefinition.from_json(row["definition"], where=f"space {row['space_id']}")
        except (SpaceError, ValueError):
            continue  # Its trials are rejected because their space is missing.
        if space.space_id == row["space_id"]:
            found[space.space_id] = space
    return found


def _study_reasons(
    group: pd.DataFrame,
    reasons: pd.Series,
    study_id: str,
    studies: pd.DataFrame,
    tasks: set[str],
    spaces: dict[str, SpaceDefinition],
) -> pd.Series:
    if study_id not in studies.index:
        return reasons.where(reasons != "", f"its study {study_id} is missing")
    study = studies.loc[study_id]
    if study["task_id"] not in tasks:
        return reasons.where(reasons != "", f"its task {study['task_id']} is missing")
    space = spaces.get(str(study["space_id"]))
    if space is None:
        return reasons.where(reasons != "", f"its space {study['space_id']} is missing or wrong")
    return reasons.where(reasons != "", _config_reasons(group["config"], space))


def _config_reasons(texts: pd.Series, space: SpaceDefinition) -> pd.Series:
    configs, broken = [], []
    for text in texts:
        try:
            config = json.loads(text)
        except ValueError:
            config = None
        broken.append("" if isinstance(config, dict) else "its configuration is no JSON object")
        configs.append(config if isinstance(config, dict) else {})
    frame = pd.DataFrame(configs, index=texts.index, dtype=object)
    unknown = [sorted(config.keys() - space.hyperparameters.keys()) for config in configs]
    extra = [f"{names[0]} is not in the space" if names else "" for names in unknown]
    reasons = pd.Series(broken, index=texts.index, dtype=object)
    reasons = reasons.where(reasons != "", pd.Series(extra, index=texts.index, dtype=object))
    return reasons.where(reasons != "", space.validate(frame))

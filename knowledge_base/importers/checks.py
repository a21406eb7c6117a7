"""Checks that every importer makes on trials, whichever way they came."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from knowledge_base.bundle import Bundle, MetafeatureKey, Record
from knowledge_base.identity import trial_ids
from knowledge_base.importers.base import ImportOptions
from knowledge_base.importers.contribution import Contribution, Rejection
from knowledge_base.limits import read_json
from knowledge_base.records import StudyRecord, TaskRecord, TrialRecord
from knowledge_base.schema import KEYS, TABLES, TRIAL_STATES
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import TrialState
from knowledge_base.types import JsonObject
from knowledge_base.verification import wrong_rows

OWN_SOURCE = "advisor "
"""How the sources of studies begin that `advisor` itself ran; their trials are numbered."""

AT_ONCE = 10_000
"""Trials that become rows at once: rows as Python's objects need ten times what the table does."""


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


def assemble(
    trials: Sequence[TrialRecord],
    rejected: Sequence[Rejection],
    task: TaskRecord,
    space: SpaceDefinition,
    study: StudyRecord,
    options: ImportOptions,
) -> Contribution:
    """Return the contribution of good trials, with everything that they belong to."""
    return assemble_all(trials, rejected, task, [(space, study)], options)


def assemble_all(
    trials: Sequence[TrialRecord],
    rejected: Sequence[Rejection],
    task: TaskRecord,
    studies: Sequence[tuple[SpaceDefinition, StudyRecord]],
    options: ImportOptions,
) -> Contribution:
    """Return the contribution of good trials of several studies; see `assemble`.

    Args:
        trials: good trials.
        rejected: the others.
        task: what they all optimise.
        studies: every study that one of them is of, with its space.
        options: what the user said.
    """
    if not trials:
        return Contribution(Bundle(), tuple(rejected))
    records: list[Record] = [task]
    for space, study in studies:
        records += [space, study]
    metafeatures: dict[MetafeatureKey, Mapping[str, float]] = {}
    if options.dataset is not None:
        records.append(options.dataset)
        key = (options.dataset.dataset_id, options.target or "", options.metafeatures_version)
        metafeatures[key] = options.metafeatures
    bundle = Bundle.from_records(records, metafeatures=metafeatures)
    starts = range(0, len(trials), AT_ONCE)
    pieces = [Bundle.from_records(trials[start : start + AT_ONCE]) for start in starts]
    return Contribution(bundle.merge(*pieces), tuple(rejected))


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


def checked(bundle: Bundle, warnings: Sequence[str] = ()) -> Contribution:
    """Return the good trials of somebody's bundle as a contribution, the others with reasons.

    Every identity that can be made anew from the content is compared with what is said, every
    row keeps to the rules of `verification`, and only rows that a good trial refers to are taken.

    Args:
        bundle: rows as they were read.
        warnings: what was met and left out while they were read.
    """
    if len(bundle) == 0:
        return Contribution(Bundle(), (), tuple(warnings))
    bundle, unreadable = _readable(bundle)
    bundle, wrong = _right_rows(bundle, unreadable)
    trials = bundle["trials"]
    found = pd.Series(unreadable["trials"], dtype=object)
    columns = ["trial_id", "study_id", "number", "config", "state", "value"]
    frame = trials.select(columns).to_pandas()
    found = _first(found, value_reasons(frame["state"], frame["value"]))
    found = _first(found, pd.Series(wrong_rows(bundle, "trials"), dtype=object))
    found = _first(found, _twice(frame))
    found = _first(found, frame["trial_id"].map(lambda identity: wrong["curves"].get(identity, "")))
    for study_id, group in frame.groupby("study_id"):
        asked = group[(found[group.index] == "").to_numpy()]
        if len(asked):
            found[asked.index] = _study_reasons(asked, str(study_id), bundle, wrong)
    good = (found == "").to_numpy()
    origins, ids = trials["origin"].to_pylist(), trials["trial_id"].to_pylist()
    rejected = [
        Rejection(str(origins[place] or ids[place]), str(found[place]))
        for place in np.flatnonzero(~good)
    ]
    return Contribution(with_trials(bundle, good), tuple(rejected), tuple(warnings))


def with_trials(bundle: Bundle, kept: Sequence[bool] | npt.NDArray[np.bool_]) -> Bundle:
    """Return a bundle with some of its trials, and with nothing that none of them refers to.

    Args:
        bundle: any rows.
        kept: whether to keep each of its trials, shape (n,).
    """
    trials = bundle["trials"].filter(pa.array(np.asarray(kept, dtype=bool)))
    tables = {"trials": trials, "curves": _within(bundle["curves"], "trial_id", trials)}
    tables["studies"] = studies = _within(bundle["studies"], "study_id", trials)
    tables["tasks"] = tasks = _within(bundle["tasks"], "task_id", studies)
    tables["spaces"] = _within(bundle["spaces"], "space_id", studies)
    tables["datasets"] = _within(bundle["datasets"], "dataset_id", tasks)
    values = bundle["metafeatures"]
    asked = {(row["dataset_id"], row["target"] or "") for row in tasks.to_pylist()}
    pairs = zip(values["dataset_id"].to_pylist(), values["target"].to_pylist(), strict=True)
    tables["metafeatures"] = values.filter(pa.array([pair in asked for pair in pairs], pa.bool_()))
    return Bundle(tables)


def _within(table: pa.Table, key: str, of: pa.Table) -> pa.Table:
    return table.filter(pc.is_in(table[key], value_set=of[key].combine_chunks().drop_null()))


def _first(reasons: pd.Series, others: pd.Series) -> pd.Series:
    return reasons.where(reasons != "", others)


def _readable(bundle: Bundle) -> tuple[Bundle, dict[str, list[str]]]:
    """Return a bundle whose cells can all be stored, and why each row is not what it was.

    A text that is no UTF-8, and an empty cell where there may be none, become an empty text or a
    zero. Such rows are told by their reasons, so that they are not taken.
    """
    tables: dict[str, pa.Table] = {}
    reasons: dict[str, list[str]] = {}
    for name, schema in TABLES.items():
        reasons[name] = why = [""] * bundle[name].num_rows
        columns = []
        for field in schema:
            column = bundle[name][field.name]
            if pa.types.is_string(field.type):
                column = _texts(column, field.name, why)
            if not field.nullable and column.null_count:
                for place in np.flatnonzero(column.is_null().to_numpy()):
                    why[place] = why[place] or f"its {field.name} is empty"
                column = column.fill_null("" if pa.types.is_string(field.type) else 0)
            columns.append(column)
        tables[name] = pa.table(columns, schema=schema)
    return Bundle(tables), reasons


def _texts(column: pa.ChunkedArray, name: str, reasons: list[str]) -> pa.ChunkedArray:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        pass
    else:
        return column
    texts: list[str | None] = []
    for place, raw in enumerate(column.cast(pa.binary()).to_pylist()):
        try:
            texts.append(None if raw is None else raw.decode())
        except UnicodeDecodeError:
            texts.append("")
            reasons[place] = reasons[place] or f"its {name} is no UTF-8 text"
    return pa.chunked_array([texts], pa.string())


def _right_rows(
    bundle: Bundle, unreadable: Mapping[str, list[str]]
) -> tuple[Bundle, dict[str, dict[str, str]]]:
    """Return a bundle with the right rows of what trials refer to, each key once.

    Returns:
        The bundle, and for each table the reasons of the wrong rows by their first key.
    """
    tables = {"trials": bundle["trials"]}
    wrong: dict[str, dict[str, str]] = {"trials": {}}
    for name, key in KEYS.items():
        if name == "trials":
            continue
        rows = bundle[name]
        rules = pd.Series(wrong_rows(bundle, name), dtype=object)
        reasons = _first(pd.Series(unreadable[name], dtype=object), rules)
        keys = rows.select(list(key)).to_pandas()
        bad = (reasons != "").to_numpy()
        wrong[name] = dict(zip(keys[key[0]][bad], reasons[bad], strict=True))
        kept = ~bad & ~keys[~bad].duplicated().reindex(keys.index, fill_value=False).to_numpy()
        tables[name] = rows.filter(pa.array(kept, pa.bool_()))
    return Bundle(tables), wrong


def _twice(frame: pd.DataFrame) -> pd.Series:
    """Return which trials have the identity of one before them, but another content."""
    same = ["study_id", "config", "state", "value"]
    first = frame.drop_duplicates("trial_id").set_index("trial_id")[same]
    before = first.loc[frame["trial_id"]].reset_index(drop=True)
    other = (before.ne(frame[same]) & ~(before.isna() & frame[same].isna())).any(axis=1)
    reason = "another trial before it has the same identity"
    return pd.Series(np.where(other, reason, ""), index=frame.index, dtype=object)


def _study_reasons(
    group: pd.DataFrame, study_id: str, bundle: Bundle, wrong: Mapping[str, Mapping[str, str]]
) -> pd.Series:
    """Return why trials of one study are wrong, "" where they are right."""

    def all_of(reason: str) -> pd.Series:
        return pd.Series(reason, index=group.index, dtype=object)

    study = _row(bundle, "studies", study_id)
    if study is None:
        return all_of(_missing("study", study_id, wrong["studies"]))
    task, space = (_row(bundle, f"{what}s", study[f"{what}_id"]) for what in ("task", "space"))
    if task is None:
        return all_of(_missing("task", study["task_id"], wrong["tasks"]))
    if space is None:
        return all_of(_missing("space", study["space_id"], wrong["spaces"]))
    dataset = task["dataset_id"]
    if dataset is not None and _row(bundle, "datasets", dataset) is None:
        return all_of(_missing("data set", dataset, wrong["datasets"]))
    reasons = all_of("")
    if str(study["source"]).startswith(OWN_SOURCE):
        same = pd.Series(trial_ids(study_id, group["number"].tolist()), index=group.index)
        reasons[same != group["trial_id"]] = "it is not what its identity says"
    definition = SpaceDefinition.from_json(space["definition"], where=f"space {space['space_id']}")
    return _first(reasons, _config_reasons(group["config"], definition))


def _row(bundle: Bundle, table: str, identity: str) -> JsonObject | None:
    rows = bundle[table].filter(pc.equal(bundle[table][KEYS[table][0]], identity)).to_pylist()
    return rows[0] if rows else None


def _missing(what: str, identity: str, wrong: Mapping[str, str]) -> str:
    if identity in wrong:
        return f"its {what} {identity} is wrong: {wrong[identity]}"
    return f"its {what} {identity} is missing"


def _config_reasons(texts: pd.Series, space: SpaceDefinition) -> pd.Series:
    configs, broken = [], []
    for text in texts:
        try:
            config = read_json(text, "the configuration")
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

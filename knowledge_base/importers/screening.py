"""Comparing a contribution with what is known: it adds trials, and changes nothing that is there.

What a contribution says about a data set, task, space or study that is known is not taken from
it, but from what is stored. A trial whose identity is known is a duplicate if its content is the
same, and rejected if it is not. The shipped studies are complete, so a trial that claims to be
of one and was not shipped is rejected, as is one that calls good what is known to be bad.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from knowledge_base.bundle import Bundle
from knowledge_base.importers.checks import with_trials
from knowledge_base.importers.contribution import Rejection
from knowledge_base.limits import read_json
from knowledge_base.schema import KEYS, TABLES
from knowledge_base.space.hyperparameter import NONE
from knowledge_base.store import KnowledgeBase
from knowledge_base.types import JsonObject
from knowledge_base.verification import wrong_rows

_CONTENT = ("state", "value")
"""The study is not among them: a study whose space grew has another identity, and the same runs."""


def screened(kb: KnowledgeBase, bundle: Bundle) -> tuple[Bundle, list[Rejection], int]:
    """Return the new trials of a bundle with what they belong to, as far as that fits.

    Args:
        kb: where they are to go.
        bundle: trials with everything that they refer to.

    Returns:
        The rows to add, the trials that contradict what is known, and how many are known.

    Raises:
        KnowledgeBaseError: the knowledge base is not usable.
    """
    if len(bundle) == 0:
        return Bundle(), [], 0
    known = kb.like(bundle)
    newest = _newest_version(kb)
    studies = _by_key(bundle["studies"], "study_id")
    tasks = _by_key(bundle["tasks"], "task_id")
    wrong_tasks = _task_reasons(tasks, known["tasks"])
    wrong_studies = _study_reasons(studies, known["studies"])
    shipped = {row["study_id"] for row in known["studies"] if row["layer"] == "seed"}
    stored = {row["trial_id"]: row for row in known["trials"]}
    rules = wrong_rows(bundle, "trials")
    kept, rejected, duplicates = np.zeros(len(bundle), dtype=bool), [], 0
    seen: set[str] = set()
    for place, trial in enumerate(bundle["trials"].to_pylist()):
        identity, study_id = trial["trial_id"], trial["study_id"]
        reason = rules[place] or wrong_studies.get(study_id, "")
        if not reason and identity in stored:
            reason = _difference(trial, stored[identity])
            duplicates += not reason
        elif not reason and identity in seen:
            duplicates += 1
        elif not reason:
            reason = _task_reason(studies.get(study_id), wrong_tasks)
            if not reason and study_id in shipped:
                reason = "its study ships with Advisor and has no such trial"
            kept[place] = not reason
            seen.add(identity)
        if reason:
            rejected.append(Rejection(str(trial["origin"] or identity), reason))
    return _with_known(with_trials(bundle, kept), known, newest), rejected, duplicates


def _by_key(table: pa.Table, key: str) -> dict[str, JsonObject]:
    return {row[key]: row for row in table.to_pylist()}


def _difference(trial: JsonObject, stored: JsonObject) -> str:
    """Return why a trial is not the stored one of its identity, "" if it is."""
    same = all(_plain(trial[name]) == _plain(stored[name]) for name in _CONTENT)
    same = same and _config(trial) == _config(stored)
    return "" if same else "another trial with this identity is stored, with another content"


def _plain(cell: object) -> object:
    return None if cell != cell else cell  # NaN stands for no value.


def _config(trial: JsonObject) -> object:
    """Return a configuration in which None is a text, as older versions imported it."""
    found = read_json(trial["config"], "the configuration")
    if not isinstance(found, dict):
        return found
    return {name: NONE if value is None else value for name, value in found.items()}


def _task_reason(study: JsonObject | None, wrong: Mapping[str, str]) -> str:
    return "its study is missing" if study is None else wrong.get(study["task_id"], "")


def _study_reasons(
    studies: Mapping[str, JsonObject], known: Sequence[JsonObject]
) -> dict[str, str]:
    """Return which studies are known as studies of something else."""
    found = {}
    for row in known:
        for what in ("task", "space"):
            if studies[row["study_id"]][f"{what}_id"] != row[f"{what}_id"]:
                found[row["study_id"]] = f"its study is known, with another {what}"
    return found


def _task_reasons(tasks: Mapping[str, JsonObject], known: Sequence[JsonObject]) -> dict[str, str]:
    """Return which tasks call a metric good the other way round than those that are known.

    A metric's direction is what the shipped tasks say. Others may use a name of their own as
    they like, but one data set has not the same metric both ways.
    """
    ways: dict[object, set[str]] = {}
    for row in known:
        for key in _meanings(row, row["layer"] == "seed"):
            ways.setdefault(key, set()).add(row["direction"])
    stored = {row["task_id"] for row in known}
    found = {}
    for task_id, row in tasks.items():
        if task_id in stored:
            continue
        for key in _meanings(row, True):
            if key in ways and row["direction"] not in ways[key]:
                (way,) = ways[key] if len(ways[key]) == 1 else ("either",)
                found[task_id] = (
                    f"its task is to {row['direction']} {row['metric']}, which is known as one to "
                    f"{way}"
                )
    return found


def _meanings(task: JsonObject, shipped: bool) -> list[object]:
    subject = task["dataset_id"] or task["name"]
    same: list[object] = [(subject, task["target"], task["metric"], task["family"])]
    return [*same, str(task["metric"]).lower()] if shipped else same


def _newest_version(kb: KnowledgeBase) -> float:
    """Return the version up to which lists of metafeatures are known; any without shipped ones.

    A newer list would go before the stored one wherever that cannot be looked at now.
    """
    frame = kb.query("SELECT max(version) AS newest FROM metafeatures WHERE layer = 'seed'")
    return float("inf") if frame["newest"].isna().all() else float(frame["newest"][0])


def _with_known(bundle: Bundle, known: Mapping[str, Sequence[JsonObject]], newest: float) -> Bundle:
    """Return a bundle with the rows that are stored in the place of its own of the same key."""
    tables = {name: bundle[name] for name in TABLES}
    for name in ("datasets", "spaces", "tasks", "studies"):
        key, own = KEYS[name][0], bundle[name].to_pylist()
        stored = {row[key]: row for row in known[name]}
        rows = [stored.get(row[key], row) for row in own]
        tables[name] = _table(name, rows)
    stored_pairs = {(row["dataset_id"], row["target"]) for row in known["metafeatures"]}
    pairs = {(row["dataset_id"], row["target"]) for row in bundle["metafeatures"].to_pylist()}
    rows = [
        row
        for row in bundle["metafeatures"].to_pylist()
        if (row["dataset_id"], row["target"]) not in stored_pairs and row["version"] <= newest
    ]
    rows += [row for row in known["metafeatures"] if (row["dataset_id"], row["target"]) in pairs]
    tables["metafeatures"] = _table("metafeatures", rows)
    return Bundle(tables)


def _table(name: str, rows: Sequence[JsonObject]) -> pa.Table:
    names = TABLES[name].names
    plain = [{column: row[column] for column in names} for row in rows]
    return pa.Table.from_pylist(plain, schema=TABLES[name])

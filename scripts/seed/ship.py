"""Turns the finished trials of a build into the shipped files, checks them, swaps them in."""

import json
import shutil
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from advisor.diagnosis.trial import labelled
from advisor.environment import machine, package_versions
from advisor.metafeatures import VERSION, compute
from advisor.metrics import Metric, default_metric
from knowledge_base.bundle import Bundle
from knowledge_base.identity import digest
from knowledge_base.records import EpochRecord, StudyRecord, TaskRecord, TrialRecord, best_trial
from knowledge_base.shipped import read_shipped, shipped_files, write_shipped
from knowledge_base.space import SpaceDefinition
from scripts.seed.readme import readme
from scripts.seed.work import (
    SHIPPED,
    Entry,
    Row,
    drawn_space,
    path_of,
    place_of,
    places,
    read_rows,
)

SOURCE = "advisor seed"


def ship_seed(
    entries: Sequence[Entry],
    work: Path,
    seed: int,
    shipped: Path = SHIPPED,
    limit: int | None = None,
    epochs: int | None = None,
) -> str:
    """Replace what shipped of the data sets that are complete; return what is shipped now.

    What shipped of a data set that is not complete stays; what is of none of `entries` goes.

    Args:
        entries: all data sets that are to ship.
        work: folder of the build.
        seed: that the trials were trained with.
        shipped: folder to replace; it stays as it is unless every check passes.
        limit: how many trials of each data set are enough; default all.
        epochs: the limit of epochs that they were trained with; default none.

    Raises:
        click.ClickException: nothing is complete, or the new files are not consistent.
    """
    new = work / "shipping"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    rows = {entry.label: _rows(entry, work, limit, epochs) for entry in entries}
    done = [entry for entry in entries if rows[entry.label]]
    if not done:
        raise click.ClickException("No data set is complete; nothing was shipped.")
    others = {entry.label for entry in entries} - {entry.label for entry in done}
    kept = _kept(shipped, others)
    built = [_bundle(entry, rows[entry.label], seed) for entry in done]
    families = sorted({entry.family for entry in done})
    bundle = with_spaces_once(kept.merge(_spaces(families), *built))
    expected = len(kept) + sum(len(rows[entry.label]) for entry in done)
    replace_shipped(bundle, new, shipped, expected)
    return _said(bundle, shipped, others)


def replace_shipped(bundle: Bundle, new: Path, shipped: Path, expected: int) -> None:
    """Write what is to ship, check it, and put it in the place of what shipped.

    Raises:
        click.ClickException: the new files are not consistent.
    """
    write_shipped(bundle, new)
    (new / "README.md").write_text(readme(bundle), encoding="utf-8")
    problems = check(read_shipped(new), expected)
    if problems:
        raise click.ClickException("The new seed was not shipped: " + "; ".join(problems))
    _swap(new, shipped)


def with_spaces_once(bundle: Bundle) -> Bundle:
    """Return the bundle with every search space once; kept data sets may share one."""
    tables = bundle_tables(bundle)
    first = ~tables["spaces"]["space_id"].to_pandas().duplicated()
    tables["spaces"] = tables["spaces"].filter(pa.array(first))
    return Bundle(tables)


def _said(bundle: Bundle, shipped: Path, others: Collection[str]) -> str:
    size = sum(path.stat().st_size for path in shipped.rglob("*") if path.is_file()) / 1e6
    datasets = bundle["datasets"].num_rows
    said = f"Shipped {len(bundle)} trials on {datasets} data sets, {size:.1f} MB."
    if others:
        said += f" Not complete, left as they were: {', '.join(sorted(others))}."
    return said


def _rows(entry: Entry, work: Path, limit: int | None, epochs: int | None) -> list[Row]:
    """Return the trials of a data set in the order of its places, none if one is missing."""
    rows = [row for row in read_rows(path_of(entry, work)) if row["max_epochs"] == epochs]
    known = {place_of(row): row for row in rows}
    wanted = places(entry)[:limit]
    return [known[place] for place in wanted] if set(wanted) <= set(known) else []


def _kept(shipped: Path, names: Collection[str]) -> Bundle:
    """Return what shipped before of the tasks of these names."""
    if not shipped_files(shipped, "tasks"):
        return Bundle()
    return _only(read_shipped(shipped), names)


def bundle_without(shipped: Path, names: Collection[str]) -> Bundle:
    """Return what shipped but the tasks of these names."""
    bundle = read_shipped(shipped)
    return _only(bundle, set(bundle["tasks"]["name"].to_pylist()) - set(names))


def _only(bundle: Bundle, names: Collection[str]) -> Bundle:
    tables = bundle_tables(bundle)
    stays = pc.is_in(tables["tasks"]["name"], pa.array(sorted(names), pa.string()))
    tables["tasks"] = tables["tasks"].filter(stays)
    for name, key, other in (
        ("studies", "task_id", "tasks"),
        ("trials", "study_id", "studies"),
        ("curves", "trial_id", "trials"),
        ("spaces", "space_id", "studies"),
        ("datasets", "dataset_id", "tasks"),
        ("metafeatures", "dataset_id", "tasks"),
    ):
        known = tables[other][key].combine_chunks()
        tables[name] = tables[name].filter(pc.is_in(tables[name][key], known))
    return Bundle(tables)


def bundle_tables(bundle: Bundle) -> dict[str, Any]:
    """Return the tables of a bundle by name."""
    from knowledge_base.schema import TABLES

    return {name: bundle[name] for name in TABLES}


def _spaces(families: Sequence[str]) -> Bundle:
    return Bundle.from_records([drawn_space(name) for name in families])


def _bundle(entry: Entry, rows: Sequence[Row], seed: int) -> Bundle:
    """Return everything that is known of one data set, each trial with its diagnosis."""
    dataset = entry.load()
    task = task_of(dataset.fingerprint, dataset.target_name, entry, default_metric(entry.kind))
    space, started = drawn_space(entry.family), started_at(rows)
    # The library default is no draw at random, so it is not of the study of those that are.
    # Nor are those that a search chose.
    trials: list[TrialRecord] = []
    studies = []
    for strategy, part in groupby(rows, key=lambda row: row["strategy"]):
        members = list(part)
        studies.append(study_of(task, space, strategy, seed, started, members))
        trials += [trial_of(studies[-1], row, seed) for row in members]
    best = [trial for trial in (best_trial(trials, task.direction),) if trial]
    record = dataset.record()
    named = [labelled(trial, task, space, record, best) for trial in trials]
    key = (dataset.fingerprint, dataset.target_name, VERSION)
    return Bundle.from_records([record, task, *studies, *named], {key: compute(dataset)})


def task_of(dataset_id: str, target: str, entry: Entry, metric: Metric) -> TaskRecord:
    """Return the task of a data set as it is stored."""
    return TaskRecord(entry.label, metric.name, metric.direction, entry.family, dataset_id, target)


def started_at(rows: Sequence[Row]) -> datetime:
    """Return when the first of some trials began."""
    return min(datetime.fromisoformat(row["started_at"]) for row in rows)


def study_of(
    task: TaskRecord,
    space: SpaceDefinition,
    strategy: str,
    seed: int,
    created_at: datetime,
    rows: Sequence[Row],
) -> StudyRecord:
    """Return the study of trials of one data set and strategy."""
    return StudyRecord(
        study_id=digest("study", SOURCE, task.task_id, space.space_id, strategy, seed),
        task_id=task.task_id,
        space_id=space.space_id,
        name=f"{task.name} {strategy}",
        strategy=strategy,
        seed=seed,
        source=SOURCE,
        contributor="advisor",
        created_at=created_at,
        versions=package_versions(),
        machine={**machine(), "device": ", ".join(sorted({r.get("device", "cpu") for r in rows}))},
    )


def trial_of(study: StudyRecord, row: Row, seed: int) -> TrialRecord:
    """Return a finished trial as it is stored."""
    known = (
        "number",
        "config",
        "state",
        "value",
        "metrics",
        "duration",
        "epochs",
        "n_params",
        "error",
    )
    return TrialRecord(
        study_id=study.study_id,
        seed=seed,
        started_at=datetime.fromisoformat(row["started_at"]),
        curve=tuple(EpochRecord(**epoch) for epoch in row["curve"]),
        **{name: row[name] for name in known},
    )


def check(bundle: Bundle, trials: int) -> list[str]:
    """Return what is wrong with a seed that was written and read again."""
    frames = {name: table.to_pandas() for name, table in bundle_tables(bundle).items()}
    found = frames["trials"]
    links = (
        ("trials", "study_id", "studies"),
        ("studies", "task_id", "tasks"),
        ("studies", "space_id", "spaces"),
        ("tasks", "dataset_id", "datasets"),
        ("metafeatures", "dataset_id", "datasets"),
        ("curves", "trial_id", "trials"),
    )
    problems = [
        f"{table} without their {key}"
        for table, key, other in links
        if not frames[table][key].isin(frames[other][key]).all()
    ]
    if len(found) != trials or found["trial_id"].duplicated().any():
        problems.append(f"{found['trial_id'].nunique()} instead of {trials} trials")
    if frames["datasets"]["dataset_id"].duplicated().any():
        problems.append("the same data set under two names")
    if frames["spaces"]["space_id"].duplicated().any():
        problems.append("a search space twice")
    if found.loc[found["state"] == "complete", "value"].isna().any():
        problems.append("complete trials without a value")
    return problems + _illegal(found, frames["studies"], frames["spaces"])


def _illegal(trials: pd.DataFrame, studies: pd.DataFrame, spaces: pd.DataFrame) -> list[str]:
    """Check configurations by the space they belong to, which may be an older version."""
    problems = []
    joined = trials.merge(studies[["study_id", "space_id"]], on="study_id")
    definitions = dict(zip(spaces["space_id"], spaces["definition"], strict=True))
    for space_id, group in joined.groupby("space_id"):
        if space_id not in definitions:
            continue  # said by the check of links
        space = SpaceDefinition.from_dict(json.loads(definitions[space_id]))
        configs = pd.DataFrame([json.loads(text) for text in group["config"]], dtype=object)
        reasons = sorted(set(space.validate(configs)) - {""})
        problems += [f"configurations outside the space: {reason}" for reason in reasons[:1]]
    return problems


def _swap(new: Path, shipped: Path) -> None:
    """Put `new` where `shipped` is; if that fails, the old files are put back."""
    old = new.with_name("replaced")
    shutil.rmtree(old, ignore_errors=True)
    if shipped.exists():
        shipped.rename(old)
    try:
        new.rename(shipped)
    except OSError:
        if old.exists():
            old.rename(shipped)
        raise
    shutil.rmtree(old, ignore_errors=True)

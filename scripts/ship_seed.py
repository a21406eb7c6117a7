"""Turns the finished trials of a build into the shipped files, checks them, swaps them in."""

import json
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from seed_card import card
from seed_datasets import Entry, load

from advisor.metafeatures import VERSION, compute
from advisor.metrics import Metric, default_metric
from advisor.models import get_family
from advisor.tuning.environment import machine, package_versions
from knowledge_base.bundle import Bundle
from knowledge_base.identity import digest
from knowledge_base.records import EpochRecord, StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition

FAMILY = "mlp"
SHIPPED = Path(__file__).resolve().parent.parent / "knowledge_base" / "seed"
SOURCE = "advisor seed"


def ship_seed(
    entries: Sequence[Entry], work: Path, trials: int, seed: int, shipped: Path = SHIPPED
) -> str:
    """Replace the shipped files by the trials in `work`; return what is shipped now.

    Args:
        entries: data sets whose trials are in `work`.
        work: folder of the build.
        trials: how many each data set must have.
        seed: that the trials were trained with.
        shipped: folder to replace; it stays as it is unless every check passes.

    Raises:
        click.ClickException: trials are missing, or the new files are not consistent.
    """
    new = work / "shipping"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    bundle = Bundle().merge(*(_bundle(entry, work, trials, seed) for entry in entries))
    bundle = Bundle.from_tables({**bundle_tables(bundle), "spaces": _spaces()})
    bundle.write(new)
    (new / "README.md").write_text(card(bundle), encoding="utf-8")
    problems = check(Bundle.read(new), len(entries) * trials)
    if problems:
        raise click.ClickException("The new seed was not shipped: " + "; ".join(problems))
    _swap(new, shipped)
    size = sum(path.stat().st_size for path in shipped.iterdir()) / 1e6
    return f"Shipped {len(bundle)} trials on {len(entries)} data sets, {size:.1f} MB."


def bundle_tables(bundle: Bundle) -> dict[str, Any]:
    """Return the tables of a bundle by name."""
    from knowledge_base.schema import TABLES

    return {name: bundle[name] for name in TABLES}


def _spaces() -> Any:
    return Bundle.from_records([get_family(FAMILY).space()])["spaces"]


def _bundle(entry: Entry, work: Path, trials: int, seed: int) -> Bundle:
    """Return everything that is known of one data set."""
    path = work / f"{entry.source}-{entry.name}.jsonl"
    lines = path.read_bytes().splitlines() if path.exists() else []
    known = {row["number"]: row for row in map(json.loads, lines)}
    rows = [known[number] for number in range(trials) if number in known]
    if len(rows) < trials:
        raise click.ClickException(f"{entry.label} has {len(rows)} of {trials} trials.")
    dataset = load(entry)
    task = _task(dataset.fingerprint, dataset.target_name, entry, default_metric(entry.kind))
    started = min(datetime.fromisoformat(row["started_at"]) for row in rows)
    records: list[Any] = [dataset.record(), task]
    # The library default is no draw at random, so it is not of the study of those that are.
    for strategy, part in (("default", rows[:1]), ("sobol", rows[1:])):
        study = _study(task, strategy, seed, started)
        records += [study, *(_trial(study, i, row, seed) for i, row in enumerate(part))]
    key = (dataset.fingerprint, dataset.target_name, VERSION)
    return Bundle.from_records(records, {key: compute(dataset)})


def _task(dataset_id: str, target: str, entry: Entry, metric: Metric) -> TaskRecord:
    return TaskRecord(entry.label, metric.name, metric.direction, FAMILY, dataset_id, target)


def _study(task: TaskRecord, strategy: str, seed: int, created_at: datetime) -> StudyRecord:
    space_id = get_family(FAMILY).space().space_id
    return StudyRecord(
        study_id=digest("study", SOURCE, task.task_id, space_id, strategy, seed),
        task_id=task.task_id,
        space_id=space_id,
        name=f"{task.name} {strategy}",
        strategy=strategy,
        seed=seed,
        source=SOURCE,
        contributor="advisor",
        created_at=created_at,
        versions=package_versions(),
        machine={**machine(), "device": "cpu"},
    )


def _trial(study: StudyRecord, number: int, row: dict[str, Any], seed: int) -> TrialRecord:
    known = ("config", "state", "value", "metrics", "duration", "epochs", "n_params", "error")
    return TrialRecord(
        study_id=study.study_id,
        number=number,
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
    if found.loc[found["state"] == "complete", "value"].isna().any():
        problems.append("complete trials without a value")
    return problems + _illegal(found, frames["spaces"])


def _illegal(trials: Any, spaces: Any) -> list[str]:
    """Check configurations by the space they belong to, which may be an older version."""
    import pandas as pd

    if len(spaces) != 1:
        return [f"{len(spaces)} search spaces instead of one"]
    space = SpaceDefinition.from_dict(json.loads(spaces["definition"].iloc[0]))
    configs = pd.DataFrame([json.loads(text) for text in trials["config"]], dtype=object)
    reasons = sorted(set(space.validate(configs)) - {""})
    return [f"configurations outside the space: {reasons[0]}"] if reasons else []


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

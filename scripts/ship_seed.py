"""Turns the finished trials of a build into the shipped files, checks them, swaps them in."""

import json
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import click
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from seed_card import card

from advisor.data import Dataset
from advisor.metafeatures import VERSION, compute
from advisor.metrics import Metric, default_metric
from advisor.models import get_family
from advisor.tuning.environment import machine, package_versions
from knowledge_base.bundle import Bundle
from knowledge_base.identity import digest
from knowledge_base.records import EpochRecord, StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition

SHIPPED = Path(__file__).resolve().parent.parent / "knowledge_base" / "seed"
SOURCE = "advisor seed"


class Entry(Protocol):
    """A data set that ships, of whatever modality.

    Attributes:
        name, source, label: its name, the short name of its package, and both.
        kind: "classification", "regression" or "forecasting".
        family: that is trained on it.
        configurations: how many it is trained with besides the default.
        tuned: how many more a Bayesian search asks for after them.
    """

    name: str
    kind: str
    family: str
    configurations: int
    tuned: int

    @property
    def source(self) -> str: ...

    @property
    def label(self) -> str: ...

    def load(self) -> Dataset: ...


def trials_of(entry: Entry) -> int:
    """Return how many trials a data set ships with."""
    return 1 + entry.configurations + entry.tuned


def path_of(entry: Entry, work: Path) -> Path:
    """Return where the finished trials of a data set are."""
    return work / f"{entry.source}-{entry.name}.jsonl"


def ship_seed(
    entries: Sequence[Entry],
    work: Path,
    seed: int,
    shipped: Path = SHIPPED,
    trials: int | None = None,
) -> str:
    """Replace what shipped of the families of `entries`; return what is shipped now.

    Args:
        entries: data sets whose trials are in `work`.
        work: folder of the build.
        seed: that the trials were trained with.
        shipped: folder to replace; it stays as it is unless every check passes.
        trials: how many each data set must have; default all that it should.

    Raises:
        click.ClickException: trials are missing, or the new files are not consistent.
    """
    new = work / "shipping"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    families = sorted({entry.family for entry in entries})
    kept = _kept(shipped, families)
    wanted = [trials_of(entry) if trials is None else trials for entry in entries]
    built = [_bundle(e, work, n, seed) for e, n in zip(entries, wanted, strict=True)]
    bundle = kept.merge(_spaces(families), *built)
    bundle.write(new)
    (new / "README.md").write_text(card(bundle), encoding="utf-8")
    problems = check(Bundle.read(new), len(kept) + sum(wanted))
    if problems:
        raise click.ClickException("The new seed was not shipped: " + "; ".join(problems))
    _swap(new, shipped)
    size = sum(path.stat().st_size for path in shipped.iterdir()) / 1e6
    datasets = bundle["datasets"].num_rows
    return f"Shipped {len(bundle)} trials on {datasets} data sets, {size:.1f} MB."


def _kept(shipped: Path, families: Sequence[str]) -> Bundle:
    """Return what shipped before of other families."""
    if not any(shipped.glob("*.parquet")):
        return Bundle()
    tables = bundle_tables(Bundle.read(shipped))
    others = pc.invert(pc.is_in(tables["tasks"]["family"], pa.array(families)))
    tables["tasks"] = tables["tasks"].filter(others)
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
    return Bundle.from_records([get_family(name).space() for name in families])


def _bundle(entry: Entry, work: Path, trials: int, seed: int) -> Bundle:
    """Return everything that is known of one data set."""
    path = path_of(entry, work)
    lines = path.read_bytes().splitlines() if path.exists() else []
    known = {row["number"]: row for row in map(json.loads, lines)}
    rows = [known[number] for number in range(trials) if number in known]
    if len(rows) < trials:
        raise click.ClickException(f"{entry.label} has {len(rows)} of {trials} trials.")
    dataset = entry.load()
    task = _task(dataset.fingerprint, dataset.target_name, entry, default_metric(entry.kind))
    started = min(datetime.fromisoformat(row["started_at"]) for row in rows)
    records: list[Any] = [dataset.record(), task]
    # The library default is no draw at random, so it is not of the study of those that are.
    # Nor are those that a search chose. A study begins at trial 0 by its own count.
    cut = 1 + entry.configurations
    parts = {"default": rows[:1], "sobol": rows[1:cut], "bayesian": rows[cut:]}
    for strategy, part in parts.items():
        if not part:
            continue
        study = _study(task, strategy, seed, started)
        records += [study, *(_trial(study, i, row, seed) for i, row in enumerate(part))]
    key = (dataset.fingerprint, dataset.target_name, VERSION)
    return Bundle.from_records(records, {key: compute(dataset)})


def _task(dataset_id: str, target: str, entry: Entry, metric: Metric) -> TaskRecord:
    return TaskRecord(entry.label, metric.name, metric.direction, entry.family, dataset_id, target)


def _study(task: TaskRecord, strategy: str, seed: int, created_at: datetime) -> StudyRecord:
    space_id = get_family(task.family).space().space_id
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

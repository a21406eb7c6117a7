"""Adds the trials of `scripts.seed.further` to what ships, as studies of their own."""

import shutil
from collections.abc import Collection, Sequence
from itertools import groupby
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.compute as pc

from advisor.diagnosis.trial import labelled
from advisor.metrics import default_metric
from advisor.models import get_family
from knowledge_base.bundle import Bundle, Record
from knowledge_base.records import TrialRecord, best_trial
from knowledge_base.shipped import read_shipped
from scripts.seed.further import further_places
from scripts.seed.ship import (
    bundle_tables,
    replace_shipped,
    started_at,
    study_of,
    task_of,
    trial_of,
    with_spaces_once,
)
from scripts.seed.work import (
    SHIPPED,
    Entry,
    Row,
    drawn_space,
    path_of,
    place_of,
    read_rows,
    shipped_rows,
)


def ship_further(entries: Sequence[Entry], work: Path, seed: int, shipped: Path = SHIPPED) -> str:
    """Add the further trials of the data sets that have all of theirs; say what is shipped now.

    What `build` shipped stays as it is, row by row; further trials that shipped are replaced.

    Args:
        entries: the data sets.
        work: folder of their finished trials.
        seed: that the trials were trained with.
        shipped: folder to add to; it stays as it is unless every check passes.

    Raises:
        click.ClickException: nothing is complete, or the new files are not consistent.
    """
    new = work / "shipping"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    rows = {entry.label: _rows(entry, work) for entry in entries}
    done = [entry for entry in entries if rows[entry.label]]
    if not done:
        raise click.ClickException("No data set is complete; nothing was shipped.")
    built = [_bundle(entry, rows[entry.label], seed, shipped) for entry in done]
    added = Bundle().merge(*built)
    before = _without(read_shipped(shipped), set(added["studies"]["study_id"].to_pylist()))
    spaces = Bundle.from_records(
        [get_family(name).space() for name in sorted({entry.family for entry in done})]
    )
    bundle = with_spaces_once(before.merge(spaces, added))
    replace_shipped(bundle, new, shipped, len(before) + len(added))
    left = sorted(set(rows) - {entry.label for entry in done})
    rest = f" Not complete: {', '.join(left)}." if left else ""
    return f"Shipped {len(added)} further trials on {len(done)} data sets.{rest}"


def _rows(entry: Entry, work: Path) -> list[Row]:
    """Return the trials of a data set strategy by strategy, none if one is missing."""
    known = {place_of(row): row for row in read_rows(path_of(entry, work))}
    wanted = sorted(further_places(entry))
    return [known[place] for place in wanted] if set(wanted) <= set(known) else []


def _bundle(entry: Entry, rows: Sequence[Row], seed: int, shipped: Path) -> Bundle:
    """Return the further studies of one data set, each trial with its diagnosis.

    What is possible on it say the trials that shipped before, too.
    """
    dataset, space = entry.load(), get_family(entry.family).space()
    task = task_of(dataset.fingerprint, dataset.target_name, entry, default_metric(entry.kind))
    started = started_at(rows)
    studies, trials = [], []
    for strategy, part in groupby(rows, key=lambda row: row["strategy"]):
        members = list(part)
        studies.append(study_of(task, space, strategy, seed, started, members))
        trials += [trial_of(studies[-1], row, seed) for row in members]
    known = shipped_rows(dataset.fingerprint, drawn_space(entry.family), seed, shipped)
    others = [trial_of(studies[0], row, seed) for row in known]
    best: list[TrialRecord] = [
        trial for trial in (best_trial([*others, *trials], task.direction),) if trial
    ]
    record = dataset.record()
    named = [labelled(trial, task, space, record, best) for trial in trials]
    records: list[Record] = [*studies, *named]
    return Bundle.from_records(records)


def _without(bundle: Bundle, studies: Collection[str]) -> Bundle:
    """Return a bundle without some studies and their trials."""
    tables = bundle_tables(bundle)
    gone = pc.is_in(tables["studies"]["study_id"], pa.array(sorted(studies), pa.string()))
    tables["studies"] = tables["studies"].filter(pc.invert(gone))
    kept = tables["studies"]["study_id"].combine_chunks()
    tables["trials"] = tables["trials"].filter(pc.is_in(tables["trials"]["study_id"], kept))
    kept = tables["trials"]["trial_id"].combine_chunks()
    tables["curves"] = tables["curves"].filter(pc.is_in(tables["curves"]["trial_id"], kept))
    return Bundle(tables)

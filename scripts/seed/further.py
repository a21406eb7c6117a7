"""Trains what ships with what came later into the space of its family, and adds it.

    scripts/fetch_data.sh
    python -m scripts.seed.further
    python -m scripts.seed.further --ship

What `build` trained stays as it is, a study of the earlier version of the space. Beside it every
data set gets trials of the present version: configurations that all share (further.json) and
variants of its own best with what came later. Finished trials are kept in .build/seed/further/,
one line each, so that a run that was cut off goes on where it was.
"""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from advisor.data import Dataset
from advisor.metrics import default_metric
from knowledge_base.types import ConfigDict
from scripts.seed.build import TRIAL_SEED, WHOLE, WORK, trial
from scripts.seed.catalogue import shipped_entries
from scripts.seed.work import (
    SHIPPED,
    Entry,
    Place,
    Row,
    append,
    drawn_space,
    key_of,
    locked,
    path_of,
    place_of,
    read_rows,
    shipped_rows,
)

LATER: dict[str, ConfigDict] = {"mlp": {"numeric": "periodic"}}
"""What came later, as the variants have it."""

VARIANTS = 3
"""How many of its own best configurations a data set is trained with once more."""

FIRST = 1 + VARIANTS
"""How many trials every data set gets before any gets the others."""

FURTHER = Path(__file__).with_name("further.json")
FOLDER = WORK / "further"


def shared_of(family: str) -> list[ConfigDict]:
    """Return the further configurations that all data sets of a family share."""
    return list(json.loads(FURTHER.read_text()).get(family, []))


def further_places(entry: Entry) -> list[Place]:
    """Return where every further trial of a data set belongs, in the order of training."""
    if entry.family not in LATER:
        return []
    shared: list[Place] = [("further", n, 0) for n in range(len(shared_of(entry.family)))]
    return shared[:1] + [("variants", n, 0) for n in range(VARIANTS)] + shared[1:]


def further_of(entry: Entry, dataset: Dataset) -> dict[Place, ConfigDict]:
    """Return the further configurations of a data set by their places."""
    shared, variants = shared_of(entry.family), _variants(entry, dataset)
    by_strategy = {"further": shared, "variants": variants}
    return {place: by_strategy[place[0]][place[1]] for place in further_places(entry)}


def _variants(entry: Entry, dataset: Dataset) -> list[ConfigDict]:
    """Return its best shipped configurations with what came later; the default is shared."""
    space = drawn_space(entry.family)
    rows = shipped_rows(dataset.fingerprint, space, TRIAL_SEED, SHIPPED)
    sign = -1 if default_metric(entry.kind).direction == "maximize" else 1
    ranked = sorted(
        (row for row in rows if row["state"] == "complete" and row["config"] != space.default()),
        key=lambda row: (sign * row["value"], key_of(row["config"])),
    )
    found = {key_of(row["config"]): row["config"] for row in ranked}
    return [{**config, **LATER[entry.family]} for config in list(found.values())[:VARIANTS]]


def train_further(entry: Entry, folder: Path = FOLDER, limit: int | None = None) -> int:
    """Train what is missing of the first `limit` trials of a data set; return how many were."""
    from advisor.data import prepare

    path = path_of(entry, folder)
    with locked(path):
        placed = {place_of(row): key_of(row["config"]) for row in read_rows(path)}
        wanted = further_places(entry)[:limit]
        if set(wanted) <= set(placed):
            return 0
        dataset = entry.load()
        configs = further_of(entry, dataset)
        missing = {p: configs[p] for p in wanted if placed.get(p) != key_of(configs[p])}
        data = prepare(dataset, TRIAL_SEED)
        for (strategy, number, told), config in missing.items():
            row = _on_a_core_of_its_own(partial(trial, entry, config, data, WHOLE))
            append(path, {**row, "strategy": strategy, "number": number, "told": told})
    return len(missing)


def _on_a_core_of_its_own(train: Callable[[], Row]) -> Row:
    """Return a trial with the seconds that it would have taken on a core of its own.

    Where the run shares its core with other programs, the clock says how busy these are. The
    shipped durations are of idle cores.
    """
    before = time.process_time()
    row = train()
    used = time.process_time() - before
    return {**row, "duration": min(row["duration"] or used, used)}


@click.command()
@click.option("--only", multiple=True, help="Names of data sets; default all.")
@click.option("--ship", is_flag=True, help="Add what is complete to the shipped files, at last.")
def main(only: tuple[str, ...], ship: bool) -> None:
    """Train shipped data sets with what came later, on one thread."""
    import torch

    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    entries = [e for e in shipped_entries() if e.family in LATER and (not only or e.name in only)]
    started, trained = time.monotonic(), 0
    for number, entry in enumerate(entries, start=1):
        trained += train_further(entry)
        minutes = (time.monotonic() - started) / 60
        click.echo(
            f"{number} of {len(entries)}, {trained} trials, {minutes:.1f} min: {entry.label}"
        )
    if ship:
        from scripts.seed.ship_further import ship_further

        click.echo(ship_further(entries, FOLDER, TRIAL_SEED))


if __name__ == "__main__":
    main()

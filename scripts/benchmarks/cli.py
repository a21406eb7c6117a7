"""What the command line costs, against what it should not cost more than.

    python -m scripts.benchmarks.cli

`advisor --help` against importing click; a cold `advisor recommend` on a CSV of 10,000 rows
against importing torch. Each pair is timed in turn, A B A B, in new processes.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import click
import numpy as np
import pandas as pd

from scripts.benchmarks import report
from scripts.benchmarks.timing import in_turn

ADVISOR = str(Path(sys.executable).with_name("advisor"))
RECOMMEND = [ADVISOR, "recommend", "data.csv", "--target", "label", "--kb", "kb.duckdb"]
INTRODUCTION = """
Wall time in new processes, medians of {pairs} pairs timed in turn; the page cache is
warm, the knowledge base is the shipped one."""


def make_csv(path: Path, rows: int) -> None:
    """Write a CSV of numbers and categories with a target of three classes."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(rows, 15)), columns=[f"x{i}" for i in range(15)])
    for i in range(5):
        frame[f"c{i}"] = rng.choice(["red", "green", "blue", "grey"], rows)
    score = frame["x0"] + frame["x1"] * frame["x2"] + (frame["c0"] == "red")
    frame["label"] = pd.cut(score, [-np.inf, -0.5, 0.8, np.inf], labels=["low", "mid", "high"])
    frame.to_csv(path, index=False)


def compare(ours: list[str], peer: list[str], folder: Path, pairs: int) -> tuple[float, ...]:
    """Return the medians of both, and the median, lowest and highest ratio of the pairs."""
    run = partial(subprocess.run, cwd=folder, check=True, capture_output=True)
    calls = {"ours": partial(run, ours), "peer": partial(run, peer)}
    in_turn(calls, 1)  # files into the page cache
    times = in_turn(calls, pairs)
    ratios = [a / b for a, b in zip(times["ours"], times["peer"], strict=True)]
    medians = (statistics.median(column) for column in times.values())
    return (*medians, statistics.median(ratios), min(ratios), max(ratios))


@click.command()
@click.option("--pairs", default=15)
@click.option("--rows", default=10_000)
@report.write_option
def main(pairs: int, rows: int, write: bool) -> None:
    """Measure, print and write the table."""
    load = os.getloadavg()[0]
    cases = [
        ("advisor --help", [ADVISOR, "--help"], "import click", 3),
        (f"advisor recommend, {rows:,} rows x 20 columns", RECOMMEND, "import torch", 1),
    ]
    lines = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_csv(folder / "data.csv", rows)
        for label, command, code, wanted in cases:
            found = compare(command, [sys.executable, "-c", code], folder, pairs)
            ours, peer = (f"{value:.3f}" for value in found[:2])
            ratio, low, high = (f"{value:.2f}" for value in found[2:])
            peer_name = f'python -c "{code}"'
            lines.append((label, ours, peer_name, peer, f"{ratio} ({low} to {high})", wanted))
    columns = ("ours", "s", "peer", "s", "ratio: median (lowest to highest)", "wanted")
    table = report.table(columns, lines, "lrlr")
    machine = report.measured_under(load, "numpy", "pandas", "duckdb", "torch")
    parts = [INTRODUCTION.format(pairs=pairs), table, machine]
    text = report.page("What the command line costs", "cli", parts)
    report.publish("cli", text, write)


if __name__ == "__main__":
    main()

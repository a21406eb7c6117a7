"""What the command line costs, against what it should not cost more than.

    python scripts/benchmark_cli.py

`advisor --help` against importing click; a cold `advisor recommend` on a CSV of 10,000 rows
against importing torch. Each pair is timed in turn, A B A B, in new processes.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import pandas as pd

REPORT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "cli.md"
ADVISOR = str(Path(sys.executable).with_name("advisor"))


def make_csv(path: Path, rows: int) -> None:
    """Write a CSV of numbers and categories with a target of three classes."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(rows, 15)), columns=[f"x{i}" for i in range(15)])
    for i in range(5):
        frame[f"c{i}"] = rng.choice(["red", "green", "blue", "grey"], rows)
    score = frame["x0"] + frame["x1"] * frame["x2"] + (frame["c0"] == "red")
    frame["label"] = pd.cut(score, [-np.inf, -0.5, 0.8, np.inf], labels=["low", "mid", "high"])
    frame.to_csv(path, index=False)


def seconds(command: list[str], folder: Path) -> float:
    """Return the wall time of a command that must succeed."""
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def compare(ours: list[str], peer: list[str], folder: Path, pairs: int) -> tuple[float, ...]:
    """Return the medians of both, and the median, lowest and highest ratio of the pairs."""
    seconds(ours, folder), seconds(peer, folder)  # files into the page cache
    times = [(seconds(ours, folder), seconds(peer, folder)) for _ in range(pairs)]
    ratios = [a / b for a, b in times]
    medians = (statistics.median(column) for column in zip(*times, strict=True))
    return (*medians, statistics.median(ratios), min(ratios), max(ratios))


@click.command()
@click.option("--pairs", default=15)
@click.option("--rows", default=10_000)
@click.option("--write/--no-write", default=True, help="Replace the page in docs/benchmarks/.")
def main(pairs, rows, write):
    """Measure, print and write the table."""
    cases = [
        ("advisor --help", [ADVISOR, "--help"], "import click", 3),
        (
            f"advisor recommend, {rows:,} rows x 20 columns",
            [ADVISOR, "recommend", "data.csv", "--target", "label", "--kb", "kb.duckdb"],
            "import torch",
            1,
        ),
    ]
    lines = [
        "# What the command line costs",
        "",
        "Made by `python scripts/benchmark_cli.py`; do not edit by hand.",
        "",
        f"Wall time in new processes, medians of {pairs} pairs timed in turn; the page cache is",
        "warm, the knowledge base is the shipped one.",
        "",
        "| ours | s | peer | s | ratio: median (lowest to highest) | wanted |",
        "|---|---:|---|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_csv(folder / "data.csv", rows)
        for label, command, code, wanted in cases:
            found = compare(command, [sys.executable, "-c", code], folder, pairs)
            ours, peer, ratio, low, high = found
            lines.append(
                f'| {label} | {ours:.3f} | python -c "{code}" | {peer:.3f} '
                f"| {ratio:.2f} ({low:.2f} to {high:.2f}) | {wanted} |"
            )
    text = "\n".join([*lines, ""])
    if write:
        REPORT.write_text(text, encoding="utf-8")
    click.echo(text)


if __name__ == "__main__":
    main()

"""Times `advisor.metafeatures.compute` beside pymfe on the same data.

python -m pip install pymfe    # no dependency: without it, compute() is timed alone
python -m scripts.benchmarks.metafeatures
"""

import multiprocessing
import os
import statistics
import subprocess
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import click
import numpy as np
import pandas as pd

from advisor.metafeatures import NAMES, compute
from scripts.benchmarks import report
from scripts.benchmarks.timing import in_turn, seconds

SHAPES = ((10_000, 20), (100_000, 50))
SAMPLE = 2_000
PYMFE_GROUPS = ["general", "statistical", "info-theory", "landmarking"]


def make_data(n_rows: int, n_columns: int) -> SimpleNamespace:
    """Return three classes from a noisy linear rule; a fifth of the features categorical."""
    rng = np.random.default_rng(0)
    n_categorical = n_columns // 5
    numbers = rng.normal(size=(n_rows, n_columns - n_categorical))
    features = pd.DataFrame(numbers, columns=[f"x{i}" for i in range(numbers.shape[1])])
    for i in range(n_categorical):
        levels = np.array([f"level{k}" for k in range(3 + i)])
        features[f"c{i}"] = pd.Categorical(levels[rng.integers(0, len(levels), n_rows)])
    signal = numbers[:, :3].sum(1) + rng.normal(size=n_rows)
    target = pd.Series(np.digitize(signal, [-1, 1]).astype(str), dtype="category")
    return SimpleNamespace(features=features, target=target, kind="classification")


def time_compute(data: SimpleNamespace, rounds: int) -> list[float]:
    """Return the seconds of some calls, after one that does not count."""
    compute(data)
    return in_turn({"compute": lambda: compute(data)}, rounds)["compute"]


def run_pymfe(
    n_rows: int, n_columns: int, sample: int | None, queue: "multiprocessing.Queue[float]"
) -> None:
    """Put the seconds of one extraction on the queue; the import is not counted."""
    from pymfe.mfe import MFE

    data = make_data(n_rows, n_columns)
    rows = np.random.default_rng(0).permutation(n_rows)[:sample]
    table = data.features.iloc[rows].to_numpy(dtype=object)
    categorical = [i for i, name in enumerate(data.features) if name.startswith("c")]

    def extract() -> None:
        extractor = MFE(groups=PYMFE_GROUPS, random_state=0, suppress_warnings=True)
        extractor.fit(table, data.target.to_numpy()[rows].astype(str), cat_cols=categorical)
        extractor.extract(suppress_warnings=True)

    queue.put(seconds(extract))


def time_pymfe(n_rows: int, n_columns: int, sample: int | None, limit: float) -> float | None:
    """Return the seconds that pymfe takes in a process of its own, None past the limit.

    Raises:
        RuntimeError: pymfe failed.
    """
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=run_pymfe, args=(n_rows, n_columns, sample, queue))
    process.start()
    process.join(limit)
    if process.is_alive():
        process.kill()
        process.join()
        return None
    if process.exitcode:
        raise RuntimeError(f"pymfe failed on {n_rows} x {n_columns}, see above")
    return queue.get()


def time_import(module: str, rounds: int) -> float:
    """Return the median seconds of an import once numpy and pandas are there."""
    code = (
        "import time, numpy, pandas; start = time.perf_counter(); "
        f"import {module}; print(time.perf_counter() - start)"
    )
    runs = [subprocess.check_output([sys.executable, "-c", code], text=True) for _ in range(rounds)]
    return statistics.median(map(float, runs))


def measure_shape(shape: tuple[int, int], rounds: int, limit: float, pymfe: bool) -> list[str]:
    """Return one row of the table."""
    times = time_compute(make_data(*shape), rounds)
    own = statistics.median(times)
    cells = [f"{shape[0]:,} x {shape[1]}", f"{own:.3f} ({min(times):.3f}-{max(times):.3f})"]
    for sample in (None, SAMPLE):
        other = time_pymfe(*shape, sample, limit) if pymfe else None
        cells.append(_compared(other, own, limit) if pymfe else "not installed")
    click.echo(" | ".join(cells), err=True)
    return cells


def _compared(other: float | None, own: float, limit: float) -> str:
    if other is None:
        return f"stopped after {limit:.0f} (over {limit / own:.0f} times)"
    return f"{other:.1f} ({other / own:.0f} times)"


INTRODUCTION = """
`advisor.metafeatures.compute()` ({names} metafeatures) and pymfe (groups
{groups}) on the same data:
three classes, a fifth of the features categorical, nothing missing. Seconds; median of
{rounds} runs (least-most) for `compute()`; one run, in a process of its own, for pymfe,
and how many times as long that is.
pymfe reads all rows, so it is also timed on {sample:,} of them, the sample that the
landmarkers of `compute()` see (its statistics see 10,000)."""


@click.command()
@click.option("--rounds", default=9, help="Calls of compute().")
@click.option("--limit", default=200.0, help="Seconds for a run of pymfe.")
@report.write_option
def main(rounds: int, limit: float, write: bool) -> None:
    """Measure, print and write the table."""
    load = os.getloadavg()[0]
    pymfe = find_spec("pymfe") is not None
    if not pymfe:
        click.echo("pymfe is not installed: timing compute() alone", err=True)
    modules = ["advisor.metafeatures", "pymfe.mfe"] if pymfe else ["advisor.metafeatures"]
    imports = ", ".join(f"`{module}` {time_import(module, 3):.3f}" for module in modules)
    rows = [measure_shape(shape, rounds, limit, pymfe) for shape in SHAPES]
    introduction = INTRODUCTION.format(
        names=len(NAMES), groups=", ".join(PYMFE_GROUPS), rounds=rounds, sample=SAMPLE
    )
    columns = ("rows x columns", "compute()", "pymfe", f"pymfe on {SAMPLE:,} rows")
    parts = [
        introduction,
        report.table(columns, rows),
        f"Import, after numpy and pandas, seconds (median of 3): {imports}.",
        report.measured_under(load, "numpy", "pandas", "pymfe"),
        "The comparison needs `pip install pymfe`.",
    ]  # fmt: skip
    report.publish("metafeatures", report.page("Time of the metafeatures", "metafeatures", parts),
                   write)  # fmt: skip


if __name__ == "__main__":
    main()

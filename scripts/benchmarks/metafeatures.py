"""Time advisor.metafeatures.compute() beside pymfe on the same data, and write the note.

pymfe is no dependency: install it by hand to have it in the comparison.
"""

import argparse
import importlib.metadata
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from advisor.metafeatures import NAMES, compute

SHAPES = ((10_000, 20), (100_000, 50))
SAMPLE = 2_000
PYMFE_GROUPS = ["general", "statistical", "info-theory", "landmarking"]
NOTE = Path(__file__).parents[1] / "docs" / "benchmarks" / "metafeatures.md"


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
    compute(data)
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        compute(data)
        seconds.append(time.perf_counter() - start)
    return seconds


def run_pymfe(n_rows: int, n_columns: int, sample: int | None, queue: multiprocessing.Queue):
    """Put the seconds of one extraction on the queue; the import is not counted."""
    from pymfe.mfe import MFE

    data = make_data(n_rows, n_columns)
    rows = np.random.default_rng(0).permutation(n_rows)[:sample]
    table = data.features.iloc[rows].to_numpy(dtype=object)
    categorical = [i for i, name in enumerate(data.features) if name.startswith("c")]
    start = time.perf_counter()
    extractor = MFE(groups=PYMFE_GROUPS, random_state=0, suppress_warnings=True)
    extractor.fit(table, data.target.to_numpy()[rows].astype(str), cat_cols=categorical)
    extractor.extract(suppress_warnings=True)
    queue.put(time.perf_counter() - start)


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


def measure_shape(shape: tuple[int, int], rounds: int, limit: float, pymfe: bool) -> str:
    """Return one row of the table."""
    seconds = time_compute(make_data(*shape), rounds)
    own = statistics.median(seconds)
    cells = [f"{shape[0]:,} x {shape[1]}", f"{own:.3f} ({min(seconds):.3f}-{max(seconds):.3f})"]
    for sample in (None, SAMPLE):
        other = time_pymfe(*shape, sample, limit) if pymfe else None
        cells.append(_compared(other, own, limit) if pymfe else "not installed")
    print(" | ".join(cells), flush=True)
    return f"| {' | '.join(cells)} |"


def _compared(other: float | None, own: float, limit: float) -> str:
    if other is None:
        return f"stopped after {limit:.0f} (over {limit / own:.0f} times)"
    return f"{other:.1f} ({other / own:.0f} times)"


def write_note(path: Path, rows: list[str], imports: list[str], rounds: int, load: float) -> None:
    packages = [name for name in ("numpy", "pandas", "pymfe") if find_spec(name)]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    lines = [
        "# Time of the metafeatures",
        "",
        f"`advisor.metafeatures.compute()` ({len(NAMES)} metafeatures) and pymfe (groups",
        f"{', '.join(PYMFE_GROUPS)}) on the same data:",
        "three classes, a fifth of the features categorical, nothing missing. Seconds; median of",
        f"{rounds} runs (least-most) for `compute()`; one run, in a process of its own, for pymfe,",
        "and how many times as long that is.",
        f"pymfe reads all rows, so it is also timed on {SAMPLE:,} of them, the sample that the",
        "landmarkers of `compute()` see (its statistics see 10,000).",
        "",
        f"| rows x columns | compute() | pymfe | pymfe on {SAMPLE:,} rows |",
        "| --- | --- | --- | --- |",
        *rows,
        "",
        "Import, after numpy and pandas, seconds (median of 3): " + ", ".join(imports) + ".",
        "",
        f"Python {platform.python_version()}, {versions}; {platform.machine()}, "
        f"{os.cpu_count()} cores; load of other work at the start {load:.1f} (mean over a minute).",
        "",
        "Repeat with `python scripts/benchmark_metafeatures.py`, after `pip install pymfe` for the",
        "comparison.",
        "",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--limit", type=float, default=200, help="seconds for a run of pymfe")
    parser.add_argument("--output", type=Path, default=NOTE)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    pymfe = find_spec("pymfe") is not None
    if not pymfe:
        print("pymfe is not installed: timing compute() alone")
    modules = ["advisor.metafeatures", "pymfe.mfe"] if pymfe else ["advisor.metafeatures"]
    imports = [f"`{module}` {time_import(module, 3):.3f}" for module in modules]
    rows = [measure_shape(shape, options.rounds, options.limit, pymfe) for shape in SHAPES]
    write_note(options.output, rows, imports, options.rounds, load)


if __name__ == "__main__":
    main()

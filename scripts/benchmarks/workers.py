"""How long the same search takes with one worker and with two.

    python -m scripts.benchmarks.workers

Each search runs in a process of its own, in turn with the others, so that a change of load meets
all of them. The same configurations are drawn, whatever ends first.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from knowledge_base.types import JsonObject
from scripts.benchmarks import report

INTRODUCTION = """
The same search, {trials} random configurations of `mlp` on a table of {rows:,} rows, of which a
fifth is held out ({folds} folds, 20 columns, two classes, made by scikit-learn), with the model
that is made in the end. Each search is a process of its own, {rounds} rounds in turn; medians.
Seconds are from before the data are read until the model is saved, those of the start of the
worker processes included; of training they are the sum over the trials. Ratios are of a round's
seconds to those of one worker in the same round. "At once" is how many trainings ran at a time,
on average from the first begin to the last end. Processor seconds count all processes.
"""

READING = """
With `--workers N` each worker takes a share of the cores for its threads, here {cores},
so that small networks, which one thread trains quickest, use the others, too. One worker takes
all cores for large steps and one for small ones, or what OMP_NUM_THREADS says.

Which trial is told first depends on time, so that a search with several workers that learns from
its trials is not repeated trial by trial; with one worker it is.
"""


@dataclass(frozen=True)
class Variant:
    """One way to run the search.

    Attributes:
        name: as the page calls it.
        workers: how many.
        threads: OMP_NUM_THREADS; None leaves it to the libraries.
    """

    name: str
    workers: int
    threads: int | None = None


VARIANTS = (
    Variant("one worker", 1),
    Variant("one worker, one thread", 1, 1),
    Variant("two workers", 2),
)


def measure(workers: int, trials: int, rows: int) -> JsonObject:
    """Run the search in this process; return what it took."""
    import pandas as pd
    from sklearn.datasets import make_classification

    from advisor import Advisor, KnowledgeBase

    x, y = make_classification(rows, 20, n_informative=8, flip_y=0.1, random_state=0)
    frame = pd.DataFrame(x, columns=[f"c{place}" for place in range(x.shape[1])])
    frame["label"] = [f"class {value}" for value in y]
    spans: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        search = Advisor(KnowledgeBase(Path(folder) / "kb.duckdb")).search(
            frame, "label", root=Path(folder), trials=trials, strategy="random", n_warm=0,
            workers=workers, contribute=False,
        )  # fmt: skip
        result = search.run()
        wall = time.perf_counter() - began
        for trial in search.tuner.trials:
            assert trial.started_at is not None
            start = trial.started_at.timestamp()
            spans.append((start, start + (trial.duration or 0.0)))
        configs = sorted(json.dumps(t.config, sort_keys=True) for t in search.tuner.trials)
        folds = len(search.trainer.folds)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    trained = sum(end - start for start, end in spans)
    return {
        "reason": result.reason,
        "wall": wall,
        "trained": trained,
        "at_once": trained / (max(end for _, end in spans) - min(start for start, _ in spans)),
        "processor": sum(each.ru_utime + each.ru_stime for each in used),
        "folds": folds,
        "configs": configs,
    }


def run_variant(variant: Variant, trials: int, rows: int) -> JsonObject:
    """Run the search in a process of its own."""
    environment = {**os.environ}
    environment.pop("OMP_NUM_THREADS", None)
    if variant.threads is not None:
        environment["OMP_NUM_THREADS"] = str(variant.threads)
    command = [sys.executable, "-m", "scripts.benchmarks.workers", "--one", str(variant.workers)]
    command += ["--trials", str(trials), "--rows", str(rows)]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def text_of(rounds: Sequence[dict[str, JsonObject]], trials: int, rows: int, load: float) -> str:
    """Return the page.

    Args:
        rounds: what each variant took in each of them, by its name.
        trials, rows: of the search.
        load: of the machine at the start.
    """
    first = VARIANTS[0].name
    lines = []
    for variant in VARIANTS:
        runs = [each[variant.name] for each in rounds]
        ratios = [each[variant.name]["wall"] / each[first]["wall"] for each in rounds]
        columns = ("wall", "trained", "at_once", "processor")
        middle = [statistics.median(run[column] for run in runs) for column in columns]
        lines.append([
            variant.name, f"{middle[0]:.1f}", f"{statistics.median(ratios):.2f}",
            f"{min(ratios):.2f} to {max(ratios):.2f}", f"{middle[1]:.1f}", f"{middle[2]:.2f}",
            f"{middle[3]:.1f}",
        ])  # fmt: skip
    titles = ["search", "seconds", "ratio", "its range", "of training", "at once", "processor"]
    same = len({tuple(run["configs"]) for each in rounds for run in each.values()}) == 1
    folds = rounds[0][first]["folds"]
    parts = [
        INTRODUCTION.format(trials=trials, rows=rows, folds=folds, rounds=len(rounds)),
        report.table(titles, lines, "lrrrrrr"),
        "All searches tried the same configurations." if same else
        "The searches did not try the same configurations.",
        READING.format(cores=f"{max((os.cpu_count() or 1) // 2, 1)} of {os.cpu_count()}"),
        report.measured_under(load, "torch", "numpy"),
    ]  # fmt: skip
    return report.page("Several workers", "workers", parts)


@click.command()
@click.option("--rounds", default=3, help="How often each search runs.")
@click.option("--trials", default=40)
@click.option("--rows", default=2000)
@click.option("--one", type=int, hidden=True)
@report.write_option
def main(rounds: int, trials: int, rows: int, one: int | None, write: bool) -> None:
    """Run the search with one worker and with two, and write the page."""
    if one is not None:
        click.echo(json.dumps(measure(one, trials, rows)))
        return
    load = os.getloadavg()[0]
    found: list[dict[str, JsonObject]] = []
    for number in range(rounds):
        found.append({})
        for variant in VARIANTS:
            found[-1][variant.name] = run_variant(variant, trials, rows)
            run = found[-1][variant.name]
            said = f"{run['wall']:.1f} s, {run['processor']:.1f} of the processor"
            click.echo(f"round {number + 1}, {variant.name}: {said}", err=True)
    report.publish("workers", text_of(found, trials, rows, load), write)


if __name__ == "__main__":
    main()

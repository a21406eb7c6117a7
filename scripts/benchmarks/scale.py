"""Speed where it is promised: asks, learning from the past, and a large knowledge base.

    python scripts/benchmark_scale.py

Made data in the shape of the promise (what is measured does not depend on the values): 34
past tasks of 200 trials and 7 hyperparameters for the asks, side by side with Optuna's
GPSampler; 1,000 tasks of 1,000 trials of the family `mlp` for the recommendations.
"""

import json
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import click
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "scale.md"
WORK = ROOT / ".build" / "scale"
TOLD = 100
ASKS = 15
RECOMMEND = """
import json, resource, sys, time
started = time.perf_counter()
from advisor import Advisor
advisor = Advisor(sys.argv[1])
problem = advisor.problem("sklearn:wine")
def timed():
    begin = time.perf_counter()
    advisor.recommend(problem)
    return time.perf_counter() - begin
first = timed()
warm = sorted(timed() for _ in range(20))[10]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"first": first, "warm": warm, "peak": peak}))
"""


def score(points, rng):
    """Return a smooth response with noise, shape (n,); what it is does not matter."""
    centre = rng.normal(0.4, 0.1, points.shape[1])
    return -((points - centre) ** 2).sum(1) + 0.02 * rng.normal(size=len(points))


def asks(tasks=34, trials=200, dimensions=7):
    """Return seconds of learning and of asks after TOLD trials: ours and GPSampler's."""
    import optuna

    from advisor.meta.scores import normal_scores, share_beaten
    from advisor.strategies.bayesian import BayesianSearch
    from advisor.surrogates import PastTrials, Prior
    from knowledge_base.space import SpaceDefinition

    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(tasks):
        points = rng.random((trials, dimensions))
        values = score(points, rng)
        scores = normal_scores(share_beaten(values, values))
        samples.append(PastTrials(points, scores, np.ones(dimensions, dtype=bool)))
    begin = time.perf_counter()
    past = Prior.learn(samples)
    learning = time.perf_counter() - begin
    names = [f"x{i}" for i in range(dimensions)]
    space = SpaceDefinition.from_dict({"name": "cube", "hyperparameters": {
        name: {"type": "float", "low": 0.0, "high": 1.0} for name in names}})  # fmt: skip
    ours = BayesianSearch(space, "maximize", past=past)
    cold = BayesianSearch(space, "maximize")
    theirs = optuna.create_study(direction="maximize", sampler=optuna.samplers.GPSampler(seed=0))
    box = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in names}
    points = rng.random((TOLD + ASKS, dimensions))
    values = score(points, rng)
    found = {"advisor": [], "advisor, no past": [], "Optuna GPSampler": []}
    for number, (point, value) in enumerate(zip(points, values, strict=True)):
        config = dict(zip(names, map(float, point), strict=True))
        if number >= TOLD:
            found["advisor"].append(_timed(ours.ask))
            found["advisor, no past"].append(_timed(cold.ask))
            found["Optuna GPSampler"].append(_timed(lambda: theirs.ask(box)))
            ours.pending.clear()
            cold.pending.clear()
            theirs.tell(theirs.trials[-1].number, state=optuna.trial.TrialState.FAIL)
        for search in (ours, cold):
            search.tell(config, float(value))
        theirs.add_trial(optuna.create_trial(params=config, distributions=box, value=float(value)))
    return learning, {name: statistics.median(times) for name, times in found.items()}


def _timed(call):
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def build(path, tasks, trials):
    """Fill a knowledge base with made trials of the family `mlp`."""
    import pyarrow as pa

    from advisor.encoding import allowed
    from advisor.metafeatures import NAMES, VERSION
    from advisor.models import get_family
    from knowledge_base import Bundle, KnowledgeBase, columnar
    from knowledge_base.records import DatasetRecord, StudyRecord, TaskRecord
    from knowledge_base.schema import TABLES

    space, kb = get_family("mlp").space(), KnowledgeBase(path)
    rng = np.random.default_rng(0)
    with click.progressbar(range(0, tasks, 100), label="Building", file=sys.stderr) as bar:
        for first in bar:
            bundles = []
            for number in range(first, min(first + 100, tasks)):
                frame = allowed(space, rng.random((trials, len(space.hyperparameters))))
                rate = np.log10(frame["learning_rate"].to_numpy(dtype=float))
                frame["value"] = 0.9 - 0.05 * (rate + 2.5 + 0.3 * rng.normal()) ** 2
                frame["duration"] = 1.0
                dataset = DatasetRecord(f"made-{number}", f"made {number}", n_rows=100)
                task = TaskRecord(f"made {number}", "accuracy", "maximize", "mlp",
                                  dataset.dataset_id, "y")  # fmt: skip
                study = StudyRecord(f"made-{number}", task.task_id, space.space_id, "made",
                                    "random", seed=0)  # fmt: skip
                known = {(dataset.dataset_id, "y", VERSION): dict.fromkeys(NAMES, 0.0)}
                for name in known[dataset.dataset_id, "y", VERSION]:
                    known[dataset.dataset_id, "y", VERSION][name] = float(rng.normal())
                context = Bundle.from_records([dataset, task, space, study], known)
                table = columnar.trials_table(frame, space, study.study_id)
                bundles.append({**{n: context[n] for n in TABLES}, "trials": table})
            kb.append(Bundle({n: pa.concat_tables([b[n] for b in bundles]) for n in TABLES}))
    kb.fold(60.0)


def recommendations(path):
    """Return seconds and memory of learning, of warm and of cold recommendations."""
    for cache in path.parent.glob("*.experience/*"):
        cache.unlink()
    command = [sys.executable, "-c", RECOMMEND, str(path)]
    learned = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    cached = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    advisor = str(Path(sys.executable).with_name("advisor"))
    shell = [advisor, "recommend", "sklearn:wine", "--kb", str(path)]
    cold = []
    for _ in range(5):
        begin = time.perf_counter()
        subprocess.run(shell, capture_output=True, check=True, cwd=ROOT)
        cold.append(time.perf_counter() - begin)
    return {"learned": learned, "cached": cached, "cold": statistics.median(cold)}


@click.command()
@click.option("--tasks", default=1000)
@click.option("--trials", default=1000)
def main(tasks, trials):
    """Measure, then write docs/benchmarks/scale.md."""
    import optuna

    learning, medians = asks()
    path = WORK / f"{tasks}x{trials}.duckdb"
    if not path.exists():
        build(path, tasks, trials)
    found = recommendations(path)
    peer = medians["Optuna GPSampler"]
    lines = [
        "# Asks and recommendations at scale", "",
        "Made by `python scripts/benchmark_scale.py`; do not edit by hand.", "",
        f"## `ask` after {TOLD} told trials", "",
        "34 past tasks of 200 trials, 7 hyperparameters, the whole space; medians of "
        f"{ASKS} asks,", f"taken in turns in one process, against Optuna {optuna.__version__}.", "",
        "| | ms | of GPSampler's |", "|---|---:|---:|",
        *(f"| {name} | {1000 * s:.0f} | {s / peer:.2f} |" for name, s in medians.items()), "",
        f"Learning from the 34 x 200 trials took {learning:.2f} s, once (it is kept beside the",
        "knowledge base, and a contribution renews only what it changed).", "",
        f"## A knowledge base of {tasks:,} tasks x {trials:,} trials", "",
        "| | |", "|---|---:|",
        f"| learning from it, once | {found['learned']['first']:.1f} s |",
        f"| peak memory then | {found['learned']['peak']:.2f} GiB |",
        f"| `recommend` again in a process | {1000 * found['cached']['warm']:.0f} ms |",
        f"| `advisor recommend` from a cold start | {found['cold']:.2f} s |",
        f"| peak memory when learned before | {found['cached']['peak']:.2f} GiB |", "",
    ]  # fmt: skip
    PAGE.write_text("\n".join(lines), encoding="utf-8")
    click.echo("\n".join(lines))


if __name__ == "__main__":
    main()

"""Speed where it is promised: asks, learning from the past, and a large knowledge base.

    python -m scripts.benchmarks.scale

Made data in the shape of the promise (what is measured does not depend on the values): 34
past tasks of 200 trials and 7 hyperparameters for the asks, side by side with Optuna's
GPSampler; 1,000 tasks of 1,000 trials of the family `mlp` for the recommendations.
"""

import json
import statistics
import subprocess
import sys
import warnings
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click
import numpy as np

from advisor.encoding import allowed
from advisor.integrations.others.to_optuna import distribution
from advisor.meta.scores import normal_scores, share_beaten
from advisor.metafeatures import NAMES, VERSION
from advisor.models import get_family
from advisor.surrogates import PastTrials, Prior
from knowledge_base import Bundle, KnowledgeBase, columnar
from knowledge_base.records import DatasetRecord, StudyRecord, TaskRecord
from knowledge_base.schema import TABLES
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, ConfigDict
from scripts import BUILD, ROOT
from scripts.benchmarks import report
from scripts.benchmarks.experiment import Contender, Evaluation
from scripts.benchmarks.timing import in_turn, seconds
from scripts.searches import Search

if TYPE_CHECKING:
    import pyarrow as pa

WORK = BUILD / "scale"
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


def score(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a smooth response with noise, shape (n,); what it is does not matter."""
    centre = rng.normal(0.4, 0.1, points.shape[1])
    return -((points - centre) ** 2).sum(1) + 0.02 * rng.normal(size=len(points))


class Timed(Contender[Config]):
    """A contender that is only timed: what it asks for is taken back, and others are told."""

    @abstractmethod
    def withdraw(self) -> None:
        """Take back what was asked for."""


class Ours(Timed):
    """Our Bayesian search, with or without a past."""

    def __init__(self, space: SpaceDefinition, past: Prior | None = None) -> None:
        self._search = Search(space, "maximize", past=past)

    def ask(self) -> ConfigDict:
        self._asked = self._search.ask()
        return self._asked

    def withdraw(self) -> None:
        self._search.withdraw(self._asked)

    def tell(self, point: Config, evaluation: Evaluation) -> None:
        self._search.tell(point, evaluation.val)


class GPSampler(Timed):
    """Optuna's GPSampler."""

    needs = ("optuna",)

    def __init__(self, space: SpaceDefinition) -> None:
        import optuna

        warnings.simplefilter("ignore")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._box = {name: distribution(h) for name, h in space.hyperparameters.items()}
        sampler = optuna.samplers.GPSampler(seed=0)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)

    def ask(self) -> ConfigDict:
        self._asked = self._study.ask(self._box)
        return self._asked.params

    def withdraw(self) -> None:
        from optuna.trial import TrialState

        self._study.tell(self._asked, state=TrialState.FAIL)

    def tell(self, point: Config, evaluation: Evaluation) -> None:
        import optuna

        known = {"params": dict(point), "distributions": self._box, "value": evaluation.val}
        self._study.add_trial(optuna.create_trial(**known))


def asks(tasks: int = 34, trials: int = 200, dimensions: int = 7) -> tuple[float, dict[str, float]]:
    """Return seconds of learning, and of an ask after TOLD trials: ours and GPSampler's."""
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(tasks):
        points = rng.random((trials, dimensions))
        values = score(points, rng)
        scores = normal_scores(share_beaten(values, values))
        samples.append(PastTrials(points, scores, np.ones(dimensions, dtype=bool)))
    learned: list[Prior | None] = []
    learning = seconds(lambda: learned.append(Prior.learn(samples)))
    names = [f"x{i}" for i in range(dimensions)]
    space = SpaceDefinition.from_dict({"name": "cube", "hyperparameters": {
        name: {"type": "float", "low": 0.0, "high": 1.0} for name in names}})  # fmt: skip
    contenders: dict[str, Timed] = {
        "advisor": Ours(space, learned[0]),
        "advisor, no past": Ours(space),
        "Optuna GPSampler": GPSampler(space),
    }
    found: dict[str, list[float]] = {name: [] for name in contenders}
    points = rng.random((TOLD + ASKS, dimensions))
    for number, (point, value) in enumerate(zip(points, score(points, rng), strict=True)):
        if number >= TOLD:
            for name, times in in_turn({n: c.ask for n, c in contenders.items()}, 1).items():
                found[name] += times
                contenders[name].withdraw()
        config = dict(zip(names, map(float, point), strict=True))
        for contender in contenders.values():
            contender.tell(config, Evaluation(float(value)))
    return learning, {name: statistics.median(times) for name, times in found.items()}


def build(path: Path, tasks: int, trials: int) -> None:
    """Fill a knowledge base with made trials of the family `mlp`."""
    import pyarrow as pa

    kb, rng = KnowledgeBase(path), np.random.default_rng(0)
    with click.progressbar(range(0, tasks, 100), label="Building", file=sys.stderr) as bar:
        for first in bar:
            numbers = range(first, min(first + 100, tasks))
            made = [_made(number, trials, rng) for number in numbers]
            kb.append(Bundle({n: pa.concat_tables([b[n] for b in made]) for n in TABLES}))
    kb.fold(60.0)


def _made(number: int, trials: int, rng: np.random.Generator) -> "dict[str, pa.Table]":
    """Return the tables of one made task."""
    space = get_family("mlp").space()
    frame = allowed(space, rng.random((trials, len(space.hyperparameters))))
    rate = np.log10(frame["learning_rate"].to_numpy(dtype=float))
    frame["value"] = 0.9 - 0.05 * (rate + 2.5 + 0.3 * rng.normal()) ** 2
    frame["duration"] = 1.0
    dataset = DatasetRecord(f"made-{number}", f"made {number}", n_rows=100)
    task = TaskRecord(f"made {number}", "accuracy", "maximize", "mlp", dataset.dataset_id, "y")
    study = StudyRecord(f"made-{number}", task.task_id, space.space_id, "made", "random", seed=0)
    known = {(dataset.dataset_id, "y", VERSION): {name: float(rng.normal()) for name in NAMES}}
    context = Bundle.from_records([dataset, task, space, study], known)
    table = columnar.trials_table(frame, space, study.study_id)
    return {**{name: context[name] for name in TABLES}, "trials": table}


class Costs(TypedDict):
    """Seconds of the first and of a warm recommendation in a process, and its peak in GiB."""

    first: float
    warm: float
    peak: float


def recommendations(path: Path) -> tuple[Costs, Costs, float]:
    """Return what learning costs, what it costs when it was done before, and a cold start."""
    for cache in path.parent.glob("*.experience/*"):
        cache.unlink()
    learned, cached = _costs(path), _costs(path)
    advisor = str(Path(sys.executable).with_name("advisor"))
    shell = [advisor, "recommend", "sklearn:wine", "--kb", str(path)]
    times = in_turn(
        {"cold": lambda: subprocess.run(shell, capture_output=True, check=True, cwd=ROOT)}, 5
    )
    return learned, cached, statistics.median(times["cold"])


def _costs(path: Path) -> Costs:
    command = [sys.executable, "-c", RECOMMEND, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    costs: Costs = json.loads(done.stdout)
    return costs


LEARNING = """
Learning from the 34 x 200 trials took {learning:.2f} s, once (it is kept beside the
knowledge base, and a contribution renews only what it changed)."""


@click.command()
@click.option("--tasks", default=1000)
@click.option("--trials", default=1000)
@report.write_option
def main(tasks: int, trials: int, write: bool) -> None:
    """Measure, print and write the page."""
    import optuna

    learning, medians = asks()
    path = WORK / f"{tasks}x{trials}.duckdb"
    if not path.exists():
        build(path, tasks, trials)
    learned, cached, cold = recommendations(path)
    peer = medians["Optuna GPSampler"]
    speeds = [(name, f"{1000 * s:.0f}", f"{s / peer:.2f}") for name, s in medians.items()]
    costs = [
        ("learning from it, once", f"{learned['first']:.1f} s"),
        ("peak memory then", f"{learned['peak']:.2f} GiB"),
        ("`recommend` again in a process", f"{1000 * cached['warm']:.0f} ms"),
        ("`advisor recommend` from a cold start", f"{cold:.2f} s"),
        ("peak memory when learned before", f"{cached['peak']:.2f} GiB"),
    ]
    parts = [
        f"## `ask` after {TOLD} told trials",
        "34 past tasks of 200 trials, 7 hyperparameters, the whole space; medians of "
        f"{ASKS} asks,\ntaken in turns in one process, against Optuna {optuna.__version__}.",
        report.table(("", "ms", "of GPSampler's"), speeds),
        LEARNING.format(learning=learning),
        f"## A knowledge base of {tasks:,} tasks x {trials:,} trials",
        report.table(("", ""), costs),
    ]
    report.publish("scale", report.page("Asks and recommendations at scale", "scale", parts), write)


if __name__ == "__main__":
    main()

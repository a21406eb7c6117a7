"""Trains the runs, once: they stay in .build/diagnosis/."""

import json
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from advisor.data import Dataset, PreparedData, prepare
from advisor.metrics import default_metric
from advisor.models import get_family
from advisor.training import Outcome, train
from knowledge_base.records import EpochRecord
from scripts.benchmarks.diagnosis.data import Source
from scripts.benchmarks.diagnosis.plants import HEALTHY, PLANTS, Plant, configuration, planted

WORK = Path(__file__).resolve().parents[2] / ".build" / "diagnosis"
SEEDS = (0, 1)
HEALTHY_SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Job:
    """One run: a data set, what is planted, a base configuration and a seed."""

    source: Source
    plant: Plant
    place: int
    base: int
    seed: int

    @property
    def name(self) -> str:
        """What it is kept as."""
        recipe = repr(
            (self.plant.changes, configuration(self.source.family, self.base, self.plant))
        )
        mark = zlib.crc32(recipe.encode())
        safe = "".join(c if c.isalnum() else "-" for c in self.source.name)
        return f"{safe}-{self.plant.kind}-{self.place}-{self.base}-{self.seed}-{mark:08x}.json"


def jobs(sources: Iterable[Source], healthy_seeds: Iterable[int] = HEALTHY_SEEDS) -> Iterator[Job]:
    """Give every plant once for every data set that it suits, and the healthy runs."""
    for number, source in enumerate(sources):
        bases = len(_bases(source))
        for seed in healthy_seeds:
            for base in range(bases):
                yield Job(source, Plant(HEALTHY), 0, base, seed)
        for place, plant in enumerate(PLANTS):
            suits = source.family in plant.families and (plant.easy or not source.easy)
            if suits:
                yield Job(source, plant, place, (number + place) % bases, number % len(SEEDS))


def _bases(source: Source) -> list[dict[str, Any]]:
    from scripts.benchmarks.diagnosis.plants import BASES

    return BASES[source.family]


@dataclass(frozen=True)
class Run:
    """What came of a job."""

    job: Job
    dataset: Dataset
    outcome: Outcome

    @property
    def config(self) -> dict[str, Any]:
        """Its configuration."""
        return configuration(self.job.source.family, self.job.base, self.job.plant)


def run_all(todo: Iterable[Job]) -> list[Run]:
    """Train what was not trained yet; return all."""
    import torch

    torch.set_num_threads(1)
    datasets: dict[str, Dataset] = {}
    prepared: dict[tuple[str, int], PreparedData] = {}
    found = []
    for job in todo:
        name = job.source.name
        if name not in datasets:
            datasets[name] = job.source.load()
        path = WORK / job.name
        if not path.exists():
            if (name, job.seed) not in prepared:
                prepared[name, job.seed] = prepare(datasets[name], job.seed)
            _store(path, _train(job, datasets[name], prepared[name, job.seed]))
            print(".", end="", flush=True, file=sys.stderr)
        found.append(Run(job, datasets[name], _read(path)))
    return found


def _train(job: Job, dataset: Dataset, data: PreparedData) -> Outcome:
    family = planted(get_family(job.source.family), job.plant.tweak)
    config = configuration(job.source.family, job.base, job.plant)
    if job.plant.spoil is not None:
        data = job.plant.spoil(data, job.seed)
    metric = default_metric(dataset.kind).name
    return train(family, config, data, metric=metric, seed=job.seed, device="cpu")


def _store(path: Path, outcome: Outcome) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = {**outcome.__dict__, "curve": [asdict(epoch) for epoch in outcome.curve]}
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(plain))
    temporary.replace(path)


def _read(path: Path) -> Outcome:
    plain = json.loads(path.read_text())
    plain["curve"] = tuple(EpochRecord(**epoch) for epoch in plain["curve"])
    return Outcome(**plain)

"""The runs that are judged: trained once, they stay in .build/diagnosis/."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from advisor.data import Dataset, PreparedData, prepare
from advisor.metrics import default_metric
from advisor.models import get_family
from advisor.training import Outcome, train
from knowledge_base.types import ConfigDict, JsonObject
from scripts import BUILD
from scripts.benchmarks.diagnosis.data import Source
from scripts.benchmarks.diagnosis.plants import (
    BASES,
    HEALTHY,
    PLANTS,
    Plant,
    configuration,
    planted,
)
from scripts.benchmarks.experiment import Unit, outcome_of

WORK = BUILD / "diagnosis"
SEEDS = (0, 1)
HEALTHY_SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Job(Unit):
    """One run: a data set, what is planted, a base configuration and a seed."""

    source: Source
    plant: Plant
    place: int
    base: int
    seed: int

    @property
    def config(self) -> ConfigDict:
        """Its configuration."""
        return configuration(self.source.family, self.base, self.plant)

    @property
    def path(self) -> Path:
        mark = zlib.crc32(repr((self.plant.changes, self.config)).encode())
        safe = "".join(c if c.isalnum() else "-" for c in self.source.name)
        name = f"{safe}-{self.plant.kind}-{self.place}-{self.base}-{self.seed}-{mark:08x}.json"
        return WORK / name

    def compute(self) -> JsonObject:
        """Train; return the fields of the outcome."""
        dataset, data = loaded(self.source), _prepared(self.source, self.seed)
        family = planted(get_family(self.source.family), self.plant.tweak)
        if self.plant.spoil is not None:
            data = self.plant.spoil(data, self.seed)
        metric = default_metric(dataset.kind).name
        outcome = train(family, self.config, data, metric=metric, seed=self.seed, device="cpu")
        return {**outcome.__dict__, "curve": [asdict(epoch) for epoch in outcome.curve]}


@cache
def loaded(source: Source) -> Dataset:
    """Return the data set, loaded once."""
    return source.load()


@cache
def _prepared(source: Source, seed: int) -> PreparedData:
    return prepare(loaded(source), seed)


def jobs(sources: Iterable[Source], healthy_seeds: Iterable[int] = HEALTHY_SEEDS) -> Iterator[Job]:
    """Give every plant once for every data set that it suits, and the healthy runs."""
    for number, source in enumerate(sources):
        bases = len(BASES[source.family])
        for seed in healthy_seeds:
            for base in range(bases):
                yield Job(source, Plant(HEALTHY), 0, base, seed)
        for place, plant in enumerate(PLANTS):
            suits = source.family in plant.families and (plant.easy or not source.easy)
            if suits:
                yield Job(source, plant, place, (number + place) % bases, number % len(SEEDS))


@dataclass(frozen=True)
class Run:
    """What came of a job."""

    job: Job
    dataset: Dataset
    outcome: Outcome


def kept_runs(jobs: Sequence[Job]) -> list[Run]:
    """Return what came of those that are finished."""
    return [Run(j, loaded(j.source), outcome_of(j.result())) for j in jobs if j.finished]

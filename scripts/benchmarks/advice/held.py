"""A data set that is held out: its trials by configuration, and a past without it."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from advisor.data import Dataset, PreparedData
from advisor.meta import Query
from advisor.metafeatures import compute
from advisor.metrics import Metric, default_metric
from advisor.models import get_family
from knowledge_base import KnowledgeBase
from knowledge_base.types import Config
from scripts import BUILD
from scripts.benchmarks.experiment import Evaluation, Experimenter, outcome_of
from scripts.seed.build import TRIAL_SEED, WHOLE, trial
from scripts.seed.catalogue import shipped_entries
from scripts.seed.near_copies import group_of
from scripts.seed.past_without import past_without, shipped_mark
from scripts.seed.work import SHIPPED, Entry, Row, append, key_of, locked, read_rows, shipped_rows

WORK = BUILD / "advice"


def name_of(entry: Entry, seed: int) -> str:
    """Return how the files of a held-out data set are called."""
    return f"{entry.source}-{entry.name}-{seed}"


def held_out(entry: Entry, seed: int) -> "Held":
    """Return a data set held out with its near-copies and what is cut from the same source."""
    own = group_of(entry.label)
    group = {e.label for e in shipped_entries() if group_of(e.label) == own}
    return Held(entry, seed, {entry.label} | group)


@dataclass
class Held(Experimenter[Config]):
    """A held-out data set with one split and one seed of training; configurations are trained.

    Attributes:
        entry: the data set.
        seed: of split, training and search.
        group: labels of the data sets that are not to be in its past, itself included.
    """

    entry: Entry
    seed: int
    group: Collection[str]

    @cached_property
    def metric(self) -> Metric:
        """The metric that is optimised."""
        return default_metric(self.entry.kind)

    @cached_property
    def dataset(self) -> Dataset:
        """The data set, loaded."""
        return self.entry.load()

    @cached_property
    def _data(self) -> PreparedData:
        from advisor.data import prepare

        return prepare(self.dataset, self.seed)

    @cached_property
    def _rows(self) -> dict[str, Row]:
        space = get_family(self.entry.family).space()
        shipped = []
        if self.seed == TRIAL_SEED:
            shipped = shipped_rows(self.dataset.fingerprint, space, TRIAL_SEED, SHIPPED)
        return {key_of(row["config"]): row for row in [*shipped, *read_rows(self._path)]}

    @property
    def _path(self) -> Path:
        return WORK / "trials" / f"{name_of(self.entry, self.seed)}.jsonl"

    def row(self, config: Config) -> Row:
        """Return the trial of a configuration; it is trained once, and kept."""
        key = key_of(config)
        if key not in self._rows:
            self._rows[key] = trial(self.entry, config, self._data, WHOLE, self.seed)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with locked(self._path, wait=True):  # another search on it may be writing, too
                append(self._path, self._rows[key])
        return self._rows[key]

    def evaluate(self, point: Config) -> Evaluation:
        """Train a configuration, or look it up."""
        row = self.row(point)
        seconds = row["duration"] or 0.0
        return Evaluation(self._good(row), self._good(row, "test"), seconds, outcome_of(row))

    def _good(self, row: Row, part: str = "val") -> float:
        """Return a metric of a trial such that larger is better, -inf without one."""
        value = row["value"] if part == "val" else row["metrics"].get(f"test_{self.metric.name}")
        if row["state"] != "complete" or value is None:
            return -math.inf
        return float(value) if self.metric.direction == "maximize" else -float(value)

    @cached_property
    def query(self) -> Query:
        """What is known of the data set when it is asked about."""
        metafeatures = compute(self.dataset)
        return Query(metafeatures=metafeatures, target=self.dataset.target_name)

    @cached_property
    def past(self) -> KnowledgeBase:
        """A knowledge base that has what shipped, without the group."""
        held = "+".join(sorted(self.group)).replace("/", "_")[:120]
        folder = WORK / "past" / shipped_mark() / held
        return past_without(self.group, folder)

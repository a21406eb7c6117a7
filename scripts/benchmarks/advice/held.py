"""A data set that is held out: its trials by configuration, and a past without it."""

import fcntl
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scripts.seed.build import TRIAL_SEED, trial
from scripts.seed.past_without import past_without, shipped_mark
from scripts.seed.work import SHIPPED, Entry, Row, append, key_of, read_rows, shipped_rows

from advisor.meta import Query
from advisor.metafeatures import compute
from advisor.metrics import Metric, default_metric
from advisor.models import get_family
from knowledge_base import KnowledgeBase

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".build" / "advice"


@dataclass
class Held:
    """A held-out data set with one split and one seed of training.

    Attributes:
        entry: the data set.
        seed: of split, training and search.
        group: labels of the data sets that are not to be in its past, itself included.
    """

    entry: Entry
    seed: int
    group: Collection[str]

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"{self.entry.source}-{self.entry.name}-{self.seed}"

    @cached_property
    def metric(self) -> Metric:
        """The metric that is optimised."""
        return default_metric(self.entry.kind)

    @cached_property
    def dataset(self) -> Any:
        """The data set, loaded."""
        return self.entry.load()

    @cached_property
    def _data(self) -> Any:
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
        return WORK / "trials" / f"{self.name}.jsonl"

    def row(self, config: dict[str, Any]) -> Row:
        """Return the trial of a configuration; it is trained once, and kept."""
        key = key_of(config)
        if key not in self._rows:
            options = {"max_epochs": None, "device": "cpu"}
            self._rows[key] = trial(self.entry, config, self._data, options, self.seed)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # another search on it may be writing, too
                append(file, self._rows[key])
        return self._rows[key]

    def good(self, row: Row, part: str = "val") -> float:
        """Return a metric of a trial such that larger is better, -inf without one."""
        value = row["value"] if part == "val" else row["metrics"].get(f"test_{self.metric.name}")
        if row["state"] != "complete" or value is None:
            return -np.inf
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

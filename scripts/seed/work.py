"""What a build of the seed has trained so far, in .build/seed/ and in what shipped before.

A trial is known by its configuration: a build that is repeated with more configurations, or
from a fresh clone, only trains what neither its own files nor the shipped ones have.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from advisor.data import Dataset
from knowledge_base.durable import append_line, whole_lines
from knowledge_base.shipped import SEED as SHIPPED
from knowledge_base.shipped import shipped_files
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, JsonObject
from scripts.seed.portfolio import portfolio_of

DRAWN = {"mlp": 3}
"""Versions of the spaces that `build` draws from, where that is not the present one.

Draws from another space would be others. What came later is trained by `further`.
"""

Row = JsonObject
"""One trial as a line of JSON: the fields of `Outcome`, `strategy`, `number`, `config`, ..."""


Place = tuple[str, int, int]
"""Strategy, number in its study, and how many other trials the strategy was told of at first."""


class Entry(Protocol):
    """A data set that ships, of whatever modality."""

    @property
    def name(self) -> str:
        """Its own name."""
        ...

    @property
    def source(self) -> str:
        """Short name of its package."""
        ...

    @property
    def label(self) -> str:
        """Both, as it is displayed."""
        ...

    @property
    def kind(self) -> str:
        """Task: "classification", "regression" or "forecasting"."""
        ...

    @property
    def family(self) -> str:
        """Model family that is trained on it."""
        ...

    @property
    def configurations(self) -> int:
        """How many configurations it is trained with besides the default."""
        ...

    @property
    def tuned(self) -> int:
        """How many more a Bayesian search asks for after them."""
        ...

    def load(self) -> Dataset:
        """Return the data set."""
        ...


def drawn_space(family: str) -> SpaceDefinition:
    """Return the space whose configurations `build` trains."""
    from advisor.models import get_family

    found = get_family(family)
    return found.space_in(DRAWN.get(family, found.version))


def trials_of(entry: Entry) -> int:
    """Return how many trials a data set ships with."""
    return len(places(entry))


def path_of(entry: Entry, work: Path) -> Path:
    """Return where the finished trials of a data set are."""
    return work / f"{entry.source}-{entry.name}.jsonl"


def key_of(config: Config) -> str:
    """Return a configuration as text that does not depend on the order of its names."""
    return json.dumps(config, sort_keys=True)


def places(entry: Entry) -> list[Place]:
    """Return where every trial of a data set belongs, in the order of training."""
    shared: list[Place] = [
        ("default", 0, 0),
        *(("sobol", n, 0) for n in range(entry.configurations)),
    ]
    searched = [("bayesian", n, len(shared)) for n in range(entry.tuned)]
    known = [("portfolio", n, 0) for n in range(len(portfolio_of(entry.family)))]
    return shared + searched + known


def place_of(row: Row) -> Place:
    """Return where a trial belongs."""
    return row["strategy"], row["number"], row["told"]


def read_rows(path: Path) -> list[Row]:
    """Return the finished trials of a data set; a half-written last line is none."""
    return [json.loads(line) for line in whole_lines(path)]


def append(path: Path, row: Row) -> None:
    """Write one finished trial so that it survives whatever comes next."""
    append_line(path, json.dumps(row).encode())


@contextmanager
def locked(path: Path, wait: bool = False) -> Iterator[None]:
    """Keep others from writing the same file; the lock ends with the process.

    Args:
        path: the file; it is made if it is not there.
        wait: whether to wait for another writer instead of giving up.

    Raises:
        RuntimeError: another build is writing it.
    """
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise RuntimeError(f"another build is writing {path}") from error
        yield


def shipped_rows(
    dataset_id: str, space: SpaceDefinition, seed: int, shipped: Path = SHIPPED
) -> list[Row]:
    """Return the trials that shipped of a data set in a space, whatever its defaults were."""
    if not shipped_files(shipped, "tasks"):
        return []
    tasks = _read(shipped, "tasks", [("dataset_id", "=", dataset_id)])
    alike = [
        row.space_id
        for row in _read(shipped, "spaces").itertuples()
        if _without_defaults(json.loads(row.definition)) == _without_defaults(space.to_dict())
    ]
    studies = _read(shipped, "studies", [("space_id", "in", alike)])
    studies = studies[studies["task_id"].isin(tasks["task_id"]) & (studies["seed"] == seed)]
    if studies.empty:
        return []
    trials = _read(shipped, "trials", [("study_id", "in", list(studies["study_id"]))])
    curves = _read(shipped, "curves", [("trial_id", "in", list(trials["trial_id"]))])
    by_trial = dict(list(curves.drop(columns="trial_id").groupby(curves["trial_id"])))
    strategies = dict(zip(studies["study_id"], studies["strategy"], strict=True))
    return [
        _row(trial, strategies[trial["study_id"]], by_trial.get(trial["trial_id"]))
        for trial in trials.to_dict("records")
    ]


def _without_defaults(definition: JsonObject) -> tuple[str, list[JsonObject], list[JsonObject]]:
    """Return what decides which configurations a space has."""
    plain = [{**h, "default_value": None} for h in definition["hyperparameters"]]
    return definition["name"], plain, definition["conditions"]


def shipped_seconds(shipped: Path = SHIPPED) -> dict[str, float]:
    """Return the mean duration of the shipped trials by task and by family."""
    if not shipped_files(shipped, "tasks"):
        return {}
    frame = _read(shipped, "trials")[["study_id", "duration"]].astype({"duration": float})
    for table, key in (("studies", "study_id"), ("tasks", "task_id")):
        frame = frame.merge(_read(shipped, table), on=key)
    # Both tables have a name; the later merge is the one that is the task's.
    by_task, by_family = (frame.groupby(c)["duration"].mean() for c in ("name_y", "family"))
    return by_family.to_dict() | by_task.to_dict()


def _read(shipped: Path, table: str, filters: list | None = None) -> pd.DataFrame:
    parts = [pq.read_table(path, filters=filters) for path in shipped_files(shipped, table)]
    found = pa.concat_tables(parts).to_pandas()
    return found.astype(object).where(found.notna(), None)


def _row(trial: Row, strategy: str, curve: pd.DataFrame | None) -> Row:
    known = ("number", "state", "value", "duration", "error")
    epochs = [] if curve is None else curve.sort_values("epoch").to_dict("records")
    counts = {name: trial[name] and int(trial[name]) for name in ("epochs", "n_params")}
    return {
        **{name: trial[name] for name in known},
        **counts,
        "strategy": strategy,
        "config": json.loads(trial["config"]),
        "metrics": json.loads(trial["metrics"]),
        "started_at": trial["started_at"].isoformat(),
        "curve": epochs,
    }

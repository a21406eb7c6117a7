"""The kinds of files that `scripts.checks.fuzz` damages, with what reads each."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pandas as pd

from advisor.data import load_dataset
from advisor.encoding import sample
from advisor.meta import Query, cache, learner_for
from knowledge_base import (
    Bundle,
    KnowledgeBase,
    SpaceDefinition,
    StudyRecord,
    TaskRecord,
    TrialRecord,
)
from knowledge_base.importers import ImportOptions, find_importer
from knowledge_base.journal import Journal
from knowledge_base.records import EpochRecord
from knowledge_base.studies import StudyDirectory
from knowledge_base.types import JsonObject

Trials = Mapping[str, tuple[str, str, str]]
"""State, value and configuration of trials by their identity."""

DEFINITION: JsonObject = {
    "name": "toy",
    "hyperparameters": {
        "rate": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
        "units": {"type": "int", "low": 1, "high": 64},
        "kind": {"type": "categorical", "choices": ["a", "b", "3.10"]},
        "size": {"type": "ordinal", "sequence": ["small", "medium", "large"]},
        "extra": {"type": "float", "low": -1.0, "high": 1.0},
    },
    "conditions": [{"type": "EQ", "child": "extra", "parent": "kind", "value": "a"}],
    "forbiddens": [{"type": "AND", "clauses": [
        {"type": "EQUALS", "name": "kind", "value": "b"},
        {"type": "EQUALS", "name": "size", "value": "large"},
    ]}],
}  # fmt: skip
SPACE = SpaceDefinition.from_dict(DEFINITION)
TASK = TaskRecord(name="toy", metric="accuracy", direction="maximize", family="toy")
STUDY = StudyRecord("a" * 32, TASK.task_id, SPACE.space_id, name="toy", strategy="random")
N_TRIALS = 12


def records() -> list[TrialRecord]:
    """Return trials with learning curves."""
    return [
        TrialRecord(
            STUDY.study_id,
            number,
            config,
            "complete",
            value=0.5 + number / 100,
            metrics={"test_accuracy": 0.5},
            duration=1.0,
            curve=tuple(EpochRecord(epoch, val_metric=epoch / 10) for epoch in (1, 2)),
        )
        for number, config in enumerate(sample(SPACE, N_TRIALS, seed=0))
    ]


def bundle() -> Bundle:
    """Return the trials with what they belong to."""
    return Bundle.from_records([TASK, SPACE, STUDY, *records()])


def trials_of(frame: pd.DataFrame) -> Trials:
    """Return trials as they were read."""
    rows = frame[["trial_id", "state", "value", "config"]].itertuples(index=False)
    return {str(row[0]): (str(row[1]), repr(row[2]), str(row[3])) for row in rows}


class Target(ABC):
    """One kind of file.

    Attributes:
        name: as the command line calls it.
        exact: whether damage may not pass for other data: the files have checksums.
    """

    name: ClassVar[str]
    exact: ClassVar[bool] = False

    @abstractmethod
    def make(self, folder: Path) -> None:
        """Write a whole file, or several, into an empty folder."""

    @abstractmethod
    def read(self, folder: Path) -> Trials:
        """Read them as the product does.

        Raises:
            UserError: they are refused.
        """

    def files(self, folder: Path) -> list[Path]:
        """Return what may be damaged."""
        return sorted(path for path in folder.rglob("*") if path.is_file())

    def wrong(self, known: Trials, found: Trials) -> str:
        """Return what is wrong with what was read, '' if nothing is."""
        if self.exact:
            changed = [key for key, trial in found.items() if known.get(key) != trial]
            return f"{len(changed)} trials are other ones" if changed else ""
        return "trials were invented" if len(found) > self.most(known) else ""

    def most(self, known: Trials) -> int:
        """Return how many trials a damaged file may have: a doubled piece may double rows."""
        return 2 * len(known) + 2


class Space(Target):
    """Files of search spaces; what is read can be drawn from."""

    name = "space"

    def make(self, folder: Path) -> None:
        SPACE.write(folder / "space.yaml")

    def read(self, folder: Path) -> Trials:
        space = SpaceDefinition.read(folder / "space.yaml")
        assert space.complete(space.default()) == space.default()
        for config in sample(space, 3, seed=0):
            assert space.complete(config) == config
        return {}


class Csv(Target):
    """Tables of runs."""

    name = "csv"
    file: ClassVar[str] = "runs.csv"

    def make(self, folder: Path) -> None:
        rows = [
            {**trial.config, "value": trial.value, "state": str(trial.state), "epochs": 2}
            for trial in records()
        ]
        self.write(pd.DataFrame(rows), folder / self.file)

    def write(self, frame: pd.DataFrame, path: Path) -> None:
        """Write the runs."""
        frame.to_csv(path, index=False)

    def read(self, folder: Path) -> Trials:
        options = ImportOptions(space=SPACE, metric="value", direction="maximize")
        found = find_importer(str(folder / self.file)).read(str(folder / self.file), options)
        frame = found.bundle["trials"].to_pandas()
        configs = [SPACE.complete(r) for r in pd.Series(frame["config"], dtype=object).map(_json)]
        assert len(configs) == len(frame)
        return trials_of(frame)


class JsonLines(Csv):
    """Runs as JSON Lines."""

    name = "jsonl"
    file = "runs.jsonl"

    def write(self, frame: pd.DataFrame, path: Path) -> None:
        frame.to_json(path, orient="records", lines=True)


class Study(Target):
    """Directories of studies."""

    name = "study"
    exact = True

    def make(self, folder: Path) -> None:
        kept = StudyDirectory.create(folder / "study", study=STUDY, task=TASK, space=SPACE)
        for trial in records():
            kept.append(trial)

    def read(self, folder: Path) -> Trials:
        found = find_importer(str(folder / "study"), "study").read(
            str(folder / "study"), ImportOptions()
        )
        return trials_of(found.bundle["trials"].to_pandas())


class Segment(Target):
    """Segments of the journal."""

    name = "segment"
    exact = True

    def make(self, folder: Path) -> None:
        Journal(folder / "kb.duckdb").append(bundle())

    def read(self, folder: Path) -> Trials:
        return trials_of(KnowledgeBase(folder / "kb.duckdb", seed=False).trials())


class Export(Target):
    """Exported folders."""

    name = "export"
    exact = True

    def make(self, folder: Path) -> None:
        kb = KnowledgeBase(folder / "kb.duckdb", seed=False)
        kb.append(bundle())
        kb.export(folder / "export")
        for path in self.other(folder):
            path.unlink()

    def other(self, folder: Path) -> list[Path]:
        """Return what is not the exported folder."""
        return [p for p in folder.rglob("*") if p.is_file() and folder / "export" not in p.parents]

    def read(self, folder: Path) -> Trials:
        source = str(folder / "export")
        found = find_importer(source, "knowledge_base").read(source, ImportOptions())
        return trials_of(found.bundle["trials"].to_pandas())


class Database(Target):
    """Knowledge base files, of one's own and as somebody else's."""

    name = "database"

    def make(self, folder: Path) -> None:
        kb = KnowledgeBase(folder / "kb.duckdb", seed=False)
        kb.append(bundle())
        kb.fold()

    def files(self, folder: Path) -> list[Path]:
        return [folder / "kb.duckdb"]

    def read(self, folder: Path) -> Trials:
        source = str(folder / "kb.duckdb")
        found = find_importer(source, "knowledge_base").read(source, ImportOptions())
        KnowledgeBase(source, seed=False).info()
        return trials_of(found.bundle["trials"].to_pandas())


class Cache(Target):
    """Caches of experience: one that cannot be read is made anew."""

    name = "cache"

    def make(self, folder: Path) -> None:
        kb = KnowledgeBase(folder / "kb.duckdb", seed=False)
        for place in range(3):
            task = TaskRecord(name=f"toy {place}", metric="accuracy", direction="maximize",
                              family="toy")  # fmt: skip
            study = StudyRecord(f"{place}" * 32, task.task_id, SPACE.space_id, name="toy",
                                strategy="random")  # fmt: skip
            trials = [
                TrialRecord(study.study_id, n, config, "complete", value=(n * 7 % 25) / 25)
                for n, config in enumerate(sample(SPACE, 25, seed=place))
            ]
            kb.append(Bundle.from_records([task, SPACE, study, *trials]))
        learner_for(kb, SPACE, "toy")

    def files(self, folder: Path) -> list[Path]:
        return [cache.cache_path(KnowledgeBase(folder / "kb.duckdb", seed=False), SPACE, "toy")]

    def read(self, folder: Path) -> Trials:
        learner = learner_for(KnowledgeBase(folder / "kb.duckdb", seed=False), SPACE, "toy")
        found = learner.recommend(Query(), 3)
        assert len(found) == 3
        return {str(k): ("", f"{one.expected:.3f}", str(one.config)) for k, one in enumerate(found)}

    def wrong(self, known: Trials, found: Trials) -> str:
        return "" if found == known else "other recommendations"


class Data(Target):
    """Data sets in CSV files."""

    name = "data"

    def make(self, folder: Path) -> None:
        rows = [
            {"a": k * 0.37, "b": "xyz"[k % 3], "y": "no" if k % 2 else "yes"} for k in range(40)
        ]
        pd.DataFrame(rows).to_csv(folder / "data.csv", index=False)

    def read(self, folder: Path) -> Trials:
        dataset = load_dataset(folder / "data.csv", "y")
        assert dataset.n_rows > 0
        assert len(dataset.fingerprint) > 0
        return {}


def _json(text: str) -> JsonObject:
    import json

    found: JsonObject = json.loads(text)
    return found


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Space(),
        Csv(),
        JsonLines(),
        Study(),
        Segment(),
        Export(),
        Database(),
        Cache(),
        Data(),
    )
}
"""By name; adding a kind is adding a class and naming it here."""

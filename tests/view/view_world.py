"""A knowledge base and studies whose every name tries to be a program, and a server of them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from advisor.facade import Advisor
from advisor.view.server import ViewServer, view_server
from knowledge_base import (
    Bundle,
    DatasetRecord,
    EpochRecord,
    KnowledgeBase,
    SpaceDefinition,
    StudyRecord,
    TaskRecord,
    TrialRecord,
)
from knowledge_base.studies import StudyDirectory

EVIL = "<script>window.owned=1<{}script>\"'><img src=x onerror=window.owned=1>"
"""A name that is a program wherever it is shown as it is; folders cannot hold a slash."""

NAME = EVIL.format("/")
FOLDER = EVIL.format("")
BEGIN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

SPACE = SpaceDefinition.from_dict(
    {
        "name": NAME,
        "hyperparameters": [
            {"name": "rate", "type": "uniform_float", "lower": 1e-5, "upper": 1.0, "log": True,
             "default_value": 0.01},
            {"name": NAME, "type": "categorical", "choices": [NAME, "b"], "default_value": "b"},
        ],
    }
)  # fmt: skip
DATASET = DatasetRecord("dataset-a", NAME, n_rows=178, n_features=13, n_classes=3, source=NAME)
TASK = TaskRecord(NAME, "accuracy", "maximize", "svm", dataset_id="dataset-a", target=NAME)


def study(study_id: str, name: str = NAME, contributor: str = NAME) -> StudyRecord:
    return StudyRecord(
        study_id, TASK.task_id, SPACE.space_id, name, NAME, source=NAME, contributor=contributor,
        created_at=BEGIN,
    )  # fmt: skip


def trial(number: int, study_id: str) -> TrialRecord:
    failed = number % 7 == 6
    return TrialRecord(
        study_id,
        number,
        {"rate": 10.0 ** -(1 + number % 5), NAME: NAME if number % 2 else "b"},
        "failed" if failed else "complete",
        value=None if failed else 0.5 + (number * 37 % 100) / 250,
        duration=1.0 + number % 9,
        epochs=3,
        error=NAME if failed else None,
        origin=NAME,
        labels=(NAME,),
        started_at=BEGIN + timedelta(seconds=number),
        curve=tuple(EpochRecord(e, val_loss=1 / e, val_metric=1 - 1 / e) for e in (1, 2, 3)),
    )


def make_world(folder: Path, n_trials: int = 130) -> KnowledgeBase:
    """Return a knowledge base of 130 trials, with a study of 30 on disk beside it."""
    kb = KnowledgeBase(folder / "kb.duckdb", seed=False)
    trials = [trial(number, "study-1") for number in range(n_trials)]
    kb.add(Bundle.from_records([DATASET, TASK, SPACE, study("study-1"), *trials]))
    make_study(kb.studies_root / FOLDER, range(30))
    return kb


def make_study(path: Path, numbers: range, settings: dict[str, object] | None = None) -> Path:
    directory = StudyDirectory.create(
        path, study=study("study-2", path.name), task=TASK, space=SPACE, dataset=DATASET,
        settings={"trials": 40, **(settings or {})},
    )  # fmt: skip
    for number in numbers:
        directory.append(trial(number, "study-2"))
    return path


@contextmanager
def served(kb: KnowledgeBase) -> Iterator[ViewServer]:
    """Serve a knowledge base for the time of the block."""
    server = view_server(Advisor(kb))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()

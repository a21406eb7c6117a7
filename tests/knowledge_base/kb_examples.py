"""Records and bundles that the tests of the store share."""

from pathlib import Path
from typing import Any

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

SPACE = SpaceDefinition.from_dict(
    {
        "name": "svm",
        "hyperparameters": [
            {"name": "C", "type": "uniform_float", "lower": 0.01, "upper": 100, "log": True,
             "default_value": 1.0},
            {"name": "degree", "type": "uniform_int", "lower": 1, "upper": 5, "default_value": 3},
            {"name": "kernel", "type": "categorical", "choices": ["poly", "rbf"],
             "default_value": "poly"},
            {"name": "it's \"odd\"", "type": "categorical", "choices": [True, False],
             "default_value": True},
        ],
        "conditions": [{"type": "EQ", "child": "degree", "parent": "kernel", "value": "poly"}],
    }
)  # fmt: skip
DATASET = DatasetRecord("dataset-a", "wine", n_rows=178, n_features=13, n_classes=3)
TASK = TaskRecord("wine", "accuracy", "maximize", "svm", dataset_id="dataset-a", target="class")


def config(number: int) -> dict[str, Any]:
    poly = number % 2 == 0
    return {
        "C": 1.0 + number % 90,
        "kernel": "poly" if poly else "rbf",
        'it\'s "odd"': poly,
        **({"degree": 1 + number % 5} if poly else {}),
    }


def trial(number: int, study: str = "study-1", **changes: Any) -> TrialRecord:
    curve = (EpochRecord(1, val_loss=0.5), EpochRecord(2, val_loss=0.25))
    given = {"state": "complete", "value": number / 1000, "curve": curve, **changes}
    return TrialRecord(study, number, config(number), **given)


def study(study_id: str = "study-1") -> StudyRecord:
    return StudyRecord(study_id, TASK.task_id, SPACE.space_id, f"name of {study_id}", "random")


def make_bundle(numbers: range, study_id: str = "study-1") -> Bundle:
    trials = [trial(number, study_id) for number in numbers]
    values = {("dataset-a", "class", 1): {"n_rows": 178.0, "undefined": float("nan")}}
    return Bundle.from_records([DATASET, TASK, SPACE, study(study_id), *trials], values)


def numbers_of(kb: KnowledgeBase, study_id: str = "study-1") -> list[int]:
    frame = kb.trials()
    return frame.loc[frame["study_id"] == study_id, "number"].tolist()


def content(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }

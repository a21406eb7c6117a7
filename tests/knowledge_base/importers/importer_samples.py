"""Samples that the built-in importers read."""

from collections.abc import Callable
from pathlib import Path

from kb_examples import DATASET, SPACE, TASK, make_bundle, study, trial

from knowledge_base import KnowledgeBase
from knowledge_base.importers import ImportOptions
from knowledge_base.studies import StudyDirectory
from knowledge_base.testing import Sample


def csv_file(folder: Path) -> Sample:
    file = folder / "runs.csv"
    file.write_text(
        'C,degree,kernel,"it\'s ""odd""",accuracy\n1,2,poly,True,0.5\n2,,rbf,True,0.7\n'
    )
    return _table(file, 2)


def json_lines(folder: Path) -> Sample:
    file = folder / "runs.jsonl"
    file.write_text(
        '{"C": 1, "kernel": "rbf", "it\'s \\"odd\\"": true, "accuracy": 0.5}\n'
        '{"C": 1, "kernel": "rbf", "it\'s \\"odd\\"": true, "state": "failed"}\n'
    )
    return _table(file, 2)


def _table(file: Path, n_trials: int) -> Sample:
    options = ImportOptions(space=SPACE, metric="accuracy", direction="maximize")
    return Sample(str(file), n_trials, str(file.with_stem("gone")), options)


def study_directory(folder: Path) -> Sample:
    directory = StudyDirectory.create(
        folder / "svm-1", study=study(), task=TASK, space=SPACE, dataset=DATASET
    )
    for number in range(3):
        directory.append(trial(number))
    return Sample(str(folder / "svm-1"), 3, str(folder / "gone"))


def database(folder: Path) -> Sample:
    kb = KnowledgeBase(folder / "other.duckdb", seed=False)
    kb.add(make_bundle(range(3)))
    kb.fold(5)
    kb.add(make_bundle(range(3, 5)))  # these wait in its journal
    return Sample(str(kb.path), 5, str(folder / "gone.duckdb"))


def exported_folder(folder: Path) -> Sample:
    make_bundle(range(3)).export(folder / "out")
    return Sample(str(folder / "out"), 3, str(folder / "gone"))


def optuna_database(folder: Path) -> Sample:
    url = f"sqlite:///{folder / 'optuna.db'}"
    _optuna_study(url)
    return Sample(url, 6, f"sqlite:///{folder / 'gone.db'}")


def optuna_journal(folder: Path) -> Sample:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    file = folder / "optuna.log"
    _optuna_study(JournalStorage(JournalFileBackend(str(file))))
    return Sample(str(file), 6, str(folder / "gone.log"))


def _optuna_study(storage: object) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.RandomSampler(0)
    made = optuna.create_study(storage=storage, study_name="svm", sampler=sampler)
    made.optimize(lambda trial: trial.suggest_float("C", 0.1, 10) ** 2, n_trials=6)


SAMPLES: dict[Callable[[Path], Sample], str] = {
    csv_file: "table",
    json_lines: "table",
    study_directory: "study",
    database: "knowledge_base",
    exported_folder: "knowledge_base",
    optuna_database: "optuna",
    optuna_journal: "optuna",
}
"""Samples of the built-in importers, with the name of the importer that reads each."""

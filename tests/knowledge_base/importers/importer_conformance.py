"""What every importer keeps to: a test class to subclass, for importers of plug-ins too.

    class TestMine(ImporterConformance):
        name = "mine"

        @staticmethod
        def make_sample(folder: Path) -> Sample: ...

(The file is not called `conformance.py`: pytest imports test modules by their bare names, and
other rooms have conformance classes of their own.)
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest
from kb_examples import DATASET, SPACE, TASK, content, make_bundle, study, trial

from knowledge_base import KnowledgeBase, UserError
from knowledge_base.importers import IMPORTERS, Importer, ImportOptions, find_importer
from knowledge_base.importers.adding import contribute
from knowledge_base.studies import StudyDirectory


@dataclass(frozen=True)
class Sample:
    """A source that an importer reads.

    Attributes:
        source: the source as a user names it; everything of it lies in the folder of the sample.
        n_trials: trials that are read of it.
        gone: a source of the same kind that does not exist, in the same folder.
        options: what the user says beside the source.
    """

    source: str
    n_trials: int
    gone: str
    options: ImportOptions = field(default_factory=ImportOptions)


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


class ImporterConformance:
    """Tests that every importer passes; a subclass gives its name and a sample."""

    name: ClassVar[str]

    @staticmethod
    def make_sample(folder: Path) -> Sample:
        """Write a sample into an empty folder."""
        raise NotImplementedError

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        made = tmp_path / "sample"
        made.mkdir()
        return made

    @pytest.fixture
    def sample(self, folder: Path) -> Sample:
        return self.make_sample(folder)

    @pytest.fixture
    def importer(self) -> Importer:
        return IMPORTERS[self.name]()

    def test_its_name_is_the_one_that_it_is_registered_by(self, importer):
        assert importer.name == self.name

    def test_it_is_found_by_the_source_alone(self, sample, importer):
        assert importer.accepts(sample.source)
        assert type(find_importer(sample.source)) is type(importer)
        assert type(find_importer(sample.source, self.name)) is type(importer)

    def test_it_accepts_no_sample_of_another(self, importer, known_samples):
        accepted = {name for name, sample in known_samples if importer.accepts(sample.source)}
        assert accepted <= {self.name}

    def test_reading_twice_gives_the_same_trials(self, sample, importer):
        first, second = (
            importer.read(sample.source, sample.options).bundle["trials"] for _ in range(2)
        )
        assert first["trial_id"].to_pylist() == second["trial_id"].to_pylist()
        assert len(set(first["trial_id"].to_pylist())) == sample.n_trials

    def test_what_it_read_is_whole_and_counts_once(self, sample, importer, tmp_path):
        kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
        read = importer.read(sample.source, sample.options)
        assert read.rejected == ()
        assert contribute(kb, read).accepted == sample.n_trials
        assert kb.verify() == []
        again = contribute(kb, importer.read(sample.source, sample.options))
        assert (again.accepted, again.duplicates) == (0, sample.n_trials)

    def test_a_source_that_does_not_exist_is_refused_and_not_made(self, sample, importer, folder):
        before = content(folder)
        with pytest.raises(UserError) as caught:
            importer.read(sample.gone, sample.options)
        assert "\n" not in str(caught.value)
        assert content(folder) == before

    def test_nothing_is_written_into_the_source(self, sample, importer, folder):
        before = content(folder)
        importer.accepts(sample.source)
        importer.read(sample.source, sample.options)
        assert content(folder) == before

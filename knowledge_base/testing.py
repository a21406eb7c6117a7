"""What every importer promises, as tests: those of plug-ins inherit them as ours do.

class TestMine(ImporterConformance):
    name = "mine"

    @staticmethod
    def make_sample(folder: Path) -> Sample: ...
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

from knowledge_base import KnowledgeBase, UserError
from knowledge_base.bundle import Bundle
from knowledge_base.importers import IMPORTERS, Importer, ImportOptions, find_importer
from knowledge_base.importers.adding import contribute


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


def _csv(folder: Path) -> Sample:
    file = folder / "others.csv"
    file.write_text("learning_rate,accuracy\n0.1,0.5\n0.01,0.7\n", encoding="utf-8")
    return Sample(str(file), 2, str(folder / "gone.csv"))


def _database(folder: Path) -> Sample:
    kb = KnowledgeBase(folder / "others.duckdb", seed=False)
    kb.append(Bundle())
    kb.fold(5)
    return Sample(str(kb.path), 0, str(folder / "gone.duckdb"))


def content(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, by its path."""
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


class ImporterConformance:
    """Tests that every importer passes; a subclass gives its name and a sample."""

    name: ClassVar[str]

    @staticmethod
    def make_sample(folder: Path) -> Sample:
        """Write a sample into an empty folder."""
        raise NotImplementedError

    @pytest.fixture
    def known_samples(self, tmp_path: Path) -> list[tuple[str, Sample]]:
        """Return samples of other kinds, with the names of the importers that read them."""
        return [("table", _csv(tmp_path)), ("knowledge_base", _database(tmp_path))]

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Return an empty folder for the sample."""
        made = tmp_path / "sample"
        made.mkdir()
        return made

    @pytest.fixture
    def sample(self, folder: Path) -> Sample:
        """Return the sample, written."""
        return self.make_sample(folder)

    @pytest.fixture
    def importer(self) -> Importer:
        """Return the importer, as it is found by its name."""
        return IMPORTERS[self.name]()

    def test_its_name_is_the_one_that_it_is_registered_by(self, importer: Importer) -> None:
        assert importer.name == self.name

    def test_it_is_found_by_the_source_alone(self, sample: Sample, importer: Importer) -> None:
        assert importer.accepts(sample.source)
        assert type(find_importer(sample.source)) is type(importer)
        assert type(find_importer(sample.source, self.name)) is type(importer)

    def test_it_accepts_no_sample_of_another(
        self, importer: Importer, known_samples: list[tuple[str, Sample]]
    ) -> None:
        accepted = {name for name, sample in known_samples if importer.accepts(sample.source)}
        assert accepted <= {self.name}

    def test_reading_twice_gives_the_same_trials(self, sample: Sample, importer: Importer) -> None:
        first, second = (
            importer.read(sample.source, sample.options).bundle["trials"] for _ in range(2)
        )
        assert first["trial_id"].to_pylist() == second["trial_id"].to_pylist()
        assert len(set(first["trial_id"].to_pylist())) == sample.n_trials

    def test_what_it_read_is_whole_and_counts_once(
        self, sample: Sample, importer: Importer, tmp_path: Path
    ) -> None:
        kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
        read = importer.read(sample.source, sample.options)
        assert read.rejected == ()
        assert contribute(kb, read).accepted == sample.n_trials
        assert kb.verify() == []
        again = contribute(kb, importer.read(sample.source, sample.options))
        assert (again.accepted, again.duplicates) == (0, sample.n_trials)

    def test_a_source_that_does_not_exist_is_refused_and_not_made(
        self, sample: Sample, importer: Importer, folder: Path
    ) -> None:
        before = content(folder)
        with pytest.raises(UserError) as caught:
            importer.read(sample.gone, sample.options)
        assert "\n" not in str(caught.value)
        assert content(folder) == before

    def test_nothing_is_written_into_the_source(
        self, sample: Sample, importer: Importer, folder: Path
    ) -> None:
        before = content(folder)
        importer.accepts(sample.source)
        importer.read(sample.source, sample.options)
        assert content(folder) == before

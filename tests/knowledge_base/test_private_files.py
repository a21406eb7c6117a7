"""Journals, databases, studies and caches are for their owner only, and older ones are closed."""

import os
import stat
from pathlib import Path

import pytest
from kb_examples import SPACE, TASK, make_bundle, study, trial

from knowledge_base import KnowledgeBase
from knowledge_base.arrays import write_arrays
from knowledge_base.durable import private_folder, tighten
from knowledge_base.finding import claim_path
from knowledge_base.studies import StudyDirectory

pytestmark = pytest.mark.skipif(os.name != "posix", reason="rights of files are of POSIX")


@pytest.fixture(autouse=True)
def _open_umask():
    """A user whose new files all may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_for_others(folder: Path) -> list[str]:
    """Return what others than its owner may read, write or look into, below a folder."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


def loosen(folder: Path) -> None:
    """Give everything below a folder the rights that older versions gave."""
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_new_knowledge_base_is_its_owners_with_all_folders_that_it_makes(tmp_path):
    kb = KnowledgeBase(tmp_path / "new" / "below" / "kb.duckdb", seed=False)
    kb.append(make_bundle(range(2)))
    assert open_for_others(tmp_path) == []
    assert kb.fold()
    kb.append(make_bundle(range(2, 4)))
    assert open_for_others(tmp_path) == []
    assert (tmp_path / "new" / "below" / "kb.duckdb").is_file()


def test_an_older_one_is_closed_when_it_is_written(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    kb.append(make_bundle(range(2)))
    kb.fold()
    loosen(tmp_path)
    before = open_for_others(tmp_path)
    kb.trials()
    assert open_for_others(tmp_path) == before == ["kb.duckdb", "kb.duckdb.journal"]
    kb.append(make_bundle(range(2, 4)))
    assert open_for_others(tmp_path) == ["kb.duckdb"]
    assert kb.fold()
    assert open_for_others(tmp_path) == []


def test_a_folder_that_was_there_stays_as_it_is(tmp_path):
    folder = tmp_path / "team"
    folder.mkdir(mode=0o755)
    KnowledgeBase(folder / "kb.duckdb", seed=False).append(make_bundle(range(2)))
    private_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_studies_are_their_owners(tmp_path):
    path = claim_path(tmp_path / "studies", "wine", None)
    kept = StudyDirectory.create(path, study=study(), task=TASK, space=SPACE)
    kept.append(trial(0))
    kept.change_settings({"a": 1})
    assert open_for_others(tmp_path) in ([], ["studies/wine-1/.lock"])
    loosen(tmp_path)
    again = StudyDirectory.open(path)
    assert len(again.trials()) == 1
    again.append(trial(1))
    assert set(open_for_others(tmp_path)) <= {"studies", "studies/wine-1/.lock"}


def test_arrays_may_be_their_owners(tmp_path):
    write_arrays(tmp_path / "a.npz", {}, private=True)
    assert open_for_others(tmp_path) == []


def test_a_file_system_without_rights_is_no_error(tmp_path, monkeypatch):
    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError("no such thing here")

    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    kb.append(make_bundle(range(2)))
    kb.fold()
    loosen(tmp_path)
    monkeypatch.setattr(Path, "chmod", refuse)
    tighten(tmp_path / "kb.duckdb")
    tighten(tmp_path / "nothing")
    kb.append(make_bundle(range(2, 4)))
    assert kb.fold()
    assert len(kb.trials()) == 4

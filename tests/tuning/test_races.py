"""Of several processes that start one new study at the same time, one makes it."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from advisor import Tuner
from advisor.comparison.comparison import resume_comparison, start_comparison
from advisor.comparison.plan import Plan
from advisor.settings import Settings
from knowledge_base import KnowledgeBase, SpaceDefinition, UserError
from knowledge_base.finding import claim_path
from knowledge_base.studies import StudyDirectory

SPACE = SpaceDefinition.from_dict(
    {"name": "own", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
)
TRAIN = "def train(config, report):\n    return config['x']\n"
YAML = "{name: own, hyperparameters: {x: {type: float, low: 0, high: 1}}}"


def at_once(count, function):
    """Return what `count` threads get, or are refused with, by that call at the same moment."""
    ready, found = threading.Barrier(count), []

    def call():
        ready.wait()
        try:
            found.append(function())
        except UserError as error:
            found.append(error)

    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_one_of_many_gets_a_name(tmp_path):
    found = at_once(16, lambda: claim_path(tmp_path / "new" / "studies", "x", "mine"))
    assert [each for each in found if isinstance(each, Path)] == [tmp_path / "new/studies/mine"]
    refused = [str(each) for each in found if isinstance(each, UserError)]
    assert len(refused) == 15
    assert all("'mine' is being made by another process" in line for line in refused)


def test_without_a_name_each_gets_a_number_of_its_own(tmp_path):
    found = at_once(16, lambda: claim_path(tmp_path, "iris", None).name)
    assert sorted(found) == sorted(f"iris-{number}" for number in range(1, 17))


def test_one_of_many_tuners_makes_the_study_of_a_folder(tmp_path):
    found = at_once(8, lambda: Tuner.create(SPACE, directory=tmp_path / "s"))
    tuners = [each for each in found if isinstance(each, Tuner)]
    assert len(tuners) == 1
    kept = StudyDirectory.open(tmp_path / "s")
    assert kept.study.study_id == tuners[0].study.record.study_id
    for line in (str(each) for each in found if isinstance(each, UserError)):
        assert "holds a study already" in line or "is running the study" in line


def test_processes_that_start_one_study_at_once(tmp_path):
    (tmp_path / "own_race.py").write_text(TRAIN)
    (tmp_path / "space.yaml").write_text(YAML)
    code = "from advisor.cli.group import run; run()"
    words = ["tune", "--objective", "own_race.py:train", "--space", "space.yaml", "--trials", "1",
             "--kb", "k.duckdb", "--study", "mine", "--warm", "0",
             "--direction", "minimize"]  # fmt: skip
    started = [
        subprocess.Popen([sys.executable, "-c", code, *words], cwd=tmp_path, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]  # fmt: skip
    said = [process.communicate()[1] for process in started]
    assert sorted(process.returncode for process in started) == [0, 2, 2], said
    for process, text in zip(started, said, strict=True):
        if process.returncode:
            (line,) = text.splitlines()
            assert line.startswith("Error: The study 'mine' ")
    assert len((tmp_path / "studies/mine/trials.jsonl").read_text().splitlines()) == 1


def test_a_study_that_cannot_be_made_leaves_nothing(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("knowledge_base.studies.write_text", full)
    with pytest.raises(UserError, match="the disk is full"):
        Tuner.create(SPACE, directory=tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_of_a_name_is_told_of(tmp_path):
    (tmp_path / "left").mkdir()
    with pytest.raises(UserError, match="is empty since one was cut off"):
        claim_path(tmp_path, "x", "left")
    (tmp_path / "left" / "study.json").touch()
    with pytest.raises(UserError, match="exists already; add `resume`"):
        claim_path(tmp_path, "x", "left")


@pytest.fixture
def folders(tmp_path, monkeypatch):
    (tmp_path / "space.yaml").write_text(YAML)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "own_race.py").write_text(TRAIN)
    monkeypatch.chdir(tmp_path / "a")
    return Settings(objective="own_race.py:train", space=str(tmp_path / "space.yaml"), trials=1,
                    direction="minimize")  # fmt: skip


def test_a_comparison_is_not_taken_for_one_of_another_folder(folders, tmp_path, monkeypatch):
    kb, plan = KnowledgeBase(seed=False), Plan(folders, ("random",))
    first = start_comparison(plan, kb)
    monkeypatch.chdir(tmp_path / "b")
    with pytest.raises(UserError, match="was started with these arguments"):
        resume_comparison(plan, kb)
    second = start_comparison(plan, kb)
    assert resume_comparison(plan, kb).path == second.path
    monkeypatch.chdir(tmp_path / "a")
    assert resume_comparison(plan, kb).path == first.path


def test_a_comparison_that_is_refused_leaves_no_folder(folders):
    kb = KnowledgeBase(seed=False)
    Path("own_race.py").write_text("def other():\n    pass\n")
    with pytest.raises(UserError, match="has no function"):
        start_comparison(Plan(folders, ("random",)), kb, "mine")
    assert not list(kb.studies_root.glob("*"))

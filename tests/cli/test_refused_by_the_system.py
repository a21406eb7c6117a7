"""Folders that are closed, files of others, no home, little memory: what is said is so.

The commands run in processes of their own without the capabilities of root, under which
permissions bind nobody. That needs `setpriv` where the tests run as root. Those that differ in
their environment or their limits are started anew, the others are forks of one that was.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_forks import Forks

from advisor import Advisor
from advisor.cli.scarcity import refusal
from knowledge_base import KnowledgeBase, KnowledgeBaseError, StudyRecord, TaskRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.store import default_path

pytestmark = pytest.mark.slow

resource = pytest.importorskip("resource")

ROOT = Path(__file__).resolve().parents[2]
SPACE = SpaceDefinition.from_dict(
    {"name": "toy", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
)
TASK = TaskRecord("toy", "loss", "minimize", "toy")
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
NOBODY = 65534


def bound() -> list[str]:
    """Return what makes permissions bind a command, or skip the test."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None or subprocess.run([*WITHOUT_RIGHTS, "true"]).returncode:
        pytest.skip("permissions bind nobody here: root, and no setpriv")
    return WITHOUT_RIGHTS


def frame(first: int, count: int) -> pd.DataFrame:
    numbers = np.arange(first, first + count)
    return pd.DataFrame({"x": 0.001 * (1 + numbers), "value": numbers / 10, "number": numbers})


def add(kb: KnowledgeBase, name: str, count: int) -> None:
    study = StudyRecord(name, TASK.task_id, SPACE.space_id, name)
    kb.add_trials(frame(0, count), task=TASK, space=SPACE, study=study)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What each test gets a copy of."""
    folder = tmp_path_factory.mktemp("made")
    kb = KnowledgeBase(folder / "store" / "kb.duckdb", seed=False)
    add(kb, "mine", 3)
    assert kb.fold(5)
    add(kb, "waiting", 2)
    other = KnowledgeBase(folder / "other.duckdb", seed=False)
    add(other, "theirs", 4)
    other.export(folder / "other")
    (folder / "space.json").write_text(SPACE.to_json())
    frame(50, 2).drop(columns="number").to_csv(folder / "runs.csv", index=False)
    data = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=list("abc"))
    data.assign(y=np.where(data["a"] + data["b"] > 0, "p", "q")).to_csv(folder / "data.csv")
    (folder / "home").mkdir()
    return folder


@pytest.fixture
def place(made, tmp_path):
    """A folder with a store of 3 trials and 2 that wait, an export, a table of runs and data."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    yield tmp_path
    for folder in (path for path in tmp_path.rglob("*") if path.is_dir()):
        folder.chmod(0o755)


@pytest.fixture(scope="module")
def forks(tmp_path_factory):
    """A process that forks commands without the rights of root."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    found = Forks(bound(), environment, tmp_path_factory.mktemp("forks"))
    yield found
    found.close()


COMMANDS = {
    "info": ("kb", "info"),
    "verify": ("kb", "verify"),
    "export": ("kb", "export", "out"),
    "import": ("kb", "import", "other"),
    "contribute": ("contribute", "runs.csv", "--space", "space.json", "--metric", "value",
                   "--direction", "minimize"),
    "recommend": ("recommend", "data.csv", "--target", "y"),
    "tune": ("tune", "data.csv", "--target", "y", "--trials", "2", "--max-epochs", "1",
             "--strategy", "random"),
}  # fmt: skip
WRITES = ("import", "contribute", "tune")


def call(place, command, *, store="store/kb.duckdb", memory=None, forks=None, rights=(),
         **environment):  # fmt: skip
    """Run a command, or one of `COMMANDS`; return its exit code, output and lines of errors."""
    given = {
        **os.environ, "PYTHONPATH": str(ROOT), "HOME": str(place / "home"),
        "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"], "OMP_NUM_THREADS": "1", **environment,
    }  # fmt: skip
    given.pop("ADVISOR_KB", None)
    given = {key: value for key, value in given.items() if value is not None}
    words = [*COMMANDS.get(command, command), *(["--kb", store] if store else [])]
    if forks is not None:
        return checked(*forks.run(words, place, given))
    started = [*rights, sys.executable, "-c", "from advisor.cli import run; run()", *words]
    limit = None
    if memory is not None:

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (memory * 2**20, memory * 2**20))

    done = subprocess.run(started, cwd=place, env=given, capture_output=True, text=True,
                          preexec_fn=limit)  # fmt: skip
    return checked(done.returncode, done.stdout, done.stderr)


def checked(code, out, err):
    assert "Traceback" not in err, err
    assert "damaged" not in err + out
    told = [line for line in err.splitlines() if line.startswith(("Error", "Warning: The"))]
    return code, out, told


def numbers(place, store="store/kb.duckdb") -> dict[str, int]:
    """Return how many trials are stored, by study."""
    return KnowledgeBase(place / store, seed=False).trials()["study_id"].value_counts().to_dict()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_store_that_may_only_be_read_is_read(name, place, forks):
    before = numbers(place)
    subprocess.run(["chmod", "-R", "a-w", str(place / "store")], check=True)
    code, out, told = call(place, name, forks=forks)
    assert numbers(place) == before == {"mine": 3, "waiting": 2}
    if name not in WRITES:
        assert (code, told) == (0, [])
        assert {"info": "pending:        1", "verify": "whole", "export": "Exported 5",
                "recommend": "#1"}[name] in out  # fmt: skip
        return
    assert code == 2
    (line,) = told
    # What an import brings is told to be somebody else's before it is stored.
    what = {"tune": "The study ", "import": ""}.get(name, "The journal ")
    assert line.startswith(f"Error: {what}{place}/store/")
    assert line.endswith(("Nothing was changed.", "Nothing was stored.")) or name == "tune"
    assert "cannot be written: no permission." in line


@pytest.mark.parametrize("name", ["export", "tune"])
def test_another_folder_that_may_only_be_read(name, place, forks):
    (place / "closed").mkdir(mode=0o555)
    there = {"export": ("kb", "export", "closed/out"),
             "tune": (*COMMANDS["tune"], "--studies-dir", "closed")}  # fmt: skip
    code, _, told = call(place, there[name], forks=forks)
    assert code == 2
    (line,) = told
    assert "cannot be written: no permission." in line
    assert list((place / "closed").iterdir()) == []
    assert numbers(place) == {"mine": 3, "waiting": 2}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_a_store_of_another_owner_is_no_damaged_one(mode, name, place, forks):
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    for path in (place / "store", *(place / "store").rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.chown(path, NOBODY, NOBODY)
    (place / "store").chmod(mode)
    code, _, told = call(place, name, forks=forks)
    assert code == 2
    assert "permission" in told[-1]
    assert told[-1].startswith("Error: ")
    assert len(told) == (1 if mode == 0o700 else 2)  # Of the journal, too, where it is seen.


@pytest.mark.parametrize("source", ["other", "runs.csv", "data.csv"])
def test_what_is_given_belongs_to_another(source, place, forks):
    name = {"other": "import", "runs.csv": "contribute", "data.csv": "recommend"}[source]
    (place / source).chmod(0)
    code, _, told = call(place, name, forks=forks)
    assert code == 2
    (line,) = told
    assert source in line
    assert "ermission" in line
    assert numbers(place) == {"mine": 3, "waiting": 2}


@pytest.mark.parametrize("name", ["info", "verify", "export", "import"])
def test_a_journal_that_cannot_be_looked_into_is_not_passed_over(name, place, forks):
    (place / "store" / "kb.duckdb.journal").chmod(0)
    code, out, told = call(place, name, forks=forks)
    assert "Trials that wait there are left out." in told[0]
    assert code == (0 if name == "info" else 2)
    assert "whole" not in out
    assert not (place / "out").exists()


# No home -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("home", "name"),
    [("closed", "info"), ("closed", "recommend"), ("closed", "import"), ("data.csv", "import")],
)
def test_a_home_where_nothing_can_be_written(home, name, place):
    rights = bound()
    (place / "closed").mkdir(mode=0o555)
    code, _, told = call(place, name, store=None, rights=rights, HOME=str(place / home),
                         XDG_CACHE_HOME=None, XDG_DATA_HOME=None)  # fmt: skip
    assert code == (2 if name in WRITES else 0)
    if name in WRITES:
        assert "cannot be written: " in told[-1]
        assert "[Errno" not in told[-1]


def test_without_any_home_a_store_must_be_named(place, monkeypatch):
    """As in a container whose user the system does not know."""
    monkeypatch.delenv("ADVISOR_KB")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.chdir(place)
    before = sorted(place.iterdir())
    with pytest.raises(KnowledgeBaseError, match=r"no home directory.* name a file with `kb`"):
        default_path()
    found = Advisor(place / "new.duckdb").recommend(place / "data.csv", target="y", n=1)
    assert len(found.recommendations) == 1
    assert sorted(place.iterdir()) == before


# Little memory -------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", [150, 300, 400, 500])
@pytest.mark.parametrize("name", ["info", "import"])
def test_little_memory_is_called_that_and_the_exit_code_is_true(name, memory, place):
    code, out, told = call(place, name, memory=memory)
    stored = numbers(place).get("theirs", 0)
    if code == 0:
        assert told == []
        assert stored == (4 if name == "import" else 0)
    else:
        assert code == 2
        assert "not enough memory" in told[-1]
        assert len(told) == 1
        assert stored == 0
        assert out == ""
    assert KnowledgeBase(place / "store" / "kb.duckdb", seed=False).verify() == []


def test_a_library_that_cannot_be_loaded_makes_no_failed_trials(place):
    code, _, told = call(place, "tune", memory=700)
    assert code in (0, 2)  # Some builds of PyTorch need less.
    if code == 2:
        assert "not enough memory" in told[-1]
        assert numbers(place) == {"mine": 3, "waiting": 2}


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        ImportError("x.so: failed to map segment from shared object"),
        OSError(12, "Cannot allocate memory"),
        RuntimeError("can't start new thread"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_too_little_memory_is_told_by_what_libraries_say(error):
    assert "not enough memory" in refusal(error)


def test_what_is_no_refusal_stays_an_error():
    assert refusal(ValueError("the word memory: cannot allocate memory")) is None
    assert refusal(FileNotFoundError(2, "No such file")) is None
    assert refusal(BrokenPipeError(32, "Broken pipe")) is None
    assert (
        refusal(OSError(28, "No space left", "a.csv")) == "a.csv cannot be used: the disk is full."
    )


def test_trials_that_are_in_are_not_reported_as_lost(place, monkeypatch):
    """What fails after they are in the journal is a warning, whatever it is."""
    kb = KnowledgeBase(place / "store" / "kb.duckdb", seed=False)

    def fail(*_: object, **__: object) -> bool:
        raise MemoryError

    monkeypatch.setattr(kb, "fold", fail)
    add(kb, "bulk", 600)
    assert "The trials are stored in the journal" in kb.warnings[0]
    assert numbers(place)["bulk"] == 600

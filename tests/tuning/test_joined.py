"""Several processes on one study."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from advisor import Advisor, KnowledgeBase, SpaceDefinition, UserError
from advisor.strategies import Exhausted
from advisor.tuning.shared import AllTaken
from knowledge_base.sharing import take_place
from knowledge_base.studies import StudyDirectory

SPACE = SpaceDefinition.from_dict(
    {"name": "joined", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
)
PATIENCE = 120


def value(config, report):
    return config["x"]


@pytest.fixture
def searches(tmp_path):
    """Return what opens the same study twice: as who begins it, and as who joins it."""
    advisor = Advisor(KnowledgeBase(tmp_path / "kb.duckdb", seed=False))

    def opened(function=value, trials=4, **more):
        root = tmp_path / "studies"
        asked = {"strategy": "random", "n_warm": 0, "trials": trials, "name": "s", **more}
        asked["direction"] = "minimize"
        first = advisor.search(objective=function, space=SPACE, root=root, **asked)
        return first, advisor.search(objective=function, space=SPACE, root=root, join=True, **asked)

    return opened


@pytest.fixture
def tuners(searches):
    """Return what shares a study between two tuners."""
    places = []

    def shared(length=4, **more):
        found = []
        for search in searches(trials=length, **more):
            places.append(take_place(search.path, search.joins))
            search.tuner.share(places[-1], length)
            found.append(search.tuner)
        return found

    yield shared
    for place in places:
        place.leave()


def test_each_hears_what_the_others_told_and_knows_what_they_try(tuners):
    one, other = tuners()
    mine, its = one.ask(), other.ask()
    assert mine != its
    assert other.strategy.active == [its, mine] or other.strategy.active == [mine, its]
    assert other.tell(its, 2.0).number == 0
    trial = one.tell(mine, 1.0)
    assert trial.number == 1
    assert [t.config for t in one.trials] == [its, mine]
    assert [(t.number, t.value) for t in other.heard()] == [(1, 1.0)]
    assert other.heard() == []
    assert [t.value for t in one.heard()] == [2.0]
    assert [t.trial_id for t in one.trials] == [t.trial_id for t in other.trials]
    assert len({t.trial_id for t in one.trials}) == 2
    assert other.best == trial


def test_nobody_begins_more_than_the_study_has_left(tuners):
    one, other = tuners(length=3)
    assert len(one.ask(2)) == 2
    last = other.ask(5)
    assert len(last) == 1
    for tuner in (one, other):
        with pytest.raises(AllTaken):
            tuner.ask()
    other.withdraw(last[0])
    assert len(one.ask(2)) == 1


def test_what_a_dead_process_tried_is_tried_again(tuners):
    one, other = tuners(length=1)
    tried = other.ask()
    with pytest.raises(AllTaken):
        one.ask()
    other._place._present.release()  # As the system does with what a killed process locked.
    assert one.ask() == tried
    folder = one.study.directory.path / ".running"
    assert [path.stem for path in folder.glob("*.json")] == [one._place.name]


def test_a_number_with_a_folder_is_nobody_elses(tuners):
    one, other = tuners()
    mine, its = one.ask(), other.ask()
    folder = one.make_folder()
    (folder / "x").write_text("mine")
    later = other.make_folder()
    assert one.make_folder() == folder
    (later / "x").write_text("its")
    assert other.tell(its, 1.0).number == 1
    assert (folder / "x").read_text() == "mine"
    assert one.tell(mine, 2.0).number == 0
    assert (one.study.folders.of(0) / "x").read_text() == "mine"
    assert (one.study.folders.of(1) / "x").read_text() == "its"
    assert {t.number for t in one.trials} == {0, 1}


def test_unnumbered_folders_of_a_dead_process_are_removed_and_no_others(tuners):
    one, other = tuners(workers=2)
    mine, its = one.ask(), other.ask()
    folders = [tuner.unnumbered_folder(1) for tuner in (one, other)]
    for folder in folders:
        folder.mkdir(parents=True)
    one.sort_out()
    assert all(folder.is_dir() for folder in folders)
    assert one.tell(mine, 1.0, folder=folders[0]).number == 0
    assert one.study.folders.of(0) is not None
    assert folders[1].is_dir()
    other._place._present.release()
    one.sort_out()
    assert not folders[1].exists()
    assert its not in one.strategy.active


def test_a_folder_that_a_killed_process_left_is_not_taken_for_a_trials_own(tuners):
    one, other = tuners(workers=2)
    tried, its = one.ask(), other.ask()
    left = other.unnumbered_folder(1)
    left.mkdir(parents=True)
    other.study.folders.settle(left, other.next_number)  # Here it is killed.
    assert one.study.folders.of(0) is not None
    assert one.tell(tried, 1.0).number == 0
    assert one.study.folders.of(0) is None
    assert one.ask() != its


def test_who_does_not_join_is_refused(searches):
    first, second = searches()
    second.joins = False
    place = take_place(first.path)
    with pytest.raises(UserError, match="Another process is running the study 's'"):
        second.run()
    place.leave()
    assert len(second.run().reason) > 0
    assert len(second.stored) == 4


def test_who_holds_the_study_makes_its_model_or_else_who_is_left(searches):
    first, second = searches()
    place = take_place(first.path)
    second.run()
    assert not second.leaves_model
    place.leave()
    third = searches(name="t")[1]
    third.run()
    assert third.leaves_model


def test_a_search_alone_is_what_it_was(searches, tmp_path):
    seen = []

    def noting(config, report):
        seen.append(report.folder.relative_to(tmp_path))
        return config["x"]

    first, _ = searches(noting)
    first.run()
    assert [path.as_posix() for path in seen] == [f"studies/s/trials/{n:06d}" for n in range(4)]
    assert list((first.path / ".running").iterdir()) == []


def test_an_exhausted_strategy_ends_each_of_them(tuners):
    one, other = tuners(length=40, strategy="grid", fix={"x": 0.5})
    one.ask()
    with pytest.raises(Exhausted):
        other.ask()


FUNCTION = """
import json, os, time
from pathlib import Path

HERE = Path(__file__).parent

def train(config, report):
    with open(HERE / "begun", "a") as file:
        file.write(json.dumps([config["x"], os.getpid()]) + "\\n")
    ends = time.monotonic() + 120
    while time.monotonic() < ends:  # Two processes are at it, or they were.
        if len({json.loads(line)[1] for line in (HERE / "begun").read_text().splitlines()}) > 1:
            return config["x"]
        time.sleep(0.01)
"""


def begin(folder, *more):
    command = [sys.executable, "-c", "from advisor.cli import run; run()", "tune"]
    command += ["--objective", "train.py:train", "--space", "space.json", "--trials", "9"]
    command += ["--direction", "minimize"]
    command += ["--strategy", "random", "--study", "s", "--studies-dir", "studies", "--warm", "0"]
    command += ["--kb", "kb.duckdb", "--format", "json", *more]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_two_commands_share_a_study_to_its_end(tmp_path):
    (tmp_path / "train.py").write_text(FUNCTION)
    (tmp_path / "space.json").write_text(json.dumps(SPACE.to_dict()))
    first = begin(tmp_path)
    ends = time.monotonic() + PATIENCE
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < ends
        assert first.poll() is None
        time.sleep(0.02)
    second = begin(tmp_path, "--join")
    said = [process.communicate(timeout=PATIENCE) for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], said
    stored = StudyDirectory.open(tmp_path / "studies/s").trials()
    assert [trial.number for trial in stored] == list(range(9))
    begun = [json.loads(line) for line in (tmp_path / "begun").read_text().splitlines()]
    assert sorted(x for x, _ in begun) == sorted(trial.config["x"] for trial in stored)
    assert len({process for _, process in begun}) == 2
    for out, _ in said:
        assert [trial["number"] for trial in json.loads(out)["trials"]] == list(range(9))
    store = KnowledgeBase(Path(tmp_path / "kb.duckdb"), seed=False)
    assert len(store.trials()) == 9

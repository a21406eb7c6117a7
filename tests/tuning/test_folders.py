"""Folders of a user's own function, kept for the best trials."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from advisor import Advisor, KnowledgeBase, Settings, SpaceDefinition, UserError
from advisor.cli import main
from advisor.training.objective import Reporter
from advisor.training.report import as_report

SPACE = SpaceDefinition.from_dict(
    {"name": "kept", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
)
HERE = Path(__file__).parent


def written(config, report):
    (report.folder / "x").write_text(str(config["x"]))
    return config["x"]


@pytest.fixture
def tune(tmp_path):
    """Return what runs a search of a function without anything stored."""
    advisor = Advisor(KnowledgeBase(tmp_path / "kb.duckdb", seed=False))

    def tuned(function=written, trials=6, **more):
        asked = {"strategy": "random", "n_warm": 0, "name": "s", "direction": "minimize", **more}
        return advisor.tune(
            objective=function, space=SPACE, trials=trials, root=tmp_path / "studies", **asked
        )

    return tuned


def kept(search):
    """Return the numbers of the trials whose folders are there."""
    return sorted(int(path.name) for path in (search.path / "trials").iterdir())


def best(search, most, maximize=False):
    """Return the numbers of the best trials."""
    counting = [trial for trial in search.tuner.trials if trial.counts]
    ranked = sorted(counting, key=lambda trial: trial.value, reverse=maximize)
    return sorted(trial.number for trial in ranked[:most])


def test_the_best_trials_keep_their_folders(tune):
    search = tune()
    assert kept(search) == best(search, 3)
    top = search.tuner.best
    assert search.folder() == search.folder(top) == search.folder(top.number)
    assert (search.folder() / "x").read_text() == str(top.config["x"])
    worst = max(search.tuner.trials, key=lambda trial: trial.value)
    assert search.folder(worst) is None


@pytest.mark.parametrize("most", [0, 1, 4, 100])
def test_as_many_as_are_asked_for(tune, most):
    search = tune(keep=most, direction="maximize", trials=5)
    assert kept(search) == best(search, most, maximize=True)
    assert (search.folder() is None) == (most == 0)


def test_without_asking_for_it_nothing_is_made(tune):
    search = tune(lambda config, report: config["x"])
    assert not (search.path / "trials").exists()
    assert search.folder() is None


def test_failed_diverged_and_stopped_trials_keep_none(tune):
    numbers = iter(range(9))

    def train(config, report):
        (report.folder / "x").touch()
        number = next(numbers)
        if number == 0:
            raise ValueError("no")
        if number == 1:
            return float("nan")
        if number == 2:
            raise SystemExit
        return config["x"]

    search = tune(train, trials=5, keep=9)
    assert kept(search) == [3, 4]


def test_what_a_strategy_ends_keeps_none(tune):
    def train(config, report):
        (report.folder / "x").touch()
        for _ in range(20):
            report(config["x"])

    search = tune(train, trials=9, keep=9, strategy="hyperband")
    stopped = [trial.number for trial in search.tuner.trials if trial.state == "stopped"]
    assert stopped
    assert not {*stopped} & {*kept(search)}
    assert len(kept(search)) == 9 - len(stopped)


def test_what_the_time_cuts_off_keeps_its_own(tune):
    def train(config, report):
        for epoch in range(100_000):
            (report.folder / "epoch").write_text(str(epoch))
            report(1.0 / (epoch + 1))

    search = tune(train, timeout=0.3)
    (trial,) = search.tuner.trials
    assert (trial.state, search.tuner.best) == ("stopped", trial)
    assert int((search.folder() / "epoch").read_text()) == trial.epochs - 1
    assert trial.value == 1.0 / trial.epochs


def test_a_search_that_goes_on_keeps_as_many_as_it_is_told(tune):
    first = tune(trials=4, keep=4)
    assert kept(first) == [0, 1, 2, 3]
    search = tune(trials=6, resume=True)
    assert kept(search) == best(search, 4)
    search = tune(trials=6, resume=True, keep=1)
    assert kept(search) == best(search, 1)
    again = tune(trials=8, keep=2, name=None, resume=True)  # The same study, whatever is kept.
    assert again.path == first.path
    assert len(kept(again)) == 2
    assert best(again, 1)[0] in kept(again)


def test_ctrl_c_leaves_no_folder_of_the_trial_that_ran(tune):
    def train(config, report):
        written(config, report)
        if report.folder.name == "000002":
            raise KeyboardInterrupt
        return config["x"]

    with pytest.raises(KeyboardInterrupt):
        tune(train)
    search = tune(resume=True, trials=2)
    assert kept(search) == [0, 1]


@pytest.fixture
def outside(tmp_path):
    """A folder of somebody else's."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").touch()
    return folder


def test_links_in_folders_are_removed_and_not_followed(tune, outside):
    def train(config, report):
        folder = report.folder
        (folder / "link").symlink_to(outside)
        (folder / "file").symlink_to(outside / "file")
        if folder.name == "000001":
            folder.rename(outside.parent / "moved")
            folder.symlink_to(outside)
        return config["x"]

    search = tune(train, keep=0, trials=3)
    assert kept(search) == []
    assert [path.name for path in outside.iterdir()] == ["file"]


def test_a_link_in_the_place_of_all_folders_is_not_followed(tune, outside, caplog):
    (outside / "000000").mkdir()
    search = tune(trials=1, keep=0)
    (search.path / "trials").rmdir()
    (search.path / "trials").symlink_to(outside)
    search = tune(trials=2, resume=True)
    assert sorted(path.name for path in outside.iterdir()) == ["000000", "file"]
    assert "is a link, which is not followed" in search.tuner.trials[-1].error
    assert "is a link" in caplog.text
    assert search.folder(0) is None


def test_what_is_not_ours_stays(tune):
    def train(config, report):
        (report.folder.parent / "notes.txt").write_text("mine")
        return config["x"]

    search = tune(train, keep=0, trials=2)
    assert [path.name for path in (search.path / "trials").iterdir()] == ["notes.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root removes everything")
def test_what_cannot_be_removed_is_told(tune, caplog):
    def train(config, report):
        (report.folder / "x").touch()
        report.folder.chmod(0o500)
        return config["x"]

    search = tune(train, keep=0, trials=2)
    assert [trial.state for trial in search.tuner.trials] == ["complete"] * 2
    assert "cannot be removed: no permission" in caplog.text
    for path in (search.path / "trials").iterdir():
        path.chmod(0o700)


def test_what_the_system_does_not_remove_is_told_once(tune, caplog, monkeypatch):
    def refuse(path, ignore_errors=False):
        if path.name.endswith(".gone"):
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("advisor.tuning.folders.shutil.rmtree", refuse)
    search = tune(keep=0, trials=2)
    assert [trial.state for trial in search.tuner.trials] == ["complete"] * 2
    told = [record.message for record in caplog.records if "cannot be removed" in record.message]
    assert len(told) == len(set(told)) > 0


@pytest.mark.slow
def test_a_search_that_is_killed_anywhere_ends_with_the_folders_of_the_best(tmp_path):
    """At every third step on the disk; which they are is in the driver."""
    command = [sys.executable, str(HERE / "killed.py"), "killed_function", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "shutil.rmtree .000000.gone" in found["steps"]
    assert found["left"]["folders"] == ["000001"]
    assert len(found["after"]) > 10
    for last, left in found["after"].items():
        assert left == found["left"], found["steps"][int(last) - 1]


def test_every_study_of_a_comparison_keeps_its_own(tmp_path):
    advisor = Advisor(KnowledgeBase(tmp_path / "kb.duckdb", seed=False))
    found = advisor.compare(
        objective=written, space=SPACE, trials=4, keep=2, strategies=["random", "sobol"],
        root=tmp_path / "c", name="both", direction="minimize",
    )  # fmt: skip
    for entry in found.plan.studies:
        assert len(list((found.study(entry).path / "trials").iterdir())) == 2
    again = advisor.compare(
        objective=written, space=SPACE, trials=5, strategies=["random", "sobol"],
        root=tmp_path / "c", name="both", resume=True,
    )  # fmt: skip
    for entry in again.plan.studies:
        assert len(again.study(entry).trials()) == 5
        assert len(list((again.study(entry).path / "trials").iterdir())) == 2


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """Return what runs a command in a folder with a function and its space."""
    monkeypatch.chdir(tmp_path)
    Path("kept_train.py").write_text(
        "def train(config, report):\n"
        "    (report.folder / 'x').write_text(str(config['x']))\n    return config['x']\n"
    )
    Path("space.yaml").write_text(
        "{name: kept-shell, hyperparameters: {x: {type: float, low: 0, high: 1}}}"
    )

    def run(*words):
        return CliRunner().invoke(main, ["tune", *words])

    return run


OWN = ("--objective", "kept_train.py:train", "--space", "space.yaml", "--study", "s",
       "--direction", "minimize")  # fmt: skip


def test_the_summary_says_where_the_folder_of_the_best_is(shell):
    result = shell(*OWN, "--trials", "4", "--keep", "2")
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.output.splitlines() if "Its folder:" in line]
    assert (Path(line.partition(": ")[2]) / "x").is_file()
    again = shell("--study", "s", "--resume", "--keep", "1", "--trials", "5", "--format", "json")
    assert again.exit_code == 0, again.output
    found = json.loads(again.stdout)
    having = [trial["folder"] for trial in found["trials"] if "folder" in trial]
    assert having == [found["best"]["folder"]]


@pytest.mark.parametrize("given", ["zip", "-1", "1.5"])
def test_columns_to_keep_are_refused_without_data(shell, given):
    result = shell(*OWN, f"--keep={given}")
    assert result.exit_code == 2
    assert "--keep is the number of best trials" in result.output


def test_numbers_are_no_columns():
    with pytest.raises(UserError, match="names of columns"):
        Settings(data="x.csv", keep=3)
    for given in (True, -1, ["x"], "x"):
        with pytest.raises(UserError, match="`keep`"):
            Settings(objective=written, space=SPACE, keep=given)


def test_there_is_no_folder_outside_a_trial():
    with pytest.raises(UserError, match="belongs to a trial of a search"):
        _ = Reporter(as_report(None)).folder

"""Several trials at once, in processes of their own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from advisor import Advisor, KnowledgeBase, SpaceDefinition, UserError
from advisor.strategies.random import RandomSearch
from advisor.training.objective import FunctionObjective, Objective
from advisor.training.outcome import Outcome
from advisor.tuning.shared import SharedTuner
from advisor.tuning.tuner import Tuner
from advisor.tuning.workers import Crew
from advisor.tuning.workers.cores import threads_of_each
from advisor.tuning.workers.parcel import packed, unpacked
from knowledge_base.records import TIME_OVER
from knowledge_base.studies import StudyDirectory

PLACES = list("abcdef")
SPACE = SpaceDefinition.from_dict(
    {"name": "placed", "hyperparameters": {"x": {"type": "categorical", "choices": PLACES}}}
)
HERE = Path(__file__).parent
PATIENCE = 120

FUNCTION = """
import json, os, signal, sys, time
from pathlib import Path

HERE = Path(__file__).parent

def note(what, x):
    with open(HERE / what, "a") as file:
        file.write(json.dumps([x, os.getpid()]) + "\\n")

def until(name):
    ends = time.monotonic() + 120
    while not (HERE / name).exists() and time.monotonic() < ends:
        time.sleep(0.01)

def train(config, report):
    x = config["x"]
    note("begun", x)
    BODY
    note("ended", x)
    return "abcdef".index(x)
"""


@pytest.fixture
def advisor(tmp_path):
    return Advisor(KnowledgeBase(tmp_path / "kb.duckdb", seed=False))


@pytest.fixture
def tune(tmp_path, advisor):
    """Return what runs a search of a function with a certain body over all six places."""

    def tuned(body, **more):
        (tmp_path / "train.py").write_text(FUNCTION.replace("BODY", body))
        asked = {"strategy": "grid", "n_warm": 0, "trials": 6, "workers": 2, "name": "s", **more}
        return advisor.tune(
            objective=f"{tmp_path / 'train.py'}:train", space=SPACE, root=tmp_path / "studies",
            direction="minimize", **asked,
        )  # fmt: skip

    return tuned


def noted(folder, what="begun"):
    file = folder / what
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_what_ends_first_is_told_first(tune, tmp_path):
    first = tune("pass", strategy="grid", workers=1, name="one").tuner.trials[0].config["x"]
    body = f"if x == {first!r}: until('other')\n    else: Path(HERE / 'other').touch()"
    heard = []
    found = tune(body, on_trial=lambda trial, tuner: heard.append(trial.number))
    trials = StudyDirectory.open(found.path).trials()
    assert sorted(trial.config["x"] for trial in trials) == PLACES
    assert trials[0].config["x"] != first
    assert [trial.number for trial in trials] == heard == list(range(6))
    assert trials == found.tuner.trials
    trained_by = {process for _, process in noted(tmp_path)}
    assert len(trained_by - {os.getpid()}) == 2
    assert {trial.started_at < trials[0].started_at for trial in trials[1:]} >= {True}


def test_what_ends_its_process_fails_alone(tune, tmp_path):
    body = """
    if x == "a": os.kill(os.getpid(), signal.SIGKILL)
    if x == "b": os._exit(3)
    if x == "c": raise ValueError("no good")
    if x == "d": sys.exit("enough")
    """
    found = tune(body)
    by_place = {trial.config["x"]: trial for trial in found.tuner.trials}
    assert [by_place[x].state for x in PLACES] == ["failed"] * 4 + ["complete"] * 2
    assert by_place["a"].error == (
        "the worker process was killed (SIGKILL), as the system does when memory runs out"
    )
    assert by_place["b"].error == "the training ended its process with exit code 3"
    assert "no good" in by_place["c"].error
    assert "exit('enough')" in by_place["d"].error
    assert sorted(x for x, _ in noted(tmp_path)) == PLACES  # None of them is tried again.
    assert found.tuner.best.config == {"x": "e"}


def test_a_function_from_a_notebook_is_sent_as_it_is(advisor, tmp_path):
    offset = 10

    def train(config, report):
        report(1.0)
        return offset + PLACES.index(config["x"])

    found = advisor.tune(
        objective=train, space=SPACE, trials=3, strategy="random", n_warm=0, workers=2,
        root=tmp_path / "studies", direction="minimize",
    )  # fmt: skip
    assert [t.value for t in found.tuner.trials] == [
        offset + PLACES.index(t.config["x"]) for t in found.tuner.trials
    ]


def test_what_cannot_be_sent_is_refused_in_one_line(advisor, tmp_path):
    lock = threading.Lock()

    def train(config, report):
        return 0.0 if lock else 1.0

    with pytest.raises(UserError, match=r"cannot be sent .*lock.*leave `workers` out") as told:
        advisor.tune(
            objective=train,
            space=SPACE,
            trials=3,
            n_warm=0,
            workers=2,
            root=tmp_path / "studies",
            direction="minimize",
        )
    assert "\n" not in str(told.value)


def test_folders_of_trials_have_their_numbers_in_the_end(tune):
    body = "(report.folder / 'x').write_text(x)"
    found = tune(body, keep=2)
    assert (found.folder() / "x").read_text() == "a"
    left = sorted(path.name for path in (found.path / "trials").iterdir())
    best = sorted(found.tuner.trials, key=lambda trial: trial.value)[:2]
    assert left == sorted(f"{trial.number:06d}" for trial in best)
    for trial in best:
        assert (found.folder(trial) / "x").read_text() == trial.config["x"]


class Impatient(RandomSearch):
    def stops(self, curve):
        return len(curve) >= 2


def shared(strategy=None):
    tuner = Tuner.create(SPACE, name="t", strategy="grid", n_warm=0)
    return SharedTuner(tuner.study, strategy or tuner.strategy)


def all_of(crew, tuner, objective, trials):
    while len(tuner.trials) < trials:
        for _ in crew.batch(tuner, objective, trials - len(tuner.trials), None):
            pass
    return tuner.trials


def test_the_strategy_ends_trials_in_other_processes():
    def endless(config, report):
        for _ in range(10**7):
            report(1.0)
            time.sleep(0.001)

    objective = FunctionObjective(endless, "minimize")
    with Crew(objective, 2) as crew:
        trials = all_of(crew, shared(Impatient(SPACE)), objective, 2)
    assert [trial.state for trial in trials] == ["stopped", "stopped"]
    assert all("others were ahead" in trial.error for trial in trials)


def test_time_ends_what_runs_and_one_trial_begins_however_short_it_is():
    def endless(config, report):
        for _ in range(10**7):
            report(1.0)
            time.sleep(0.001)

    objective, tuner = FunctionObjective(endless, "minimize"), shared()
    with Crew(objective, 2) as crew:
        while not tuner.trials:
            list(crew.batch(tuner, objective, 6, time.monotonic() - 1))
        assert list(crew.rest(tuner)) == []
    assert [(trial.state, trial.value) for trial in tuner.trials] == [("stopped", 1.0)]
    assert tuner.trials[0].error == TIME_OVER


class Needing(Objective):
    """Notes what runs at once, and needs memory; two meet only where both have room."""

    at_once = 1

    def __init__(self, folder, need, room):
        self.folder, self._need, self._room = folder, need, room

    def need(self, configs):
        return self._need * len(configs)

    def room(self):
        return self._room

    def evaluate(self, config, report):
        own = self.folder / config["x"]
        own.touch()
        seen, ends = 1, time.monotonic() + (1 if self._need * 2 > self._room else PATIENCE)
        while seen < 2 and time.monotonic() < ends and not (self.folder / "met").exists():
            seen = len([path for path in self.folder.iterdir() if path.name in PLACES])
            time.sleep(0.01)
        if seen > 1:
            (self.folder / "met").touch()
        own.unlink()
        return Outcome("complete", float(seen))


@pytest.mark.parametrize(("need", "met"), [(60, False), (50, True)])
def test_what_has_no_room_beside_another_waits_for_its_end(tmp_path, need, met):
    objective = Needing(tmp_path, need, 100)
    with Crew(objective, 2) as crew:
        trials = all_of(crew, shared(), objective, 3)
    assert [trial.state for trial in trials] == ["complete"] * 3
    assert (tmp_path / "met").exists() == met
    assert (max(trial.value for trial in trials) > 1) == met


class Grouped(Objective):
    """Trains all at once; the group breaks off after the first of them."""

    at_once = 4

    def __init__(self, folder):
        self.folder = folder

    def groups_of(self, configs):
        return [list(range(len(configs)))]

    def evaluate(self, config, report):
        return Outcome("complete", 1.0)

    def evaluate_many(self, configs, reports):
        (self.folder / f"{len(configs)}-{configs[0]['x']}").touch()
        yield 0, Outcome("complete", float(len(configs)))
        raise RuntimeError("the others have to go on alone")


def test_groups_are_shared_out_and_what_is_left_of_one_is_trained_alone(tmp_path):
    objective = Grouped(tmp_path)
    strategy = Tuner.create(SPACE, name="t", strategy="grid", n_warm=0).strategy
    assert not strategy.adaptive
    with Crew(objective, 2) as crew:
        trials = all_of(crew, shared(strategy), objective, 6)
    assert sorted(trial.config["x"] for trial in trials) == PLACES
    assert sorted(path.name[0] for path in tmp_path.iterdir())[-1] == "3"  # half of six each
    assert {trial.value for trial in trials} > {1.0, 3.0}


def test_a_process_that_cannot_load_what_is_searched_says_why(tune, tmp_path):
    # Only worker processes are told how many cores the libraries in them may take.
    code = "return 1\n\nif os.environ.get('LOKY_MAX_CPU_COUNT'):\n    raise OSError('no card')\n"
    with pytest.raises(UserError, match=r"cannot load what is searched: OSError: no card"):
        tune(f"{code}\ndef another(x=None):\n    pass")


def test_arrays_are_mapped_and_copied_where_they_are_written(tmp_path):
    import numpy as np

    numbers = np.arange(100_000.0)
    with packed({"numbers": numbers, "more": [np.zeros(0), np.ones(3, dtype=np.int8)]}) as folder:
        assert (folder / "head").stat().st_size < 5_000
        first, second = unpacked(folder), unpacked(folder)
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()
    first["numbers"][:] = 0
    assert (second["numbers"] == numbers).all()
    assert second["more"][1].tolist() == [1, 1, 1]
    assert second["more"][0].shape == (0,)


def test_the_cores_are_shared_out(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert [threads_of_each(count) for count in (1, 2, 3, 16)] == [8, 4, 2, 1]
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert threads_of_each(10_000) == 1


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def begin(tmp_path, tune, *more):
    """Return a search in a process of its own whose trials from the third on wait."""
    body = "if len((HERE / 'begun').read_text().splitlines()) > 2: until('go')"
    (tmp_path / "train.py").write_text(FUNCTION.replace("BODY", body))
    (tmp_path / "space.json").write_text(json.dumps(SPACE.to_dict()))
    command = [sys.executable, "-c", "from advisor.cli import run; run()", "tune"]
    command += ["--objective", f"{tmp_path / 'train.py'}:train", "--space", "space.json"]
    command += ["--trials", "6", "--workers", "2", "--strategy", "grid", "--study", "s"]
    command += ["--kb", "kb.duckdb", "--studies-dir", "studies", "--warm", "0", *more]
    command += ["--direction", "minimize"]
    return subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def wait_for(what):
    ends = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_search_that_ends_takes_its_processes_with_it_and_goes_on(tmp_path, tune, how):
    search = begin(tmp_path, tune)
    wait_for(lambda: len(noted(tmp_path)) == 4 and len(noted(tmp_path, "ended")) == 2)
    trials = tmp_path / "studies/s/trials.jsonl"
    wait_for(lambda: len(trials.read_text().splitlines()) == 2)
    search.send_signal(how)
    said, _ = search.communicate(timeout=PATIENCE)
    assert search.returncode == (130 if how == signal.SIGINT else -how)
    if how == signal.SIGINT:
        assert "Interrupted; 2 finished trials kept" in said
        assert "--workers 2" in said
        assert "Traceback" not in said
    processes = {process for _, process in noted(tmp_path)}
    wait_for(lambda: not any(map(alive, processes)))
    (tmp_path / "go").touch()
    again = begin(tmp_path, tune, "--resume")
    said, _ = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, said
    stored = [json.loads(line) for line in trials.read_text().splitlines()]
    assert sorted(row["config"]["x"] for row in stored) == PLACES
    assert [row["number"] for row in stored] == list(range(6))
    finished = [x for x, _ in noted(tmp_path, "ended")]
    assert sorted(finished) == PLACES  # Nothing that ended was run again.
    assert not list((tmp_path / "studies/s/.running").iterdir())


@pytest.mark.slow
def test_networks_of_trials_at_once_become_a_model(advisor, tmp_path):
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    frame["y"] = np.where(frame["a"] + frame["b"] > 0, "yes", "no")
    found = advisor.tune(
        frame, "y", trials=3, workers=2, strategy="random", n_warm=0, max_epochs=2,
        root=tmp_path / "studies", fix={"units": 16, "n_layers": 1},
    )  # fmt: skip
    assert {trial.state for trial in found.tuner.trials} == {"complete"}
    kept = found.tuner.study.networks
    assert kept.numbers() == [0, 1, 2]
    assert kept.has("default")
    assert {"default", "final"} <= {standing.name for standing in found.model.standings}
    assert set(found.model.predict(frame.drop(columns="y"))) <= {"yes", "no"}
    assert (found.path / "model").is_dir()

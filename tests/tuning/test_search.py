import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from advisor.cli import main
from advisor.settings import Settings
from advisor.strategies import make_strategy
from advisor.training.loading import load_function
from advisor.training.objective import Objective
from advisor.training.outcome import Outcome
from advisor.tuning.runner import run
from advisor.tuning.search import resume, start
from advisor.tuning.tuner import Tuner
from knowledge_base import KnowledgeBase, SpaceDefinition, UserError
from knowledge_base.studies import StudyDirectory

SPACE = SpaceDefinition.from_dict(
    {
        "name": "parabola",
        "hyperparameters": {
            "x": {"type": "float", "low": -1, "high": 1},
            "kind": {"type": "categorical", "choices": ["a", "b"]},
            "extra": {"type": "int", "low": 1, "high": 9},
        },
        "conditions": [{"type": "EQ", "child": "extra", "parent": "kind", "value": "b"}],
    }
)


def parabola(config):
    return (config["x"] - 0.3) ** 2 + (config["kind"] == "b") * 0.1 * config.get("extra", 0)


class Always(Objective):
    def __init__(self, what):
        self.what = what

    def evaluate(self, config, report):
        if isinstance(self.what, Exception):
            raise self.what
        return self.what


def tuner(kb=None, **options):
    return Tuner.create(SPACE, kb=kb, name="t", **options)


def search_with(tuner, n):
    for _ in range(n):
        config = tuner.ask()
        tuner.tell(config, parabola(config))
    return tuner.best.value


def test_the_bayesian_strategy_beats_random_on_a_smooth_function():
    bayesian = [search_with(tuner(seed=s), 20) for s in range(3)]
    random = [search_with(tuner(seed=s, strategy="random"), 20) for s in range(3)]
    assert np.mean(bayesian) < np.mean(random)


def test_a_task_without_data_set_warms_up_the_next_one():
    kb = KnowledgeBase(seed=False)
    best = tuner(kb, seed=1)
    search_with(best, 25)
    second = Tuner.create(SPACE, kb=kb, name="another", seed=2)
    config = second.ask()
    assert parabola(config) < 0.05


def test_same_seed_same_search_and_resumed_searches_go_on_the_same():
    first, second = tuner(seed=3), tuner(seed=3)
    search_with(first, 8)
    search_with(second, 5)
    resumed = Tuner(second.study, make_strategy("bayesian", SPACE, seed=3), 3)
    resumed.replay(second.trials)
    search_with(resumed, 3)
    assert [t.config for t in resumed.trials] == [t.config for t in first.trials]


def test_an_objective_that_raises_makes_failed_trials_and_five_in_a_row_end_it():
    kb = KnowledgeBase(seed=False)
    result = run(tuner(kb), Always(ValueError("no luck")), trials=20)
    trials = kb.trials()
    assert result.reason == "failures"
    assert "no luck" in result.message
    assert trials["state"].tolist() == ["failed"] * 5
    assert trials["error"].str.contains("Traceback").all()


class Swallows(Objective):
    """Does with Ctrl-C what other libraries do: end this fit, or the process."""

    def __init__(self, then):
        self.then = then

    def evaluate(self, config, report):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            if self.then is not None:
                raise self.then from None
        return Outcome(state="complete", value=0.0)


@pytest.mark.parametrize("then", [None, SystemExit(1), ValueError("cut off")])
def test_ctrl_c_ends_a_search_whatever_the_training_makes_of_it(then):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    done = tuner()
    try:
        with pytest.raises(KeyboardInterrupt):
            run(done, Swallows(then), trials=3)
        assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.trials == []


def test_divergence_does_not_end_a_search():
    done = tuner()
    run(done, Always(Outcome(state="diverged", error="loss is nan")), trials=7)
    assert [t.state for t in done.trials] == ["diverged"] * 7


OBJECTIVE = """
import time
def train(config, report):
    for epoch in range(3):
        time.sleep(0.02)
        report((config["x"] - 0.3) ** 2 + 1 / (epoch + 1), train_loss=1.0)
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(OBJECTIVE)
    (tmp_path / "space.yaml").write_text("hyperparameters: {x: {type: float, low: -1, high: 1}}")
    return Settings(objective="train.py:train", space="space.yaml", trials=4, direction="minimize")


def test_own_training_function_reports_its_curve(own):
    kb = KnowledgeBase(seed=False)
    search = start(own, kb)
    search.run()
    assert len(kb.trials()) == 4
    assert len(kb.curves()) == 12
    assert kb.trials()["value"].to_numpy() == pytest.approx(
        [1 / 3 + (t.config["x"] - 0.3) ** 2 for t in search.tuner.trials]
    )


def test_the_timeout_stops_a_trial_and_keeps_it(own):
    search = start(own, KnowledgeBase(seed=False))
    result = search.run(timeout=0.03)
    assert (result.reason, result.message) == ("timeout", "The time limit of 0.03 s is over.")
    assert search.tuner.trials[-1].state == "stopped"
    assert search.tuner.best == search.tuner.trials[-1]  # It counts with what it reached.
    assert search.run().reason == "finished"
    stopped, *others = search.tuner.trials
    assert [trial.state for trial in others] == ["complete"] * 3
    assert stopped.value is not None


def test_two_processes_cannot_run_one_study(own):
    search = start(own, KnowledgeBase(seed=False))
    from knowledge_base.locking import exclusive

    with exclusive(search.path), pytest.raises(UserError, match="Another process"):
        search.run()


def test_resume_refuses_a_space_that_changed(own, tmp_path):
    start(own, KnowledgeBase(seed=False)).run()
    (tmp_path / "space.yaml").write_text("hyperparameters: {x: {type: float, low: -2, high: 1}}")
    with pytest.raises(UserError, match="changed"):
        resume(own, KnowledgeBase(seed=False))


@pytest.mark.slow
def test_a_killed_search_loses_and_repeats_nothing(own, tmp_path):
    """Kill -9 at several moments, resume each time; the count at the end is as asked for."""
    command = [sys.executable, "-c", "from advisor.cli import main; main()", "tune",
               "--objective", "train.py:train", "--space", "space.yaml", "--strategy", "random",
               "--direction", "minimize",
               "--trials", "12", "--study", "k"]  # fmt: skip
    seen = 0
    for moment in (0.1, 0.25, 0.45):
        resuming = ["--resume"] if (tmp_path / "kb/studies/k/study.json").exists() else []
        process = subprocess.Popen([*command, *resuming], stderr=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)  # fmt: skip
        trials = tmp_path / "kb/studies/k/trials.jsonl"
        start_size = trials.stat().st_size if trials.exists() else 0
        until = time.monotonic() + 30
        while time.monotonic() < until and process.poll() is None:
            if trials.exists() and trials.stat().st_size > start_size:
                break
            time.sleep(0.01)
        time.sleep(moment)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        count = len(StudyDirectory.open(tmp_path / "kb/studies/k").trials())
        assert count >= seen
        seen = count
    subprocess.run([*command, "--resume"], check=True, capture_output=True)
    numbers = [t.number for t in StudyDirectory.open(tmp_path / "kb/studies/k").trials()]
    assert numbers == list(range(12))
    assert len(KnowledgeBase(seed=False).trials()) == 12


def test_ctrl_c_keeps_what_is_finished_and_prints_how_to_go_on(own):
    command = [sys.executable, "-c", "from advisor.cli import main; main()", "tune",
               "--objective", "train.py:train", "--space", "space.yaml", "--trials", "500",
               "--direction", "minimize",
               "--strategy", "random"]  # fmt: skip
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background may have them ignore interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    until = time.monotonic() + 30
    kb = KnowledgeBase(seed=False)
    while time.monotonic() < until and len(kb.trials()) < 2:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "--resume" in errors
    assert "Traceback" not in errors
    assert len(kb.trials()) >= 2


@pytest.mark.parametrize("reference", ["train.py", "train.py:", "train.py:nothing", "no.py:train"])
def test_objectives_that_are_none(own, reference):
    with pytest.raises(UserError):
        load_function(reference)


def test_two_functions_of_one_file_are_two_tasks(own, tmp_path):
    (tmp_path / "train.py").write_text(OBJECTIVE + OBJECTIVE.replace("train(", "other("))
    kb = KnowledgeBase(seed=False)
    for function in ("train", "other"):
        start(replace(own, objective=f"train.py:{function}"), kb).run()
    labels = [name.rpartition(" ")[0] for name in sorted(kb.tasks()["name"])]
    assert labels == ["train", "train-other"]


def test_a_function_does_not_pass_for_a_built_in_family(own, tmp_path):
    kb = KnowledgeBase(seed=False)
    with pytest.raises(UserError, match="is called 'mlp', as a built-in family is"):
        start(replace(own, family="mlp"), kb)
    (tmp_path / "space.yaml").write_text("{name: cnn, hyperparameters: {x: {type: float, low: -1, "
                                         "high: 1}}}")  # fmt: skip
    with pytest.raises(UserError, match="give it another name with `family`"):
        start(own, kb)
    assert kb.trials().empty


def test_json_output_is_json(own):
    command = "tune --objective train.py:train --space space.yaml --trials 2 --format json"
    result = CliRunner().invoke(main, [*command.split(), "--direction", "minimize"])
    assert json.loads(result.stdout)["best"]["state"] == "complete"

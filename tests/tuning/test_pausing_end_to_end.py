"""Networks and functions of the user's own in searches that put trials aside."""

import json

import numpy as np
import pandas as pd
import pausing_search
import pytest
from click.testing import CliRunner
from pausing_search import value_of

from advisor import Advisor, KnowledgeBase, Settings, UserError
from advisor.cli import main
from advisor.strategies import make_strategy
from advisor.training.report import as_report
from knowledge_base.checksums import sealed, unsealed

SPACE = pausing_search.SPACE


@pytest.fixture(autouse=True)
def strategy(monkeypatch):
    pausing_search.register(monkeypatch)


@pytest.fixture
def advisor(tmp_path):
    return Advisor(KnowledgeBase(tmp_path / "kb.duckdb", seed=False))


def frame(n=240):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 4))
    return pd.DataFrame(x, columns=list("abcd")).assign(
        y=np.where(x[:, 0] + x[:, 1] * x[:, 2] > 0, "yes", "no")
    )


def facts(trials):
    return {
        json.dumps(dict(t.config), sort_keys=True): (
            t.state, t.value, t.error, t.epochs, t.curve, dict(t.metrics)
        )
        for t in trials
    }  # fmt: skip


def asked(tmp_path, **more):
    return {
        "data": frame(), "target": "y", "strategy": "pausing", "n_warm": 0, "name": "s",
        "root": tmp_path / "studies", "trials": 5, "only": ["learning_rate", "dropout"],
        "fix": {"epochs": 7, "units": 16, "n_layers": 1}, **more,
    }  # fmt: skip


@pytest.mark.parametrize("folds", [1, 3])
def test_a_search_of_networks(folds, advisor, tmp_path):
    def interrupt(trial, tuner):
        if len(tuner.trials) == 1:
            raise KeyboardInterrupt

    whole = advisor.tune(**asked(tmp_path, folds=folds, name="whole", contribute=False))
    done = [trial for trial in whole.tuner.trials if trial.state == "complete"]
    standing = [trial for trial in whole.tuner.trials if trial.paused]
    assert len(done) >= pausing_search.ENOUGH
    assert len(standing) == 5 - len(done) > 0
    first = whole.problem.objective(whole.settings)
    for trial in done[:2]:  # Later ones are spared some folds by what is known of these.
        alone = first.evaluate(trial.config, as_report(None))
        assert (alone.value, alone.curve) == (trial.value, trial.curve)
        assert dict(alone.metrics) == trial.metrics
    assert {trial.number for trial in standing} <= set(whole.tuner.study.networks.numbers())
    assert all("test_accuracy" in trial.metrics for trial in standing)
    assert whole.saved_model is not None

    with pytest.raises(KeyboardInterrupt):
        advisor.tune(**asked(tmp_path, folds=folds), on_trial=interrupt)
    again = advisor.tune(**asked(tmp_path, folds=folds), resume=True)
    assert facts(again.tuner.trials) == facts(whole.tuner.trials)
    assert facts(again.stored) == facts(whole.tuner.trials)


def test_a_longer_search_takes_up_what_stood_paused(advisor, tmp_path, monkeypatch):
    short = advisor.tune(**asked(tmp_path, folds=1))
    standing = {json.dumps(t.config): t.epochs for t in short.tuner.trials if t.paused}
    monkeypatch.setattr(pausing_search.PausingSearch, "most", 100)
    long = advisor.tune(**asked(tmp_path, folds=1, trials=6), resume=True)
    assert {trial.state for trial in long.tuner.trials} == {"complete"}
    assert len(long.tuner.trials) == 6
    objective = long.problem.objective(long.settings)
    gone_on = [t for t in long.tuner.trials if json.dumps(t.config) in standing]
    assert len(gone_on) == len(standing) > 0
    alone = objective.evaluate(gone_on[0].config, as_report(None))
    assert (alone.value, alone.curve) == (gone_on[0].value, gone_on[0].curve)
    assert set(long.tuner.study.networks.numbers()) == {t.number for t in long.tuner.trials}
    assert not list((long.path / "paused").iterdir())


@pytest.mark.parametrize("more", [{"workers": 2, "resume": True}, {"join": True}])
def test_paused_trials_are_no_business_of_workers_and_of_who_joins(more, advisor, tmp_path):
    short = advisor.tune(**asked(tmp_path, folds=1))
    assert len(short.tuner.paused) > 0
    states = sorted(path.name for path in (short.path / "paused").iterdir())
    again = advisor.tune(**asked(tmp_path, folds=1), **more)
    assert len(again.tuner.paused) == 0
    assert facts(again.stored) == facts(short.stored)
    assert again.tuner.ended == len(short.tuner.trials)
    assert sorted(path.name for path in (short.path / "paused").iterdir()) == states


def walk(config, report):
    """Go on from a file where there is one."""
    total, epoch, parts = 0.0, 0, 0
    if report.resume is not None:
        total, epoch, parts = json.loads((report.resume / "state.json").read_text())
    while epoch < 6:
        epoch += 1
        total = total * 1.1 + config["x"]
        told = json.dumps([total, epoch, parts + 1])
        (report.folder / "state.json").write_text(told)
        if epoch == 1:
            (report.folder / "first").touch()
        report(value_of(config, epoch))
    return {"value": value_of(config, 6), "total": total, "parts": parts + 1}


def own(tmp_path, function, **more):
    return {
        "objective": function, "direction": "minimize", "space": SPACE, "strategy": "pausing",
        "n_warm": 0, "trials": 7, "root": tmp_path / "studies", "name": "s", **more,
    }  # fmt: skip


def test_a_function_that_goes_on_from_its_own_files(advisor, tmp_path):
    found = advisor.tune(**own(tmp_path, walk, keep=100))
    done = [trial for trial in found.tuner.trials if trial.state == "complete"]
    assert len(done) == 2
    for trial in done:
        total = 0.0
        for _ in range(6):
            total = total * 1.1 + trial.config["x"]
        # Nobody knew that its last epoch was the last, so it was put aside after that, too.
        assert trial.metrics == {"total": total, "parts": 4.0}
        assert [epoch.epoch for epoch in trial.curve] == [1, 2, 3, 4, 5, 6]
        values = [epoch.val_metric for epoch in trial.curve]
        assert values == [value_of(trial.config, number) for number in range(1, 7)]
    for trial in found.tuner.trials:  # What earlier parts wrote is there, too.
        assert sorted(p.name for p in found.folder(trial).iterdir()) == ["first", "state.json"]
        _, epoch, _ = json.loads((found.folder(trial) / "state.json").read_text())
        assert epoch == trial.epochs


@pytest.mark.parametrize("epoch", [4, 8, 13])
def test_a_function_goes_on_after_ctrl_c_from_where_it_was_put_aside(epoch, advisor, tmp_path):
    whole = advisor.tune(**own(tmp_path, walk, name="whole"))
    left = [epoch]

    def interrupted(config, report):
        def told(value):
            left[0] -= 1
            if left[0] == 0:  # The file is that of an epoch which was never reported.
                raise KeyboardInterrupt
            return report(value)

        class Report:
            folder = property(lambda self: report.folder)
            resume = property(lambda self: report.resume)
            __call__ = staticmethod(told)

        return walk(config, Report())

    with pytest.raises(KeyboardInterrupt):
        advisor.tune(**own(tmp_path, interrupted))
    again = advisor.tune(**own(tmp_path, walk), resume=True)
    assert facts(again.tuner.trials) == facts(whole.tuner.trials)


def test_a_function_that_never_looks_is_stopped(advisor, tmp_path):
    def forgetful(config, report):
        for epoch in range(1, 7):
            (report.folder / "x").touch()
            report(value_of(config, epoch))

    found = advisor.tune(**own(tmp_path, forgetful, trials=3))
    assert [trial.error for trial in found.tuner.trials] == [
        "stopped early after 2 epochs: others promised more"
    ] * 3
    assert not any(trial.counts for trial in found.tuner.trials)
    assert not (found.path / "paused").exists()


def test_a_function_that_looks_and_writes_nothing_is_stopped(advisor, tmp_path):
    def empty(config, report):
        assert report.resume is None
        for epoch in range(1, 7):
            report(value_of(config, epoch))

    found = advisor.tune(**own(tmp_path, empty, trials=2))
    assert [trial.state for trial in found.tuner.trials] == ["stopped"] * 2
    assert not any(trial.paused for trial in found.tuner.trials)


def test_files_that_are_gone_end_the_trial_with_what_it_reached(advisor, tmp_path, monkeypatch):
    found = advisor.tune(**own(tmp_path, walk, trials=3))
    standing = [trial for trial in found.tuner.trials if trial.paused]
    assert standing
    for path in (found.path / "paused").iterdir():
        if path.is_dir():
            path.rename(path.with_name("elsewhere" + path.name))
    monkeypatch.setattr(pausing_search.PausingSearch, "most", 100)
    again = advisor.tune(**own(tmp_path, walk, trials=3), resume=True)
    left = {trial.error for trial in again.tuner.trials if trial.state == "stopped"}
    assert left == {f"paused after {standing[0].epochs} epochs: its state is lost"}


FAST = "{name: line, hyperparameters: {x: {type: float, low: -1, high: 1}}}"
CODE = "def train(config, report):\n    report(config['x'])\n    return config['x']\n"


def test_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_stopping.py").write_text(CODE)
    (tmp_path / "space.yaml").write_text(FAST)
    base = ["tune", "--objective", "own_stopping.py:train", "--space", "space.yaml",
            "--trials", "2", "--format", "json", "--direction", "minimize"]  # fmt: skip
    for more, expected in (([], None), (["--stopping"], True), (["--no-stopping"], False)):
        done = CliRunner().invoke(main, [*base, *more])
        assert done.exit_code == 0, done.output
        path = json.loads(done.stdout)["path"]
        with open(f"{path}/study.json") as file:
            assert json.load(file)["settings"]["stopping"] is expected
    refused = CliRunner().invoke(main, [*base, "--no-stopping", "--strategy", "halving"])
    assert refused.exit_code == 2
    assert "without --stopping choose another one" in refused.stderr


def test_studies_of_earlier_versions_go_on_as_they_began(advisor, tmp_path):
    def train(config, report):
        report(config["x"])

    for strategy in ("bayesian", "halving"):
        given = own(tmp_path, train, strategy=strategy, name=strategy, trials=2)
        found = advisor.tune(**given)
        assert found.settings.stopping is None
        assert found.begin.prior is None or not found.begin.prior.curves
        file = found.path / "study.json"
        content = unsealed(file.read_bytes(), "it")
        del content["settings"]["stopping"]
        file.write_text(sealed(json.dumps(content)))
        again = advisor.search(**given, resume=True)
        assert again.settings.stopping is None
        assert [t.number for t in again.tuner.trials] == [0, 1]


def test_a_search_without_stopping_is_another_search():
    one, other = Settings(data="x.csv"), Settings(data="x.csv", stopping=False)
    assert one.signature != other.signature
    assert not Settings.from_dict(other.to_dict()).stopping


def test_stopping_is_a_truth_value_that_strategies_of_stopping_need():
    with pytest.raises(UserError, match="`stopping` is True or False"):
        Settings(data="x.csv", stopping="no")
    with pytest.raises(UserError, match="made of stopping trials"):
        make_strategy("hyperband", SPACE, stopping=False)
    assert make_strategy("random", SPACE, stopping=False).name == "random"

"""Searches that put trials aside: nothing is trained or told twice, and nothing is lost."""

import os
import signal

import pausing_search
import pytest
from pausing_search import ENOUGH, EPOCHS, SPACE, Walk, value_of

from advisor.strategies import Observation
from advisor.tuning import paused as paused_module
from advisor.tuning.runner import run
from advisor.tuning.tuner import Tuner
from knowledge_base import KnowledgeBase
from knowledge_base.records import PAUSED, TIME_OVER
from knowledge_base.studies import StudyDirectory

TRIALS = 7


@pytest.fixture(autouse=True)
def strategy(monkeypatch):
    pausing_search.register(monkeypatch)


@pytest.fixture
def written(monkeypatch):
    """Write every state at once."""
    monkeypatch.setattr(paused_module, "WRITE_AFTER", 0.0)


def begin(**more):
    return Tuner.create(SPACE, name="t", strategy="pausing", seed=3, n_warm=0, **more)


def facts(trials):
    """Return what came of the trials, by their configurations."""
    return {
        round(t.config["x"], 6): (t.state, t.value, t.error, t.epochs, t.duration, dict(t.metrics))
        for t in trials
    }


def whole():
    """Return what comes of a search that nothing interrupts, and all epochs that it trains."""
    tuner, walk = begin(), Walk()
    run(tuner, walk, TRIALS)
    return facts(tuner.trials), walk.seen


def test_trials_go_on_where_they_stand():
    tuner, walk, told = begin(), Walk(), []
    result = run(tuner, walk, TRIALS, on_trial=lambda trial, _: told.append(trial))
    assert (result.reason, result.message) == ("finished", "")
    assert len(tuner.trials) == len({t.config["x"] for t in tuner.trials}) == TRIALS
    assert told == tuner.trials
    assert [trial.number for trial in told] == list(range(TRIALS))
    assert len(walk.seen) == len(set(walk.seen)) == sum(trial.epochs for trial in told)
    done = [trial for trial in told if trial.state == "complete"]
    assert len(done) >= ENOUGH
    for trial in told:
        alone = Walk()
        outcome = alone.evaluate(trial.config, lambda epoch: None)
        assert trial.curve == outcome.curve[: trial.epochs]
        if trial in done:
            assert trial.metrics == outcome.metrics
            assert trial.duration == pytest.approx(0.1 * EPOCHS)


def test_what_stands_paused_in_the_end_is_told_and_counts():
    tuner = begin()
    run(tuner, Walk(), TRIALS)
    standing = [trial for trial in tuner.trials if trial.paused]
    assert standing
    assert {trial.state for trial in standing} == {"stopped"}
    for trial in standing:
        assert trial.error == f"{PAUSED}{trial.epochs} epochs: others promised more"
        assert trial.value == value_of(trial.config, trial.epochs)
        assert trial.counts
    assert len(tuner.paused) == len(standing)
    assert [o.config for o in tuner.strategy.paused] == [t.config for t in tuner.paused.all()]
    assert not any(o.config in [t.config for t in standing] for o in tuner.strategy.observations)
    only = [t for t in tuner.trials if t.state == "complete"]
    assert tuner.best.value == min(trial.value for trial in tuner.trials)
    assert all(o.finished for o in tuner.strategy.observations)
    assert len(tuner.strategy.observations) == len(only)


def test_a_best_trial_may_be_one_that_stands_paused():
    tuner = begin()
    tuner.strategy.most = 0
    run(tuner, Walk(), 3)
    assert [trial.epochs for trial in tuner.trials] == [2, 2, 2]
    assert tuner.best.paused


def test_more_trials_take_up_what_was_told(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    with begin(directory=tmp_path / "s", kb=kb) as tuner:
        run(tuner, Walk(), TRIALS)
        before = list(tuner.trials)
    walk = Walk()
    with Tuner.resume(tmp_path / "s", kb) as tuner:
        assert facts(tuner.trials) == facts(before)
        assert len(tuner.paused) == sum(trial.paused for trial in before)
        assert tuner.ended == len(before) - len(tuner.paused)
        tuner.strategy.most = 100
        run(tuner, walk, TRIALS + 1)
    assert [trial.state for trial in tuner.trials] == ["complete"] * (TRIALS + 1)
    trained = {(round(t.config["x"], 6), n) for t in before for n in range(1, t.epochs + 1)}
    assert not trained & set(walk.seen)
    assert len(walk.seen) + len(trained) == EPOCHS * (TRIALS + 1)
    assert not len(tuner.paused)
    assert list((tmp_path / "s/paused").iterdir()) == []
    # Each is one trial of the study; the store has what was told at either end.
    kept = StudyDirectory.open(tmp_path / "s").trials()
    assert facts(kept) == facts(tuner.trials)
    rows = kb.trials()
    assert len(rows) == TRIALS + 1 + sum(trial.paused for trial in before)
    assert rows["number"].is_unique
    assert kb.verify() == []
    with Tuner.resume(tmp_path / "s", kb) as tuner:
        assert facts(tuner.trials) == facts(kept)
        assert len(kb.trials()) == len(rows)


def test_what_did_not_go_on_is_not_told_again(tmp_path):
    with begin(directory=tmp_path / "s") as tuner:
        run(tuner, Walk(), TRIALS)
        before = list(tuner.trials)
    lines = (tmp_path / "s/trials.jsonl").read_bytes()
    with Tuner.resume(tmp_path / "s") as tuner:
        told = []
        assert run(tuner, Walk(), TRIALS, on_trial=lambda t, _: told.append(t)).reason == "finished"
    assert told == []
    assert (tmp_path / "s/trials.jsonl").read_bytes() == lines
    assert facts(tuner.trials) == facts(before)


class Interrupt:
    """Presses Ctrl-C before the n-th epoch, or kills."""

    def __init__(self, epoch, kill=False):
        self.epoch, self.kill = epoch, kill

    def __call__(self, seen):
        if len(seen) == self.epoch:
            if self.kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise KeyboardInterrupt


@pytest.mark.parametrize("epoch", [1, 2, 5, 9, 14, 17])
def test_after_ctrl_c_a_search_goes_on_exactly(epoch, tmp_path):
    expected, trained = whole()
    first = Walk(before_epoch=Interrupt(epoch))
    with begin(directory=tmp_path / "s") as tuner, pytest.raises(KeyboardInterrupt):
        run(tuner, first, TRIALS)
    told = StudyDirectory.open(tmp_path / "s").trials()
    assert len(told) == len(tuner.trials) == tuner.ended + len(tuner.paused)
    second = Walk()
    with Tuner.resume(tmp_path / "s") as tuner:
        run(tuner, second, TRIALS)
    assert facts(tuner.trials) == expected
    assert facts(StudyDirectory.open(tmp_path / "s").trials()) == expected
    # The part of a trial in which it came is trained again.
    again = [each for each in second.seen if each in first.seen]
    assert len(again) <= 1
    assert set(first.seen + second.seen) == set(trained)


@pytest.mark.parametrize("epoch", [1, 4, 8, 13, 18])
def test_after_a_kill_a_search_goes_on_exactly(epoch, tmp_path, written):
    expected, trained = whole()
    child = os.fork()
    if not child:
        tuner = begin(directory=tmp_path / "s")
        run(tuner, Walk(before_epoch=Interrupt(epoch, kill=True)), TRIALS)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    second = Walk()
    with Tuner.resume(tmp_path / "s") as tuner:
        run(tuner, second, TRIALS)
    assert facts(tuner.trials) == expected
    first = trained[:epoch]
    assert len([each for each in second.seen if each in first]) <= 1
    assert set(first + second.seen) == set(trained)


@pytest.mark.parametrize("moment", ["line", "state"])
def test_a_kill_between_the_line_and_the_state_tells_nothing_twice(
    moment, tmp_path, written, monkeypatch
):
    """A trial that ended has its line before its state is gone."""
    expected, _ = whole()

    def cut(self, trial):
        raise KeyboardInterrupt

    name = {"line": "remove", "state": "put"}[moment]
    if moment == "state":
        put = paused_module.PausedTrials.put

        def cut(self, trial, files=None):
            put(self, trial, files)
            raise KeyboardInterrupt

    with begin(directory=tmp_path / "s") as tuner, monkeypatch.context() as patch:
        patch.setattr(paused_module.PausedTrials, name, cut)
        patch.setattr("advisor.tuning.runner.tell_standing", lambda *_: ())
        with pytest.raises(KeyboardInterrupt):
            run(tuner, Walk(), TRIALS)
    with Tuner.resume(tmp_path / "s") as tuner:
        ended = [trial for trial in tuner.trials if not trial.paused]
        assert len(ended) == (1 if moment == "line" else 0)
        assert all(t.config not in [e.config for e in ended] for t in tuner.paused.all())
        run(tuner, Walk(), TRIALS)
    assert facts(tuner.trials) == expected


def test_a_time_limit_leaves_what_can_go_on(tmp_path):
    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    import advisor.tuning.batches
    import advisor.tuning.runner

    clock = Clock()

    def tick(seen):
        clock.now += 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(advisor.tuning.batches, "time", clock)
        patch.setattr(advisor.tuning.runner, "time", clock)
        with begin(directory=tmp_path / "s") as tuner:
            first = Walk(before_epoch=tick)
            result = run(tuner, first, TRIALS, timeout=7)
    assert result.reason == "timeout"
    assert tuner.best is not None
    cut = [trial for trial in tuner.trials if trial.error == TIME_OVER]
    assert len(cut) <= 1
    assert sum(trial.paused for trial in tuner.trials) == len(tuner.trials) - len(cut) > 1
    second = Walk()
    with Tuner.resume(tmp_path / "s") as tuner:
        run(tuner, second, TRIALS)
    assert not set(first.seen) & set(second.seen)
    assert len(tuner.trials) == TRIALS


def test_states_are_bounded_in_number(monkeypatch, tmp_path):
    monkeypatch.setattr(paused_module, "MOST", 2)
    with begin(directory=tmp_path / "s") as tuner:
        tuner.strategy.most = 0
        told = []
        run(tuner, Walk(), 5, on_trial=lambda trial, _: told.append((trial, len(tuner.trials))))
    full = [trial for trial in tuner.trials if "no room" in trial.error]
    assert len(full) == 3
    assert [trial.error for trial in full] == [
        "paused after 2 epochs: there was no room for its state"
    ] * 3
    assert min(t.value for t in full) > max(t.value for t in tuner.trials if t not in full)
    assert len(list((tmp_path / "s/paused").glob("*.safetensors"))) == len(tuner.paused) == 2
    seen = [o for o in tuner.strategy.observations if not o.finished]
    assert [o.config for o in seen] == [trial.config for trial in full]
    with Tuner.resume(tmp_path / "s") as tuner:
        assert len(tuner.paused) == 2
        assert len(tuner.strategy.observations) == 3


def test_states_are_bounded_in_bytes(monkeypatch, tmp_path):
    monkeypatch.setattr(paused_module, "MOST_BYTES", 20)  # A state of the walk has 24.
    with begin(directory=tmp_path / "s") as tuner:
        tuner.strategy.most = 0
        run(tuner, Walk(), 3)
    assert [trial.error.rpartition(": ")[2] for trial in tuner.trials] == [
        "there was no room for its state"
    ] * 3
    assert not len(tuner.paused)


def test_memory_is_bounded_and_states_come_back_from_the_disk(monkeypatch, written, tmp_path):
    monkeypatch.setattr(paused_module, "MEMORY", 24)
    expected, _ = whole()
    with begin(directory=tmp_path / "s") as tuner:
        held = []
        run(
            tuner,
            Walk(before_epoch=lambda seen: held.append(
                sum(t.state.size for t in tuner.paused.all() if t.state is not None)
            )),
            TRIALS,
        )  # fmt: skip
    assert max(held) == 24
    assert facts(tuner.trials) == expected


def test_a_lost_state_ends_its_trial_with_what_it_reached(written, tmp_path, caplog):
    with begin(directory=tmp_path / "s") as tuner:
        tuner.strategy.most = 0
        run(tuner, Walk(), 3)
        before = facts(tuner.trials)
    files = sorted((tmp_path / "s/paused").iterdir())
    with Tuner.resume(tmp_path / "s") as tuner:
        for file in files:
            file.write_bytes(file.read_bytes()[:-3] + b"abc")
        tuner.strategy.most = 100
        walk = Walk()
        run(tuner, walk, 3)
    assert walk.seen == []
    assert "damaged" in caplog.text
    for key, (state, value, error, epochs, *_) in facts(tuner.trials).items():
        assert (state, value, epochs) == (before[key][0], before[key][1], before[key][3])
        assert error == "paused after 2 epochs: its state is lost"
    assert not len(tuner.paused)


def test_what_is_damaged_before_a_search_goes_on_stays_as_it_was_told(written, tmp_path, caplog):
    with begin(directory=tmp_path / "s") as tuner:
        tuner.strategy.most = 0
        run(tuner, Walk(), 3)
        before = facts(tuner.trials)
    first, second, third = sorted((tmp_path / "s/paused").iterdir())
    first.write_bytes(b"nothing")
    second.unlink()
    third.unlink()
    third.symlink_to(first)
    with Tuner.resume(tmp_path / "s") as tuner:
        assert not len(tuner.paused)
        assert facts(tuner.trials) == before
        assert [o.finished for o in tuner.strategy.observations] == [False] * 3
    assert caplog.text.count("Its trial does not go on.") == 2


def test_without_stopping_nothing_is_asked(monkeypatch):
    def asked(*_):
        raise AssertionError

    tuner = begin()
    tuner.stopping = False
    monkeypatch.setattr(pausing_search.PausingSearch, "should_pause", asked)
    run(tuner, Walk(), 3)
    assert [(t.state, t.epochs) for t in tuner.trials] == [("complete", EPOCHS)] * 3


def test_what_cannot_be_taken_up_is_not_put_aside():
    walk, tuner = Walk(), begin()
    walk.pausable = False
    run(tuner, walk, 3)
    assert [(t.state, t.epochs) for t in tuner.trials] == [("complete", EPOCHS)] * 3


def test_a_strategy_of_another_kind_goes_on_with_the_best_when_none_may_begin():
    search = pausing_search.PausingSearch(SPACE)
    plain = super(pausing_search.PausingSearch, search)
    configs = [{"x": 0.1}, {"x": 0.2}, {"x": 0.3}]
    standing = [Observation(c, v) for c, v in zip(configs, (3.0, 1.0, None), strict=True)]
    search.update([], [], standing)
    assert plain.take_up() is None
    search.room = 0
    assert plain.take_up() == configs[1]
    assert all(config in search.taken() for config in configs)
    search.update([], [], standing[2:])
    assert plain.take_up() == configs[2]

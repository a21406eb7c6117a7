"""How a run ends when configurations need too much memory or the time is too short."""

import pytest

from advisor import Tuner
from advisor.training import Outcome, StopTrial
from advisor.training.objective import Objective
from advisor.tuning import run
from advisor.tuning.runner import MAX_CONSECUTIVE_SKIPS
from knowledge_base.records import EpochRecord
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict(
    {"name": "one", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
)


class Scripted(Objective):
    """Does what is next in a list: "skip", "fail", "oom", a value, or epochs to report."""

    def __init__(self, *steps):
        self.steps = list(steps)

    def evaluate(self, config, report):
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if step == "skip":
            return Outcome.not_tried("estimated to need 5 GB, the limit is 2 GB")
        if step == "oom":
            raise MemoryError("Unable to allocate 9 GiB")
        if step == "fail":
            raise ValueError("no")
        return Outcome(state="complete", value=float(step))


def go(*steps, trials=8, **more):
    tuner = Tuner.create(SPACE, strategy="random")
    return tuner, run(tuner, Scripted(*steps), trials, **more)


def test_skipped_configurations_are_told_as_failures_and_the_run_goes_on():
    tuner, result = go(*["skip"] * 7, 0.5)
    assert result.reason == "finished"
    assert [t.state for t in tuner.trials] == ["failed"] * 7 + ["complete"]
    assert [t.value for t in tuner.trials[:7]] == [None] * 7
    assert tuner.best.value == 0.5


def test_a_run_that_skipped_everything_says_so():
    _, result = go("skip", trials=3)
    assert result.reason == "failures"
    assert result.message == (
        "All 3 were skipped for lack of memory (estimated to need 5 GB, the limit is 2 GB). Free "
        "memory or raise `memory_limit`."
    )
    assert go("skip", trials=1)[1].message.startswith("The only configuration was skipped")


def test_a_run_does_not_skip_for_ever():
    tuner, result = go("skip", trials=10_000)
    assert result.reason == "failures"
    assert result.message.startswith(f"Stopped. All {MAX_CONSECUTIVE_SKIPS} were skipped")
    assert len(tuner.trials) == MAX_CONSECUTIVE_SKIPS


def test_failures_between_skipped_configurations_still_end_a_run():
    tuner, result = go("fail", "skip", "fail", "skip", "fail", "fail", "fail", trials=30)
    assert (result.reason, len(tuner.trials)) == ("failures", 7)
    assert "5 trials in a row failed. Last: ValueError: no" in result.message
    assert go("fail", "fail", "fail", "fail", 0.1, "fail", "fail", 0.2)[1].reason == "finished"


def test_memory_that_runs_out_makes_a_failed_trial_with_a_short_reason():
    tuner, result = go("oom", 0.3, trials=2)
    assert result.reason == "finished"
    assert tuner.trials[0].state == "failed"
    assert tuner.trials[0].error == "out of memory: Unable to allocate 9 GiB"


class Slow(Objective):
    """Reports epochs until the time is over; `watched` checks the time within the first one."""

    def __init__(self, watched=False):
        self.watched = watched

    def evaluate(self, config, report):
        done = []
        try:
            while True:
                if self.watched:
                    report.check_time()
                    continue
                done.append(EpochRecord(len(done) + 1, val_metric=0.5))
                report(done[-1])
        except StopTrial as stop:
            return Outcome(state="stopped", epochs=len(done), curve=tuple(done), error=str(stop))


@pytest.mark.parametrize(("watched", "came"), [(False, r"\d+ epochs? of it"), (True, "no epochs")])
def test_a_time_limit_too_short_for_one_trial(watched, came):
    import re

    tuner = Tuner.create(SPACE, strategy="random")
    result = run(tuner, Slow(watched), 5, timeout=0.02)
    assert result.reason == "budget"
    assert re.match(
        rf"The time limit of 0\.02 s was too short for one trial: {came}", result.message
    )
    assert [t.state for t in tuner.trials] == ["stopped"]


def test_a_time_limit_after_a_finished_trial_is_an_ordinary_end():
    tuner = Tuner.create(SPACE, strategy="random")
    run(tuner, Scripted(0.5), 1)
    result = run(tuner, Slow(), 5, timeout=0.02)
    assert (result.reason, result.message) == ("timeout", "The time limit of 0.02 s is over.")


def test_the_last_trial_that_is_cut_off_alone_is_no_finished_run():
    tuner = Tuner.create(SPACE, strategy="random")
    assert run(tuner, Slow(), 1, timeout=0.02).reason == "budget"

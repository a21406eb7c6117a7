"""What the time of a search is shared between."""

from datetime import UTC, datetime

import pytest

from advisor.tuning.time_limit import TimeLimit, seconds_of_network
from knowledge_base.records import TrialRecord
from knowledge_base.states import TrialState


def trial(seconds):
    """Return a trial that took some seconds."""
    return TrialRecord(
        study_id="s", number=0, config={}, state=TrialState.COMPLETE, value=0.5,
        started_at=datetime.now(UTC), duration=seconds,
    )  # fmt: skip


def test_without_a_limit_nothing_ends():
    limit = TimeLimit(None, refits=True)
    assert limit.refit_ends is None
    assert limit.choice_ends is None
    assert limit.trials_end(trial(5.0)) is None
    assert limit.after_trials(trial(5.0)) == 0.05
    assert limit.has_time_for_default(trial(1e9))


@pytest.mark.parametrize(
    ("seconds", "share"), [(100.0, 0.05), (10.0, 0.05), (5.0, 0.1), (2.0, 0.25), (0.1, 0.25)]
)
def test_making_the_model_has_half_a_second_of_short_limits(seconds, share):
    assert TimeLimit(seconds).for_final == pytest.approx(share)


def test_time_is_left_for_a_network_of_all_known_rows():
    assert TimeLimit(1000.0, refits=True).for_refit(trial(1.0)) == pytest.approx(0.0015)
    assert TimeLimit(1.0, refits=True).for_refit(trial(1.0)) == 0.3
    assert TimeLimit(1.0, refits=False).for_refit(trial(1.0)) == 0.0


def test_no_time_at_all_is_over_at_once():
    limit = TimeLimit(0.0, refits=True, begun=1000.0)
    assert limit.trials_end(trial(10.0)) == 1000.0
    assert limit.refit_ends == 1000.0


@pytest.mark.parametrize("best", [None, trial(None)])
def test_more_of_it_is_left_before_any_trial_ended(best):
    assert TimeLimit(100.0, refits=True).for_refit(best) == 0.15


def test_what_comes_after_another_ends_later():
    limit = TimeLimit(100.0, refits=True, begun=1000.0)
    assert limit.trials_end(trial(10.0)) == pytest.approx(1080.0)
    assert limit.refit_ends == pytest.approx(1095.0)
    assert limit.choice_ends == pytest.approx(1097.5)


def test_without_such_a_network_the_trials_have_its_time():
    assert TimeLimit(100.0, begun=1000.0).trials_end(trial(10.0)) == pytest.approx(1095.0)


def test_only_a_quick_default_is_measured_between_trials():
    limit = TimeLimit(100.0)
    assert limit.has_time_for_default(trial(9.9))
    assert not limit.has_time_for_default(trial(10.0))
    assert limit.has_time_for_default(trial(None))


def test_more_folds_leave_less_for_a_network():
    assert seconds_of_network(100.0, 1) == 15.0
    assert seconds_of_network(100.0, 5) == 5.0

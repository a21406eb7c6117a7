"""What an outcome says of itself and what is stored of it; what may be given as a report."""

import pytest

from advisor.training import Outcome, Report, StopTrial, TrialState
from advisor.training.report import as_report
from knowledge_base.records import EpochRecord, TrialRecord


def stored(outcome):
    error, metrics = outcome.stored_error, outcome.stored_metrics
    return TrialRecord("study", 0, {}, outcome.state, error=error, metrics=metrics)


def test_a_plain_name_will_do_for_a_state():
    assert Outcome("complete", 1.0).state is TrialState.COMPLETE
    with pytest.raises(ValueError, match="finished"):
        Outcome("finished")


@pytest.mark.parametrize(
    ("value", "state"),
    [(1, "complete"), (None, "failed"), (float("nan"), "diverged"), (float("inf"), "diverged")],
)
def test_an_outcome_of_its_value(value, state):
    outcome = Outcome.of(value)
    assert outcome.state == state
    assert (outcome.error is None) == (state == "complete")
    assert outcome.value == (1.0 if state == "complete" else None)


def test_what_is_stored_of_a_skipped_trial():
    outcome = Outcome.not_tried("estimated to need 5 GB, the limit is 2 GB")
    assert (outcome.state, outcome.duration) == ("failed", 0.0)
    assert outcome.stored_error == "skipped: estimated to need 5 GB, the limit is 2 GB"
    assert stored(outcome).skipped
    assert stored(outcome).skip_reason == outcome.error
    assert not stored(Outcome("failed", error="skipping went wrong")).skipped
    assert not stored(Outcome("complete", 1.0)).skipped


def test_what_is_stored_of_gradients():
    outcome = Outcome("complete", 1.0, {"test_accuracy": 0.5}, gradients={"learning_rate": -2.0})
    metrics = {"test_accuracy": 0.5, "gradient_learning_rate": -2.0}
    assert outcome.stored_metrics == metrics
    assert stored(outcome).gradients == outcome.gradients


def test_a_plain_function_is_a_report():
    seen = []
    report = as_report(seen.append)
    assert isinstance(report, Report)
    report(EpochRecord(1))
    report.check_time()
    assert seen == [EpochRecord(1)]
    as_report(None)(EpochRecord(1))


def test_a_report_is_taken_as_it_is():
    class Over:
        def __call__(self, epoch):
            pass

        def check_time(self):
            raise StopTrial("now")

    report = Over()
    assert as_report(report) is report

import pytest
import torch

from advisor.training.outcome import StopTrial
from advisor.tuning.objective import FunctionObjective


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def evaluate():
    """Return a function: the outcome of a training function that is stopped after `epochs`."""

    def evaluate(train, epochs=99, direction="maximize"):
        reported = []

        def report(epoch):
            reported.append(epoch)
            if len(reported) == epochs:
                raise StopTrial("the time limit is over")

        return FunctionObjective(train, direction).evaluate({}, report)

    return evaluate

import signal

import pytest
import torch

from advisor.training.objective import FunctionObjective
from advisor.training.report import StopTrial
from advisor.tuning.runner import run
from advisor.tuning.tuner import Tuner
from knowledge_base.space import SpaceDefinition

SPACE = {"hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}


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


@pytest.fixture
def search():
    """Return a function: the one trial of a search over a training function."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def search(train):
        tuner = Tuner.create(SpaceDefinition.from_dict(SPACE), direction="maximize")
        run(tuner, FunctionObjective(train, "maximize"), trials=1)
        return tuner.trials

    yield search
    signal.signal(signal.SIGINT, before)

"""What anybody who uses these parts may rely on: the advisor's own tests of such parts."""

import json

import advisor_example
import pytest

from advisor.testing.families import FamilyConformance, tiny_table
from advisor.testing.strategies import StrategyConformance
from knowledge_base.testing import ImporterConformance, Sample


class TestRunlog(ImporterConformance):
    name = "runlog"

    @staticmethod
    def make_sample(folder):
        file = folder / "mine.runlog"
        runs = [
            {"id": f"run-{i}", "params": {"learning_rate": 0.1 / (1 + i)}, "accuracy": [0.5, 0.6]}
            for i in range(3)
        ]
        file.write_text("".join(json.dumps(run) + "\n" for run in runs))
        return Sample(str(file), n_trials=3, gone=str(folder / "gone.runlog"))


class TestNearby(StrategyConformance):
    @pytest.fixture
    def kind(self):
        return advisor_example.NearbySearch


class TestSoftmax(FamilyConformance):
    @pytest.fixture
    def family(self):
        return advisor_example.Softmax()

    @pytest.fixture
    def data(self):
        return tiny_table()

"""Optuna's own tests of samplers, as Optuna itself runs them."""

import pytest

pytest.importorskip("optuna", reason="pip install 'advisor-automl[optuna]'")
suite = pytest.importorskip(
    "optuna.testing.pytest_samplers", reason="this version of Optuna ships no tests of samplers"
)

from advisor.integrations.optuna import AdvisorSampler  # noqa: E402


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
class TestAdvisorSampler(
    suite.BasicSamplerTestCase, suite.RelativeSamplerTestCase, suite.SingleOnlySamplerTestCase
):
    @pytest.fixture
    def sampler(self):
        return AdvisorSampler

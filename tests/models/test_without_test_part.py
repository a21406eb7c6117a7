"""A user who keeps the test part gets metrics of the validation part, and none of no rows."""

import pytest
from modality_data import TINY

from advisor.data import prepare
from advisor.models import get_family
from advisor.training import train
from advisor.training.memory import estimate

METRICS = {"mlp": "log_loss", "cnn": "log_loss", "rnn": "log_loss", "forecaster": "mase"}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", METRICS)
def test_networks_train_without_a_test_part(name):
    family, data = get_family(name), prepare(TINY[name](), test=False)
    config = family.default()
    assert estimate(family, config, data).total > 0
    outcome = train(family, config, data, metric=METRICS[name], seed=0, max_epochs=2)
    assert outcome.state == "complete"
    assert f"val_{METRICS[name]}" in outcome.metrics
    assert not [metric for metric in outcome.metrics if metric.startswith("test")]
    whole = train(family, config, prepare(TINY[name]()), metric=METRICS[name], seed=0, max_epochs=1)
    assert f"test_{METRICS[name]}" in whole.metrics

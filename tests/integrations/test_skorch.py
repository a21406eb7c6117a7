import signal

import pytest
import torch
from torch import nn

skorch = pytest.importorskip("skorch")
from advisor.integrations.skorch import SkorchReport  # noqa: E402


class Line(nn.Module):
    def __init__(self, interrupt=False):
        super().__init__()
        self.layer, self.interrupt = nn.Linear(4, 3), interrupt

    def forward(self, rows):
        if self.interrupt:
            signal.raise_signal(signal.SIGINT)
        return self.layer(rows)


@pytest.fixture(scope="module")
def iris():
    from sklearn.datasets import load_iris

    x, y = load_iris(return_X_y=True)
    return x.astype("float32"), y


def net(report, monitor="valid_acc", after=(), **options):
    torch.manual_seed(0)
    options = {"max_epochs": 4, "lr": 0.1, **options}
    return skorch.NeuralNetClassifier(
        Line, criterion=nn.CrossEntropyLoss, verbose=0,
        callbacks=[SkorchReport(report, monitor), *after], **options,
    )  # fmt: skip


def test_every_epoch_is_reported(evaluate, iris):
    fitted = []

    def train(config, report):
        halve = skorch.callbacks.LRScheduler(
            torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.5
        )
        fitted.append(net(report, after=[halve]).fit(*iris))

    outcome = evaluate(train)
    history = fitted[0].history
    assert outcome.state == "complete"
    assert [e.val_metric for e in outcome.curve] == history[:, "valid_acc"]
    assert [e.train_loss for e in outcome.curve] == history[:, "train_loss"]
    assert [e.val_loss for e in outcome.curve] == history[:, "valid_loss"]
    assert [e.learning_rate for e in outcome.curve] == [0.1, 0.05, 0.025, 0.0125]
    assert outcome.value == max(history[:, "valid_acc"])


def test_a_stop_ends_the_fit_and_keeps_the_best_value(evaluate, iris):
    outcome = evaluate(lambda config, report: net(report).fit(*iris), epochs=2)
    assert (outcome.state, outcome.epochs) == ("stopped", 2)
    assert outcome.error == "the time limit is over"
    assert outcome.value == max(e.val_metric for e in outcome.curve)


def test_a_cloned_net_still_reports(evaluate, iris):
    from sklearn.base import clone

    outcome = evaluate(lambda config, report: clone(net(report)).fit(*iris) and None)
    assert outcome.epochs == 4


def test_ctrl_c_ends_the_search(search, iris):
    with pytest.raises(KeyboardInterrupt):
        search(lambda config, report: net(report, module__interrupt=True).fit(*iris) and None)


def test_early_stopping_ends_a_fit_only(search, iris):
    patient = skorch.callbacks.EarlyStopping(patience=1, threshold=1e9, threshold_mode="abs")

    def train(config, report):
        net(report, after=[patient], max_epochs=50).fit(*iris)

    (trial,) = search(train)
    assert trial.state == "complete"
    assert trial.epochs < 5


def test_an_unknown_value_is_named(evaluate, iris):
    with pytest.raises(ValueError, match=r"no 'accuracy' in the history .*'valid_acc'"):
        evaluate(lambda config, report: net(report, "accuracy").fit(*iris))

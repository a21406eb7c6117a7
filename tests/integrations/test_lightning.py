import signal
import warnings

import pytest
import torch
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, TensorDataset

pl = pytest.importorskip("pytorch_lightning")
from advisor.integrations.lightning import LightningReport  # noqa: E402


class Line(pl.LightningModule):
    def __init__(self, interrupt=False):
        super().__init__()
        self.layer, self.interrupt = torch.nn.Linear(3, 1), interrupt
        self.losses = []

    def training_step(self, batch, number):
        if self.interrupt:
            signal.raise_signal(signal.SIGINT)
        loss = mse_loss(self.layer(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, number):
        self.log("val_loss", mse_loss(self.layer(batch[0]), batch[1]))

    def on_train_epoch_end(self):
        self.losses.append(float(self.trainer.callback_metrics["train_loss"]))

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), 0.1)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)]


def fit(report, module=None, monitor="val_loss", **options):
    """Fit on a line through noise-free points; losses fall from epoch to epoch."""
    pl.seed_everything(0, verbose=False)
    x = torch.randn(60, 3)
    data = TensorDataset(x, x.sum(1, keepdim=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = pl.Trainer(
            accelerator="cpu", logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
            callbacks=[LightningReport(report, monitor)], **{"max_epochs": 4, **options},
        )  # fmt: skip
        trainer.fit(module or Line(), DataLoader(data, 20), DataLoader(data, 60))


def test_every_epoch_is_reported_once_and_the_sanity_check_is_not(evaluate):
    module = Line()
    outcome = evaluate(
        lambda config, report: fit(report, module, num_sanity_val_steps=2), direction="minimize"
    )
    assert (outcome.state, outcome.epochs) == ("complete", 4)
    assert [e.epoch for e in outcome.curve] == [1, 2, 3, 4]
    assert [e.train_loss for e in outcome.curve] == pytest.approx(module.losses)
    assert [e.learning_rate for e in outcome.curve] == [0.1, 0.05, 0.025, 0.0125]
    values = [e.val_metric for e in outcome.curve]
    assert values == sorted(values, reverse=True)
    assert outcome.value == values[-1]


def test_epochs_without_validation_are_not_reported(evaluate):
    outcome = evaluate(
        lambda config, report: fit(report, check_val_every_n_epoch=2), direction="minimize"
    )
    assert [e.epoch for e in outcome.curve] == [2, 4]


def test_a_stop_ends_the_fit_and_keeps_the_best_value(evaluate):
    outcome = evaluate(
        lambda config, report: fit(report, min_epochs=4), epochs=2, direction="minimize"
    )
    assert (outcome.state, outcome.epochs) == ("stopped", 2)
    assert outcome.error == "the time limit is over"
    assert outcome.value == min(e.val_metric for e in outcome.curve)


def test_a_second_fit_goes_on_with_the_curve(evaluate):
    def train(config, report):
        fit(report, max_epochs=2)
        fit(report, max_epochs=2)

    epochs = [e.epoch for e in evaluate(train, direction="minimize").curve]
    assert epochs == [1, 2, 3, 4]


def test_ctrl_c_ends_the_search(search):
    with pytest.raises(KeyboardInterrupt):
        search(lambda config, report: fit(report, Line(interrupt=True)))
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


def test_an_unknown_value_is_named(evaluate):
    with pytest.raises(ValueError, match=r"logs no 'accuracy', only \['train_loss', 'val_loss'\]"):
        evaluate(lambda config, report: fit(report, monitor="accuracy"))

import signal
import warnings

import pytest
import torch
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, TensorDataset

pl = pytest.importorskip("pytorch_lightning")
from pytorch_lightning.callbacks import LearningRateFinder, ModelCheckpoint  # noqa: E402

from advisor.integrations.lightning import LightningReport  # noqa: E402
from advisor.training.objective import FunctionObjective, Reporter  # noqa: E402
from advisor.training.report import StopTrial, as_report  # noqa: E402
from advisor.training.reporter import Asked  # noqa: E402


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path, monkeypatch):
    """Lightning keeps checkpoints in the working folder."""
    monkeypatch.chdir(tmp_path)


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


def fit(report, module=None, monitor="val_loss", callbacks=(), **options):
    """Fit on a line through noise-free points; losses fall from epoch to epoch."""
    pl.seed_everything(0, verbose=False)
    x = torch.randn(60, 3)
    data = TensorDataset(x, x.sum(1, keepdim=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = pl.Trainer(
            accelerator="cpu", logger=False, enable_checkpointing=bool(callbacks),
            enable_progress_bar=False, enable_model_summary=False,
            callbacks=[LightningReport(report, monitor), *callbacks],
            **{"max_epochs": 4, **options},
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


def test_several_validations_of_an_epoch_are_reported_each(evaluate):
    # An epoch has three batches.
    module = Line()
    outcome = evaluate(
        lambda config, report: fit(report, module, max_epochs=2, val_check_interval=0.34),
        direction="minimize",
    )
    assert [e.epoch for e in outcome.curve] == [1, 2, 3, 4, 5, 6]
    values = [e.val_metric for e in outcome.curve]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 6
    # The loss of the training is known at the end of an epoch, and is that of no other.
    losses = [e.train_loss for e in outcome.curve]
    assert losses == [None, None, *module.losses[:1], None, None, *module.losses[1:]]


@pytest.mark.parametrize(
    ("options", "epochs"),
    [
        ({"max_steps": 7}, [1, 2]),  # The third epoch is not validated.
        ({"max_steps": 7, "val_check_interval": 7, "check_val_every_n_epoch": None}, [3]),
        ({"max_steps": 4, "val_check_interval": 2, "check_val_every_n_epoch": None}, [1, 2]),
    ],
)
def test_a_number_of_steps_ends_a_training(evaluate, options, epochs):
    outcome = evaluate(
        lambda config, report: fit(report, max_epochs=-1, **options),
        direction="minimize",
    )
    assert outcome.state == "complete"
    assert [e.epoch for e in outcome.curve] == epochs
    assert outcome.value == outcome.curve[-1].val_metric


def test_a_training_without_a_validation_says_so():
    report = Reporter(as_report(None))
    with pytest.warns(UserWarning, match="after 2 steps without a validation"):
        told_of(report, max_epochs=-1, max_steps=2)
    assert report.curve == []


def told_of(report, module=None, callbacks=(), **options):
    """Fit without hiding what the report warns of."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warnings, "simplefilter", lambda *_: None)
        fit(report, module, callbacks=callbacks, **options)


@pytest.mark.parametrize("options", [{}, {"val_check_interval": 0.34}])
def test_the_best_checkpoint_is_that_of_the_best_report(tmp_path, options):
    values = []

    def stop(epoch):
        values.append(epoch.val_metric)
        if len(values) == 2:
            raise StopTrial("the time limit is over")

    def train(config, report):
        fit(report, callbacks=[ModelCheckpoint(tmp_path, "best", monitor="val_loss")], **options)

    outcome = FunctionObjective(train, "minimize").evaluate({}, as_report(stop))
    assert outcome.value == min(values) == values[-1]  # The last report ended it.
    saved = torch.load(tmp_path / "best.ckpt", weights_only=True)
    (state,) = [s for s in saved["callbacks"].values() if "best_model_score" in s]
    assert float(state["best_model_score"]) == pytest.approx(outcome.value)


def test_a_checkpoint_that_follows_something_else_is_told(tmp_path):
    report = Reporter(as_report(None), (), Asked(direction="minimize"))
    wrong = [ModelCheckpoint(tmp_path, "a", monitor="train_loss", mode="min"),
             ModelCheckpoint(tmp_path, "b", monitor="val_loss", mode="max")]  # fmt: skip
    with pytest.warns(UserWarning, match="A checkpoint follows") as told:
        told_of(report, callbacks=wrong, max_epochs=1)
    texts = [str(each.message) for each in told if "A checkpoint follows" in str(each.message)]
    assert [text.split("the search")[0] for text in texts] == [
        "A checkpoint follows 'train_loss' (min), ", "A checkpoint follows 'val_loss' (max), "
    ]  # fmt: skip


class Named(Line):
    """Has its learning rate as a hyperparameter, as Lightning's finder wants it."""

    def __init__(self, lr):
        super().__init__()
        self.save_hyperparameters()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.hparams.lr)


class Changing(pl.Callback):
    def on_train_epoch_end(self, trainer, pl_module):
        pl_module.hparams.lr = 0.5


def finder():
    return LearningRateFinder(num_training_steps=50, early_stop_threshold=None)


@pytest.mark.parametrize("made", [finder, Changing])
def test_who_changes_what_was_asked_for_is_told_of_once(made):
    said = set()
    for repeat in range(2):
        report = Reporter(as_report(None), (), Asked({"learning_rate": 0.001}, said=said))
        module = Named(0.001)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            told_of(report, module, [made()], max_epochs=17)
        texts = [str(each.message) for each in told if "asked for" in str(each.message)]
        assert len(texts) == (repeat == 0)
        if texts:
            assert (
                f"asked for learning_rate=0.001, but the training had {module.hparams.lr}"
                in (texts[0])
            )
        assert module.hparams.lr != 0.001


def test_what_was_asked_for_and_kept_is_no_news():
    report = Reporter(as_report(None), (), Asked({"learning_rate": 0.001, "units": 8}))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        told_of(report, Named(0.001), max_epochs=2)
    assert not [each for each in told if "asked for" in str(each.message)]

"""Lightning: reports every epoch of a trainer to a search. Extra: `advisor-automl[lightning]`.

Works with both packages that Lightning comes in, `pytorch-lightning` and `lightning`.
"""

from typing import TYPE_CHECKING

from advisor.training.objective import Reporter
from knowledge_base.errors import UserError

try:
    from pytorch_lightning import Callback
except ImportError as error:
    raise UserError(
        "Lightning is not installed: pip install 'advisor-automl[lightning]'."
    ) from error

if TYPE_CHECKING:
    from pytorch_lightning import LightningModule, Trainer


class LightningReport(Callback):
    """Reports the monitored value, losses and the learning rate after every epoch.

    Epochs without validation are not reported, nor is the sanity check before training. When
    the time is up, or the strategy wants the trial to end, `trainer.fit` ends with
    `StopTrial`; let it pass through.

    >>> trainer = Trainer(max_epochs=20, callbacks=[LightningReport(report, "val_acc")])
    """

    def __init__(
        self,
        report: Reporter,
        monitor: str = "val_loss",
        train_loss: str = "train_loss",
        val_loss: str = "val_loss",
    ) -> None:
        """Take what the search gave to `train(config, report)`.

        Args:
            report: called once per epoch.
            monitor: what the search optimises, as the module logs it.
            train_loss, val_loss: the losses as the module logs them, if it does.
        """
        super().__init__()
        self.report, self.monitor = report, monitor
        self.losses = {"train_loss": train_loss, "val_loss": val_loss}
        self._validated = False
        self._rate: float | None = None

    def setup(self, trainer: "Trainer", pl_module: "LightningModule", stage: str) -> None:
        """Refuse several processes.

        Raises:
            ValueError: there are some; the report is in this one.
        """
        if trainer.world_size > 1:
            raise ValueError(
                f"a trial trains in one process, but the trainer uses {trainer.world_size}: "
                "give it devices=1"
            )

    def on_train_epoch_start(self, trainer: "Trainer", pl_module: "LightningModule") -> None:
        """Note the learning rate, which a schedule changes at the end of the epoch."""
        self._validated = False
        groups = [group for optimizer in trainer.optimizers for group in optimizer.param_groups]
        self._rate = groups[0]["lr"] if groups else None

    def on_validation_end(self, trainer: "Trainer", pl_module: "LightningModule") -> None:
        """Note that there is something to report."""
        self._validated = not trainer.sanity_checking

    def on_train_epoch_end(self, trainer: "Trainer", pl_module: "LightningModule") -> None:
        """Report one epoch; only now its training loss is known, validation came before.

        Raises:
            StopTrial: the trial is to end.
            ValueError: the module logs no such value.
        """
        if not self._validated:
            return
        logged = {name: float(value) for name, value in trainer.callback_metrics.items()}
        if self.monitor not in logged:
            raise ValueError(f"the module logs no '{self.monitor}', only {sorted(logged)}")
        more = {ours: logged[name] for ours, name in self.losses.items() if name in logged}
        if self._rate is not None:
            more["learning_rate"] = float(self._rate)
        # A second fit counts from 0 again; a curve has every epoch once.
        before = self.report.curve[-1].epoch if self.report.curve else 0
        epoch = max(trainer.current_epoch, before) + 1
        self.report(logged[self.monitor], epoch=epoch, **more)

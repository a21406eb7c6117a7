"""Lightning: reports every validation of a trainer to a search. Extra: `advisor-automl[lightning]`.

Works with both packages that Lightning comes in, `pytorch-lightning` and `lightning`.
"""

from typing import TYPE_CHECKING

from advisor.integrations.lightning_processes import Processes
from advisor.training.objective import Reporter
from advisor.training.report import PauseTrial, StopTrial
from knowledge_base.errors import UserError

try:
    from pytorch_lightning import Callback
    from pytorch_lightning.callbacks import ModelCheckpoint
except ImportError as error:
    raise UserError(
        "Lightning is not installed: pip install 'advisor-automl[lightning]'."
    ) from error

if TYPE_CHECKING:
    from pytorch_lightning import LightningModule, Trainer

SAME = ({"learning_rate", "lr"}, {"batch_size", "train_batch_size"})
"""Names of one hyperparameter; Lightning's finders change attributes of either name."""

RATE = "advisor's learning rate"
"""Key of the learning rate among what is logged; a module may log one under another name."""


class LightningReport(Callback):
    """Reports the monitored value, losses and the learning rate after every validation.

    A validation at the end of an epoch has the number of that epoch; where an epoch has several,
    each is reported, and they are counted on. The sanity check before training is not reported. A
    report is made when all callbacks have heard of the validation, so that `ModelCheckpoint` has
    saved what a report ends. When the time is up, or the strategy wants the trial to end,
    `trainer.fit` ends with `StopTrial`; let it pass through.

    In several processes (`strategy="ddp"`) the one that searches reports what it logged, which is
    that of all with `sync_dist=True`, and all end together. The function must be at the top of a
    file then, since the others load it from there.

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
            report: called once per validation.
            monitor: what the search optimises, as the module logs it.
            train_loss, val_loss: the losses as the module logs them, if it does.
        """
        super().__init__()
        self.report, self.monitor = report, monitor
        self.losses = {"train_loss": train_loss, "val_loss": val_loss}
        self._pending: dict[str, float] = {}
        self._epoch = 0
        self._rate: float | None = None
        self._processes = Processes(report)

    def setup(self, trainer: "Trainer", pl_module: "LightningModule", stage: str) -> None:
        """Refuse processes in which nobody could hear the report.

        Raises:
            ValueError: they were started in another way than the search can follow.
        """
        if trainer.world_size > 1:
            self._processes.check(trainer)

    def on_fit_start(self, trainer: "Trainer", pl_module: "LightningModule") -> None:
        """Say what was changed before, and where checkpoints follow something else."""
        self._pending = {}
        self._say_changes(trainer, pl_module)
        ways = {"minimize": "min", "maximize": "max"}
        way = ways.get(self.report.asked.direction or "")
        for callback in trainer.callbacks if trainer.is_global_zero else ():  # type: ignore[attr-defined]
            if not isinstance(callback, ModelCheckpoint) or callback.monitor is None:
                continue
            if callback.monitor != self.monitor or way not in (None, callback.mode):
                self.report.warn_once(
                    f"checkpoint {callback.monitor} {callback.mode}",
                    f"A checkpoint follows '{callback.monitor}' ({callback.mode}), the search "
                    f"'{self.monitor}' ({way or 'either'}): its best is not that of the search.",
                )

    def on_train_epoch_start(self, trainer: "Trainer", pl_module: "LightningModule") -> None:
        """Report, and note the learning rate, which a schedule changes at the end of the epoch."""
        self._tell(trainer)
        self._rate = _rate(trainer)

    def on_train_batch_start(
        self, trainer: "Trainer", pl_module: "LightningModule", batch: object, batch_idx: int
    ) -> None:
        """Report a validation within the epoch; only now all have heard of it."""
        self._tell(trainer)

    def on_validation_end(self, trainer: "Trainer", pl_module: "LightningModule") -> None:
        """Note what is to be reported."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        within = not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch
        self._note(trainer, _rate(trainer) if within else self._rate)
        if within:  # What is logged of the training is that of the epoch before.
            self._pending.pop(self.losses["train_loss"], None)

    def on_train_epoch_end(self, trainer: "Trainer", pl_module: "LightningModule") -> None:
        """Add the training loss, which is known only now; validation came before."""
        if self._pending:
            self._note(trainer, self._pending.get(RATE))

    def on_train_end(self, trainer: "Trainer", pl_module: "LightningModule") -> None:
        """Report the last validation.

        Raises:
            StopTrial: the trial is to end.
        """
        self._tell(trainer)
        self._say_changes(trainer, pl_module)
        if not self.report.curve and trainer.is_global_zero:
            self.report.warn_once(
                "no validation",
                f"The training ended after {trainer.global_step} steps without a validation, so "
                "that nothing was reported: let the trainer validate more often "
                "(`val_check_interval`), or train for longer.",
            )

    def on_exception(
        self, trainer: "Trainer", pl_module: "LightningModule", exception: BaseException
    ) -> None:
        """Tell what went wrong in another process, of which this one sees only that it went away.

        Raises:
            RuntimeError: it says what.
        """
        self._say_changes(trainer, pl_module)
        went_away = isinstance(exception, RuntimeError)  # So the library of groups says it.
        said = self._processes.fault() if went_away else None
        if said is not None:
            raise RuntimeError(f"another process of the training failed: {said}") from exception

    def _note(self, trainer: "Trainer", rate: float | None) -> None:
        """Keep what was logged until it is reported."""
        self._pending = {name: float(value) for name, value in trainer.callback_metrics.items()}
        if rate is not None:
            self._pending[RATE] = float(rate)
        self._epoch = trainer.current_epoch + 1

    def _tell(self, trainer: "Trainer") -> None:
        """Report what is noted, in the process that searches, and end all if that is to end.

        Raises:
            StopTrial: the trial is to end.
            ValueError: the module logs no such value.
        """
        if not self._pending:
            return
        logged, self._pending = self._pending, {}
        if trainer.world_size == 1:
            self._report(logged)
            return
        ended: Exception | None = None
        if trainer.is_global_zero:
            try:
                self._report(logged)
            except Exception as error:
                ended = error
        said = None if ended is None else (type(ended).__name__, str(ended))
        heard = trainer.strategy.broadcast(said)
        if ended is not None:
            raise ended
        if heard is not None:
            kinds = {"StopTrial": StopTrial, "PauseTrial": PauseTrial}
            raise kinds.get(heard[0], RuntimeError)(heard[1])

    def _report(self, logged: dict[str, float]) -> None:
        """Report in this process."""
        rate = logged.pop(RATE, None)
        if self.monitor not in logged:
            raise ValueError(f"the module logs no '{self.monitor}', only {sorted(logged)}")
        more = {ours: logged[name] for ours, name in self.losses.items() if name in logged}
        if rate is not None:
            more["learning_rate"] = rate
        # A second fit counts from 0 again, and an epoch may have several; a curve has each once.
        before = self.report.curve[-1].epoch if self.report.curve else 0
        epoch = max(self._epoch, before + 1)
        self.report(logged[self.monitor], epoch=epoch, **more)

    def _say_changes(self, trainer: "Trainer", module: "LightningModule") -> None:
        """Warn of hyperparameters that something changed after the search had asked for them."""
        if not trainer.is_global_zero:
            return
        for name, asked in self.report.asked.config.items():
            for other in next((same for same in SAME if name in same), {name}):
                found = _used(trainer, module, other)
                if found is not None and _differs(found, asked):
                    self.report.warn_once(
                        f"changed {name}",
                        f"The search asked for {name}={asked}, but the training had {found}: "
                        "something else, such as a learning-rate finder or another callback, "
                        f"changed it, and the outcome is kept for {asked}. Take that out, or leave "
                        f"{name} out of the space.",
                    )


def _rate(trainer: "Trainer") -> float | None:
    """Return the learning rate as it is."""
    groups = [group for optimizer in trainer.optimizers for group in optimizer.param_groups]
    return groups[0]["lr"] if groups else None


def _used(trainer: "Trainer", module: "LightningModule", name: str) -> object:
    """Return what a module, or its data, has as a hyperparameter of a name; None for nothing."""
    data = getattr(trainer, "datamodule", None)
    for holder in (module, data):
        for place in (vars(holder) if holder is not None else {}, getattr(holder, "hparams", {})):
            if name in place:
                found: object = place[name]
                return found
    return None


def _differs(found: object, asked: object) -> bool:
    """Whether two plain values are not the same."""
    if isinstance(found, int | float) and isinstance(asked, int | float):
        return abs(found - asked) > 1e-9 * max(abs(found), abs(asked))
    return isinstance(found, str) and isinstance(asked, str) and found != asked

"""skorch: reports every epoch of a net to a search. Extra: `advisor-automl[skorch]`."""

from collections.abc import Mapping
from typing import Any

from advisor.tuning.objective import Reporter
from knowledge_base.errors import UserError

try:
    from skorch.callbacks import Callback
except ImportError as error:
    raise UserError("skorch is not installed: pip install 'advisor-automl[skorch]'.") from error


class SkorchReport(Callback):
    """Reports the monitored value, losses and the learning rate after every epoch of a net.

    When the time is up, or the strategy wants the trial to end, `net.fit` ends with
    `StopTrial`; let it pass through. Put this callback before `EarlyStopping`, which ends an
    epoch without the callbacks behind it.

    >>> net = NeuralNetClassifier(Net, callbacks=[SkorchReport(report, "valid_acc")])
    """

    def __init__(self, report: Reporter, monitor: str = "valid_loss") -> None:
        """Take what the search gave to `train(config, report)`.

        Args:
            report: called once per epoch.
            monitor: name in the net's history of what the search optimises.
        """
        self.report, self.monitor = report, monitor

    def initialize(self) -> "SkorchReport":
        """Forget the fit before; skorch calls it."""
        self.in_batch_ = False  # what ends in _ is no parameter to clone
        return self

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Report one epoch.

        Raises:
            StopTrial: the trial is to end.
            ValueError: the history has no such value.
        """
        row = net.history[-1]
        if self.monitor not in row:
            known = [name for name, value in row.items() if isinstance(value, int | float)]
            raise ValueError(f"no '{self.monitor}' in the history of the net, only {known}")
        self.report(row[self.monitor], **_more(net, row))

    def on_batch_begin(self, net: Any, **kwargs: Any) -> None:
        """Note that a batch is under way."""
        self.in_batch_ = True

    def on_batch_end(self, net: Any, **kwargs: Any) -> None:
        """Note that it is done."""
        self.in_batch_ = False

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Pass Ctrl-C on to the search.

        skorch takes it for a wish to end this fit, and the search would start the next trial.
        Its `EarlyStopping` raises it too, but never within a batch.

        Raises:
            KeyboardInterrupt: a batch was cut off.
        """
        if self.in_batch_:
            raise KeyboardInterrupt


def _more(net: Any, row: Mapping[str, Any]) -> dict[str, float]:
    found = {"train_loss": row.get("train_loss"), "val_loss": row.get("valid_loss")}
    numbers = {name: float(value) for name, value in found.items() if value is not None}
    optimizer = getattr(net, "optimizer_", None)
    if optimizer is not None:
        numbers["learning_rate"] = float(optimizer.param_groups[0]["lr"])
    return numbers

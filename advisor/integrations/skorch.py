"""skorch: reports every epoch of a net to a search. Extra: `advisor-automl[skorch]`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, SupportsFloat

from advisor.training.objective import Reporter
from knowledge_base.errors import UserError

try:
    from skorch.callbacks import Callback
except ImportError as error:
    raise UserError("skorch is not installed: pip install 'advisor-automl[skorch]'.") from error

if TYPE_CHECKING:
    from skorch import NeuralNet


class SkorchReport(Callback):  # type: ignore[misc]  # skorch has no types
    """Reports the monitored value, losses and the learning rate after every epoch of a net.

    When the time is up, or the strategy wants the trial to end, `net.fit` ends with
    `StopTrial`; let it pass through. Put this callback first: `EarlyStopping` ends an epoch
    without the callbacks behind it, and `LRScheduler` changes the rate.

    >>> net = NeuralNetClassifier(Net, callbacks=[SkorchReport(report, "valid_acc")])
    """

    def __init__(self, report: Reporter, monitor: str = "valid_loss") -> None:
        """Take what the search gave to `train(config, report)`.

        Args:
            report: called once per epoch.
            monitor: name in the net's history of what the search optimises.
        """
        self.report, self.monitor = report, monitor

    def on_epoch_end(self, net: "NeuralNet", **kwargs: object) -> None:
        """Report one epoch.

        Raises:
            StopTrial: the trial is to end.
            ValueError: the history has no such value.
        """
        row = net.history[-1]
        if self.monitor not in row:
            known = [name for name, value in row.items() if isinstance(value, int | float)]
            raise ValueError(f"no '{self.monitor}' in the history of the net, only {known}")
        self.report(row[self.monitor], epoch=None, **_more(net, row))


def _more(net: "NeuralNet", row: Mapping[str, SupportsFloat | None]) -> dict[str, float]:
    found = {"train_loss": row.get("train_loss"), "val_loss": row.get("valid_loss")}
    numbers = {name: float(value) for name, value in found.items() if value is not None}
    optimizer = getattr(net, "optimizer_", None)
    if optimizer is not None:
        numbers["learning_rate"] = float(optimizer.param_groups[0]["lr"])
    return numbers

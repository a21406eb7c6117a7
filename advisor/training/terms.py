"""What is asked of a training besides its configuration, and where it runs."""

from dataclasses import dataclass

from advisor.training.devices import place_of

__all__ = ["Terms", "place_of"]


@dataclass(frozen=True)
class Terms:
    """What is asked of a training besides its configuration.

    Attributes:
        metric, max_epochs, patience, device: as for `advisor.training.loop.train`.
        keep: whether the outcome keeps the network's weights and its validation predictions.
        precision: as for `advisor.training.devices.check_device`.
        exactly: epochs to train, whatever the validation part says: the network of the last one
            is taken, and the schedule is that of the configuration. None stops early.
    """

    metric: str
    max_epochs: int | None = None
    patience: int | None = None
    device: str | None = None
    keep: bool = False
    exactly: int | None = None
    precision: str | None = None

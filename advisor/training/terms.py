"""What is asked of a training besides its configuration, and where it runs."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Terms:
    """What is asked of a training besides its configuration.

    Attributes:
        metric, max_epochs, patience, device: as for `advisor.training.loop.train`.
        keep: whether the outcome keeps the network's weights and its validation predictions.
        exactly: epochs to train, whatever the validation part says: the network of the last one
            is taken, and the schedule is that of the configuration. None stops early.
    """

    metric: str
    max_epochs: int | None = None
    patience: int | None = None
    device: str | None = None
    keep: bool = False
    exactly: int | None = None


def place_of(device: str | None) -> torch.device:
    """Return the device of that name; without one CUDA when present."""
    return torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))

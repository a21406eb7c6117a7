"""Training: one configuration to one outcome with its learning curve.

`train` is imported on first use, since it needs PyTorch and `outcome` does not.
"""

from typing import Any

from advisor.training.outcome import Outcome, Report, StopTrial

__all__ = ["Outcome", "Report", "StopTrial", "train"]


def __getattr__(name: str) -> Any:
    if name == "train":
        from advisor.training.loop import train

        return train
    raise AttributeError(f"module 'advisor.training' has no attribute '{name}'")

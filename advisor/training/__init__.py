"""Training: one configuration to one outcome with its learning curve.

`train` is imported on first use, since it needs PyTorch and `outcome` does not.
"""

from typing import TYPE_CHECKING

from advisor.training.outcome import Outcome
from advisor.training.report import Report, StopTrial
from knowledge_base.states import TrialState

if TYPE_CHECKING:
    from advisor.training.loop import train

__all__ = ["Outcome", "Report", "StopTrial", "TrialState", "train"]


def __getattr__(name: str) -> object:
    if name == "train":
        from advisor.training.loop import train

        return train
    raise AttributeError(f"module 'advisor.training' has no attribute '{name}'")

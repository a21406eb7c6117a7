"""How many threads a training takes."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

MUCH = 100_000_000
"""Products of a step (parameters x rows x networks) from which a second thread gains.

Below, to wait for each other after every operation takes longer than what is shared. Of stacks of
four perceptrons on two cores, two threads took 1.2 to 1.7 times as long as one for a twentieth of
it, and three quarters as long for three times of it.
"""


@contextmanager
def threads_for(work: float) -> Iterator[None]:
    """Let PyTorch use one thread for steps of little work, and as many as before for others.

    Args:
        work: products of a step.
    """
    before = torch.get_num_threads()
    fewer = before > 1 and work < MUCH
    if fewer:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if fewer:
            torch.set_num_threads(before)

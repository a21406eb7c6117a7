"""How many threads a training takes."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from math import prod

import torch
from torch import nn

MUCH = 100_000_000
"""Products of a step (parameters x rows x networks) from which a second thread gains.

Below, to wait for each other after every operation takes longer than what is shared. Of stacks of
four perceptrons on two cores, two threads took 1.2 to 1.7 times as long as one for a twentieth of
it, and three quarters as long for three times of it.
"""

SHARE = 500_000
"""Products of an operation of a recurrent or convolutional network that are worth a thread, beyond
the second. Two threads took .6 to .8 times as long as one for operations of more than twice of it,
and 1 to 1.3 times for less. Sixteen threads on two free cores took up to 13 times
as long as two."""

FEW = 2
"""Threads that such a network takes in any case."""

COUNTED = (nn.Linear, nn.RNNBase, nn.modules.conv._ConvNd)
"""Modules whose products are counted: of a recurrent one those of one step, which wait for the last
one's."""


def threads_for(work: float) -> AbstractContextManager[None]:
    """Let PyTorch use one thread for steps of little work, and as many as before for others.

    Args:
        work: products of a step.
    """
    return at_most(1 if work < MUCH else torch.get_num_threads())


@contextmanager
def at_most(threads: int) -> Iterator[None]:
    """Let PyTorch use no more threads than that."""
    before = torch.get_num_threads()
    fewer = threads < before
    if fewer:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        if fewer:
            torch.set_num_threads(before)


def threads_worth(network: nn.Module, rows: torch.Tensor, batch: int) -> int:
    """Return how many threads the steps of a network are worth; all where that is not known.

    Where PyTorch has no more than `FEW`, nothing is looked at.

    Args:
        network: on the processor; is left in evaluation mode.
        rows: at least one of its inputs.
        batch: rows at a time.
    """
    most = torch.get_num_threads()
    if most <= FEW or rows.device.type != "cpu":
        return most
    found: list[int] = []

    def see(module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        found.append(_products(module, output))

    handles = [
        module.register_forward_hook(see)
        for module in network.modules()
        if isinstance(module, COUNTED)
    ]
    network.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            network(rows[:1])
    except Exception:
        return most  # The training says what is wrong with a network of the user's own.
    finally:
        for handle in handles:
            handle.remove()
    if not found:
        return most
    mean = sum(found) * batch / len(found)
    return max(min(int(mean / SHARE), most), FEW)


def _products(module: nn.Module, output: object) -> int:
    """Return the products of one operation of a module for one row."""
    weights = sum(
        weight.numel() for name, weight in module.named_parameters() if "bias" not in name
    )
    if isinstance(module, nn.RNNBase) or not isinstance(output, torch.Tensor):
        return weights
    # Every weight is used once for each place of the output.
    places = output.shape[2:] if isinstance(module, COUNTED[2]) else output.shape[1:-1]
    return weights * prod(places)

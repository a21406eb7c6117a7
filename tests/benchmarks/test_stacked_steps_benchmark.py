"""What is timed as one network is what is timed as several."""

import pytest
import torch

from scripts.benchmarks.stacked_steps import Cells, Convolutions, Recurrent, RecurrentStack


@pytest.mark.parametrize("shape", [
    Cells("lstm", 3, 5), Cells("lstm", 3, 5, 2, True), Cells("gru", 3, 5, 2, True),
])  # fmt: skip
def test_recurrent_networks_give_the_same_as_one(shape):
    networks = [Recurrent(shape, 2) for _ in range(3)]
    stack = RecurrentStack(shape, 2, 3)
    inputs = [torch.randn(4, 6, 3) for _ in networks]
    with torch.no_grad():
        for place, network in enumerate(networks):
            for whole, own in zip(stack.weights, network.cells._flat_weights, strict=True):
                whole[place] = own.view(whole[place].shape)
            stack.first[place], stack.last[place] = network.first.weight.T, network.last.weight.T
            stack.biases[0][place, 0] = network.first.bias
            stack.biases[1][place, 0] = network.last.bias
        alone = torch.stack([n(x) for n, x in zip(networks, inputs, strict=True)])
        assert torch.allclose(stack(torch.cat(inputs, 2)), alone, atol=1e-6)


def test_convolutions_give_the_same_as_one():
    networks, stack = [Convolutions(3, 8, 5, 1) for _ in range(2)], Convolutions(3, 8, 5, 2)
    images = torch.randn(4, 2, 8, 8)
    with torch.no_grad():
        for place, network in enumerate(networks):
            for whole, own in zip(stack.parameters(), network.parameters(), strict=True):
                size = len(own)
                whole[place * size : (place + 1) * size] = own
        alone = torch.cat([n(images[:, [i]]) for i, n in enumerate(networks)])
        assert torch.allclose(stack(images), alone, atol=1e-6)

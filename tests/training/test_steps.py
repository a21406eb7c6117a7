"""Differentiable steps are those of `torch.optim`."""

import pytest
import torch

from advisor.training.steps import AdamWSteps, SGDSteps

RATE, DECAY, MOMENTUM = 0.03, 0.1, 0.8


def slopes_of(number):
    return torch.randn(3, 4, generator=torch.Generator().manual_seed(number), dtype=torch.float64)


def expected(make):
    weights = torch.nn.Parameter(slopes_of(99))
    optimizer = make([weights])
    for number in range(5):
        weights.grad = slopes_of(number)
        optimizer.step()
    return weights.detach()


def differentiated(step, **hyper):
    hyper = {name: torch.tensor(value, dtype=torch.float64) for name, value in hyper.items()}
    weights = {"w": slopes_of(99)}
    for number in range(5):
        weights = step(weights, [slopes_of(number)], hyper, torch.tensor(RATE, dtype=torch.float64))
    return weights["w"]


def test_steps_of_sgd():
    wanted = expected(lambda w: torch.optim.SGD(w, lr=RATE, weight_decay=DECAY, momentum=MOMENTUM))
    found = differentiated(SGDSteps(), weight_decay=DECAY, momentum=MOMENTUM)
    assert found.numpy() == pytest.approx(wanted.numpy(), rel=1e-12)


def test_steps_of_adamw():
    wanted = expected(lambda w: torch.optim.AdamW(w, lr=RATE, weight_decay=DECAY))
    found = differentiated(AdamWSteps(), weight_decay=DECAY)
    assert found.numpy() == pytest.approx(wanted.numpy(), rel=1e-9)

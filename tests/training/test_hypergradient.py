"""Gradients by hyperparameters agree with differences and with PyTorch's own optimisers."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from advisor.models import get_family
from advisor.training.hypergradient import RelaxedDropout, family_hypergradients, hypergradients

STEPS = 12
FACTORS = [1.0] * 6 + [0.1] * 6


def problem(n=40):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2 * n, 4, generator=generator, dtype=torch.double)
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).long()
    weights = {
        "a": torch.randn(4, 8, generator=generator, dtype=torch.double) * 0.5,
        "b": torch.randn(8, 2, generator=generator, dtype=torch.double) * 0.5,
    }
    batches = [torch.randperm(n, generator=generator)[:16] for _ in range(STEPS)]

    def outputs(state, rows):
        return torch.tanh(x[rows] @ state["a"]) @ state["b"]

    def loss(state, hyper, rows):
        each = functional.cross_entropy(outputs(state, rows), y[rows], reduction="none")
        weight = hyper.get("class_weight", torch.ones((), dtype=torch.double))
        return (each * torch.where(y[rows] == 1, weight, 1.0)).mean()

    def validation(state, hyper):
        rows = torch.arange(n, 2 * n)
        return functional.cross_entropy(outputs(state, rows), y[rows])

    return loss, validation, weights, batches


SETTINGS = [
    ("sgd", {"learning_rate": 0.3, "weight_decay": 0.02, "momentum": 0.7}),
    ("sgd", {"learning_rate": 0.3, "class_weight": 2.0}),
    ("adamw", {"learning_rate": 0.05, "weight_decay": 0.1, "class_weight": 1.5}),
]


@pytest.mark.parametrize(("optimizer", "hyper"), SETTINGS)
@pytest.mark.parametrize("clip", [float("inf"), 0.2])
def test_gradients_are_what_small_changes_make(optimizer, hyper, clip):
    loss, validation, weights, batches = problem()

    def reached(changed):
        seen = []

        def remember(state, found):
            seen.append(validation(state, found))
            return seen[-1]

        hypergradients(loss, remember, weights, changed, batches, optimizer, FACTORS, clip)
        return float(seen[0].detach())

    found = hypergradients(loss, validation, weights, hyper, batches, optimizer, FACTORS, clip)
    for name, value in hyper.items():
        step = 1e-5 * value
        above, below = (
            reached({**hyper, name: value + step}),
            reached({**hyper, name: value - step}),
        )
        assert found[name] == pytest.approx((above - below) / (2 * step), rel=1e-3, abs=1e-8)


@pytest.mark.parametrize(("optimizer", "hyper"), [SETTINGS[0], SETTINGS[2]])
def test_the_steps_are_those_of_pytorch(optimizer, hyper):
    loss, _, weights, batches = problem()
    parameters = {n: w.clone().requires_grad_() for n, w in weights.items()}
    made = {
        "sgd": lambda: torch.optim.SGD(
            parameters.values(), lr=hyper["learning_rate"], momentum=hyper["momentum"],
            weight_decay=hyper["weight_decay"]),
        "adamw": lambda: torch.optim.AdamW(
            parameters.values(), lr=hyper["learning_rate"], weight_decay=hyper["weight_decay"]),
    }[optimizer]()  # fmt: skip
    tensors = {n: torch.tensor(v, dtype=torch.double) for n, v in hyper.items()}
    for rows in batches:
        made.zero_grad()
        loss(parameters, tensors, rows).backward()
        made.step()
    seen = {}

    def remember(state, found):
        seen.update({n: w.detach() for n, w in state.items()})
        return state["a"].sum()

    hypergradients(loss, remember, weights, hyper, batches, optimizer)
    for name, weight in parameters.items():
        assert torch.allclose(seen[name], weight.detach(), atol=1e-9)


def test_a_training_that_explodes_gives_no_gradients():
    loss, validation, weights, batches = problem()
    wild = {"learning_rate": 1e200, "weight_decay": 1e200}
    assert hypergradients(loss, validation, weights, wild, batches) == {}


def test_relaxed_dropout_has_the_moments_of_dropout():
    torch.manual_seed(0)
    noisy = RelaxedDropout(0.3)(torch.ones(200_000))
    assert noisy.mean() == pytest.approx(1.0, abs=0.01)
    assert noisy.var() == pytest.approx(0.3 / 0.7, rel=0.03)


@pytest.mark.parametrize("numeric", ["plain", "periodic"])
def test_a_family_is_differentiated_by_what_its_configuration_has(classes, config, numeric):
    chosen = config(learning_rate=1e-4, units=32, dropout=0.2, epochs=5, normalisation="batch",
                    numeric=numeric)  # fmt: skip
    wanted = ["learning_rate", "weight_decay", "dropout", "momentum"]
    family = get_family("mlp")
    before = torch.random.get_rng_state()
    found = family_hypergradients(family, chosen, classes, wanted, seed=0, max_epochs=5)
    assert torch.equal(before, torch.random.get_rng_state())
    assert set(found) == {"learning_rate", "weight_decay", "dropout"}  # AdamW has no momentum
    assert found["learning_rate"] < 0  # far too low: more of it helps
    assert found["dropout"] > 0  # so early, noise only hinders
    assert np.isfinite(list(found.values())).all()

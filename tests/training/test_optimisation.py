import pytest
import torch

from advisor.training.optimisation import clip_limit, make_optimizer, make_schedule


def rates(config, name, epochs=8):
    """Return the learning rate of every epoch."""
    chosen = config(schedule=name, learning_rate=0.1)
    optimizer = make_optimizer(torch.nn.Linear(2, 1), chosen)
    schedule = make_schedule(optimizer, chosen, epochs)
    found = []
    for _ in range(epochs):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_constant(config):
    assert rates(config, "constant") == [0.1] * 8


def test_cosine_falls_from_the_rate_towards_zero(config):
    found = rates(config, "cosine")
    assert found[0] == 0.1
    assert found == sorted(found, reverse=True)
    assert found[4] == pytest.approx(0.05)
    assert 0 < found[-1] < 0.01


def test_step_divides_by_ten_twice(config):
    assert rates(config, "step") == pytest.approx([0.1] * 4 + [0.01] * 2 + [0.001] * 2)


@pytest.mark.parametrize("name", ["constant", "cosine", "step"])
def test_one_epoch_is_enough_for_every_schedule(config, name):
    assert rates(config, name, epochs=1) == [0.1]


@pytest.mark.parametrize("name", ["constant", "cosine", "step"])
def test_a_warm_up_rises_linearly_and_leaves_the_rest_to_the_schedule(config, name):
    def warm(**changes):
        return config(**changes) | {"warmup_epochs": 3}

    found = rates(warm, name, epochs=11)
    assert found[:3] == pytest.approx([0.025, 0.05, 0.075])
    assert found[3:] == pytest.approx(rates(config, name, epochs=8))


def test_a_warm_up_leaves_an_epoch_for_the_full_rate(config):
    found = rates(lambda **changes: config(**changes) | {"warmup_epochs": 9}, "constant", epochs=4)
    assert found == pytest.approx([0.025, 0.05, 0.075, 0.1])


def test_optimizers_take_their_hyperparameters(config):
    network = torch.nn.Linear(2, 1)
    sgd = make_optimizer(network, config(optimizer="sgd", momentum=0.7, weight_decay=0.01))
    assert isinstance(sgd, torch.optim.SGD)
    assert (sgd.defaults["momentum"], sgd.defaults["weight_decay"]) == (0.7, 0.01)
    adamw = make_optimizer(network, config(weight_decay=0.02, learning_rate=0.003))
    assert isinstance(adamw, torch.optim.AdamW)
    assert (adamw.defaults["lr"], adamw.defaults["weight_decay"]) == (0.003, 0.02)


@pytest.mark.parametrize(
    ("setting", "limit"), [("off", float("inf")), ("0.1", 0.1), ("1", 1.0), ("10", 10.0)]
)
def test_clip_limits(config, setting, limit):
    assert clip_limit(config(gradient_clipping=setting)) == limit

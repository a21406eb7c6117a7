"""Optimisers, learning-rate schedules and gradient clipping of a configuration."""

from collections.abc import Sequence

import torch

from knowledge_base.types import Config

EXPLODED = 1e6
"""Mean gradient norm per epoch beyond which training is called diverged. Healthy runs of
these networks on standardised inputs stay some orders of magnitude below."""

FUSED = ("cpu", "cuda")
"""Devices on which the optimisers' steps are one operation."""


def make_optimizer(network: torch.nn.Module, config: Config) -> torch.optim.Optimizer:
    """Return SGD with momentum or AdamW (Loshchilov and Hutter 2019)."""
    common = {"lr": config["learning_rate"], "weight_decay": config["weight_decay"]}
    # One operation for all weights, where PyTorch has it, is several times as quick.
    common["fused"] = all(p.device.type in FUSED for p in network.parameters())
    if config["optimizer"] == "sgd":
        return torch.optim.SGD(network.parameters(), momentum=config["momentum"], **common)
    return torch.optim.AdamW(network.parameters(), **common)


def make_schedule(
    optimizer: torch.optim.Optimizer, config: Config, max_epochs: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Return a schedule that is stepped once per epoch.

    "cosine" falls to zero over `max_epochs` (Loshchilov and Hutter 2017); "step" divides by
    ten after half and after three quarters of them. With `warmup_epochs` the rate rises
    linearly over as many epochs first (Goyal et al. 2017), and the schedule has the others.
    """
    warmup = min(int(config.get("warmup_epochs", 0)), max_epochs - 1)
    if warmup > 0:
        return _warmed_up(optimizer, config, max_epochs, warmup)
    schedulers = torch.optim.lr_scheduler
    if config["schedule"] == "cosine":
        return schedulers.CosineAnnealingLR(optimizer, T_max=max_epochs)
    if config["schedule"] == "step":
        milestones = [max(max_epochs // 2, 1), max(3 * max_epochs // 4, 2)]
        return schedulers.MultiStepLR(optimizer, milestones)
    return schedulers.ConstantLR(optimizer, factor=1.0)


def schedule_factors(config: Config, max_epochs: int) -> list[float]:
    """Return what the schedule multiplies the learning rate by in each epoch."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = make_schedule(optimizer, config, max_epochs)
    factors = []
    for _ in range(max_epochs):
        factors.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.step()
    return factors


def _warmed_up(
    optimizer: torch.optim.Optimizer, config: Config, max_epochs: int, warmup: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Return a schedule whose epoch k of the warm-up has k / (warmup + 1) of the rate."""
    schedulers = torch.optim.lr_scheduler
    rise = schedulers.LinearLR(optimizer, start_factor=1 / (warmup + 1), total_iters=warmup)
    rest = make_schedule(optimizer, {**config, "warmup_epochs": 0}, max_epochs - warmup)
    return schedulers.SequentialLR(optimizer, [rise, rest], milestones=[warmup])


def clip_limit(config: Config) -> float:
    """Return the largest gradient norm allowed; infinite without clipping."""
    setting = config["gradient_clipping"]
    return float("inf") if setting == "off" else float(setting)


def clip(parameters: Sequence[torch.nn.Parameter], limit: float) -> torch.Tensor:
    """Clip the gradients in place to a norm of at most `limit`; return what it was."""
    if limit < float("inf"):
        return torch.nn.utils.clip_grad_norm_(parameters, limit)
    gradients = [p.grad for p in parameters if p.grad is not None]
    return torch.nn.utils.get_total_norm(gradients)

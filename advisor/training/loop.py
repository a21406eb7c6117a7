"""Trains one network: in-memory minibatches, early stopping, divergence detection."""

import torch

from advisor.data import PreparedData
from advisor.models.base import ModelFamily
from advisor.training.devices import gpus
from advisor.training.outcome import Outcome
from advisor.training.paused import Paused
from advisor.training.report import Reporting, as_report
from advisor.training.run import Run
from advisor.training.terms import Terms, place_of
from knowledge_base.types import Config

__all__ = ["Run", "Terms", "conclude", "place_of", "train", "train_on"]


def train(
    family: ModelFamily,
    config: Config,
    data: PreparedData,
    *,
    metric: str,
    seed: int,
    max_epochs: int | None = None,
    patience: int | None = None,
    report: Reporting = None,
    device: str | None = None,
) -> Outcome:
    """Train `family` with `config`; the value is the validation metric of the best epoch.

    The same seed gives the same curve on a CPU. The global random state is left as it was.

    Args:
        family: what to build.
        config: its active hyperparameters.
        data: prepared parts; the test part is only looked at after the last epoch.
        metric: name of the metric to select the best epoch by.
        seed: of initial weights, order of the rows and dropout.
        max_epochs: upper limit of the configuration's own number of epochs; schedules are
            stretched over what is smaller.
        patience: epochs without improvement before training ends; default the
            configuration's own.
        report: called after every epoch, and asked between batches if it is a `Report`.
        device: "cpu" or "cuda"; default CUDA when present.

    Returns:
        An outcome with state "complete", "stopped" (by `report`) or "diverged" (non-finite
        loss or exploding gradients, with the reason).

    Raises:
        UserError: no such metric, or not one for this kind of task.
        RuntimeError: PyTorch's, such as out of memory.
    """
    return train_on(family, config, data, seed, Terms(metric, max_epochs, patience, device), report)


def train_on(
    family: ModelFamily,
    config: Config,
    data: PreparedData,
    seed: int,
    terms: Terms,
    report: Reporting = None,
    paused: Paused | None = None,
) -> Outcome:
    """Train as `train` does, on the terms given.

    Args:
        family, config, data, seed, report: as there; a report may raise `PauseTrial`, and the
            outcome has `paused` then.
        terms: what else is asked.
        paused: where to go on, of a training with the same arguments; None begins.

    Raises:
        StateLost: `paused` is that of another training, or damaged.
        UserError, RuntimeError: as `train`.
    """
    with torch.random.fork_rng(devices=gpus(terms.device)):
        run = Run.begin(family, config, data, seed, terms)
        if paused is not None:
            run.restore(paused)
        return run.go(as_report(report))


def conclude(
    family: ModelFamily,
    config: Config,
    data: PreparedData,
    seed: int,
    terms: Terms,
    paused: Paused,
    reason: str,
) -> Outcome:
    """Return what a paused training reached, as of one that is stopped for that reason.

    Raises:
        StateLost: `paused` is that of another training, or damaged.
    """
    with torch.random.fork_rng(devices=gpus(terms.device)):
        return Run.begin(family, config, data, seed, terms).conclude(paused, reason)

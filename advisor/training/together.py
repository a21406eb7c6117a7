"""Trains many small networks of one shape at once.

A small network spends its time on starting operations, not on numbers. Networks of one shape
are stacked: one batched matrix product does a layer of all of them, one row of a matrix holds
the weights of each (as `torch.func.stack_module_state` and `vmap` do, which spend more time
in Python: docs/benchmarks/together.md compares). Each keeps its own seed, order of the rows,
dropout masks, learning rate, weight decay, momentum, optimiser, clipping, schedule, number of
epochs and patience; one that ended is taken out of the stack.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from advisor.data import PreparedData
from advisor.models.base import ModelFamily
from advisor.training.loop import Run, place_of, train
from advisor.training.outcome import Outcome, Report, StopTrial
from advisor.training.stack import Stack, StackOptimizer
from advisor.training.stacked_layers import Shape, shape_of

WORTHWHILE = 100_000
"""Parameters of a network above which hardly anything is gained (docs/benchmarks/together.md)."""

LARGEST = 1_000_000
"""Parameters of a stack: of larger ones neither weights nor moments stay in any cache."""


def train_together(
    family: ModelFamily,
    configs: Sequence[Mapping[str, Any]],
    data: PreparedData,
    *,
    metric: str,
    seeds: int | Sequence[int],
    max_epochs: int | None = None,
    patience: int | None = None,
    reports: Sequence[Report | None] | None = None,
    device: str | None = None,
) -> list[Outcome]:
    """Train `family` with each of `configs`, networks of one shape together.

    An outcome is that of `train` with the same configuration and seed: initial weights, order
    of the rows and dropout masks are the same, only sums are added up in another order, so
    that numbers differ by rounding, which long trainings may amplify. The same call gives the
    same outcomes. `gradient_ratio` and the like, which need a network of its own, are not in
    the curves. A `duration` is the network's equal share of the time of each epoch of its
    stack, and its own metrics; durations add up to about what the call took.

    What trains alone, with `train`: shapes with one network, networks of more than
    `WORTHWHILE` parameters, families whose layers have no stacked form (cnn; rnn and
    forecaster, for LSTM has no batching rule in PyTorch either), and other devices.

    Args:
        family: what to build.
        configs: active hyperparameters of each.
        data: prepared parts.
        metric: name of the metric to select best epochs by.
        seeds: one for all, or one for each.
        max_epochs, patience: as for `train`.
        reports: called after each epoch of each; one that raises `StopTrial` ends only its own.
        device: as for `train`.

    Returns:
        Outcomes in the order of `configs`.

    Raises:
        UserError, RuntimeError: as `train`.
    """
    options = {"metric": metric, "max_epochs": max_epochs, "patience": patience, "device": device}
    found: dict[int, Outcome] = {}
    for group in groups_of(family, configs, data, device):
        found.update(train_group(family, configs, data, group, seeds, reports, **options))
    return [found[place] for place in range(len(configs))]


def groups_of(
    family: ModelFamily,
    configs: Sequence[Mapping[str, Any]],
    data: PreparedData,
    device: str | None = None,
) -> list[list[int]]:
    """Return the places of configurations that are trained together; groups of one are plain."""
    groups: dict[Any, list[int]] = {}
    for place, config in enumerate(configs):
        shape = _shape(family, config, data) if place_of(device).type == "cpu" else None
        groups.setdefault((None, place) if shape is None else shape, []).append(place)
    found = []
    for key, places in groups.items():
        most = 1 if key[0] is None else max(LARGEST // key[0], 1)
        pieces = -(-len(places) // most)
        found += [list(map(int, piece)) for piece in np.array_split(places, pieces)]
    return sorted(found)


def train_group(
    family: ModelFamily,
    configs: Sequence[Mapping[str, Any]],
    data: PreparedData,
    group: Sequence[int],
    seeds: int | Sequence[int],
    reports: Sequence[Report | None] | None = None,
    **options: Any,
) -> Iterator[tuple[int, Outcome]]:
    """Train one group of `groups_of`; yield place and outcome of each as soon as it ended."""
    each = [seeds] * len(configs) if isinstance(seeds, int) else seeds
    known = reports or [None] * len(configs)
    if len(group) == 1:
        place = group[0]
        config, report = configs[place], known[place]
        yield place, train(family, config, data, seed=each[place], report=report, **options)
        return
    members = [_begin(family, configs[p], data, each[p], p, known[p], **options) for p in group]
    yield from _Together(members).go()


def _shape(family: ModelFamily, config: Mapping[str, Any], data: PreparedData) -> Shape | None:
    """Return parameters, batch size and shape; None for what does not gain or does not work."""
    if not family.stackable or family.adapt(config, data) is not data:
        return None
    config = family.complete(config, data)
    try:
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            network = family.build(config, data)
    except Exception:
        return None  # the plain loop says what is wrong
    shape, size = shape_of(network), sum(p.numel() for p in network.parameters())
    if shape is None or not 0 < size <= WORTHWHILE:
        return None
    return size, min(config["batch_size"], len(data.x_train)), shape


def _begin(
    family: ModelFamily,
    config: Mapping[str, Any],
    data: PreparedData,
    seed: int,
    place: int,
    report: Report | None,
    **options: Any,
) -> "_Member":
    """Begin a training as `train` does, and keep its random state for later."""
    options = {"max_epochs": None, "patience": None, "device": None, **options}
    with torch.random.fork_rng(devices=[]):
        member = _Member.begin(family, config, data, seed=seed, **options)
        member.generator = torch.Generator().set_state(torch.get_rng_state())
    member.place, member.report = place, report
    member.check_time = getattr(report, "check_time", None)
    return member


class _Member(Run):
    """One training of several: what is computed for all of them comes from the stack.

    Attributes:
        place: among the configurations.
        generator: of the order of its rows and its dropout.
        losses, norms: of each batch of the epoch, shape (batches,).
        outputs: by part, after the epoch.
        state: returns a copy of its weights.
        seconds: its share of the time so far.
        stopped: why it ended within an epoch, if it did.
    """

    place: int
    report: Report | None
    generator: torch.Generator
    losses: np.ndarray
    norms: np.ndarray
    outputs: Mapping[str, torch.Tensor]
    stack: Stack
    row: int
    seconds = 0.0
    stopped: StopTrial | None = None

    def watch_time(self) -> None:
        """Ask the report whether the time is over, within an epoch."""
        if self.check_time is not None and self.stopped is None:
            try:
                self.check_time()
            except StopTrial as stop:
                self.stopped = stop

    def end_epoch(self, number: int, share: float) -> Outcome | None:
        """Take its share of the time and go through the epoch's end as any training does."""
        self.seconds += share
        self.started = time.monotonic()
        outcome = self.advance(number, self.report)
        self.seconds = self._seconds()
        return outcome

    def _minibatches(self) -> tuple[np.ndarray, np.ndarray]:
        if self.stopped is not None:
            raise self.stopped
        self.optimizer.step()  # without gradients: schedules insist on one before theirs
        return self.losses, self.norms

    def _outputs(self, part: str, rows: int | None) -> torch.Tensor:
        return self.outputs[part][:rows]

    def _weights(self) -> dict[str, Any]:
        return self.stack.state_of(self.row, self.network)

    def _seconds(self) -> float:
        return self.seconds + time.monotonic() - self.started


class _Together:
    """Members of one shape, trained side by side."""

    def __init__(self, members: Sequence[_Member]) -> None:
        self.started = time.monotonic()
        kinds = {torch.optim.SGD: 0, torch.optim.AdamW: 1}
        self.members = sorted(members, key=lambda member: kinds[type(member.optimizer)])
        self.stack = Stack(
            [member.network for member in self.members],
            [member.generator for member in self.members],
        )
        self.optimizer = StackOptimizer(
            self.stack,
            [member.optimizer for member in self.members],
            [member.limit for member in self.members],
        )
        first = self.members[0]
        self.data, self.parts, self.batch_size = first.data, first.parts, first.batch_size
        self._number_rows()

    def go(self) -> Iterator[tuple[int, Outcome]]:
        """Yield place and outcome of each member in the order in which they end."""
        for number in count(1):
            losses, norms = self._minibatches()
            self._show(losses, norms)
            share = (time.monotonic() - self.started) / len(self.members)
            staying = []
            for row, member in enumerate(self.members):
                outcome = member.end_epoch(number, share)
                if outcome is None:
                    staying.append(row)
                else:
                    yield member.place, outcome
            self.started = time.monotonic()
            if not staying:
                return
            if len(staying) < len(self.members):
                self._keep(staying)

    def _minibatches(self) -> tuple[np.ndarray, np.ndarray]:
        """Go once over the training part; return losses and norms (batches, members)."""
        self.optimizer.begin_epoch()
        x, y = self.parts["train"].x, self.parts["train"].y
        orders = [torch.randperm(len(x), generator=g) for g in self.stack.generators]
        losses, norms = [], []
        for rows in torch.stack(orders).split(self.batch_size, 1):
            if rows.shape[1] < 2 <= len(x):
                continue
            for member in self.members:
                member.watch_time()
            if all(member.stopped is not None for member in self.members):
                break
            loss = _losses(self.stack(x[rows], True), y[rows], self.data.kind)
            (gradients,) = torch.autograd.grad(loss.sum(), self.stack.weights)
            norms.append(self.optimizer.step(gradients))
            losses.append(loss.detach())
        if not losses:
            return np.empty((0, len(orders))), np.empty((0, len(orders)))
        return torch.stack(losses).numpy(), torch.stack(norms).numpy()

    def _show(self, losses: np.ndarray, norms: np.ndarray) -> None:
        """Give each member what it would have computed itself."""
        outputs = {
            part: self.stack.outputs(self.parts[part].x[:rows], self.data.evaluation_batch)
            for part, rows in (("train", self.data.curve_rows), ("valid", None))
        }
        for row, member in enumerate(self.members):
            member.losses, member.norms = losses[:, row], norms[:, row]
            member.outputs = {part: values[row] for part, values in outputs.items()}

    def _keep(self, rows: list[int]) -> None:
        places = torch.tensor(rows)
        self.members = [self.members[row] for row in rows]
        self.stack.keep(places)
        self.optimizer.keep(places)
        self._number_rows()

    def _number_rows(self) -> None:
        for row, member in enumerate(self.members):
            member.stack, member.row = self.stack, row


def _losses(outputs: torch.Tensor, targets: torch.Tensor, kind: str) -> torch.Tensor:
    """Return `loss_of` for each network, shape (networks,)."""
    if kind == "classification":
        flat = functional.cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="none")
        return flat.view(targets.shape).mean(1)
    return functional.mse_loss(outputs.squeeze(2), targets, reduction="none").mean(1)

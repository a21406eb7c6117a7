"""Trainings of networks of one shape side by side, on one stack of their weights."""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

import numpy as np
import torch
from torch.nn import functional

from advisor.training.loop import Run
from advisor.training.outcome import Outcome
from advisor.training.report import StopTrial
from advisor.training.stack import Stack, StackOptimizer


class Member(Run):
    """One training of several: what is computed for all of them comes from the stack.

    Attributes:
        place: where it is among the configurations.
        generator: source of the order of its rows and of its dropout.
        losses, norms: one of each per batch of the epoch, shape (batches,).
        outputs: what its network gives after the epoch, by part.
        stack, row: where its weights are.
        seconds: its share of the time so far.
        stopped: why it ended within an epoch, if it did.
    """

    place: int
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
        if self.stopped is None:
            try:
                self.report.check_time()
            except StopTrial as stop:
                self.stopped = stop

    def end_epoch(self, number: int, share: float) -> Outcome | None:
        """Take its share of the time and go through the epoch's end as any training does."""
        self.seconds += share
        self.started = time.monotonic()
        outcome = self.advance(number)
        self.seconds = self._seconds()
        return outcome

    def _minibatches(self) -> tuple[np.ndarray, np.ndarray]:
        if self.stopped is not None:
            raise self.stopped
        self.optimizer.step()  # it moves nothing, but schedules insist on it
        return self.losses, self.norms

    def _outputs(self, part: str, rows: int | None) -> torch.Tensor:
        return self.outputs[part][:rows]

    def _weights(self) -> dict[str, torch.Tensor]:
        return self.stack.state_of(self.row, self.network)

    def _seconds(self) -> float:
        return self.seconds + time.monotonic() - self.started


class SideBySide:
    """Members of one shape, trained side by side."""

    def __init__(self, members: Sequence[Member]) -> None:
        """Stack the networks of the members, which have begun."""
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
        for rows in torch.split(torch.stack(orders), self.batch_size, 1):
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

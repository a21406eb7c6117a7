"""Trainings of networks of one shape side by side, on one stack of their weights."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

import numpy as np
import torch
from torch.nn import functional

from advisor.training.devices import computing
from advisor.training.outcome import Outcome
from advisor.training.report import StopTrial
from advisor.training.run import Run
from advisor.training.stack import Stack, StackOptimizer


class Member(Run):
    """One training of several: what is computed for all of them comes from the stack.

    Attributes:
        place: where it is among the configurations.
        generator: source of the order of its rows, and on a CPU of its dropout.
        masks: source of its dropout, on the device where it is.
        losses, norms: one of each per batch of the epoch, shape (batches,).
        outputs: what its network gives after the epoch, by part.
        stack, row: where its weights are.
        seconds: its share of the time so far.
        stopped: why it ended within an epoch, if it did.
        pause: why all of them are to be put aside after the epoch, if its report says so.
        moments: what its own optimiser remembers where it was taken up, until it is in the stack.
    """

    place: int
    generator: torch.Generator
    masks: torch.Generator
    losses: np.ndarray
    norms: np.ndarray
    outputs: Mapping[str, torch.Tensor]
    stack: Stack
    row: int
    seconds = 0.0
    stopped: StopTrial | None = None
    pause: str | None = None
    optimizers: StackOptimizer
    moments: Mapping[str, torch.Tensor] | None = None

    def watch_time(self, together: int) -> None:
        """Ask whether the time is over, within an epoch, for as many networks together."""
        if self.stopped is None:
            try:
                self.check_time(together)
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

    def _take_for_best(self, value: float, epoch: int) -> None:
        super()._take_for_best(value, epoch)
        self.best_seen = None  # The network itself, not the stack, says what it predicts.

    def _weights(self) -> dict[str, torch.Tensor]:
        return self.stack.state_of(self.row, self.network)

    def put_aside(self, reason: str) -> Outcome | None:
        """Take note that all are to be put aside once they ended the epoch."""
        self.pause = reason  # The others are within the same epoch.
        return None

    def paused(self, reason: str) -> Outcome:
        """Return what it reached, with its state; of one that is over, too."""
        self.started = time.monotonic()  # The epoch is counted already.
        outcome = super().put_aside(reason)
        assert outcome is not None
        return outcome

    def _seconds(self) -> float:
        return self.seconds + time.monotonic() - self.started

    def _set_seconds(self, seconds: float) -> None:
        self.seconds, self.started = seconds, time.monotonic()

    def _moments(self) -> dict[str, torch.Tensor]:
        return self.optimizers.moments_of(self.row)

    def _set_moments(self, tensors: Mapping[str, torch.Tensor]) -> None:
        self.moments = tensors

    def _random(self) -> dict[str, torch.Tensor]:
        return {g.device.type: g.get_state() for g in (self.generator, self.masks)}

    def _set_random(self, states: Mapping[str, torch.Tensor]) -> None:
        for generator in (self.generator, self.masks):
            if generator.device.type in states:
                generator.set_state(states[generator.device.type].cpu())


class SideBySide:
    """Members of one shape, trained side by side."""

    def __init__(
        self, members: Sequence[Member], over: Sequence[tuple[Member, Outcome]] = ()
    ) -> None:
        """Stack the networks of the members, which have begun and stand after the same epoch.

        Args:
            members: at least one.
            over: others that ended before these were put aside, with what came of them.
        """
        self.started = time.monotonic()
        kinds = {torch.optim.SGD: 0, torch.optim.AdamW: 1}
        self.members = sorted(members, key=lambda member: kinds[type(member.optimizer)])
        self.stack = Stack(
            [member.network for member in self.members],
            [member.masks for member in self.members],
        )
        self.optimizer = StackOptimizer(
            self.stack,
            [member.optimizer for member in self.members],
            [member.limit for member in self.members],
        )
        if self.members[0].moments is not None:
            self.optimizer.restore([member.moments or {} for member in self.members])
        self.over = list(over)
        self.batch_size = self.members[0].batch_size
        self.parts = _parts_of(self.members)
        self._number_rows()
        for member in self.members:
            member.look_ahead()

    def go(self) -> Iterator[tuple[int, Outcome]]:
        """Yield place and outcome of each member in the order in which they end.

        Where one of them is to be put aside, all are. Those that ended before are yielded once
        more then, with their states.
        """
        for number in count(len(self.members[0].curve) + 1):
            losses, norms = self._minibatches()
            self._show(losses, norms)
            share = (time.monotonic() - self.started) / len(self.members)
            staying = []
            for row, member in enumerate(self.members):
                outcome = member.end_epoch(number, share)
                if outcome is None:
                    staying.append(row)
                else:
                    self.over.append((member, outcome))
                    yield member.place, outcome
            self.started = time.monotonic()
            if not staying:
                return
            if (reason := self._pause(staying)) is not None:
                yield from self._put_aside(staying, reason)
                return
            if len(staying) < len(self.members):
                self._keep(staying)

    def _pause(self, staying: Sequence[int]) -> str | None:
        """Return why all are to be put aside, None where they go on."""
        reasons = (self.members[row].pause for row in staying)
        return next((reason for reason in reasons if reason is not None), None)

    def _put_aside(self, staying: Sequence[int], reason: str) -> Iterator[tuple[int, Outcome]]:
        for member, outcome in self.over:
            yield member.place, replace(outcome, paused=member.kept(outcome.duration))
        for row in staying:
            yield self.members[row].place, self.members[row].paused(reason)

    def _minibatches(self) -> tuple[np.ndarray, np.ndarray]:
        """Go once over the training part; return losses and norms (batches, members)."""
        self.optimizer.begin_epoch()
        part, data = self.parts["train"], self.members[0].data
        count = len(data.x_train)
        orders = [torch.randperm(count, generator=m.generator) for m in self.members]
        losses: list[torch.Tensor] = []
        norms: list[torch.Tensor] = []
        place, precision = part.x.device, self.members[0].precision
        for rows in torch.split(torch.stack(orders).to(place), self.batch_size, 1):
            if rows.shape[1] < 2 <= count:
                continue
            for member in self.members:
                if losses or member.curve:
                    member.watch_time(len(self.members))
            if all(member.stopped is not None for member in self.members):
                break
            x, y = part.batch(rows)
            with computing(precision, place):
                outputs = self.stack(x, True)
                full = outputs if precision is None else outputs.float()
                loss = _losses(full, y, data.kind)
            gradients = torch.autograd.grad(loss.sum(), self.stack.weights)
            norms.append(self.optimizer.step(gradients))
            losses.append(loss.detach())
        if not losses:
            return np.empty((0, len(orders))), np.empty((0, len(orders)))
        return torch.stack(losses).cpu().numpy(), torch.stack(norms).cpu().numpy()

    def _show(self, losses: np.ndarray, norms: np.ndarray) -> None:
        """Give each member what it would have computed itself."""
        data = self.members[0].data
        outputs = {
            part: self.stack.outputs(self.parts[part].first(rows), data.evaluation_batch)
            for part, rows in (("train", data.curve_rows), ("valid", None))
        }
        for row, member in enumerate(self.members):
            member.losses, member.norms = losses[:, row], norms[:, row]
            member.outputs = {part: values[row] for part, values in outputs.items()}

    def _keep(self, rows: list[int]) -> None:
        places = torch.tensor(rows)
        self.members = [self.members[row] for row in rows]
        self.parts = {name: part.keep(places) for name, part in self.parts.items()}
        self.stack.keep(places)
        self.optimizer.keep(places)
        self._number_rows()

    def _number_rows(self) -> None:
        for row, member in enumerate(self.members):
            member.stack, member.row, member.optimizers = self.stack, row, self.optimizer


class _Part:
    """One part of the data of all members.

    Attributes:
        x, y: inputs (n, columns) and targets (n,) that all share, or those of each, with the
            networks in front.
    """

    def __init__(self, x: torch.Tensor, y: torch.Tensor, shared: bool) -> None:
        """Take inputs and targets."""
        self.x, self.y, self._shared = x, y, shared

    def batch(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return inputs and targets for rows of each network, shape (networks, batch)."""
        if self._shared:
            return self.x[rows], self.y[rows]
        networks = torch.arange(len(rows), device=rows.device).unsqueeze(1)
        return self.x[networks, rows], self.y[networks, rows]

    def first(self, rows: int | None) -> torch.Tensor:
        """Return the inputs of the first rows, of all of them without a number."""
        return self.x[:rows] if self._shared else self.x[:, :rows]

    def keep(self, places: torch.Tensor) -> "_Part":
        """Return the part for the networks at these places only."""
        return self if self._shared else _Part(self.x[places], self.y[places], False)


def _parts_of(members: Sequence[Member]) -> dict[str, _Part]:
    """Return what all members train on and are judged by, stacked where it is not the same."""
    first = members[0]
    shared = all(member.data is first.data for member in members)
    found = {}
    for part in ("train", "valid"):
        tensors = [member.parts[part] for member in (members[:1] if shared else members)]
        if shared:
            found[part] = _Part(tensors[0].x, tensors[0].y, True)
        else:
            x, y = torch.stack([t.x for t in tensors]), torch.stack([t.y for t in tensors])
            found[part] = _Part(x, y, False)
    return found


def _losses(outputs: torch.Tensor, targets: torch.Tensor, kind: str) -> torch.Tensor:
    """Return `loss_of` for each network, shape (networks,)."""
    if kind == "classification":
        flat = functional.cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="none")
        return flat.view(targets.shape).mean(1)
    return functional.mse_loss(outputs.squeeze(2), targets, reduction="none").mean(1)

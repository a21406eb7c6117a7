"""Trainings that can be put aside after an epoch, and taken up where they stand."""

import time
from collections.abc import Mapping

import numpy as np
import torch

from advisor.training.paused import Paused, StateLost, curve_as_json, curve_of_json
from knowledge_base.records import EpochRecord
from knowledge_base.states import TrialState
from knowledge_base.types import JsonObject

UNFIT = (KeyError, IndexError, AttributeError, TypeError, ValueError, RuntimeError)
"""What comes of giving a network or an optimiser what is not its own."""


class Standing:
    """What of a training lasts from one epoch to the next.

    One that is begun anew with the same configuration, data and seed, and is given what another
    kept, goes on exactly as that would have: weights, moments of the optimiser, random state,
    curve, best epoch and seconds. The schedule follows from the number of epochs.

    Attributes:
        network, optimizer, schedule: of the training.
        started: when it began, less what earlier parts took.
        curve: its epochs.
        best_value, best_epoch, best_weights, best_seen: of its best epoch, with what that
            predicted for the validation part, if there is any.
        over: how it ended, and why, where it did.
    """

    network: torch.nn.Module
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    started: float
    curve: list[EpochRecord]
    best_value: float | None
    best_epoch: int
    best_weights: dict[str, torch.Tensor] | None
    best_seen: np.ndarray | None
    over: tuple[TrialState, str | None] | None = None

    def kept(self, seconds: float | None = None) -> Paused:
        """Return all that it takes to go on; of one that is over, to say what came of it.

        Args:
            seconds: what it took, if that is not up to now.
        """
        facts: JsonObject = {
            "curve": curve_as_json(self.curve),
            "best_value": self.best_value,
            "best_epoch": self.best_epoch,
            "seconds": self._seconds() if seconds is None else seconds,
            "over": None if self.over is None else [str(self.over[0]), self.over[1]],
        }
        arrays = _arrays("best", self.best_weights or {})
        if self.best_seen is not None:
            arrays["seen"] = self.best_seen
        if self.over is None:
            arrays |= _arrays("weights", self._weights())
            arrays |= _arrays("optimizer", self._moments())
            arrays |= _arrays("random", self._random())
        return Paused(facts, arrays)

    def recall(self, paused: Paused) -> None:
        """Take what `kept` gave as far as it says what was reached.

        Raises:
            StateLost: it is that of another training, or damaged.
        """
        facts = paused.facts
        try:
            self.curve = curve_of_json(facts["curve"])
            self.best_value, self.best_epoch = facts["best_value"], int(facts["best_epoch"])
            self._set_seconds(float(facts["seconds"]))
            over = facts["over"]
            self.over = None if over is None else (TrialState(over[0]), over[1])
            best = self._tensors(paused, "best/")
            if best:
                self.network.load_state_dict(best)
            self.best_weights, self.best_seen = best or None, paused.arrays.get("seen")
        except UNFIT as error:
            raise _lost(error) from error

    def restore(self, paused: Paused) -> None:
        """Stand where the training stood that gave `paused`.

        Raises:
            StateLost: it is that of another training, or damaged.
        """
        self.recall(paused)
        if self.over is not None:
            return
        try:
            self.network.load_state_dict(self._tensors(paused, "weights/"))
            for _ in self.curve:
                self.optimizer.step()  # It moves nothing, but schedules insist on it.
                self.schedule.step()
            self._set_moments(self._tensors(paused, "optimizer/"))
            self._set_random(self._tensors(paused, "random/"))
        except UNFIT as error:
            raise _lost(error) from error

    def _weights(self) -> dict[str, torch.Tensor]:
        """Return a copy of the network's state."""
        raise NotImplementedError

    def _seconds(self) -> float:
        """Return what the training took so far."""
        return time.monotonic() - self.started

    def _set_seconds(self, seconds: float) -> None:
        self.started = time.monotonic() - seconds

    def _moments(self) -> dict[str, torch.Tensor]:
        """Return what the optimiser remembers, by number of the parameter and name."""
        known = self.optimizer.state_dict()["state"]
        return {
            f"{number}/{name}": tensor
            for number, own in known.items()
            for name, tensor in own.items()
            if tensor is not None
        }

    def _set_moments(self, tensors: Mapping[str, torch.Tensor]) -> None:
        state = self.optimizer.state_dict()
        known: dict[int, dict[str, torch.Tensor]] = {}
        shapes = [p.shape for group in self.optimizer.param_groups for p in group["params"]]
        for full, tensor in tensors.items():
            number, _, name = full.partition("/")
            if tensor.dim() and tensor.shape != shapes[int(number)]:
                raise ValueError(f"{full} has the shape {tuple(tensor.shape)}")
            known.setdefault(int(number), {})[name] = tensor
        self.optimizer.load_state_dict({**state, "state": known})

    def _random(self) -> dict[str, torch.Tensor]:
        """Return the state of the generators that the training draws from."""
        found, place = {"cpu": torch.get_rng_state()}, self._place
        if place.type == "cuda":
            found["cuda"] = torch.cuda.get_rng_state(place)
        return found

    def _set_random(self, states: Mapping[str, torch.Tensor]) -> None:
        torch.set_rng_state(states["cpu"].cpu())
        if self._place.type == "cuda" and "cuda" in states:
            torch.cuda.set_rng_state(states["cuda"].cpu(), self._place)

    @property
    def _place(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    def _tensors(self, paused: Paused, prefix: str) -> dict[str, torch.Tensor]:
        arrays = paused.within(prefix)
        # A copy, because what is trained further must not change what was kept.
        return {n: torch.from_numpy(np.array(a)).to(self._place) for n, a in arrays.items()}


def _arrays(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Return copies of tensors as arrays with names that begin with a prefix."""
    return {f"{prefix}/{n}": t.detach().cpu().numpy().copy() for n, t in tensors.items()}


def _lost(error: Exception) -> StateLost:
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return StateLost(f"The state of a paused training does not fit: {line}.")

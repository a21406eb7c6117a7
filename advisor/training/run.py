"""One training as it goes: its network, its epochs, and the best of them."""

import copy
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from math import inf, isfinite
from typing import Self

import numpy as np
import torch

from advisor.data import PreparedData
from advisor.data.preparation import PARTS
from advisor.metrics import Metric
from advisor.models.base import ModelFamily
from advisor.training.devices import computing
from advisor.training.evaluation import (
    Tensors,
    loss_of,
    metric_of,
    metrics_of_prediction,
    outputs_of,
    prediction_of,
    to_prediction,
)
from advisor.training.optimisation import EXPLODED, clip, clip_limit, make_optimizer, make_schedule
from advisor.training.outcome import Fitted, Outcome
from advisor.training.paused import Paused
from advisor.training.report import PauseTrial, Report, StopTrial, as_report, seconds_left
from advisor.training.signals import Signals, largest_finite, loss_spread
from advisor.training.standing import Standing
from advisor.training.terms import Terms, place_of
from advisor.training.threads import at_most, threads_for, threads_worth
from knowledge_base.records import TIME_OVER, EpochRecord
from knowledge_base.states import TrialState
from knowledge_base.types import Config

METRICS = 1e-5
"""Seconds that the metrics of a row take, about."""

MAX_EPOCHS = 30
PATIENCE = 8
"""What is taken for configurations that say neither."""


class Run(Standing):
    """The state of one training; `advisor.training.together` drives several side by side.

    Attributes:
        report: what is told of every epoch.
        keeping: whether the outcome keeps what was trained.
        work: products of a step, parameters x rows; infinite for families whose parameters are
            used several times for a row.
        exactly: the only epoch whose network counts, if there is one.
        precision: in which the network and its loss compute while it trains.
        ending: about how many seconds it takes to judge the network in the end.
    """

    def __init__(
        self,
        family: ModelFamily,
        config: Config,
        data: PreparedData,
        metric: Metric,
        max_epochs: int,
        patience: int,
        device: torch.device,
    ) -> None:
        """Build the network from PyTorch's global random state."""
        self.data, self.metric = data, metric
        self.max_epochs, self.patience = max_epochs, patience
        self.started = time.monotonic()
        self.network = family.build(config, data).to(device)
        self.optimizer = make_optimizer(self.network, config)
        self.schedule = make_schedule(self.optimizer, config, max_epochs)
        self.limit = clip_limit(config)
        self.signals = Signals(self.network)
        self.batch_size = min(config["batch_size"], len(data.x_train))
        self.work = self._size() * self.batch_size if family.stackable else inf
        self.parts = {part: Tensors.of(data.x(part), data.y(part), device) for part in PARTS}
        self.report = as_report(None)
        self.curve: list[EpochRecord] = []
        self.best_value: float | None = None
        self.best_epoch = 0
        self.best_weights: dict[str, torch.Tensor] | None = None
        self.best_seen: np.ndarray | None = None
        self._evaluated: np.ndarray | None = None
        self.ending = 0.0
        self.keeping = False
        self.exactly: int | None = None
        self.precision: str | None = None

    @classmethod
    def begin(
        cls,
        family: ModelFamily,
        config: Config,
        data: PreparedData,
        seed: int,
        terms: Terms,
    ) -> Self:
        """Seed PyTorch's global random state and build what `train` was asked for."""
        chosen, place = metric_of(terms.metric, data), place_of(terms.device)
        torch.manual_seed(seed)
        config = family.complete(config, data)
        epochs = config.get("epochs", terms.max_epochs or MAX_EPOCHS)
        epochs = epochs if terms.max_epochs is None else min(epochs, terms.max_epochs)
        patience = terms.patience or config.get("patience", PATIENCE)
        run = cls(family, config, family.adapt(config, data), chosen, epochs, patience, place)
        run.keeping, run.precision = terms.keep, terms.precision
        run.exactly = None if terms.exactly is None else min(terms.exactly, epochs)
        return run

    def go(self, report: Report) -> Outcome:
        """Train to the end, whichever it is, from where it stands."""
        self.report = report
        if self.over is not None:
            return self._outcome(*self.over)
        with self._threads():
            self.look_ahead()
            for number in range(len(self.curve) + 1, self.max_epochs + 1):
                outcome = self.advance(number)
                if outcome is not None:
                    return outcome
            return self._outcome(TrialState.COMPLETE)

    def _threads(self) -> AbstractContextManager[None]:
        """Return the context of as many threads as its steps are worth."""
        if isfinite(self.work):
            return threads_for(self.work)
        return at_most(threads_worth(self.network, self.parts["train"].x, self.batch_size))

    def advance(self, number: int) -> Outcome | None:
        """Train one epoch; return an outcome if it was the last one, or the last one for now."""
        pause = None
        try:
            epoch, reason = self._epoch(number)
            self.curve.append(epoch)
            if reason:
                return self._outcome(TrialState.DIVERGED, reason)
            self._keep_best(epoch)
            self.report(epoch)
        except PauseTrial as raised:
            pause = raised
        except StopTrial as stop:
            if self.best_value is None:
                self._judge_unfinished()
            return self._outcome(TrialState.STOPPED, str(stop))
        last = number >= self.max_epochs or number - self.best_epoch >= self.patience
        if self.exactly is not None:
            last = number >= self.exactly
        if last:  # There is nothing left that it could be paused for.
            return self._outcome(TrialState.COMPLETE)
        return None if pause is None else self.put_aside(str(pause))

    def put_aside(self, reason: str) -> Outcome | None:
        """Return what was reached, with the state in which it can be taken up."""
        return Outcome(
            state=TrialState.STOPPED,
            value=self.best_value,
            curve=tuple(self.curve),
            epochs=len(self.curve),
            n_params=self._size(),
            error=reason,
            duration=self._seconds(),
            paused=self.kept(),
        )

    def conclude(self, paused: Paused, reason: str) -> Outcome:
        """Return what a training reached that is not taken up again, without training it.

        Args:
            paused: how it stands.
            reason: why it is not taken up.

        Raises:
            StateLost: it is that of another training, or damaged.
        """
        self.recall(paused)
        state, error = self.over or (TrialState.STOPPED, reason)
        return replace(self._outcome(state, error), duration=paused.facts["seconds"])

    def _epoch(self, number: int) -> tuple[EpochRecord, str | None]:
        """Train one epoch; return its record and why it diverged, if it did."""
        rate = self.optimizer.param_groups[0]["lr"]
        losses, norms = self._minibatches()
        loss, norm = float(losses.mean()), float(norms.mean())
        reason = None
        if not np.isfinite(losses).all():
            reason = f"the training loss became non-finite in epoch {number}"
        elif not np.isfinite(norms).all() or norm > EXPLODED:
            reason = f"the gradients exploded in epoch {number} (mean norm {norm:.3g})"
        numbers = {
            "train_loss": loss,
            "loss_spread": loss_spread(losses),
            "gradient_norm": norm,
            "gradient_max": largest_finite(norms),
            "gradient_ratio": self.signals.gradient_ratio(),
        }
        if reason:
            return EpochRecord(number, learning_rate=rate, **_finite(**numbers)), reason
        self.schedule.step()
        with self.signals.watching_units():
            train_metric, _ = self._evaluate("train", self.data.curve_rows)
        val_metric, numbers["val_loss"] = self._evaluate("valid")
        numbers["dead_units"] = self.signals.dead_units()
        if val_metric is None:
            reason = f"the validation outputs or their metric are not finite in epoch {number}"
        record = EpochRecord(
            number,
            train_metric=train_metric,
            val_metric=val_metric,
            learning_rate=rate,
            **_finite(**numbers),
        )
        return record, reason

    def _minibatches(self) -> tuple[np.ndarray, np.ndarray]:
        """Go once over the training part; return losses and gradient norms per batch."""
        self.network.train()
        parameters = list(self.network.parameters())
        x, y = self.parts["train"].x, self.parts["train"].y
        order = torch.randperm(len(x)).to(x.device)
        losses: list[torch.Tensor] = []
        norms: list[torch.Tensor] = []
        batches = torch.split(order, self.batch_size)
        self.signals.begin_epoch(len(batches))
        for rows in batches:
            if len(rows) < 2 <= len(order):
                continue  # batch normalisation has no variance of a single row
            if losses or self.curve:  # Something is trained, however short the time is.
                self.check_time()  # an epoch may be longer than the time that is left
            with computing(self.precision, x.device):
                outputs = self.network(x[rows])
                full = outputs if self.precision is None else outputs.float()
                loss = loss_of(full, y[rows], self.data.kind)
            self.optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            self.signals.see_gradients()
            norms.append(clip(parameters, self.limit))
            self.optimizer.step()
            losses.append(loss.detach())
        return torch.stack(losses).cpu().numpy(), torch.stack(norms).cpu().numpy()

    def check_time(self, together: int = 1) -> None:
        """End the training if the time is over, or only as much is left as its end takes.

        Args:
            together: how many trainings like this one end at the same time.

        Raises:
            StopTrial: it ends now.
        """
        self.report.check_time()
        if together * self.ending > seconds_left(self.report):
            raise StopTrial(TIME_OVER)

    def look_ahead(self) -> None:
        """Estimate what it takes to judge the network in the end, where the time is limited."""
        if isfinite(seconds_left(self.report)):
            x, rows = self.parts["valid"].x, self.data.evaluation_batch
            started = time.monotonic()
            outputs_of(self.network, x[:rows], rows)
            pace = (time.monotonic() - started) / len(x[:rows]) + METRICS
            self.ending = pace * (len(x) + len(self.parts["test"].x))

    def _evaluate(self, part: str, rows: int | None = None) -> tuple[float | None, float]:
        """Return metric and loss on the first rows; no metric where it is not finite."""
        data, tensors = self.data, self.parts[part]
        outputs = self._outputs(part, rows)
        loss = float(loss_of(outputs, tensors.y[:rows], data.kind))
        prediction = to_prediction(outputs, data, part)
        self._evaluated = prediction
        if not np.isfinite(prediction).all():
            return None, loss
        truth, naive = data.truth(part, rows), data.naive_error(part, rows)
        value = self.metric.compute(truth, prediction, naive)
        return (value if np.isfinite(value) else None), loss

    def _outputs(self, part: str, rows: int | None) -> torch.Tensor:
        """Return the network's outputs on the first rows of a part."""
        return outputs_of(self.network, self.parts[part].x[:rows], self.data.evaluation_batch)

    def _weights(self) -> dict[str, torch.Tensor]:
        """Return a copy of the network's state."""
        return copy.deepcopy(self.network.state_dict())

    def _size(self) -> int:
        return sum(p.numel() for p in self.network.parameters() if p.requires_grad)

    def _keep_best(self, epoch: EpochRecord) -> None:
        assert epoch.val_metric is not None
        if self.exactly is not None and epoch.epoch < self.exactly:
            return
        sign = 1 if self.metric.direction == "maximize" else -1
        if self.best_value is None or sign * epoch.val_metric > sign * self.best_value:
            self._take_for_best(epoch.val_metric, epoch.epoch)

    def _take_for_best(self, value: float, epoch: int) -> None:
        self.best_value, self.best_epoch, self.best_weights = value, epoch, self._weights()
        self.best_seen = self._evaluated

    def _judge_unfinished(self) -> None:
        """Let what a first epoch reached count that the time cut off, as epoch 0."""
        value, _ = self._evaluate("valid")
        if value is not None:
            self._take_for_best(value, 0)

    def _outcome(self, state: TrialState, error: str | None = None) -> Outcome:
        kept = state != TrialState.DIVERGED and self.best_weights is not None
        predicted = self._load_best() if kept else None
        self.over = state, error
        return Outcome(
            state=state,
            value=self.best_value if kept else None,
            metrics={} if predicted is None else self._best_metrics(*predicted),
            curve=tuple(self.curve),
            epochs=len(self.curve),
            n_params=self._size(),
            error=error,
            duration=self._seconds(),
            fitted=(self._fitted(*predicted),) if predicted and self.keeping else (),
        )

    def _load_best(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Load the weights of the best epoch.

        Returns:
            What they predict for the validation part, and for the test part; None without one,
            where the user has a test file.
        """
        assert self.best_weights is not None
        self.network.load_state_dict(self.best_weights)
        seen = self.best_seen
        if seen is None:
            seen = prediction_of(self.network, "valid", self.parts["valid"], self.data)
        if not len(self.parts["test"].x):
            return seen, None
        return seen, prediction_of(self.network, "test", self.parts["test"], self.data)

    def _fitted(self, seen: np.ndarray, tested: np.ndarray | None) -> Fitted:
        """Return the network of the best epoch, whose weights are loaded."""
        state = self.network.state_dict()
        weights = {name: tensor.detach().cpu().numpy().copy() for name, tensor in state.items()}
        return Fitted(weights, seen, self.best_epoch, tested=tested)

    def _best_metrics(self, seen: np.ndarray, tested: np.ndarray | None) -> dict[str, float]:
        found: dict[str, float] = {"best_epoch": float(self.best_epoch)}
        found |= metrics_of_prediction(seen, "valid", self.data, "val")
        if tested is not None:
            found |= metrics_of_prediction(tested, "test", self.data, "test")
        return {name: value for name, value in found.items() if np.isfinite(value)}


def _finite(**numbers: float) -> dict[str, float]:
    return {name: value for name, value in numbers.items() if np.isfinite(value)}

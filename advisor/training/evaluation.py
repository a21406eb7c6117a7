"""Predictions, losses and metrics of a network on one part of the data."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from advisor.data import PreparedData
from advisor.metrics import Metric, get_metric, metrics_of
from knowledge_base.errors import UserError


@dataclass(frozen=True)
class Tensors:
    """Inputs and targets of one part on the training device."""

    x: torch.Tensor
    y: torch.Tensor

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, device: torch.device) -> "Tensors":
        """Move one part to `device`; small data live there as a whole."""
        return cls(torch.from_numpy(x).to(device), torch.from_numpy(y).to(device))


def metric_of(name: str, data: PreparedData) -> Metric:
    """Return a metric for this kind of data.

    Raises:
        UserError: no such metric, or not one for this kind of task.
    """
    chosen = get_metric(name)
    if data.kind not in chosen.kinds:
        names = ", ".join(known.name for known in metrics_of(data.kind))
        raise UserError(f"The metric {name} is not one of {data.kind}; choose from {names}.")
    return chosen


def loss_of(outputs: torch.Tensor, targets: torch.Tensor, kind: str) -> torch.Tensor:
    """Return mean cross entropy, or mean squared error of the standardised target."""
    if kind == "classification":
        return functional.cross_entropy(outputs, targets)
    return functional.mse_loss(outputs if kind == "forecasting" else outputs.squeeze(1), targets)


@torch.no_grad()
def outputs_of(network: torch.nn.Module, x: torch.Tensor, batch: int) -> torch.Tensor:
    """Return the network's outputs in evaluation mode, shape (n, n_outputs)."""
    network.eval()
    return torch.cat([network(rows) for rows in torch.split(x, batch)])


def to_prediction(outputs: torch.Tensor, data: PreparedData, part: str) -> np.ndarray:
    """Return probabilities (n, classes), or values in the target's own unit."""
    outputs = outputs.cpu()  # Apple's devices have no double precision.
    if data.kind == "classification":
        return torch.softmax(outputs.double(), 1).numpy()
    numbers = outputs if data.kind == "forecasting" else outputs.squeeze(1)
    return data.in_unit(numbers.double().numpy(), part)


def all_metrics(
    network: torch.nn.Module, part: str, tensors: Tensors, data: PreparedData, prefix: str
) -> dict[str, float]:
    """Return every finite metric of the task's kind as `prefix_name`; none of a part without rows.

    A data set of which the user keeps the test part has none.
    """
    if len(tensors.x) == 0:
        return {}
    prediction = prediction_of(network, part, tensors, data)
    return metrics_of_prediction(prediction, part, data, prefix)


def prediction_of(
    network: torch.nn.Module, part: str, tensors: Tensors, data: PreparedData
) -> np.ndarray:
    """Return what a network predicts for a part, as `to_prediction` gives it."""
    return to_prediction(outputs_of(network, tensors.x, data.evaluation_batch), data, part)


def metrics_of_prediction(
    prediction: np.ndarray, part: str, data: PreparedData, prefix: str
) -> dict[str, float]:
    """Return every finite metric of a part's prediction as `prefix_name`."""
    if not np.isfinite(prediction).all():
        return {}
    known, naive = data.truth(part), data.naive_error(part)
    return {f"{prefix}_{m.name}": m.compute(known, prediction, naive)
            for m in metrics_of(data.kind)}  # fmt: skip

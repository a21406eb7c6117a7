"""Predictions, losses and metrics of a network on one part of the data."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from advisor.data import PreparedData
from advisor.metrics import metrics_of

EVALUATION_BATCH = 4096


@dataclass(frozen=True)
class Tensors:
    """Inputs and targets of one part on the training device."""

    x: torch.Tensor
    y: torch.Tensor

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray, device: torch.device) -> "Tensors":
        """Move one part to `device`; small data live there as a whole."""
        return cls(torch.from_numpy(x).to(device), torch.from_numpy(y).to(device))


def loss_of(outputs: torch.Tensor, targets: torch.Tensor, kind: str) -> torch.Tensor:
    """Return mean cross entropy, or mean squared error of the standardised target."""
    if kind == "classification":
        return functional.cross_entropy(outputs, targets)
    return functional.mse_loss(outputs.squeeze(1), targets)


@torch.no_grad()
def outputs_of(network: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return the network's outputs in evaluation mode, shape (n, n_outputs)."""
    network.eval()
    return torch.cat([network(batch) for batch in x.split(EVALUATION_BATCH)])


def to_prediction(outputs: torch.Tensor, data: PreparedData) -> np.ndarray:
    """Return probabilities (n, classes), or values in the target's own unit (n,)."""
    if data.kind == "classification":
        return torch.softmax(outputs.double(), 1).cpu().numpy()
    return outputs.squeeze(1).double().cpu().numpy() * data.target_scale + data.target_mean


def truth(targets: np.ndarray, data: PreparedData) -> np.ndarray:
    """Return class indices, or values in the target's own unit."""
    if data.kind == "classification":
        return targets
    return targets.astype(np.float64) * data.target_scale + data.target_mean


def all_metrics(
    network: torch.nn.Module, part: Tensors, targets: np.ndarray, data: PreparedData, prefix: str
) -> dict[str, float]:
    """Return every finite metric of the task's kind as `prefix_name`."""
    prediction = to_prediction(outputs_of(network, part.x), data)
    if not np.isfinite(prediction).all():
        return {}
    known = truth(targets, data)
    return {f"{prefix}_{m.name}": m.compute(known, prediction) for m in metrics_of(data.kind)}

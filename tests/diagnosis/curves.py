"""Trials with learning curves, healthy but for what a test changes."""

import numpy as np

from advisor.models import get_family
from knowledge_base.records import EpochRecord, TaskRecord, TrialRecord

CLASSES = TaskRecord("t", "accuracy", "maximize", "mlp", dataset_id="d", target="y")
OWN = TaskRecord("t", "value", "minimize", "mine")
SPACE = get_family("mlp").space()
FALL = np.exp(-np.arange(20) / 2)


def column(value, n):
    return [value] * n if np.isscalar(value) or value is None else list(value)


def trial(n=20, state="complete", value=0.95, error=None, config=None, **columns):
    healthy = {
        "train_loss": 0.1 + 1.9 * FALL,
        "val_loss": 0.2 + 1.8 * FALL,
        "train_metric": 0.98 - 0.8 * FALL,
        "val_metric": 0.95 - 0.8 * FALL,
        "learning_rate": 1e-3,
        "gradient_norm": 1.0,
        "gradient_max": 3.0,
        "gradient_ratio": 0.3,
        "dead_units": 0.02,
        "loss_spread": 0.2,
    }
    cells = {name: column(v, n)[:n] for name, v in {**healthy, **columns}.items()}
    rows = [{name: cells[name][i] for name in cells} for i in range(n)]
    curve = tuple(
        EpochRecord(i, **{k: None if v is None else float(v) for k, v in row.items()})
        for i, row in enumerate(rows, start=1)
    )
    config = SPACE.default() | {"epochs": 30} | (config or {})
    return TrialRecord("s", 0, config, state, value, curve=curve, error=error)

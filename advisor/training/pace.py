"""How quickly this machine trains: a few epochs of a small and of a large network, on noise."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import log
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from advisor.models import get_family
from knowledge_base.types import ConfigDict

if TYPE_CHECKING:
    from advisor.data import Dataset

VERSION = 2
"""Of what is trained; seconds of another version say nothing."""

REPEATS = 2
"""Times that each is trained. The quickest counts: what slows others down is other work."""

ENOUGH = 1.0
"""Seconds of one kind of network after which it is not trained again."""

VERY_LITTLE = 1e-6
"""Seconds that a training takes at least."""

ROWS, COLUMNS, SIDE, WORDS, VOCABULARY, POINTS, HORIZON = 300, 10, 16, 64, 1000, 300, 6

PLAIN = {
    "optimizer": "adamw", "normalisation": "none", "dropout": 0.1, "activation": "relu",
    "gradient_clipping": "off", "schedule": "constant", "learning_rate": 1e-3, "patience": 20,
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """What is trained of a family.

    Attributes:
        about: metafeatures of the data, as far as they say how large these are.
        small, large: hyperparameters of the networks, the one all calls, the other all numbers.
    """

    about: Mapping[str, float]
    small: ConfigDict
    large: ConfigDict

    def configs(self, family: str) -> list[ConfigDict]:
        """Return the two configurations whole."""
        default = get_family(family).default()
        return [{**default, **PLAIN, **given} for given in (self.small, self.large)]


SAMPLES = {
    "mlp": Sample(
        {"general.log_rows": log(ROWS), "general.log_features": log(COLUMNS),
         "general.numeric_share": 1.0, "general.log_classes": log(2)},
        {"batch_size": 16, "units": 16, "n_layers": 3, "epochs": 8},
        {"batch_size": 256, "units": 512, "n_layers": 4, "epochs": 5},
    ),
    "cnn": Sample(
        {"image.log_rows": log(ROWS), "image.log_height": log(SIDE), "image.log_width": log(SIDE),
         "image.channels": 1.0, "image.log_classes": log(2)},
        {"batch_size": 16, "channels": 4, "conv_layers": 2, "units": 16, "epochs": 5},
        {"batch_size": 256, "channels": 32, "conv_layers": 3, "units": 128, "epochs": 3},
    ),
    "rnn": Sample(
        {"text.log_rows": log(ROWS), "text.log_classes": log(2),
         "text.log_length_max": log(WORDS / 2), "text.log_vocabulary": log(VOCABULARY)},
        {"batch_size": 16, "units": 16, "embedding_size": 8, "sequence_length": 16,
         "vocabulary_size": 1000, "cell": "lstm", "epochs": 3},
        {"batch_size": 256, "units": 128, "embedding_size": 64, "sequence_length": 64,
         "vocabulary_size": 1000, "cell": "lstm", "epochs": 3},
    ),
    "forecaster": Sample(
        {"series.log_series": 0.0, "series.log_length": log(POINTS),
         "series.log_horizon": log(HORIZON)},
        {"batch_size": 8, "units": 8, "window": 8, "cell": "lstm", "epochs": 5},
        {"batch_size": 256, "units": 128, "window": 64, "cell": "lstm", "epochs": 5},
    ),
}  # fmt: skip


def seconds_of(family: str, device: str | None = None) -> list[float]:
    """Return the seconds of the small and of the large network of a family on this machine.

    They are those of the machine without other work: where that takes a core away, processor
    time is less than what the clock says; where several threads work, it is more.

    Args:
        family: one of `SAMPLES`.
        device: as for `advisor.training.train`.
    """
    from advisor.data import prepare
    from advisor.metrics import default_metric
    from advisor.training.loop import train

    dataset = _noise(family)
    data, metric = prepare(dataset, 0), default_metric(dataset.kind).name
    small, large = SAMPLES[family].configs(family)
    # What PyTorch loads for its first steps is no part of any of them.
    measured = partial(train, get_family(family), data=data, metric=metric, seed=0, device=device)
    measured(config=small, max_epochs=1)
    found = []
    for config in (small, large):
        taken: list[float] = []
        begun = time.monotonic()
        for _ in range(REPEATS):
            if taken and time.monotonic() - begun > ENOUGH:
                break
            started = time.process_time()
            outcome = measured(config=config)
            used = time.process_time() - started
            taken.append(max(min(outcome.duration or used, used), VERY_LITTLE))
        found.append(min(taken))
    return found


def _noise(family: str) -> "Dataset":
    """Return data without a pattern, of the size that `SAMPLES` says."""
    from advisor.data.dataset import TabularDataset
    from advisor.data.images import ImageDataset
    from advisor.data.series import SeriesDataset
    from advisor.data.texts import TextDataset

    rng = np.random.default_rng(0)
    classes = pd.Series(np.arange(ROWS) % 2).astype(str).astype("category")
    if family == "mlp":
        numbers = rng.normal(size=(ROWS, COLUMNS))
        columns = pd.DataFrame(numbers, columns=[f"x{place}" for place in range(COLUMNS)])
        return TabularDataset("noise", columns, classes, "y", "classification")
    if family == "cnn":
        images = rng.integers(0, 256, (ROWS, 1, SIDE, SIDE), dtype=np.uint8)
        return ImageDataset("noise", images, classes)
    if family == "rnn":
        words = rng.integers(0, VOCABULARY, (ROWS, WORDS))
        texts = pd.Series([" ".join(f"w{word}" for word in text) for text in words])
        return TextDataset("noise", texts, classes, "y")
    values = rng.normal(size=POINTS)
    return SeriesDataset("noise", (values,), ("noise",), "y", HORIZON)

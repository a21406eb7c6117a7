"""Ten ways to go wrong, by construction, and healthy runs to compare with."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import nn

from advisor.data import PreparedData
from advisor.models import ModelFamily, get_family
from knowledge_base.types import Config, ConfigDict

Network = nn.Module
Tweak = Callable[[Network], None]
Spoil = Callable[[PreparedData, int], PreparedData]

HEALTHY = "healthy"


@dataclass(frozen=True)
class Plant:
    """What is done to a healthy run.

    Attributes:
        kind: name of the pathology, as `advisor.diagnosis` has it, or `HEALTHY`.
        changes: of the configuration; values outside the search space are allowed.
        tweak: what is done to the initial weights.
        spoil: what is done to the data.
        families: which it suits.
        easy: whether it works on data that one unit can learn.
    """

    kind: str
    changes: Config = field(default_factory=dict)
    tweak: Tweak | None = None
    spoil: Spoil | None = None
    families: tuple[str, ...] = ("mlp", "cnn", "forecaster")
    easy: bool = True


def scaled(gain: float) -> Tweak:
    """Multiply all weights but those of the output by `gain`."""

    def tweak(network: Network) -> None:
        layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.RNNBase)]
        for layer in layers[:-1]:
            for name, weight in layer.named_parameters():
                if "weight" in name:
                    weight.data *= gain

    return tweak


def killed(share: float) -> Tweak:
    """Shift the biases of a share of the ReLU units so far that they never fire."""

    def tweak(network: Network) -> None:
        layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
        for layer in layers[:-1]:
            assert layer.bias is not None
            layer.bias.data[: int(share * len(layer.bias))] = -100.0

    return tweak


def few_and_noisy(rows: int, noise: float) -> Spoil:
    """Keep few training rows, and give a share of them another row's target."""

    def spoil(data: PreparedData, seed: int) -> PreparedData:
        rng = np.random.default_rng(seed)
        kept = rng.permutation(len(data.x_train))[: max(rows, 4 * data.n_outputs)]
        y = data.y_train[kept].copy()
        wrong = rng.permutation(len(kept))[: int(noise * len(kept))]
        y[wrong] = y[rng.permutation(wrong)]
        return replace(data, x_train=data.x_train[kept], y_train=y)

    return spoil


LARGE = {"units": 512, "n_layers": 3, "dropout": 0.0, "weight_decay": 1e-6, "epochs": 60,
         "patience": 60, "learning_rate": 2e-3, "batch_size": 16, "schedule": "constant",
         "normalisation": "none", "optimizer": "adamw"}  # fmt: skip
DEEP = {"n_layers": 12, "normalisation": "none", "block": "plain", "gradient_clipping": "off"}
ADAM = {"optimizer": "adamw"}
SGD = {"optimizer": "sgd", "momentum": 0.9}
PLAIN = {"normalisation": "none", "block": "plain", "dropout": 0.0}

PLANTS = [
    Plant("overfitting", LARGE, spoil=few_and_noisy(60, 0.2), families=("mlp",)),
    Plant("overfitting", {**LARGE, "units": 256, "channels": 32}, spoil=few_and_noisy(120, 0.3),
          families=("mlp", "cnn", "forecaster")),
    Plant("underfitting", {**PLAIN, **ADAM, "units": 2, "n_layers": 1, "learning_rate": 1e-2},
          families=("mlp",), easy=False),
    Plant("underfitting", {**PLAIN, **ADAM, "weight_decay": 50.0, "learning_rate": 1e-2,
                           "schedule": "constant"}),
    Plant("underfitting", {**PLAIN, **ADAM, "units": 2, "n_layers": 3, "channels": 1,
                           "conv_layers": 1, "activation": "tanh", "learning_rate": 1e-2},
          families=("mlp", "cnn"), easy=False),
    Plant("diverging", {**PLAIN, "optimizer": "sgd", "momentum": 0.99, "learning_rate": 1.0,
                        "gradient_clipping": "10", "schedule": "constant"}),
    Plant("diverging", {**PLAIN, "optimizer": "sgd", "momentum": 0.9, "learning_rate": 3.0,
                        "gradient_clipping": "off", "schedule": "constant"}),
    Plant("exploding_gradients", {**PLAIN, **DEEP, **ADAM, "activation": "relu",
                                  "learning_rate": 1e-5}, scaled(2.5), families=("mlp",)),
    Plant("exploding_gradients", {**PLAIN, **SGD, "activation": "relu", "conv_layers": 4,
                                  "n_layers": 8, "gradient_clipping": "off",
                                  "learning_rate": 1e-2}, scaled(6.0), families=("mlp", "cnn")),
    Plant("vanishing_gradients", {**PLAIN, **DEEP, **SGD, "activation": "tanh",
                                  "initialisation": "xavier", "learning_rate": 1e-2},
          scaled(0.2), families=("mlp",)),
    Plant("vanishing_gradients", {**PLAIN, **SGD, "activation": "relu", "conv_layers": 4,
                                  "n_layers": 10, "learning_rate": 1e-2}, scaled(0.1),
          families=("mlp", "cnn")),
    Plant("plateau", {"learning_rate": 1e-5, **ADAM, "normalisation": "none",
                      "schedule": "constant"}),
    Plant("plateau", {**PLAIN, "learning_rate": 1e-6, **SGD, "schedule": "constant"}),
    Plant("oscillation", {**PLAIN, **SGD, "learning_rate": 0.5, "activation": "leaky_relu",
                          "gradient_clipping": "1", "schedule": "constant", "patience": 40}),
    Plant("oscillation", {**PLAIN, **ADAM, "learning_rate": 0.1, "activation": "leaky_relu",
                          "n_layers": 3, "schedule": "constant", "patience": 40}),
    Plant("dead_units", {**PLAIN, "activation": "relu"}, killed(1.0), families=("mlp", "cnn")),
    Plant("dead_units", {**PLAIN, "activation": "relu", "n_layers": 3}, killed(0.8),
          families=("mlp", "cnn")),
    Plant("stopped_in_warmup", {"warmup_epochs": 38, "patience": 3, "learning_rate": 3e-4,
                                "normalisation": "none", "epochs": 40}),
    Plant("stopped_in_warmup", {"warmup_epochs": 38, "patience": 3, "learning_rate": 1e-3,
                                **SGD, "epochs": 40}),
    Plant("not_enough_epochs", {"epochs": 3, "learning_rate": 3e-4, **ADAM,
                                "schedule": "constant"}),
    Plant("not_enough_epochs", {"epochs": 4, "learning_rate": 1e-3, **SGD,
                                "schedule": "constant"}),
]  # fmt: skip

BASES: dict[str, list[ConfigDict]] = {
    "mlp": [
        {"learning_rate": 2e-3, "batch_size": 32, "optimizer": "adamw", "weight_decay": 1e-2,
         "schedule": "cosine", "epochs": 40, "patience": 8, "dropout": 0.2, "units": 96},
        {"learning_rate": 2e-3, "batch_size": 32, "optimizer": "adamw", "weight_decay": 1e-2,
         "schedule": "cosine", "epochs": 40, "patience": 8, "dropout": 0.4, "units": 64,
         "n_layers": 3, "block": "residual", "normalisation": "batch", "activation": "gelu"},
        {"learning_rate": 2e-2, "batch_size": 32, "optimizer": "sgd", "momentum": 0.9,
         "weight_decay": 1e-3, "schedule": "cosine", "epochs": 40, "patience": 8,
         "dropout": 0.1, "units": 64, "activation": "tanh", "initialisation": "xavier"},
    ],
    "cnn": [
        {"learning_rate": 2e-3, "batch_size": 32, "optimizer": "adamw", "weight_decay": 1e-2,
         "schedule": "cosine", "epochs": 20, "patience": 8, "dropout": 0.2},
        {"learning_rate": 2e-3, "batch_size": 32, "optimizer": "adamw", "weight_decay": 1e-2,
         "schedule": "cosine", "epochs": 20, "patience": 8, "dropout": 0.2,
         "normalisation": "batch", "activation": "gelu", "pooling": "average"},
    ],
    "forecaster": [
        {"learning_rate": 3e-3, "batch_size": 32, "optimizer": "adamw", "weight_decay": 1e-2,
         "schedule": "cosine", "epochs": 25, "patience": 8, "units": 32, "cell": "gru"},
    ],
}  # fmt: skip
"""Configurations that do well on most data; `near_best` says on which."""


def planted(family: ModelFamily, tweak: Tweak | None) -> ModelFamily:
    """Return a family whose networks start as `tweak` leaves them."""
    if tweak is None:
        return family

    class Planted(type(family)):  # type: ignore[misc]
        def build(self, config: Config, data: PreparedData) -> nn.Module:
            network = super().build(config, data)
            with torch.no_grad():
                tweak(network)
            return network

    return Planted()


def configuration(family: str, base: int, plant: Plant) -> ConfigDict:
    """Return a configuration with the changes of a plant."""
    bases = BASES[family]
    config = {**get_family(family).default(), "momentum": 0.9, **bases[base % len(bases)]}
    return {**config, **plant.changes}

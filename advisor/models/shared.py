"""Hyperparameters and layers that several families share."""

from typing import TYPE_CHECKING

from knowledge_base.types import Config, JsonObject

if TYPE_CHECKING:
    import torch

MOMENTUM_CONDITION = {"type": "EQ", "child": "momentum", "parent": "optimizer", "value": "sgd"}


def real(name: str, low: float, high: float, default: float, log: bool = False) -> JsonObject:
    """Return a real hyperparameter in ConfigSpace's format."""
    return {"type": "uniform_float", "name": name, "lower": low, "upper": high,
            "default_value": default, "log": log}  # fmt: skip


def whole(name: str, low: int, high: int, default: int, log: bool = False) -> JsonObject:
    """Return an integer hyperparameter in ConfigSpace's format."""
    return {"type": "uniform_int", "name": name, "lower": low, "upper": high,
            "default_value": default, "log": log}  # fmt: skip


def choice(name: str, choices: list[str], default: str) -> JsonObject:
    """Return a categorical hyperparameter in ConfigSpace's format."""
    return {"type": "categorical", "name": name, "choices": choices, "default_value": default}


def training(
    learning_rate: float = 1e-3,
    batch_size: tuple[int, int, int] = (16, 512, 64),
    epochs: tuple[int, int, int] = (5, 30, 30),
    weight_decay: float = 1e-4,
) -> list[JsonObject]:
    """Return the hyperparameters of optimisation.

    Args:
        learning_rate, weight_decay: the default.
        batch_size, epochs: lowest, highest and default.
    """
    return [
        real("learning_rate", 1e-5, 1.0, learning_rate, log=True),
        whole("batch_size", *batch_size, log=True),
        choice("optimizer", ["sgd", "adamw"], "adamw"),
        real("momentum", 0.0, 0.99, 0.9),
        real("weight_decay", 1e-6, 1e-1, weight_decay, log=True),
        choice("gradient_clipping", ["off", "0.1", "1", "10"], "off"),
        choice("schedule", ["constant", "cosine", "step"], "constant"),
        whole("epochs", *epochs, log=True),
        whole("patience", 3, 20, 8, log=True),
    ]


def network(
    dropout: float = 0.1, initialisation: tuple[str, ...] = ("xavier", "he"), start: str = "he"
) -> list[JsonObject]:
    """Return the hyperparameters of any network."""
    return [
        real("dropout", 0.0, 0.7, dropout),
        choice("activation", ["relu", "leaky_relu", "gelu", "tanh"], "relu"),
        choice("initialisation", list(initialisation), start),
        choice("normalisation", ["none", "batch", "layer"], "none"),
    ]


def definition(name: str, version: int, *groups: list[JsonObject]) -> JsonObject:
    """Return a whole search space in ConfigSpace's format."""
    return {
        "name": name,
        "version": version,
        "hyperparameters": [item for group in groups for item in group],
        "conditions": [MOMENTUM_CONDITION],
    }


def activation(config: Config) -> "torch.nn.Module":
    """Return the activation of a configuration."""
    from torch import nn

    kinds = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "gelu": nn.GELU, "tanh": nn.Tanh}
    layer: nn.Module = kinds[config["activation"]]()
    return layer


def finish(config: Config, width: int) -> "list[torch.nn.Module]":
    """Return normalisation, activation and dropout behind a layer of vectors (n, width)."""
    from torch import nn

    from advisor.models.tables import Dropout

    norms = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
    layers: list[nn.Module] = []
    if config["normalisation"] in norms:
        layers.append(norms[config["normalisation"]](width))
    layers.append(activation(config))
    if config["dropout"] > 0:
        layers.append(Dropout(config["dropout"]))
    return layers


def initialise(network: "torch.nn.Module", config: Config) -> None:
    """Initialise weights as the configuration says, biases with zeros.

    "xavier": Glorot and Bengio 2010; "he": He et al. 2015; "orthogonal": Saxe et al. 2014,
    for the recurrent weights, the others as "xavier". Forget gates of LSTMs start at one
    (Jozefowicz et al. 2015).
    """
    from torch import nn

    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            _weight(module.weight, config["initialisation"])
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.RNNBase):
            _recurrent(module, config["initialisation"])


def _weight(weight: "torch.Tensor", how: str) -> None:
    from torch import nn

    if how == "he":
        nn.init.kaiming_normal_(weight, nonlinearity="relu")
    else:
        nn.init.xavier_normal_(weight)


def _recurrent(module: "torch.nn.RNNBase", how: str) -> None:
    import torch
    from torch import nn

    for name, parameter in module.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
            if isinstance(module, nn.LSTM) and name.startswith("bias_ih"):
                nn.init.ones_(parameter.data[module.hidden_size : 2 * module.hidden_size])
            continue
        for gate in torch.split(parameter.data, module.hidden_size):
            if how == "orthogonal" and name.startswith("weight_hh"):
                nn.init.orthogonal_(gate)
            else:
                _weight(gate, how)

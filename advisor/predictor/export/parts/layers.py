"""Layers that all networks have."""

from torch import nn

from advisor.predictor.export.parts.files import Json

ACTIVATIONS = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "gelu": nn.GELU, "tanh": nn.Tanh}


def activation(config: Json) -> nn.Module:
    """Return the activation of a configuration."""
    layer: nn.Module = ACTIVATIONS[config["activation"]]()
    return layer


def finish(config: Json, width: int) -> list[nn.Module]:
    """Return what stands behind a layer of vectors (n, width)."""
    layers: list[nn.Module] = []
    if config["normalisation"] == "batch":
        layers.append(nn.BatchNorm1d(width))
    elif config["normalisation"] == "layer":
        layers.append(nn.LayerNorm(width))
    layers.append(activation(config))
    if config["dropout"] > 0:
        layers.append(nn.Dropout(config["dropout"]))
    return layers

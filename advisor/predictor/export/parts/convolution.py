"""Convolutional networks for images."""

from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from advisor.predictor.export.parts.averaging import Model, loaded
from advisor.predictor.export.parts.files import HERE, Json
from advisor.predictor.export.parts.layers import activation, finish
from advisor.predictor.export.parts.pixels import ImagePreparation


class Standardise(nn.Module):
    """Bytes to numbers of mean 0 and spread 1 per channel of the training images."""

    def __init__(self, channels: int) -> None:
        """Make the means and the spreads."""
        super().__init__()
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(channels, 1, 1))
        self.register_buffer("scale", torch.ones(channels, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Return (n, channels, height, width) as floats."""
        return (images.float() - self.mean) / self.scale


def build_network(config: Json, form: Json) -> nn.Module:
    """Return the network: blocks of convolution and pooling, then a dense layer.

    Channels double from block to block; pooling halves the image until it is 2 pixels small.

    Args:
        config: hyperparameters.
        form: `shape` of the images (channels, height, width), and `n_outputs`.
    """
    channels, height, width = form["shape"]
    layers: list[nn.Module] = [Standardise(channels)]
    if config["augmentation"] > 0:
        layers.append(nn.Identity())  # here images were changed at random while training
    for block in range(config["conv_layers"]):
        made = config["channels"] * 2**block
        halve = min(height, width) >= 4
        layers += convolution(config, channels, made, halve)
        channels = made
        if halve:
            height, width = (height + 1) // 2, (width + 1) // 2
    side = min(height, 4), min(width, 4)
    units = config["units"]
    layers += [nn.AdaptiveAvgPool2d(side), nn.Flatten()]
    layers += [nn.Linear(channels * side[0] * side[1], units), *finish(config, units)]
    return nn.Sequential(*layers, nn.Linear(units, form["n_outputs"]))


def convolution(config: Json, channels: int, made: int, halve: bool) -> list[nn.Module]:
    """Return a block: convolution, normalisation, activation and pooling."""
    kernel = int(config["kernel_size"])
    stride = 2 if halve and config["pooling"] == "stride" else 1
    layers: list[nn.Module] = [
        nn.Conv2d(channels, made, kernel, stride=stride, padding=kernel // 2)
    ]
    if config["normalisation"] == "batch":
        layers.append(nn.BatchNorm2d(made))
    elif config["normalisation"] == "layer":
        layers.append(nn.GroupNorm(1, made))  # layer normalisation over channels and pixels
    layers.append(activation(config))
    if halve and config["pooling"] == "max":
        layers.append(nn.MaxPool2d(2, ceil_mode=True))
    elif halve and config["pooling"] == "average":
        layers.append(nn.AvgPool2d(2, ceil_mode=True))
    return layers


def load(folder: Path = HERE) -> Model:
    """Return the trained model, which lies beside this file."""
    return loaded(folder, build_network, ImagePreparation)


@cache
def _model() -> Model:
    return load()


def predict(rows: object) -> list[object]:
    """Return the class of each image, (n, channels, height, width) in bytes."""
    return _model().predict(rows)

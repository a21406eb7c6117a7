"""Convolutional networks for images."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from advisor.models import shared
from advisor.models.base import BuiltInFamily
from advisor.models.effort import Effort, of_convolutions
from knowledge_base.types import Config

if TYPE_CHECKING:
    import torch

    from advisor.data import PreparedData
    from advisor.data.preparation.image import ImageData

VERSION = 2
"""Version 2 has other defaults: what did better on the shipped data sets (docs/findings.md)."""

DEFINITION = shared.definition(
    "cnn",
    VERSION,
    shared.training(epochs=(3, 30, 20), batch_size=(16, 256, 32)),
    shared.network(),
    [
        shared.whole("conv_layers", 1, 4, 2),
        shared.whole("channels", 4, 64, 16, log=True),
        shared.choice("kernel_size", ["3", "5", "7"], "3"),
        shared.choice("pooling", ["max", "average", "stride"], "max"),
        shared.whole("units", 16, 256, 64, log=True),
        shared.real("augmentation", 0.0, 1.0, 0.0),
    ],
)


class CNN(BuiltInFamily):
    """Blocks of convolution, normalisation, activation and pooling, then a dense layer.

    Channels double from block to block; pooling halves the image until it is 2 pixels small.
    `augmentation` shifts, scales the contrast of, and cuts patches out of training images.
    """

    name = "cnn"
    version = VERSION
    definition = DEFINITION
    modality = "image"

    def effort(self, config: Config, about: Mapping[str, float]) -> Effort | None:
        """Return what an epoch is made of, None where the size of the data is not known."""
        return of_convolutions(config, about)

    def build(self, config: Config, data: "PreparedData") -> "torch.nn.Module":
        """Return the network for images of the size of `data`'s."""
        from torch import nn

        from advisor.models.images import Augment, Standardise

        layers: list[nn.Module] = [Standardise(cast("ImageData", data))]
        if config["augmentation"] > 0:
            layers.append(Augment(config["augmentation"]))
        channels, (height, width) = data.n_inputs, data.x_train.shape[2:]
        for block in range(config["conv_layers"]):
            made = config["channels"] * 2**block
            halve = min(height, width) >= 4
            layers += _block(config, channels, made, halve)
            channels = made
            if halve:
                height, width = (height + 1) // 2, (width + 1) // 2
        layers += [nn.AdaptiveAvgPool2d((min(height, 4), min(width, 4))), nn.Flatten()]
        flat = channels * min(height, 4) * min(width, 4)
        layers += [nn.Linear(flat, config["units"]), *shared.finish(config, config["units"])]
        layers.append(nn.Linear(config["units"], data.n_outputs))
        network = nn.Sequential(*layers)
        shared.initialise(network, config)
        return network


def _block(config: Config, channels: int, made: int, halve: bool) -> "list[torch.nn.Module]":
    from torch import nn

    kernel = int(config["kernel_size"])
    stride = 2 if halve and config["pooling"] == "stride" else 1
    layers: list[nn.Module] = [
        nn.Conv2d(channels, made, kernel, stride=stride, padding=kernel // 2)
    ]
    if config["normalisation"] == "batch":
        layers.append(nn.BatchNorm2d(made))
    elif config["normalisation"] == "layer":
        layers.append(nn.GroupNorm(1, made))  # layer normalisation over channels and pixels
    layers.append(shared.activation(config))
    if halve and config["pooling"] != "stride":
        pool = nn.MaxPool2d if config["pooling"] == "max" else nn.AvgPool2d
        layers.append(pool(2, ceil_mode=True))
    return layers

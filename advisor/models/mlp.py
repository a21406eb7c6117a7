"""Multilayer perceptrons for tables."""

from typing import TYPE_CHECKING

from advisor.models import shared
from advisor.models.base import BuiltInFamily
from knowledge_base.types import Config

if TYPE_CHECKING:
    import torch

    from advisor.data import PreparedData

VERSION = 3
"""Version 2 added `block`, `embedding`, `epochs` and `patience`; their defaults are what version 1
did. Version 3 has other defaults: those that did better on the shipped data sets
(docs/findings.md).
"""

DEFINITION = shared.definition(
    "mlp",
    VERSION,
    shared.training(learning_rate=3e-3, weight_decay=1e-2),
    shared.network(),
    [
        shared.whole("n_layers", 1, 5, 2),
        shared.whole("units", 16, 512, 128, log=True),
        shared.choice("block", ["plain", "residual"], "plain"),
        shared.choice("embedding", ["off", "4", "8", "16"], "off"),
    ],
)


class MLP(BuiltInFamily):
    """Fully connected layers, each with normalisation, activation and dropout.

    With `block="residual"` layers after the first add to what goes into them (He et al. 2016;
    for tables Gorishniy et al. 2021). With `embedding` categorical columns go through learned
    vectors of that length instead of indicator columns (Guo and Berkhahn 2016).
    """

    name = "mlp"
    stackable = True
    version = VERSION
    definition = DEFINITION

    def build(self, config: Config, data: "PreparedData") -> "torch.nn.Module":
        """Return the network: `n_layers` hidden layers of `units`, then a linear output."""
        from torch import nn

        config = {"block": "plain", "embedding": "off", **config}  # trials of version 1
        layers: list[nn.Module] = []
        width = data.n_inputs
        if config["embedding"] != "off" and data.categories:
            from advisor.models.tables import Embeddings

            embeddings = Embeddings(data.categories, width, int(config["embedding"]))
            layers.append(embeddings)
            width = embeddings.n_outputs
        for depth in range(config["n_layers"]):
            layers += _block(config, width, residual=config["block"] == "residual" and depth > 0)
            width = config["units"]
        layers.append(nn.Linear(width, data.n_outputs))
        network = nn.Sequential(*layers)
        shared.initialise(network, config)
        return network


def _block(config: Config, width: int, residual: bool) -> "list[torch.nn.Module]":
    from torch import nn

    layers = [nn.Linear(width, config["units"]), *shared.finish(config, config["units"])]
    if not residual:
        return layers
    from advisor.models.tables import Residual

    return [Residual(*layers)]

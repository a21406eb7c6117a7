"""Multilayer perceptrons for tables."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from advisor.models import shared
from advisor.models.base import ModelFamily

if TYPE_CHECKING:
    import torch

    from advisor.data import PreparedData
    from knowledge_base.space import SpaceDefinition

VERSION = 3
"""2 added `block`, `embedding`, `epochs` and `patience`; their defaults are what version 1 did.
3 has other defaults: what did better on the shipped data sets (docs/findings.md).
"""

DEFINITION: dict[str, Any] = shared.definition(
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


@cache
def _space() -> "SpaceDefinition":
    from knowledge_base.space import SpaceDefinition

    return SpaceDefinition.from_dict(DEFINITION, where="the mlp family")


class MLP(ModelFamily):
    """Fully connected layers, each with normalisation, activation and dropout.

    With `block="residual"` layers after the first add to what goes into them (He et al. 2016;
    for tables Gorishniy et al. 2021). With `embedding` categorical columns go through learned
    vectors of that length instead of indicator columns (Guo and Berkhahn 2016).
    """

    name = "mlp"
    stackable = True
    version = VERSION

    def space(self) -> "SpaceDefinition":
        """Return the search space, version 3."""
        return _space()

    def build(self, config: Mapping[str, Any], data: "PreparedData") -> "torch.nn.Module":
        """Return the network: `n_layers` hidden layers of `units`, then a linear output."""
        from torch import nn

        config = {"block": "plain", "embedding": "off", **config}  # trials of version 1
        layers: list[nn.Module] = []
        width = data.n_inputs
        if config["embedding"] != "off" and data.categories:
            from advisor.models.tables import Embeddings

            layers.append(Embeddings(data.categories, width, int(config["embedding"])))
            width = layers[0].n_outputs  # type: ignore[assignment]
        for depth in range(config["n_layers"]):
            layers += _block(config, width, residual=config["block"] == "residual" and depth > 0)
            width = config["units"]
        layers.append(nn.Linear(width, data.n_outputs))
        network = nn.Sequential(*layers)
        shared.initialise(network, config)
        return network


def _block(config: Mapping[str, Any], width: int, residual: bool) -> "list[torch.nn.Module]":
    from torch import nn

    layers = [nn.Linear(width, config["units"]), *shared.finish(config, config["units"])]
    if not residual:
        return layers
    from advisor.models.tables import Residual

    return [Residual(*layers)]

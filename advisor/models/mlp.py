"""Multilayer perceptrons for tables."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from advisor.models import shared
from advisor.models.base import BuiltInFamily
from advisor.models.effort import Effort, of_perceptron
from knowledge_base.types import Config, JsonObject

if TYPE_CHECKING:
    import torch

    from advisor.data import PreparedData
    from advisor.encoding.inert import Inert

VERSION = 4
"""Version 2 added `block`, `embedding`, `epochs` and `patience`; their defaults are what version 1
did. Version 3 has other defaults: those that did better on the shipped data sets
(docs/findings.md). Version 4 added `numeric`, whose default is what version 3 did.
"""


def _definition(version: int, *more: JsonObject) -> JsonObject:
    return shared.definition(
        "mlp",
        version,
        shared.training(learning_rate=3e-3, weight_decay=1e-2),
        shared.network(),
        [
            shared.whole("n_layers", 1, 5, 2),
            shared.whole("units", 16, 512, 128, log=True),
            shared.choice("block", ["plain", "residual"], "plain"),
            shared.choice("embedding", ["off", "4", "8", "16"], "off"),
            *more,
        ],
    )


DEFINITION = _definition(VERSION, shared.choice("numeric", ["plain", "periodic"], "plain"))


class MLP(BuiltInFamily):
    """Fully connected layers, each with normalisation, activation and dropout.

    With `block="residual"` layers after the first add to what goes into them (He et al. 2016;
    for tables Gorishniy et al. 2021). With `embedding` categorical columns go through learned
    vectors of that length instead of indicator columns (Guo and Berkhahn 2016). With
    `numeric="periodic"` numeric columns are clipped smoothly and go through learned waves
    (Gorishniy et al. 2022; Holzmüller et al. 2024).
    """

    name = "mlp"
    stackable = True
    shapeless = frozenset(
        {
            "learning_rate", "weight_decay", "dropout", "optimizer", "momentum", "schedule",
            "gradient_clipping", "initialisation", "epochs", "patience",
        }
    )  # fmt: skip
    version = VERSION
    definition = DEFINITION
    earlier: ClassVar[Mapping[int, JsonObject]] = MappingProxyType({3: _definition(3)})

    def inert(self, data: "PreparedData") -> "Sequence[Inert]":
        """Return what needs columns that the data lack, or a second layer."""
        from advisor.encoding.inert import Inert
        from advisor.models.tables import numeric_columns

        found = [Inert("block", "plain", where={"n_layers": 1})]
        if not data.categories:
            found.append(Inert("embedding", "off"))
        if not numeric_columns(data.categories, data.n_inputs):
            found.append(Inert("numeric", "plain"))
        return found

    def effort(self, config: Config, about: Mapping[str, float]) -> Effort | None:
        """Return what an epoch is made of, None where the size of the data is not known."""
        return of_perceptron(config, about)

    def build(self, config: Config, data: "PreparedData") -> "torch.nn.Module":
        """Return the network: `n_layers` hidden layers of `units`, then a linear output."""
        from torch import nn

        # Trials of versions 1 to 3 lack some of these.
        config = {"block": "plain", "embedding": "off", "numeric": "plain", **config}
        layers, width = _inputs(config, data)
        for depth in range(config["n_layers"]):
            layers += _block(config, width, residual=config["block"] == "residual" and depth > 0)
            width = config["units"]
        layers.append(nn.Linear(width, data.n_outputs))
        network = nn.Sequential(*layers)
        shared.initialise(network, config)
        return network


def _inputs(config: Config, data: "PreparedData") -> "tuple[list[torch.nn.Module], int]":
    """Return the layers that columns go through each by itself, and how many come out."""
    from advisor.models.tables import Embeddings, Periodic, numeric_columns

    layers: list[torch.nn.Module] = []
    width = data.n_inputs
    numeric = numeric_columns(data.categories, width)
    if config["numeric"] == "periodic" and numeric:
        # The waves come behind the columns, so that the categories are where they were.
        layers.append(periodic := Periodic(numeric, width))
        width = periodic.n_outputs
    if config["embedding"] != "off" and data.categories:
        size = int(config["embedding"])
        layers.append(embeddings := Embeddings(data.categories, width, size))
        width = embeddings.n_outputs
    return layers, width


def _block(config: Config, width: int, residual: bool) -> "list[torch.nn.Module]":
    from torch import nn

    layers = [nn.Linear(width, config["units"]), *shared.finish(config, config["units"])]
    if not residual:
        return layers
    from advisor.models.tables import Residual

    return [Residual(*layers)]

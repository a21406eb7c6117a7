"""Recurrent networks for labelled texts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from advisor.models import shared
from advisor.models.base import BuiltInFamily
from advisor.models.effort import Effort, of_texts
from knowledge_base.types import Config

if TYPE_CHECKING:
    import torch

    from advisor.data import PreparedData
    from advisor.data.preparation.text import TextData

VERSION = 2
"""Version 2 has other defaults: what did better on the shipped data sets (docs/findings.md)."""

DEFINITION = shared.definition(
    "rnn",
    VERSION,
    shared.training(learning_rate=5e-3, epochs=(3, 20, 10), batch_size=(16, 256, 32)),
    shared.network(dropout=0.2, initialisation=("xavier", "he", "orthogonal"), start="orthogonal"),
    [
        shared.choice("cell", ["lstm", "gru"], "gru"),
        shared.whole("units", 16, 128, 32, log=True),
        shared.whole("n_layers", 1, 2, 1),
        shared.choice("bidirectional", ["no", "yes"], "no"),
        shared.whole("embedding_size", 8, 128, 64, log=True),
        shared.whole("vocabulary_size", 500, 30_000, 5000, log=True),
        shared.whole("sequence_length", 16, 256, 128, log=True),
    ],
)


class RNN(BuiltInFamily):
    """Word embeddings, LSTM or GRU layers, and a dense layer on the mean and the last state."""

    name = "rnn"
    version = VERSION
    definition = DEFINITION
    modality = "text"

    def adapt(self, config: Config, data: "PreparedData") -> "PreparedData":
        """Return the texts with the configuration's vocabulary and length."""
        texts = cast("TextData", data)
        return texts.limited(config["vocabulary_size"], config["sequence_length"])

    def effort(self, config: Config, about: Mapping[str, float]) -> Effort | None:
        """Return what an epoch is made of, None where the size of the data is not known."""
        return of_texts(config, about)

    def build(self, config: Config, data: "PreparedData") -> "torch.nn.Module":
        """Return the network for `data.n_inputs` words."""
        from advisor.models.recurrent import TextNetwork

        network = TextNetwork(config, data.n_inputs, data.n_outputs)
        shared.initialise(network, config)
        return network

"""Recurrent layers."""

from torch import nn

from advisor.predictor.export.parts.files import Json


def cells_of(config: Json, n_inputs: int, both: bool = False) -> nn.RNNBase:
    """Return LSTM or GRU layers, in both directions with `both`."""
    kind = nn.LSTM if config["cell"] == "lstm" else nn.GRU
    return kind(
        n_inputs,
        config["units"],
        config["n_layers"],
        batch_first=True,
        dropout=config["dropout"] if config["n_layers"] > 1 else 0.0,
        bidirectional=both,
    )

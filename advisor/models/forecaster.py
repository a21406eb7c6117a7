"""Recurrent networks that forecast time series."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from advisor.models import linear, shared, smoothing
from advisor.models.base import BuiltInFamily
from advisor.models.effort import Effort, of_windows
from knowledge_base.types import Config

if TYPE_CHECKING:
    import torch

    from advisor.data import PreparedData

VERSION = 2
"""Version 2 has other defaults: what did better on the shipped data sets (docs/findings.md)."""

DEFINITION = shared.definition(
    "forecaster",
    VERSION,
    shared.training(learning_rate=5e-3, epochs=(5, 60, 30), batch_size=(8, 256, 16)),
    shared.network(dropout=0.0, initialisation=("xavier", "he", "orthogonal"), start="orthogonal"),
    [
        shared.choice("cell", ["lstm", "gru"], "lstm"),
        shared.whole("units", 8, 128, 32, log=True),
        shared.whole("n_layers", 1, 2, 1),
        shared.whole("window", 4, 128, 12, log=True),
        shared.choice("differencing", ["none", "first", "seasonal"], "seasonal"),
        shared.choice("scaling", ["series", "window"], "window"),
    ],
)


class Forecaster(BuiltInFamily):
    """LSTM or GRU layers over a window; a dense layer gives all steps of the horizon at once."""

    name = "forecaster"
    version = VERSION
    definition = DEFINITION
    modality = "series"
    closed_forms = (linear.LinearForecaster(), smoothing.ExponentialSmoother())

    def adapt(self, config: Config, data: "PreparedData") -> "PreparedData":
        """Return windows of the configuration's length, differenced and scaled as it says."""
        return linear.windows_of(config, data)

    def effort(self, config: Config, about: Mapping[str, float]) -> Effort | None:
        """Return what an epoch is made of, None where the size of the data is not known."""
        return of_windows(config, about)

    def build(self, config: Config, data: "PreparedData") -> "torch.nn.Module":
        """Return the network for `data.n_outputs` steps ahead."""
        if self.formula_of(config) is not None:
            return linear.network_of(data)
        from advisor.models.recurrent import ForecastNetwork

        network = ForecastNetwork(config, data.n_inputs, data.n_outputs)
        shared.initialise(network, config)
        return network

"""The mean of several networks, and what brings rows to them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias, cast

import torch
from torch import Tensor, nn

from advisor.predictor.export.parts.files import Json, read_json, read_tensors

AT_ONCE = 512
"""Rows that go through the networks at a time."""

Prepared: TypeAlias = tuple[Tensor, ...]
"""What one network takes: inputs (n, ...), and for numbers the factors and summands that bring its
outputs into the unit of the target."""

Build: TypeAlias = Callable[[Json, Json], nn.Module]
"""Returns an untrained network of a configuration, for data of a form."""


class Preparation(ABC):
    """What was learnt of the training data, to make inputs of new rows."""

    @abstractmethod
    def prepare(self, rows: object, networks: Sequence[Json]) -> list[Prepared]:
        """Return what each network takes, in their order; all have the same number of rows.

        Args:
            rows: raw values.
            networks: `networks` of configuration.json, each with its `config`.

        Raises:
            ValueError: the rows are not what was trained on.
        """


class Model(nn.Module):
    """The weighted mean of networks: one per fold of each configuration."""

    def __init__(self, configuration: Json, preparation: Preparation, build: Build) -> None:
        """Build the networks, untrained; `load` gives them their weights."""
        super().__init__()
        self.kind: str = configuration["kind"]
        self.target: str = configuration["target"]
        self.classes: list[object] = configuration["classes"]
        self.preparation = preparation
        configs = [entry["config"] for entry in configuration["configurations"]]
        self.settings: list[Json] = [
            {**entry, "config": configs[entry["configuration"]]}
            for entry in configuration["networks"]
        ]
        self.networks = nn.ModuleList(build(one["config"], one) for one in self.settings)

    def prepare(self, rows: object) -> list[Prepared]:
        """Return what each network takes of raw rows."""
        return self.preparation.prepare(rows, self.settings)

    def forward(self, prepared: Sequence[Prepared]) -> Tensor:
        """Return probabilities (n, classes), numbers (n,) or forecasts (n, horizon), float64."""
        total = torch.zeros((), dtype=torch.float64)
        for one, network, (inputs, *unit) in zip(
            self.settings, self.networks, prepared, strict=True
        ):
            outputs = network(inputs).double()
            if self.kind == "classification":
                prediction = torch.softmax(outputs, 1)
            else:
                factors, summands = unit
                numbers = outputs if self.kind == "forecasting" else outputs.squeeze(1)
                prediction = numbers * factors + summands
            total = total + one["share"] * prediction
        return total

    def outputs(self, rows: object) -> Tensor:
        """Return what `forward` does for raw rows, some of them at a time."""
        prepared = self.prepare(rows)
        split = [zip(*(torch.split(one, AT_ONCE) for one in each), strict=True)
                 for each in prepared]  # fmt: skip
        with torch.inference_mode():
            found = [self(some) for some in zip(*split, strict=True)]
        return torch.cat(found)

    def predict(self, rows: object) -> list[object]:
        """Return the class, the number or the forecast of each row."""
        outputs = self.outputs(rows)
        if self.kind == "classification":
            return [self.classes[place] for place in outputs.argmax(1).tolist()]
        return cast("list[object]", outputs.tolist())

    def predict_proba(self, rows: object) -> Tensor:
        """Return the probability of each of `classes`, (n, classes).

        Raises:
            ValueError: there are no classes.
        """
        if self.kind != "classification":
            raise ValueError("only a classification has probabilities; this predicts numbers")
        return self.outputs(rows)


def loaded(folder: Path, build: Build, preparation: Callable[[Json], Preparation]) -> Model:
    """Return the model that lies in a folder, ready to predict."""
    fitted = preparation(read_json(folder / "preparation.json"))
    model = Model(read_json(folder / "configuration.json"), fitted, build)
    model.load_state_dict(read_tensors(folder / "weights.safetensors"))
    model.eval()
    return model

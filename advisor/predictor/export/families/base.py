"""The base of what is exported of a family."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from knowledge_base.types import Config, JsonObject

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.data.reading import Reading
    from advisor.predictor.average import Average
    from advisor.predictor.export.parts.averaging import Model

PARTS = "advisor.predictor.export.parts."
"""Where pieces of code lie."""

COMMON = (f"{PARTS}files", f"{PARTS}averaging", f"{PARTS}layers")
"""Pieces of every model."""


class Trained(Protocol):
    """What is exported: a `Predictor`, which itself offers its export."""

    @property
    def average(self) -> "Average":
        """The networks."""

    @property
    def reading(self) -> "Reading[object]":
        """How the training data were read."""

    @property
    def metric(self) -> str:
        """What it was chosen by."""


class FamilyExport(ABC):
    """Chooses the pieces of code, and gives these what they read from JSON.

    Attributes:
        rows: a sentence in Markdown on what the exported `predict` takes.
    """

    rows: ClassVar[str]

    @abstractmethod
    def pieces(self, preparation: JsonObject) -> Sequence[str]:
        """Return the modules that the code consists of, each below those that it imports.

        Args:
            preparation: what `preparation` returned.
        """

    @abstractmethod
    def form(self, seen: "PreparedData") -> JsonObject:
        """Return what a network is built for, and how its inputs are made, as JSON.

        Args:
            seen: data of the form that the network of a configuration takes.
        """

    @abstractmethod
    def preparation(self, trained: Trained) -> JsonObject:
        """Return what brings rows to networks, as JSON."""

    @abstractmethod
    def example(self, trained: Trained) -> object:
        """Return what `predict` may be called with, as JSON; the values mean nothing."""

    def sample(self, trained: Trained, n: int) -> object:
        """Return `n` rows that the exported code can prepare; the values mean nothing."""
        example = self.example(trained)
        assert isinstance(example, list)
        return example * n

    def load(self, folder: Path) -> "Model":
        """Return the model of a folder that was written with these pieces."""
        from advisor.predictor.export.parts.files import read_json

        pieces = self.pieces(read_json(folder / "preparation.json"))
        code = [import_module(piece) for piece in pieces][-1]  # readers of columns register
        model: Model = code.load(folder)
        return model

    def config(self, config: Config) -> Config:
        """Return a configuration with all that the code asks it for."""
        return config


def folds_of(trained: Trained) -> list[JsonObject]:
    """Return the preparation of every fold, as JSON."""
    found = [preparation.to_dict() for preparation in trained.average.preparations]
    return [{name: fold[name] for name in fold if name != "modality"} for fold in found]

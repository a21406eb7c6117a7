"""Models of texts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from advisor.predictor.export.families.base import COMMON, PARTS, FamilyExport, Trained
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.data.preparation.text import TextPreparation


class RNNExport(FamilyExport):
    """Words to numbers, and a recurrent network."""

    rows = "a list of texts"

    def pieces(self, preparation: JsonObject) -> Sequence[str]:
        """Return the pieces."""
        return [*COMMON, f"{PARTS}recurrence", "advisor.data.words", f"{PARTS}reading_texts"]

    def form(self, seen: "PreparedData") -> JsonObject:
        """Return the words that the configuration knows, and how many of a text it reads."""
        length = cast("TextPreparation", seen.preparation).length
        return {"n_inputs": seen.n_inputs, "n_outputs": seen.n_outputs, "length": length}

    def preparation(self, trained: Trained) -> JsonObject:
        """Return the words of each fold."""
        found = cast("Sequence[TextPreparation]", trained.average.preparations)
        return {"folds": [{"words": list(one.words)} for one in found]}

    def example(self, trained: Trained) -> object:
        """Return one text."""
        return ["some words"]

"""Models of images."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from advisor.predictor.export.families.base import COMMON, PARTS, FamilyExport, Trained
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.data.preparation.image import ImagePreparation


class CNNExport(FamilyExport):
    """Bytes of the size that was trained on, and a convolutional network."""

    rows = (
        "images: a tensor of bytes (n, channels, height, width) or a list of such images, of the "
        "size and with the channels that preparation.json has; decode and resize them before"
    )

    def pieces(self, preparation: JsonObject) -> Sequence[str]:
        """Return the pieces."""
        return [*COMMON, f"{PARTS}pixels", f"{PARTS}convolution"]

    def form(self, seen: "PreparedData") -> JsonObject:
        """Return channels, height and width, and the classes."""
        shape = cast("ImagePreparation", seen.preparation).shape
        return {"shape": list(shape), "n_outputs": seen.n_outputs}

    def preparation(self, trained: Trained) -> JsonObject:
        """Return the shape; means and spreads are among the weights."""
        first = cast("ImagePreparation", trained.average.preparations[0])
        return {"shape": list(first.shape)}

    def example(self, trained: Trained) -> object:
        """Return nothing: pixels are too many to be shown."""
        return None

    def sample(self, trained: Trained, n: int) -> object:
        """Return black images."""
        import torch

        first = cast("ImagePreparation", trained.average.preparations[0])
        return torch.zeros((n, *first.shape), dtype=torch.uint8)

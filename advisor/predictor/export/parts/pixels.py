"""Images to the inputs of networks."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from advisor.predictor.export.parts.averaging import Preparation, Prepared
from advisor.predictor.export.parts.files import Json


class ImagePreparation(Preparation):
    """Images stay bytes, since networks standardise them; only their shape is looked at."""

    def __init__(self, content: Json) -> None:
        """Take what preparation.json holds."""
        self.shape: list[int] = content["shape"]

    def prepare(self, rows: object, networks: Sequence[Json]) -> list[Prepared]:
        """Return the images as uint8 (n, channels, height, width) for each network.

        Args:
            rows: a tensor of images (n, channels, height, width), without channels where these
                are one, or a list of such images; bytes 0 to 255, or fractions 0 to 1.
            networks: as `Preparation.prepare` has them.
        """
        if not isinstance(rows, Tensor):
            rows = torch.stack([torch.as_tensor(image) for image in cast("list[Tensor]", rows)])
        if rows.ndim == 3:
            rows = rows.unsqueeze(1)
        if list(rows.shape[1:]) != self.shape:
            raise ValueError(
                f"the images have the shape {list(rows.shape[1:])} (channels, height, width); the "
                f"model was trained on {self.shape}"
            )
        if rows.dtype != torch.uint8:
            numbers = rows.double()
            if not bool(((numbers >= 0) & (numbers <= 255)).all()):
                raise ValueError("pixels are bytes from 0 to 255, or fractions from 0 to 1")
            fractions = rows.is_floating_point() and bool((numbers <= 1).all())
            rows = torch.round(numbers * (255 if fractions else 1)).to(torch.uint8)
        return [(rows,)] * len(networks)

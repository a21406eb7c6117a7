"""Layers that images go through before a network: standardisation and augmentation."""

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from advisor.data.preparation.image import ImageData

MAX_SHIFT = 0.15
MAX_CONTRAST = 0.4
MAX_PATCH = 0.4


class Standardise(nn.Module):
    """Bytes to numbers of mean 0 and spread 1 per channel of the training part."""

    def __init__(self, data: "ImageData") -> None:
        """Take means and spreads of the training part."""
        super().__init__()
        self.mean: torch.Tensor
        self.scale: torch.Tensor
        mean = torch.tensor(data.pixel_mean, dtype=torch.float32)
        scale = torch.tensor(data.pixel_scale, dtype=torch.float32)
        self.register_buffer("mean", mean[:, None, None] * 255)
        self.register_buffer("scale", scale[:, None, None] * 255)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return (n, channels, height, width) as floats."""
        return (images.float() - self.mean) / self.scale


class Augment(nn.Module):
    """Random shifts, contrast and cut-out patches (DeVries and Taylor 2017) while training.

    The shift and the patch are drawn once per batch, the contrast once per image: on a CPU that
    costs next to nothing, and batches are small. Nothing is flipped: digits and letters have
    sides.
    """

    def __init__(self, strength: float) -> None:
        """Take the strength, in (0, 1]."""
        super().__init__()
        self.strength = strength

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the images, changed in training mode only."""
        if not self.training:
            return images
        n, _, height, width = images.shape
        shift = self.strength * MAX_SHIFT
        down, right = ((torch.rand(2) * 2 - 1) * shift).tolist()
        images = torch.roll(images, (round(down * height), round(right * width)), dims=(2, 3))
        contrast = 1 + (torch.rand(n, 1, 1, 1, device=images.device) * 2 - 1) * (
            MAX_CONTRAST * self.strength
        )
        images = images * contrast
        side = self.strength * MAX_PATCH
        top, left = (torch.rand(2) * (1 - side)).tolist()
        rows = slice(int(top * height), int((top + side) * height))
        columns = slice(int(left * width), int((left + side) * width))
        images[:, :, rows, columns] = 0.0
        return images

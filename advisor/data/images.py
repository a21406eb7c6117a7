"""Labelled images of one size."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from advisor.data.dataset import Dataset, digest_of
from advisor.data.inference import MIN_ROWS, class_target
from knowledge_base.errors import UserError

MIN_SIDE = 4
MAX_SIDE = 512


@dataclass(frozen=True)
class ImageDataset(Dataset):
    """Images with classes.

    Attributes:
        images: uint8, shape (n, channels, height, width).
        target: classes as `category`, one per image.
    """

    modality: ClassVar[str] = "image"

    name: str
    images: np.ndarray
    target: pd.Series
    target_name: str = "label"
    kind: str = "classification"
    source: str | None = None
    licence: str | None = None

    @property
    def n_rows(self) -> int:
        """Number of images."""
        return len(self.images)

    @property
    def n_features(self) -> int:
        """Values per image: channels x height x width."""
        return int(np.prod(self.images.shape[1:]))

    @property
    def n_classes(self) -> int | None:
        """Number of classes."""
        return int(self.target.nunique())

    @cached_property
    def fingerprint(self) -> str:
        """Digest of images and classes, whatever the order of the images."""
        rows = sorted(
            digest_of([image.tobytes(), str(label).encode("utf-8", "replace")])
            for image, label in zip(self.images, self.target, strict=True)
        )
        return digest_of([b"image", repr(self.images.shape[1:]).encode(), "".join(rows).encode()])


def to_images(
    images: np.ndarray,
    labels: pd.Series,
    name: str,
    source: str,
    licence: str | None = None,
    kind: str | None = None,
) -> ImageDataset:
    """Check an array of images and its labels.

    Args:
        images: shape (n, height, width), (n, height, width, channels) with 1, 3 or 4
            channels, or (n, channels, height, width); whole numbers from 0 to 255, or
            fractions from 0 to 1.
        labels: shape (n,).
        name: display name, which errors use too.
        source: where they came from.
        licence: if known.
        kind: "classification" or None.

    Raises:
        UserError: another shape or range, or labels that cannot be used.
    """
    if kind not in (None, "classification"):
        raise UserError(f"Images are classified; `kind={kind}` is not supported for them.")
    images = _channels_first(np.asarray(images), name)
    if len(images) != len(labels):
        raise UserError(f"{name} has {len(images)} images but {len(labels)} labels.")
    if len(images) < MIN_ROWS:
        count = "one image" if len(images) == 1 else f"{len(images) or 'no'} images"
        raise UserError(f"{name} has only {count}; at least {MIN_ROWS} are needed to learn from.")
    check_size(images.shape[3], images.shape[2], name)
    pixels = _to_bytes(images, name)
    target = class_target(labels.reset_index(drop=True).rename("label"), name)
    return ImageDataset(name, pixels, target, source=source, licence=licence)


def check_size(width: int, height: int, name: str) -> None:
    """Refuse images that are too small or too large.

    Raises:
        UserError: says how large they are and may be.
    """
    if min(height, width) < MIN_SIDE or max(height, width) > MAX_SIDE:
        raise UserError(
            f"The images of {name} are {width} x {height}; sides of {MIN_SIDE} to {MAX_SIDE} "
            "pixels are supported. Resize them."
        )


def _channels_first(images: np.ndarray, name: str) -> np.ndarray:
    if images.ndim == 3:
        return images[:, None]
    if images.ndim == 4 and images.shape[3] in (1, 3, 4):
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    if images.ndim == 4 and images.shape[1] in (1, 3, 4):
        return images
    raise UserError(
        f"The images of {name} have the shape {images.shape}; (images, height, width) or "
        "(images, height, width, channels) with 1, 3 or 4 channels is expected."
    )


def _to_bytes(images: np.ndarray, name: str) -> np.ndarray:
    if images.dtype.kind not in "buif":
        raise UserError(f"The images of {name} are not numbers but {images.dtype}; save bytes.")
    if images.dtype == np.uint8 and images.max() > 1:
        return images
    numbers = images.astype(np.float64)
    if not np.isfinite(numbers).all() or numbers.min() < 0 or numbers.max() > 255:
        raise UserError(
            f"The images of {name} hold values outside 0 to 255 (or 0 to 1); rescale them."
        )
    scale = 255 if numbers.max() <= 1 else 1
    return np.rint(numbers * scale).astype(np.uint8)

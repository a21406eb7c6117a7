"""Labelled images of one size."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from advisor.data.dataset import Dataset, digest_of
from advisor.data.inference import MIN_ROWS, class_target
from advisor.data.intake import Intake, counted
from advisor.data.request import MAX_SIDE, MIN_SIDE
from knowledge_base.errors import UserError

USUAL_SIDE = 64
"""Side of an image that is advised where images have to be resized."""

FRACTIONS_TO = 16
"""Fractions between 1 and this are taken for a range that is neither 0 to 1 nor 0 to 255."""

DEEP = 4096
"""Numbers of 16 bits from which on all 16 are taken to be in use."""


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
    intake: Intake | None = field(default=None, compare=False, repr=False)

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
    size: tuple[int, int] | None = None,
    notes: Sequence[str] = (),
) -> ImageDataset:
    """Check an array of images and its labels.

    Args:
        images: shape (n, height, width), (n, height, width, channels) with 1, 3 or 4
            channels, or (n, channels, height, width); whole numbers from 0 to 255 (or of 16
            bits), or fractions from 0 to 1.
        labels: shape (n,).
        name: display name, which errors use too.
        source: where they came from.
        licence: if known.
        kind: "classification" or None.
        size: width and height to resize them to; None leaves them as they are.
        notes: sentences on how they were read, for the account of it.

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
    height, width = images.shape[2:]
    if size is None:
        check_size(width, height, name)
    pixels = _to_bytes(images, name)
    if size is not None and size != (width, height):
        pixels = np.stack([_resized(image, size) for image in pixels])
        notes = (*notes, f"They were resized from {width} x {height} to {size[0]} x {size[1]}.")
    target = class_target(labels.reset_index(drop=True).rename("label"), name)
    height, width = pixels.shape[2:]
    intake = Intake(
        name=name,
        size=f"{counted(len(pixels), 'image')} of {width} x {height}, "
        f"{counted(pixels.shape[1], 'channel')}",
        target=f"'label', {counted(target.nunique(), 'class', 'classes')}",
        notes=tuple(notes),
    )
    return ImageDataset(name, pixels, target, source=source, licence=licence, intake=intake)


def _resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return bytes of shape (channels, height, width) in another size."""
    from PIL import Image

    planes = [
        np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR))
        for plane in image
    ]
    return np.stack(planes)


def check_size(width: int, height: int, name: str) -> None:
    """Refuse images that are too small or too large.

    Raises:
        UserError: says how large they are and may be.
    """
    if min(height, width) < MIN_SIDE or max(height, width) > MAX_SIDE:
        raise UserError(
            f"The images of {name} are {width} x {height}; sides of {MIN_SIDE} to {MAX_SIDE} "
            f"pixels are supported. Resize them with `size={USUAL_SIDE}`."
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
    deep = images.dtype in (np.uint16, np.dtype(">u2")) and numbers.max() >= DEEP
    if deep:  # as 16-bit PNG files are read
        return (images >> 8).astype(np.uint8)
    if not np.isfinite(numbers).all() or numbers.min() < 0 or numbers.max() > 255:
        raise UserError(
            f"The images of {name} hold values outside 0 to 255 (or 0 to 1); rescale them."
        )
    fractions = images.dtype.kind == "f" and bool((numbers != np.rint(numbers)).any())
    if fractions and 1 < numbers.max() < FRACTIONS_TO:
        raise UserError(
            f"The images of {name} hold fractions up to {numbers.max():.4g}, which is neither 0 to "
            "1 nor 0 to 255; rescale or clip them."
        )
    scale = 255 if numbers.max() <= 1 else 1
    return np.rint(numbers * scale).astype(np.uint8)

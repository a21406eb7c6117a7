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
from advisor.data.pixels import channels_first, check_size, range_of, resized, to_bytes
from advisor.data.reading.base import Reading
from advisor.data.reading.image import ImageReading
from advisor.data.reading.target import target_reading
from knowledge_base.errors import UserError


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
    reading: Reading[np.ndarray] | None = field(default=None, compare=False, repr=False)

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
    labels: pd.Series | None,
    name: str,
    source: str,
    licence: str | None = None,
    kind: str | None = None,
    size: tuple[int, int] | None = None,
    notes: Sequence[str] = (),
    decoded: bool = False,
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
        decoded: whether they are bytes from files of images.

    Raises:
        UserError: another shape or range, or labels that cannot be used.
    """
    if kind not in (None, "classification"):
        raise UserError(f"Images are classified; `kind={kind}` is not supported for them.")
    images = channels_first(np.asarray(images), name)
    if labels is None or len(images) != len(labels):
        n_labels = 0 if labels is None else len(labels)
        raise UserError(f"{name} has {len(images)} images but {n_labels} labels.")
    if len(images) < MIN_ROWS:
        count = "one image" if len(images) == 1 else f"{len(images) or 'no'} images"
        raise UserError(f"{name} has only {count}; at least {MIN_ROWS} are needed to learn from.")
    height, width = images.shape[2:]
    if size is None:
        check_size(width, height, name)
    found = range_of(images, name)
    pixels = to_bytes(images, found)
    if size is not None and size != (width, height):
        pixels = np.stack([resized(image, size) for image in pixels])
        notes = (*notes, f"They were resized from {width} x {height} to {size[0]} x {size[1]}.")
    label = labels.reset_index(drop=True).rename("label")
    target = class_target(label, name)
    channels, height, width = pixels.shape[1:]
    intake = Intake(
        name=name,
        size=f"{counted(len(pixels), 'image')} of {width} x {height}, "
        f"{counted(channels, 'channel')}",
        target=f"'label', {counted(target.nunique(), 'class', 'classes')}",
        notes=tuple(notes),
    )
    reading = ImageReading(
        target_reading(target, "label", "classification", label),
        channels,
        (width, height),
        {"bytes": "decoded", "fractions": "masks"}[found] if decoded else found,
    )
    return ImageDataset(
        name, pixels, target, source=source, licence=licence, intake=intake, reading=reading
    )

"""Images to arrays; they stay bytes, and networks standardise them."""

import math
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from advisor.data.images import ImageDataset
from advisor.data.preparation import target as targets
from advisor.data.preparation.base import (
    Arrays,
    Features,
    Preparation,
    PreparedData,
    arrays_of,
)
from advisor.data.preparation.stored import MAX_IMAGE_VALUES, Stored, damaged
from advisor.data.preparation.target import Target
from advisor.data.splits import split_indices
from knowledge_base.errors import UserError
from knowledge_base.types import JsonObject

FIELDS = ("modality", "target", "shape", "pixel_mean", "pixel_scale")


@dataclass(frozen=True)
class ImageData(PreparedData):
    """Images as uint8, shape (n, channels, height, width).

    Attributes:
        pixel_mean, pixel_scale: per channel of the training part, in 0 to 1.
    """

    pixel_mean: tuple[float, ...] = ()
    pixel_scale: tuple[float, ...] = ()

    modality: ClassVar[str] = "image"
    evaluation_batch: ClassVar[int] = 256
    curve_rows: ClassVar[int | None] = 2000


@dataclass(frozen=True)
class ImagePreparation(Preparation):
    """The size of images, and what networks standardise their pixels by.

    Attributes:
        target: the classes.
        shape: channels, height and width.
        pixel_mean, pixel_scale: per channel of the training part, in 0 to 1.
    """

    target: Target
    shape: tuple[int, ...]
    pixel_mean: tuple[float, ...]
    pixel_scale: tuple[float, ...]

    modality: ClassVar[str] = "image"

    def inputs(self, features: Features) -> np.ndarray:
        """Return the images as they are, uint8 (n, channels, height, width).

        Raises:
            UserError: they are of another size or have other channels.
        """
        if not isinstance(features, np.ndarray) or features.dtype != np.uint8:
            raise TypeError("images are an array of uint8")
        if features.shape[1:] != self.shape:
            wanted, found = (" x ".join(map(str, s)) for s in (self.shape, features.shape[1:]))
            raise UserError(
                f"The new images are of {found} (channels, height, width); the model was trained "
                f"on images of {wanted}."
            )
        return features

    def in_unit(self, values: np.ndarray, features: Features) -> np.ndarray:
        """Return the values: images have classes, which have no unit."""
        return self.target.in_unit(values)

    def stand_in(self, rows: int = 2) -> ImageData:
        """Return black images."""
        x, y = np.zeros((rows, *self.shape), dtype=np.uint8), self.target.zeros(rows)
        return self.data(arrays_of([(x, y)] * 3), self.target.n_outputs)

    def data(
        self, arrays: Arrays, n_outputs: int, valid_rows: np.ndarray | None = None
    ) -> ImageData:
        """Return images of this form as data to train with."""
        return ImageData(
            **arrays,
            kind=self.target.kind,
            n_inputs=self.shape[0],
            n_outputs=n_outputs,
            valid_rows=np.arange(len(arrays["x_valid"])) if valid_rows is None else valid_rows,
            preparation=self,
            pixel_mean=self.pixel_mean,
            pixel_scale=self.pixel_scale,
        )

    def to_dict(self) -> JsonObject:
        """Return it as strict JSON."""
        return {
            "modality": self.modality,
            "target": self.target.to_dict(),
            "shape": list(self.shape),
            "pixel_mean": list(self.pixel_mean),
            "pixel_scale": list(self.pixel_scale),
        }

    @classmethod
    def from_dict(cls, found: object) -> Self:
        """Return what `to_dict` gave.

        Raises:
            UserError: it is not that.
        """
        stored = Stored(found, "the images", FIELDS)
        stored.one_of("modality", [cls.modality])
        shape = stored.wholes("shape", 3, 1, MAX_IMAGE_VALUES)
        if math.prod(shape) > MAX_IMAGE_VALUES:
            raise damaged(f"an image has more than {MAX_IMAGE_VALUES:,} values")
        return cls(
            Target.from_stored(stored.part("target", targets.FIELDS)),
            shape,
            stored.numbers("pixel_mean", shape[0]),
            stored.numbers("pixel_scale", shape[0], positive=True),
        )


def prepare_images(
    dataset: ImageDataset, seed: int = 0, fold: int | None = 0, test: bool = True
) -> ImageData:
    """Split; means and scales are those of the training part."""
    splits = split_indices(dataset, seed, fold, test)
    codes = dataset.target.cat.codes.to_numpy(dtype=np.int64)
    parts = (splits.train, splits.valid, splits.test)
    arrays = arrays_of((dataset.images[rows], codes[rows]) for rows in parts)
    channels = dataset.images.shape[1]
    sample = arrays["x_train"][:5000].transpose(1, 0, 2, 3).reshape(channels, -1) / 255
    scale = np.maximum(sample.std(1), 1e-3)
    preparation = ImagePreparation(
        Target.fitted(dataset.target, dataset.kind, splits.train),
        dataset.images.shape[1:],
        tuple(sample.mean(1).tolist()),
        tuple(scale.tolist()),
    )
    return preparation.data(arrays, dataset.n_classes or 0, splits.valid)

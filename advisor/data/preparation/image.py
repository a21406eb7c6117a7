"""Images to arrays; they stay bytes, and networks standardise them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from advisor.data.images import ImageDataset
from advisor.data.preparation.base import PreparedData, arrays_of
from advisor.data.splits import split_indices


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


def prepare_images(dataset: ImageDataset, seed: int = 0) -> ImageData:
    """Split with `seed`; means and scales are those of the training part."""
    splits = split_indices(dataset, seed)
    codes = dataset.target.cat.codes.to_numpy(dtype=np.int64)
    parts = (splits.train, splits.valid, splits.test)
    arrays = arrays_of((dataset.images[rows], codes[rows]) for rows in parts)
    channels = dataset.images.shape[1]
    sample = arrays["x_train"][:5000].transpose(1, 0, 2, 3).reshape(channels, -1) / 255
    scale = np.maximum(sample.std(1), 1e-3)
    return ImageData(
        **arrays,
        kind="classification",
        n_inputs=channels,
        n_outputs=dataset.n_classes or 0,
        pixel_mean=tuple(sample.mean(1).tolist()),
        pixel_scale=tuple(scale.tolist()),
    )

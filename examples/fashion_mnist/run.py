"""A convolutional network on Fashion-MNIST: default, cold search and warm search.

scripts/fetch_data.sh
python examples/fashion_mnist/run.py
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from advisor.data.sources.arrays import read_idx
from examples.cases import Case, main, package
from examples.page import page
from scripts.seed.images import shrink

IMAGES = 6000
SIDE = 14
ABOUT = f"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017; MIT licence): pictures of clothes in
ten classes. This is a subset in rows and resolution: the first {IMAGES} images of its test file
(what ships knows some of the training file), at {SIDE} x {SIDE} pixels (means of 2 x 2), split
60/20/20 by the seed. It comes with Debian's package `dataset-fashion-mnist`."""


def write(folder: Path) -> Path:
    """Write the subset as an npz file; return its path."""
    source = package("debian/dataset-fashion-mnist/usr/share/datasets/fashion-mnist")
    images = read_idx(source / "t10k-images-idx3-ubyte.gz")[:IMAGES]
    labels = read_idx(source / "t10k-labels-idx1-ubyte.gz")[:IMAGES]
    path = folder / f"fashion-mnist, {IMAGES} images of {SIDE} x {SIDE}.npz"
    np.savez(path, images=shrink(images, SIDE), labels=labels)
    return path


def write_quick(folder: Path) -> Path:
    """Write some of scikit-learn's handwritten digits, for want of clothes."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    path = folder / "digits.npz"
    images = (digits.images[:150] * 255 / 16).round().astype(np.uint8)
    np.savez(path, images=images, labels=digits.target[:150])
    return path


CASE = Case(
    name="fashion_mnist",
    title="A convolutional network on images of clothes",
    about=ABOUT,
    family="cnn",
    write=write,
    write_quick=write_quick,
    kin="fashion:",
)

if __name__ == "__main__":
    main(CASE, page, Path(__file__).with_name("README.md"))()

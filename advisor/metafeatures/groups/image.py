"""Images: size, colour, and how far single pixels and class means go."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from advisor.metafeatures.base import MetafeatureGroup
from advisor.metafeatures.labelled_view import LabelledView

CENTROID_SIDE = 8
MAX_VALUES = 8_000_000
MIN_IMAGES = 12


class Image(MetafeatureGroup[LabelledView[np.ndarray]]):
    """Size, brightness, texture and class structure of images."""

    name = "image"
    modality = "image"
    descriptions: ClassVar[Mapping[str, str]] = {
        "log_rows": "log of the number of images",
        "log_height": "log of the height in pixels",
        "log_width": "log of the width in pixels",
        "channels": "number of channels",
        "log_classes": "log of the number of classes",
        "class_entropy": "entropy of the classes, 1 where they are even",
        "minority_share": "share of the rarest class",
        "brightness": "mean pixel, from 0 to 1",
        "contrast": "mean over images of the standard deviation of their pixels",
        "dark_share": "share of pixels below 0.05: empty background",
        "smoothness": "correlation of pixels with their right neighbours",
        "colourfulness": "mean standard deviation over the colours; 0 for grey images",
        "variation": "mean over pixels of their standard deviation over images",
        "centroid_accuracy": "nearest class mean of 8 x 8 thumbnails, on the other half",
    }

    def values(self, view: LabelledView[np.ndarray]) -> Mapping[str, float]:
        """Return the metafeatures of images."""
        images = _bounded(view.sample) / np.float32(255)
        _, channels, height, width = images.shape
        return {
            "log_rows": np.log(view.n_rows),
            "log_height": np.log(height),
            "log_width": np.log(width),
            "channels": channels,
            "log_classes": np.log(len(view.class_counts)),
            "class_entropy": view.class_entropy,
            "minority_share": view.minority_share,
            "brightness": images.mean(),
            "contrast": images.std(axis=(1, 2, 3)).mean(),
            "dark_share": (images < 0.05).mean(),
            "smoothness": _correlation(images[..., :-1].ravel(), images[..., 1:].ravel()),
            "colourfulness": images[:, :3].std(axis=1).mean(),
            "variation": images.std(axis=0).mean(),
            "centroid_accuracy": _centroid_accuracy(view.sample, view.labels),
        }


def _bounded(images: np.ndarray) -> np.ndarray:
    """Return an even choice of images of no more than `MAX_VALUES` values in all."""
    most = max(MAX_VALUES // images[0].size, MIN_IMAGES)
    if len(images) <= most:
        return images
    chosen: np.ndarray = images[np.linspace(0, len(images) - 1, most).astype(int)]
    return chosen


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    first, second = first - first.mean(), second - second.mean()
    spread = first.std() * second.std()
    return float((first * second).mean() / spread) if spread > 1e-9 else float("nan")


def _centroid_accuracy(images: np.ndarray, labels: np.ndarray) -> float:
    rows = np.linspace(0, images.shape[2] - 1, min(CENTROID_SIDE, images.shape[2])).astype(int)
    columns = np.linspace(0, images.shape[3] - 1, min(CENTROID_SIDE, images.shape[3])).astype(int)
    small = images[:, :, rows][:, :, :, columns].reshape(len(images), -1) / 255.0
    train, test = np.arange(0, len(small), 2), np.arange(1, len(small), 2)
    classes = np.unique(labels[train])
    means = np.stack([small[train][labels[train] == c].mean(0) for c in classes])
    distance = ((small[test][:, None] - means) ** 2).sum(2)
    return float((classes[distance.argmin(1)] == labels[test]).mean())

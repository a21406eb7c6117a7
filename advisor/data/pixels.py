"""Pixels: arrays of images in any of the usual ranges and orders, as bytes of one size."""

import numpy as np

from advisor.data.request import MAX_SIDE, MIN_SIDE
from knowledge_base.errors import UserError

USUAL_SIDE = 64
"""Side of an image that is advised where images have to be resized."""

FRACTIONS_TO = 16
"""Fractions between 1 and this are taken for a range that is neither 0 to 1 nor 0 to 255."""

DEEP = 4096
"""Numbers of 16 bits from which on all 16 are taken to be in use."""

RANGES = ("bytes", "fractions", "deep")
"""How numbers become bytes: as they are, times 255, or by their upper 8 of 16 bits."""

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""What Pillow calls images by the number of their channels."""


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


def channels_first(images: np.ndarray, name: str) -> np.ndarray:
    """Return images as (n, channels, height, width).

    Raises:
        UserError: they have another shape.
    """
    if images.ndim == 3:
        return images[:, None]
    if images.ndim == 4 and images.shape[3] in MODES:
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    if images.ndim == 4 and images.shape[1] in MODES:
        return images
    raise UserError(
        f"The images of {name} have the shape {images.shape}; (images, height, width) or "
        "(images, height, width, channels) with 1, 3 or 4 channels is expected."
    )


def range_of(images: np.ndarray, name: str) -> str:
    """Return which of `RANGES` an array of images has.

    Raises:
        UserError: it has none of them.
    """
    if images.dtype.kind not in "buif":
        raise UserError(f"The images of {name} are not numbers but {images.dtype}; save bytes.")
    if images.dtype == np.uint8 and images.max() > 1:
        return "bytes"
    numbers = images.astype(np.float64)
    if images.dtype in (np.uint16, np.dtype(">u2")) and numbers.max() >= DEEP:
        return "deep"  # as 16-bit PNG files are read
    if not np.isfinite(numbers).all() or numbers.min() < 0 or numbers.max() > 255:
        raise UserError(
            f"The images of {name} hold values outside 0 to 255 (or 0 to 1); rescale them."
        )
    if has_fractions(images) and 1 < numbers.max() < FRACTIONS_TO:
        raise UserError(
            f"The images of {name} hold fractions up to {numbers.max():.4g}, which is neither 0 to "
            "1 nor 0 to 255; rescale or clip them."
        )
    return "fractions" if numbers.max() <= 1 else "bytes"


def has_fractions(images: np.ndarray) -> bool:
    """Return whether some numbers are not whole."""
    return images.dtype.kind == "f" and bool((images != np.rint(images)).any())


def to_bytes(images: np.ndarray, found: str) -> np.ndarray:
    """Return images of one of `RANGES` as uint8."""
    if found == "deep":
        return (images >> 8).astype(np.uint8)
    if images.dtype == np.uint8 and found == "bytes":
        return images
    return np.rint(images.astype(np.float64) * (255 if found == "fractions" else 1)).astype(
        np.uint8
    )


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return bytes of shape (channels, height, width) in another width and height."""
    from PIL import Image

    planes = [
        np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR))
        for plane in image
    ]
    return np.stack(planes)


def with_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """Return bytes of shape (channels, height, width) with another number of channels.

    Colour becomes grey by its luminance, grey becomes colour, and what had no transparency is
    opaque.
    """
    from PIL import Image

    plain = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    found = np.asarray(Image.fromarray(np.ascontiguousarray(plain)).convert(MODES[channels]))
    return found[None] if channels == 1 else np.ascontiguousarray(found.transpose(2, 0, 1))

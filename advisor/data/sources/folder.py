"""Folders of images, one folder per class."""

import struct
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from advisor.data.limits import MAX_IMAGE_BYTES, MAX_PIXELS
from advisor.data.pixels import USUAL_SIDE, check_size
from advisor.data.request import MIN_SIDE, DataRequest
from advisor.data.sources.base import DataSource, RawImages, as_path, images_only
from advisor.faults import one_line
from knowledge_base.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

Seen = TypeVar("Seen")

SUFFIXES = (".png", ".jpg", ".jpeg")
OTHER_SUFFIXES = (".bmp", ".gif", ".tif", ".tiff", ".webp")
"""Images that are not read; files that are no images at all are passed over."""
HIDDEN = (".", "__MACOSX")
SHOWN = 3

LARGEST_MIDDLE = 128
"""Side that images of many sizes are resized to at most, unless the user says otherwise."""

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, struct.error,
           zlib.error)  # fmt: skip
"""What Pillow raises for files that are not whole."""


class ImageFolderSource(DataSource):
    """A folder with one folder per class, each with PNG or JPEG files.

    Files of several sizes are resized to one: the usual one if most have it, else a middle one.

    What begins with a dot, as operating systems and editors leave it, is not looked at.
    """

    def accepts(self, source: object) -> bool:
        """Return whether `source` is a folder of folders."""
        path = as_path(source)
        try:
            return path is not None and path.is_dir() and bool(_folders(path))
        except (OSError, ValueError):
            return False

    def read(self, source: object, request: DataRequest) -> RawImages:
        """Read all images; all grey ones stay grey, others become RGB.

        If any is transparent somewhere, all have a fourth channel that says where.
        """
        path = Path(str(source))
        images_only(request, str(path))
        files = [(file, folder.name) for folder in _folders(path) for file in _files(folder)]
        if not files:
            raise UserError(_nothing_in(path))
        for folder in _folders(path):
            _check_nested(folder, path)
        size, notes = _common_size([file for file, _ in files], path, request.size)
        images = _stacked(_read([file for file, _ in files], path, size))
        labels = pd.Series([label for _, label in files], name="label", dtype=object)
        name = path.resolve().name
        names = tuple(str(file.relative_to(path)) for file, _ in files)
        return RawImages(images, labels, request, name, "folder", None, notes, True, names)


def new_images(path: Path, request: DataRequest, size: tuple[int, int], mode: str) -> RawImages:
    """Return new images of a size and mode: those of a folder and its folders, or of one file.

    The names of the folders within are their labels.

    Raises:
        UserError: there are none, or some cannot be read.
    """
    one = path.is_file()
    where = path.parent if one else path
    files = [path] if one else _all_files(path)
    if not files:
        raise UserError(f"{path} holds no PNG or JPEG files.")
    _, notes = _common_size(files, where, size)
    images = _read(files, where, size)
    poorer = sum(_loses(image, mode) for image in images)
    if poorer:
        what = "their colours" if mode == "L" else "their transparency"
        notes += (f"{poorer} of {len(files)} images lost {what}, which training had not.",)
    pixels = np.stack([np.asarray(image.convert(mode)) for image in images])
    labels = [file.parent.name if file.parent != where else None for file in files]
    found = pd.Series(labels, name="label", dtype=object)
    names = tuple(str(file.relative_to(where)) for file in files)
    return RawImages(
        pixels, found if found.notna().any() else None, request, path.resolve().name, "folder",
        notes=notes, decoded=True, names=names,
    )  # fmt: skip


def _all_files(path: Path) -> list[Path]:
    """Return the images of a folder and of its folders; none lie deeper."""
    files = list(_files(path))
    for folder in _folders(path):
        files += _files(folder)
        _check_nested(folder, path)
    return files


def _folders(path: Path) -> list[Path]:
    return [child for child in _visible(path) if child.is_dir()]


def _files(folder: Path) -> list[Path]:
    """Return the images of a class.

    Raises:
        UserError: some are in a format that is not read.
    """
    files = [file for file in _visible(folder) if file.is_file()]
    other = [file.name for file in files if file.suffix.lower() in OTHER_SUFFIXES]
    if other:
        raise UserError(
            f"{folder} holds images that are neither PNG nor JPEG: {_listed(other)}. Convert or "
            "remove them."
        )
    return [file for file in files if file.suffix.lower() in SUFFIXES]


def _visible(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if not p.name.startswith(HIDDEN))


def _nothing_in(path: Path) -> str:
    deeper = next((folder for folder in _folders(path) if any(map(_files, _folders(folder)))), None)
    if deeper is None:
        return f"No folder in {path} holds PNG or JPEG files."
    return (
        f"The folders in {path} hold no images but folders of images; give one, such as {deeper}."
    )


def _check_nested(folder: Path, where: Path) -> None:
    """Refuse images a level deeper, rather than leave them out without a word."""
    inner = (file.relative_to(folder) for file in sorted(folder.rglob("*")))
    deep = next((f for f in inner if len(f.parts) > 1 and is_image(f)), None)
    if deep is not None:
        raise UserError(
            f"{folder} has folders inside it that hold images ({deep}); move its images up into "
            "the folder of the class, or leave those folders out."
        )


def is_image(file: Path) -> bool:
    """Return whether the name of a file, within its folder, is one of an image that is read."""
    hidden = any(part.startswith(HIDDEN) for part in file.parts)
    return not hidden and file.suffix.lower() in SUFFIXES


def _read(files: list[Path], where: Path, size: tuple[int, int]) -> "list[Image]":
    """Return all images in one size, each as L, RGB or RGBA."""
    broken: list[str] = []

    def pixels(image: "Image") -> "Image":
        return _in_size(_pixels(image), size)

    opened = [_opened(file, where, broken, pixels) for file in files]
    _refuse(broken, where)
    return [image for image in opened if image is not None]


def _stacked(images: "list[Image]") -> np.ndarray:
    """Return images as bytes, shape (n, height, width, channels), with all that any has."""
    mode = "RGBA" if any(image.mode == "RGBA" for image in images) else "RGB"
    if all(image.mode == "L" for image in images):
        mode = "L"
    stacked = np.stack([np.asarray(image.convert(mode)) for image in images])
    if mode == "RGB" and all(np.array_equal(stacked[..., 0], stacked[..., c]) for c in (1, 2)):
        return stacked[..., 0]  # grey images that are stored in colour
    return stacked


def _loses(image: "Image", mode: str) -> bool:
    """Return whether an image has colours or transparency that a mode has not."""
    if mode == "L" and image.mode != "L":
        red, green, blue = (np.asarray(plane) for plane in image.split()[:3])
        grey = np.array_equal(red, green) and np.array_equal(red, blue)
        return image.mode == "RGBA" or not grey
    return mode == "RGB" and image.mode == "RGBA"


def _common_size(
    files: list[Path], where: Path, wanted: tuple[int, int] | None
) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Return the size to read all images in, and a note if some are resized.

    Sizes are read without the pixels, so that what is too large is refused before it is decoded.

    Raises:
        UserError: a file cannot be read, or is too large, or all are too many.
    """
    broken: list[str] = []
    opened = [_opened(file, where, broken, _size) for file in files]
    _refuse(broken, where)
    found = [size for size in opened if size is not None]
    for file, (width, height) in zip(files, found, strict=True):
        if width * height > MAX_PIXELS:
            raise UserError(
                f"{file.relative_to(where)} of {where} has {width} x {height} pixels; at most "
                f"{MAX_PIXELS:,} are read."
            )
    usual, often = Counter(found).most_common(1)[0]
    size = wanted or (usual if often > len(found) / 2 else _middle(found))
    if wanted is None and often == len(found):
        check_size(*size, str(where))
    if 4 * size[0] * size[1] * len(found) > MAX_IMAGE_BYTES:
        raise UserError(
            f"The {len(found)} images of {where} take more than {MAX_IMAGE_BYTES:,} bytes at "
            f"{size[0]} x {size[1]}; make them smaller with `size={USUAL_SIDE}`."
        )
    other = sum(each != size for each in found)
    if not other:
        return size, ()
    some = "All" if other == len(found) else f"{other} of {len(found)}"
    more = "" if wanted else "; `size` chooses another size"
    return size, (f"{some} images were resized to {size[0]} x {size[1]}{more}.",)


def _middle(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the median width and height, within what is supported and quick to train on."""
    width, height = (int(np.median([size[side] for size in sizes])) for side in (0, 1))
    return tuple(min(max(side, MIN_SIDE), LARGEST_MIDDLE) for side in (width, height))  # type: ignore[return-value]


def _in_size(image: "Image", size: tuple[int, int]) -> "Image":
    from PIL import Image

    return image if image.size == size else image.resize(size, Image.Resampling.BILINEAR)


def _opened(
    file: Path, where: Path, broken: list[str], use: "Callable[[Image], Seen]"
) -> Seen | None:
    """Return what `use` makes of an image; if it cannot be read, say so in `broken`."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            return use(image)
    except UnidentifiedImageError:
        reason = "not an image"
    except (*_BROKEN, Image.DecompressionBombError) as error:
        reason = one_line(error)
    broken.append(f"{file.relative_to(where)} ({reason})")
    return None


def _size(image: "Image") -> tuple[int, int]:
    """Return width and height as they are seen: cameras store photographs on their side."""
    width, height = image.size
    return (height, width) if _orientation(image) >= 5 else (width, height)


def _orientation(image: "Image") -> int:
    """Return the orientation that is stated before the pixels, 1 if none is."""
    if image.format != "JPEG" and "exif" not in image.info:
        return 1  # to look for more would decode the image
    return int(image.getexif().get(0x0112, 1))


def _pixels(image: "Image") -> "Image":
    """Return an image of 8 bits per channel as L, RGB or, if transparent somewhere, RGBA."""
    from PIL import Image, ImageOps

    if _orientation(image) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode == "I" or image.mode.startswith("I;16"):
        # Pillow would cut off all that is brighter than 255 of 65,535.
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        if np.asarray(clear.getchannel("A")).min() < 255:
            return clear
    return image.convert("L" if image.mode in ("1", "L", "LA", "La") else "RGB")


def _refuse(broken: list[str], where: Path) -> None:
    if broken:
        files = "1 file" if len(broken) == 1 else f"{len(broken)} files"
        raise UserError(
            f"{files} of {where} cannot be read: {_listed(broken)}. Remove or replace them."
        )


def _listed(items: list[str]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more

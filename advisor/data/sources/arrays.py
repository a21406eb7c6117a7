"""Images as arrays: npz files, and idx files as MNIST's."""

import gzip
import math
import re
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from advisor.data.dataset import Dataset
from advisor.data.images import to_images
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, existing_file, images_only
from advisor.faults import one_line
from knowledge_base.errors import UserError

if TYPE_CHECKING:
    from numpy.lib.npyio import NpzFile

IMAGE_NAMES = ("images", "x", "X", "data", "x_train", "arr_0")
LABEL_NAMES = ("labels", "y", "target", "label", "y_train", "arr_1")
_BROKEN = (OSError, ValueError, TypeError, EOFError, NotImplementedError, zipfile.BadZipFile,
           zlib.error, MemoryError)  # fmt: skip
"""What NumPy raises for files that are not whole, or no npz files at all."""

IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


class NpzSource(DataSource):
    """An .npz file with an array of images and one of labels; never unpickled."""

    def accepts(self, source: object) -> bool:
        """Return whether the file name is one of an npz file."""
        return Path(str(source)).suffix.lower() == ".npz"

    def load(self, source: object, request: DataRequest) -> Dataset:
        """Read `images` and `labels` (or x and y, or the target that was named)."""
        path = existing_file(source)
        images_only(request, path.name)
        try:
            with np.load(path, allow_pickle=False) as stored:
                images = _pick(stored, IMAGE_NAMES, "images", path)
                wanted = (request.target,) if request.target else LABEL_NAMES
                labels = _pick(stored, wanted, "labels", path)
        except _BROKEN as error:
            raise UserError(f"{path} is not a whole npz file: {one_line(error)}.") from error
        return to_images(images, _labels(labels, path), path.name, "file", kind=request.kind)


class IdxSource(DataSource):
    """An idx file of images (also .gz) beside the idx file of its labels.

    As MNIST's: `train-images-idx3-ubyte` beside `train-labels-idx1-ubyte`.
    """

    def accepts(self, source: object) -> bool:
        """Return whether the file name is one of an idx file of images."""
        name = Path(str(source)).name.lower()
        return "images" in name and "idx3" in name

    def load(self, source: object, request: DataRequest) -> Dataset:
        """Read both files."""
        path = existing_file(source)
        images_only(request, path.name)
        labels = _beside(path)
        numbers = _labels(read_idx(labels), labels)
        return to_images(read_idx(path), numbers, path.name, "file", kind=request.kind)


def _beside(path: Path) -> Path:
    """Return the file with the labels of a file of images, either of which may be packed."""
    name = re.sub("idx3", "idx1", re.sub("images", "labels", path.name, flags=re.I), flags=re.I)
    labels = path.with_name(name)
    other = name.removesuffix(".gz") if name.endswith(".gz") else f"{name}.gz"
    found = next((file for file in (labels, path.with_name(other)) if file.is_file()), None)
    if found is None:
        raise UserError(f"The labels of {path} are expected in {labels}, which is not there.")
    return found


def read_idx(path: Path) -> np.ndarray:
    """Return the array of an idx file (LeCun's format), unpacking .gz.

    Raises:
        UserError: it is not one, or cut off.
    """
    try:
        raw = path.read_bytes()
        content = gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} cannot be read: {one_line(error)}.") from error
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in IDX_TYPES:
        raise UserError(f"{path} is not an idx file.")
    n_dims = content[3]
    whole = len(content) >= 4 + 4 * n_dims
    shape = np.frombuffer(content, ">u4", n_dims, 4).tolist() if whole else []
    kind = np.dtype(IDX_TYPES[content[2]])
    if not whole or len(content) != 4 + 4 * n_dims + math.prod(shape) * kind.itemsize:
        sizes = " x ".join(map(str, shape)) or "values"
        raise UserError(f"{path} is cut off: it does not hold the {sizes} that it names.")
    return np.frombuffer(content, kind, offset=4 + 4 * n_dims).reshape(shape)


def _pick(stored: "NpzFile", names: tuple[str, ...], what: str, path: Path) -> np.ndarray:
    for name in names:
        if name in stored.files:
            return np.asarray(stored[name])
    found = ", ".join(stored.files) or "nothing"
    raise UserError(f"{path} has no array of {what} called {' or '.join(names)}; it has: {found}.")


def _labels(labels: np.ndarray, path: Path) -> pd.Series:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise UserError(
            f"The labels of {path} have the shape {labels.shape}; one class per image is expected."
        )
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "replace")
    own = labels.dtype.newbyteorder("=")  # pandas has no columns of the other byte order
    return pd.Series(labels.astype(object if labels.dtype.kind == "U" else own))

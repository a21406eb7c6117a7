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

from advisor.data.limits import Readable, check_unpacked, unpacked
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, RawImages, as_path, existing_file, images_only
from advisor.faults import one_line
from knowledge_base.archives import BROKEN
from knowledge_base.errors import UserError

if TYPE_CHECKING:
    from numpy.lib.npyio import NpzFile

IMAGE_NAMES = ("images", "x", "X", "data", "x_train", "arr_0")
LABEL_NAMES = ("labels", "y", "target", "label", "y_train", "arr_1")
IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


class NpzSource(DataSource):
    """An .npz file with an array of images and one of labels; never unpickled."""

    def accepts(self, source: object) -> bool:
        """Return whether the file name is one of an npz file."""
        path = as_path(source)
        return path is not None and path.suffix.lower() == ".npz"

    def read(self, source: object, request: DataRequest) -> RawImages:
        """Read `images` and `labels` (or x and y, or the target that was named)."""
        path = existing_file(source)
        images_only(request, path.name)
        try:
            _check_arrays(path)
            with np.load(path, allow_pickle=False) as stored:
                images = _pick(stored, IMAGE_NAMES, "images", path)
                wanted = (request.target,) if request.target else LABEL_NAMES
                labels = None
                if request.labelled or set(wanted) & set(stored.files):
                    labels = _pick(stored, wanted, "labels", path)
        except BROKEN as error:
            raise UserError(f"{path} is not a whole npz file: {one_line(error)}.") from error
        found = None if labels is None else _labels(labels, path)
        return RawImages(images, found, request, path.name, "file")


class IdxSource(DataSource):
    """An idx file of images (also .gz) beside the idx file of its labels.

    As MNIST's: `train-images-idx3-ubyte` beside `train-labels-idx1-ubyte`.
    """

    def accepts(self, source: object) -> bool:
        """Return whether the file name is one of an idx file of images."""
        path = as_path(source)
        name = "" if path is None else path.name.lower()
        return "images" in name and "idx3" in name

    def read(self, source: object, request: DataRequest) -> RawImages:
        """Read both files."""
        path = existing_file(source)
        images_only(request, path.name)
        labels = _beside(path, request.labelled)
        numbers = None if labels is None else _labels(read_idx(labels), labels)
        return RawImages(read_idx(path), numbers, request, path.name, "file")


def _beside(path: Path, needed: bool) -> Path | None:
    """Return the file with the labels of a file of images, either of which may be packed.

    Raises:
        UserError: it is needed, but not there.
    """
    name = re.sub("idx3", "idx1", re.sub("images", "labels", path.name, flags=re.I), flags=re.I)
    labels = path.with_name(name)
    other = name.removesuffix(".gz") if name.endswith(".gz") else f"{name}.gz"
    found = next((file for file in (labels, path.with_name(other)) if file.is_file()), None)
    if found is None and needed:
        raise UserError(f"The labels of {path} are expected in {labels}, which is not there.")
    return found


def _check_arrays(path: Path) -> None:
    """Refuse an npz file whose arrays are too large, or larger than what is stored of them.

    Raises:
        UserError: they are.
        OSError, ValueError, zipfile.BadZipFile: the file is not whole.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        check_unpacked(sum(member.file_size for member in members), path.stat().st_size, str(path))
        for member in members:
            with archive.open(member) as file:
                version = np.lib.format.read_magic(file)
                header = np.lib.format.read_array_header_1_0
                if version != (1, 0):
                    header = np.lib.format.read_array_header_2_0
                shape, _, kind = header(file)
            if not kind.hasobject and math.prod(shape) * kind.itemsize > member.file_size:
                raise UserError(f"{path} is not a whole npz file: {member.filename} is cut off.")


def read_idx(path: Path) -> np.ndarray:
    """Return the array of an idx file (LeCun's format), unpacking .gz.

    No more is read than the header names.

    Raises:
        UserError: it is not one, or cut off, or unpacks to too much.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return _idx_array(file, path)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} cannot be read: {one_line(error)}.") from error


def _idx_array(file: Readable, path: Path) -> np.ndarray:
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in IDX_TYPES:
        raise UserError(f"{path} is not an idx file.")
    kind, sizes = np.dtype(IDX_TYPES[start[2]]), file.read(4 * start[3])
    whole = len(sizes) == 4 * start[3]
    shape = np.frombuffer(sizes, ">u4").tolist() if whole else []
    expected = math.prod(shape) * kind.itemsize
    if path.suffix == ".gz":
        check_unpacked(expected, path.stat().st_size, str(path))
    content = unpacked(file, path.stat().st_size, str(path), expected + 1) if whole else b""
    if not whole or len(content) != expected:
        named = " x ".join(map(str, shape)) or "values"
        raise UserError(f"{path} is cut off: it does not hold the {named} that it names.")
    return np.frombuffer(content, kind).reshape(shape)


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

"""Folders of images, one folder per class."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from advisor.data.dataset import Dataset
from advisor.data.images import to_images
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, images_only, one_line
from knowledge_base.errors import UserError

SUFFIXES = (".png", ".jpg", ".jpeg")
SHOWN = 3


class ImageFolderSource(DataSource):
    """A folder with one folder per class, each with PNG or JPEG files of one size."""

    def accepts(self, source: Any) -> bool:
        """Return whether `source` is a folder of folders."""
        path = Path(str(source))
        return path.is_dir() and any(child.is_dir() for child in path.iterdir())

    def load(self, source: Any, request: DataRequest) -> Dataset:
        """Read all images; all grey ones stay grey, others become RGB."""
        path = Path(str(source))
        images_only(request, str(path))
        files = [
            (file, folder.name)
            for folder in sorted(path.iterdir())
            if folder.is_dir()
            for file in sorted(folder.iterdir())
            if file.suffix.lower() in SUFFIXES
        ]
        if not files:
            raise UserError(f"No folder in {path} holds PNG or JPEG files.")
        images = _read([file for file, _ in files], path)
        labels = pd.Series([label for _, label in files], name="label")
        return to_images(images, labels, path.name, "folder", kind=request.kind)


def _read(files: list[Path], where: Path) -> np.ndarray:
    from PIL import Image, UnidentifiedImageError

    images, broken = [], []
    for file in files:
        try:
            with Image.open(file) as image:
                images.append(image.convert("L" if image.mode in ("1", "L") else "RGB"))
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
            broken.append(f"{file.relative_to(where)} ({one_line(error)})")
    if broken:
        raise UserError(
            f"{_count(len(broken), 'file')} of {where} cannot be read: {_listed(broken)}. "
            "Remove or replace them."
        )
    _check_sizes(images, files, where)
    mode = "L" if all(image.mode == "L" for image in images) else "RGB"
    return np.stack([np.asarray(image.convert(mode)) for image in images])


def _check_sizes(images: list[Any], files: list[Path], where: Path) -> None:
    sizes = pd.Series([image.size for image in images])
    usual = sizes.mode().iloc[0]
    other = [
        f"{file.relative_to(where)} ({width} x {height})"
        for file, (width, height) in zip(files, sizes, strict=True)
        if (width, height) != usual
    ]
    if other:
        raise UserError(
            f"The images of {where} differ in size: most are {usual[0]} x {usual[1]}, but "
            f"{_listed(other)}. Resize them to one size."
        )


def _listed(items: list[str]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"

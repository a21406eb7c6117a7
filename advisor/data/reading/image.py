"""Images: new ones in the size and with the channels that were trained on."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from advisor.data.intake import Intake, counted
from advisor.data.pixels import (
    MODES,
    RANGES,
    channels_first,
    has_fractions,
    range_of,
    resized,
    to_bytes,
    with_channels,
)
from advisor.data.reading.base import NewRows, Reading, described
from advisor.data.reading.strict import Fields
from advisor.data.reading.target import TargetReading
from advisor.data.request import MAX_SIDE, MIN_SIDE, DataRequest
from advisor.data.sources import RawImages, open_rows
from advisor.data.sources.base import as_path, existing_file
from advisor.data.sources.folder import is_image, new_images
from knowledge_base.errors import UserError
from knowledge_base.types import JsonObject

OF_FILES = ("decoded", "masks")


@dataclass(frozen=True)
class ImageReading(Reading[np.ndarray]):
    """How images were read.

    Attributes:
        target: their classes.
        channels: 1, 3 or 4.
        size: width and height.
        range: which of `RANGES` numbers in arrays had; of files of images, "decoded" if they
            hold bytes as usual, "masks" if they hold but 0 and 1.
    """

    target: TargetReading
    channels: int
    size: tuple[int, int]
    range: str

    modality: ClassVar[str] = "image"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        return self.channels, self.size[1], self.size[0]

    def read(self, source: object) -> NewRows[np.ndarray]:
        """Return new images as uint8 of the shape that was trained on, (n, *shape).

        A folder holds images, or a folder of them per class; a file is one image, or an array as
        `load_dataset` takes it. The names of files are in `names`.

        Raises:
            UserError: as `Reading.read` has it.
        """
        raw = self._raw(source)
        pixels = channels_first(np.asarray(raw.pixels), raw.name)
        if len(pixels) == 0:
            raise UserError(f"{raw.name} has no images.")
        notes = list(raw.notes)
        if not raw.decoded:
            pixels = to_bytes(pixels, self._range(pixels, raw.name))
        elif self.range == "masks" and pixels.max() <= 1:
            pixels = to_bytes(pixels, "fractions")
        channels, height, width = pixels.shape[1:]
        if (width, height) != self.size:
            pixels = np.stack([resized(image, self.size) for image in pixels])
            notes.append(
                f"They were resized from {width} x {height} to {self.size[0]} x {self.size[1]}."
            )
        if channels != self.channels:
            pixels = np.stack([with_channels(image, self.channels) for image in pixels])
            notes.append(
                f"They have {counted(channels, 'channel')} and were made ones of {self.channels}, "
                "as in training."
            )
        target, more = self._target(raw, len(pixels))
        intake = Intake(
            name=raw.name,
            size=f"{counted(len(pixels), 'image')} of {self.size[0]} x {self.size[1]}, "
            f"{counted(self.channels, 'channel')}",
            target=described(target, self.target.name),
            notes=(*notes, *more),
        )
        return NewRows(pixels, target, intake, tuple(raw.names))

    def _raw(self, source: object) -> RawImages:
        request = DataRequest(modality="image", labelled=False)
        path = as_path(source)
        if path is not None and (_is_folder(path) or is_image(Path(path.name))):
            place = path if _is_folder(path) else existing_file(path)
            return new_images(place, request, self.size, MODES[self.channels])
        raw = open_rows(source, request)
        if isinstance(raw, RawImages):
            return raw
        raise UserError(f"{raw.name} is a table; images were trained on.")

    def _range(self, pixels: np.ndarray, name: str) -> str:
        """Return which range numbers have: the training's, unless they cannot have that."""
        if pixels.dtype.kind in "buif" and pixels.size:
            largest = float(pixels.max())
            deep = self.range == "deep" and pixels.dtype.kind == "u" and pixels.dtype.itemsize == 2
            whole = self.range in ("bytes", "decoded") and not has_fractions(pixels)
            if deep or (whole and float(pixels.min()) >= 0 and largest <= 1):
                return "deep" if deep else "bytes"
        return range_of(pixels, name)

    def _target(self, raw: RawImages, n: int) -> tuple[pd.Series | None, tuple[str, ...]]:
        """Return the classes of new images; folders that no class is called are no classes."""
        if raw.labels is None:
            return None, ()
        labels = raw.labels.reset_index(drop=True).rename(self.target.name)
        if len(labels) != n:
            raise UserError(f"{raw.name} has {n} images but {len(labels)} labels.")
        found, notes = self.target.read(labels, raw.name)
        if raw.decoded and (found is None or found.isna().all()):
            return None, ()
        return found, notes

    def to_dict(self) -> JsonObject:
        """Return the reading as plain JSON."""
        return {
            "modality": self.modality,
            "target": self.target.to_dict(),
            "channels": self.channels,
            "width": self.size[0],
            "height": self.size[1],
            "range": self.range,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "ImageReading":
        """Return what `to_dict` wrote.

        Raises:
            NotAReadingError: it did not write that.
        """
        fields.text("modality", (cls.modality,))
        target = TargetReading.from_fields(fields.inner("target"))
        channels = fields.whole("channels", min(MODES), max(MODES))
        size = tuple(fields.whole(side, MIN_SIDE, MAX_SIDE) for side in ("width", "height"))
        found = fields.text("range", (*RANGES, *OF_FILES))
        fields.done()
        if channels not in MODES or not target.classes:
            raise fields.wrong("channels", "are not 1, 3 or 4, or there are no classes")
        return cls(target, channels, (size[0], size[1]), found)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False

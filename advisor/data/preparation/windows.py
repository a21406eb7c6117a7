"""What networks that forecast are trained on."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from advisor.data.preparation.base import PARTS, PreparedData


@dataclass(frozen=True)
class WindowData(PreparedData):
    """Windows (n, length, 1) and what follows them, (n, horizon), in units of each window.

    Attributes:
        offsets: per part, to be added to a forecast in the series' own unit, (n, horizon).
        scales: per part, to be multiplied with it before, (n, 1).
        naive: per part, mean absolute error of the seasonal naive forecast on the training
            part of the window's series, (n,); NaN where that makes no error.
    """

    offsets: tuple[np.ndarray, ...] = ()
    scales: tuple[np.ndarray, ...] = ()
    naive: tuple[np.ndarray, ...] = ()

    modality: ClassVar[str] = "series"
    curve_rows: ClassVar[int | None] = 2000

    def in_unit(self, values: np.ndarray, part: str) -> np.ndarray:
        """Return forecasts in the series' own unit."""
        place, rows = PARTS.index(part), len(values)
        scales, offsets = self.scales[place][:rows], self.offsets[place][:rows]
        forecasts: np.ndarray = values.astype(np.float64) * scales + offsets
        return forecasts

    def naive_error(self, part: str, rows: int | None = None) -> np.ndarray | None:
        """Return the error of the seasonal naive forecast, one number per row."""
        return self.naive[PARTS.index(part)][:rows]

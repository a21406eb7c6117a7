"""An LSTM that forecasts carbon dioxide: default, cold search and warm search.

scripts/fetch_data.sh
python examples/forecast/run.py
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from examples.cases import Case, main, package
from examples.page import page

COLUMNS = {"target": "value", "time": "time"}
ABOUT = """Carbon dioxide in the air at Mauna Loa, March 1958 to December 2001 (Keeling and Whorf
2004; public domain): weekly values, averaged here by month, gaps filled by linear
interpolation. 526 months, of which the first 60% are the training part, the next 20% the
validation part and the last 20% the test part, whatever the seed. Forecasts are 12 months
ahead from up to 100 origins of each part. They come with the Python package `statsmodels`."""


def write(folder: Path) -> Path:
    """Write the monthly series as a CSV file; return its path."""
    weekly = pd.read_csv(package("python/statsmodels/datasets/co2/co2.csv"), dtype={"date": str})
    weekly = weekly.assign(date=pd.to_datetime(weekly["date"], format="%Y%m%d"))
    monthly = weekly.set_index("date")["co2"].resample("MS").mean().interpolate()
    path = folder / "co2 at mauna loa, monthly.csv"
    monthly.rename("value").rename_axis("time").reset_index().to_csv(path, index=False)
    return path


def write_quick(folder: Path) -> Path:
    """Write a row of pixels of scikit-learn's photograph of a temple, for want of a series."""
    from sklearn.datasets import load_sample_image

    row = load_sample_image("china.jpg")[200, :240].mean(1)
    path = folder / "pixels.csv"
    pd.DataFrame({"time": np.arange(len(row)), "value": row}).to_csv(path, index=False)
    return path


def seasonal_naive(data: Path) -> tuple[str, float, float]:
    """Return the MASE of the seasonal naive forecast on the validation and the test part."""
    from advisor.data import load_dataset, prepare
    from advisor.metrics import get_metric

    windows = prepare(load_dataset(data, **COLUMNS)).windows(12, "seasonal", "series")
    found = []
    for part in ("valid", "test"):
        # Of differences to the last season, a forecast of none is the seasonal naive one.
        naive = windows.in_unit(np.zeros_like(windows.y(part)), part)
        scale = windows.naive_error(part)
        found.append(get_metric("mase").compute(windows.truth(part), naive, scale))
    return "Seasonal naive forecast", found[0], found[1]


CASE = Case(
    name="forecast",
    title="An LSTM that forecasts carbon dioxide",
    about=ABOUT,
    family="forecaster",
    write=write,
    write_quick=write_quick,
    columns=COLUMNS,
    baseline=seasonal_naive,
)

if __name__ == "__main__":
    main(CASE, page, Path(__file__).with_name("README.md"))()

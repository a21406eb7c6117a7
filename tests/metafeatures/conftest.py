import warnings
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(autouse=True)
def _no_numeric_warnings() -> Iterator[None]:
    """Any warning or overflow fails the test; underflow to zero is harmless."""
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        yield


@pytest.fixture
def table():
    """Build a data set from columns (arrays are numeric, lists categorical) and a target."""

    def build(columns, target, kind="classification"):
        made = {
            name: pd.Categorical(values) if isinstance(values, list) else np.asarray(values, float)
            for name, values in columns.items()
        }
        target = pd.Series(target)
        if kind == "classification":
            target = target.astype("category")
        frame = pd.DataFrame(made, index=range(len(target)))
        return SimpleNamespace(features=frame, target=target, kind=kind)

    return build


@pytest.fixture
def mixed(table):
    """Build a data set of `n` rows with numeric and categorical features and missing values."""

    def build(n=400, kind="classification", seed=0):
        rng = np.random.default_rng(seed)
        numbers = rng.normal(size=(n, 4))
        colour = np.array(["red", "green", "blue"])[rng.integers(0, 3, n)]
        signal = numbers[:, 0] + (colour == "red") + 0.5 * rng.normal(size=n)
        numbers[rng.random((n, 4)) < 0.05] = np.nan
        columns = {f"x{i}": numbers[:, i] for i in range(4)}
        columns |= {"skewed": np.exp(rng.normal(size=n)), "colour": colour.tolist()}
        target = signal if kind == "regression" else np.digitize(signal, [-0.5, 1])
        return table(columns, target, kind)

    return build

import numpy as np
import pandas as pd
import pytest


def make_frame(n=60, seed=0):
    """Return a table with a numeric, a categorical, a boolean and a gappy column."""
    rng = np.random.default_rng(seed)
    number = rng.normal(size=n)
    gappy = rng.normal(size=n)
    gappy[::7] = np.nan
    return pd.DataFrame(
        {
            "number": number,
            "colour": rng.choice(["red", "green", "blue"], n),
            "flag": rng.random(n) < 0.5,
            "gappy": gappy,
            "label": np.where(number > 0, "yes", "no"),
        }
    )


@pytest.fixture
def frame():
    return make_frame()


@pytest.fixture
def csv_file(tmp_path):
    """Return a function that writes text or bytes to a CSV file."""

    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write

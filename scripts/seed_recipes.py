"""How to read every data set that ships, by its task's name; see advisor/rerun.py."""

from build_seed import ENTRIES
from seed_packages import MissingPackageError

from advisor.data import Dataset


def load(name: str) -> Dataset:
    """Return a data set that ships.

    Raises:
        KeyError: there is none of that name.
        OSError: its package was not fetched.
    """
    known = {entry.label: entry for entries in ENTRIES.values() for entry in entries}
    try:
        return known[name].load()
    except MissingPackageError as error:
        raise OSError(str(error)) from error

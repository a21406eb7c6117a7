"""How to read every data set that ships, by its task's name.

`advisor kb verify --rerun` imports this file by its path ("scripts/seed/recipes.py:load"), from
wherever it runs; so this is the one script that sees to it itself that the others are found.
"""

import sys
from pathlib import Path

from advisor.data import Dataset

ROOT = str(Path(__file__).resolve().parents[2])


def load(name: str) -> Dataset:
    """Return a data set that ships.

    Raises:
        KeyError: there is none of that name.
        OSError: its package was not fetched.
    """
    if ROOT not in sys.path:
        sys.path.insert(0, ROOT)
    from scripts.seed.catalogue import shipped_entries
    from scripts.seed.packages import MissingPackageError

    known = {entry.label: entry for entry in shipped_entries()}
    try:
        return known[name].load()
    except MissingPackageError as error:
        raise OSError(str(error)) from error

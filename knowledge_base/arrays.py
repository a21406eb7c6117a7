"""Arrays in files: written as a whole or not at all, and read without unpickling anything."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from knowledge_base.archives import BROKEN
from knowledge_base.durable import replacing


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], private: bool = False) -> None:
    """Write arrays by their names, in NumPy's format npz; with `private` for the owner only.

    Raises:
        OSError: the folder cannot be written to.
        ValueError: an array holds Python objects.
    """
    with replacing(path, private) as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_arrays(path: Path) -> dict[str, np.ndarray] | None:
    """Return what `write_arrays` wrote, None if it is missing, damaged or something else."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except BROKEN:
        return None

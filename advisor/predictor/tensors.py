"""Files of arrays in the format of safetensors, whose reading executes nothing."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from knowledge_base.durable import replacing
from knowledge_base.errors import UserError
from knowledge_base.limits import check_file_size, check_inside

MAX_HEADER_BYTES = 16_000_000
"""What the names and shapes of a file may take; a hundred networks have less than a tenth."""

MAX_BYTES = 4_000_000_000
"""What a file may take."""


def write_tensors(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name, whole or not at all; flushed to disk on return."""
    from safetensors.numpy import save

    content = save({name: np.asarray(array, order="C") for name, array in arrays.items()})
    with replacing(path) as file:
        file.write(content)


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file by name.

    Raises:
        UserError: it is missing, a link, too large, damaged, or no such file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    check_inside(path)
    try:
        check_file_size(path, MAX_BYTES)
        with path.open("rb") as file:
            header = int.from_bytes(file.read(8), "little")
            if header > min(MAX_HEADER_BYTES, os.fstat(file.fileno()).st_size):
                raise UserError(f"{path} is no file of networks: its header is too large.")
            file.seek(0)
            return load(file.read())
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except (SafetensorError, ValueError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise UserError(
            f"{path} is damaged or no file of networks: {error}. Restore it from a copy, or "
            "search again."
        ) from error

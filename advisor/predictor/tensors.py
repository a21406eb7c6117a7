"""Files of arrays in the format of safetensors, whose reading executes nothing."""

import hashlib
import json
import os
import re
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


WEIGHTS = "weights-{}.safetensors"
"""Name of a file that is found, and checked, by the digest of its content."""

_DIGEST = re.compile(r"[0-9a-f]{32}")


def write_named(folder: Path, arrays: Mapping[str, np.ndarray]) -> str:
    """Write arrays to a file of `folder` that is named by its content; return the digest."""
    content = _packed(arrays)
    digest = _digest(content)
    with replacing(folder / WEIGHTS.format(digest)) as file:
        file.write(content)
    return digest


def read_named(folder: Path, digest: object) -> dict[str, np.ndarray]:
    """Return the arrays of the file that `write_named` named so.

    Raises:
        UserError: as `read_tensors`, or its content is another.
    """
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise UserError(f"The model in {folder} does not say which weights it has.")
    path = folder / WEIGHTS.format(digest)
    return read_tensors(path, digest)


def write_tensors(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name, whole or not at all; flushed to disk on return."""
    content = _packed(arrays)
    with replacing(path) as file:
        file.write(content)


def read_tensors(path: Path, digest: str | None = None) -> dict[str, np.ndarray]:
    """Return the arrays of a file by name.

    Args:
        path: of the file.
        digest: what its content must have, if that is known.

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
            content = file.read()
        if digest is not None and _digest(content) != digest:
            raise UserError(f"{path} is damaged: its checksum is another. Make the model again.")
        return load(content)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except (SafetensorError, ValueError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise UserError(
            f"{path} is damaged or no file of networks: {error}. Restore it from a copy, or "
            "search again."
        ) from error


def _packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    from safetensors.numpy import save

    return save({name: np.asarray(array, order="C") for name, array in arrays.items()})


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()

"""Checksums of files and of JSON texts, so that altered bytes are never read as data.

A folder of Parquet files has a file `checksums.json` with the digest of each, written last. A
JSON text has the digest of everything before it as its last field. What was written before there
were checksums has none, and is read as it is.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from knowledge_base.durable import flush_file, private_opener
from knowledge_base.errors import DamagedFileError
from knowledge_base.limits import MAX_DOCUMENT_BYTES, check_file_size, read_json
from knowledge_base.types import JsonObject

CHECKSUMS = "checksums.json"
"""Name of the file with the digests of a folder."""

DIGEST = "digest"
"""Last field of a JSON text that has a checksum."""

_BYTES = 16
_CHUNK = 2**20


def file_digest(path: Path) -> str:
    """Return the hexadecimal BLAKE2 digest of a file's bytes."""
    made = hashlib.blake2b(digest_size=_BYTES)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            made.update(chunk)
    return made.hexdigest()


def write_checksums(folder: Path, names: Iterable[str], private: bool = False) -> None:
    """Write the digests of files of a folder, and flush them to disk.

    Args:
        folder: where the files lie.
        names: their paths within it.
        private: whether only the owner may read the digests.
    """
    digests = {name: file_digest(folder / name) for name in sorted(names)}
    opener = private_opener if private else None
    with open(folder / CHECKSUMS, "wb", opener=opener) as file:
        file.write(json.dumps({"blake2b": digests}, indent=1).encode())
        flush_file(file)


def check_folder(folder: Path, present: Iterable[str]) -> None:
    """Compare the files of a folder with their digests, if it has any.

    Args:
        folder: where the files lie.
        present: paths within it that will be read.

    Raises:
        DamagedFileError: a file is missing, additional or altered, or the digests are.
        TooLargeError: the file of the digests is too large.
        OSError: a file cannot be read.
    """
    listed = folder / CHECKSUMS
    if not listed.is_file():
        return
    check_file_size(listed, MAX_DOCUMENT_BYTES)
    digests = _digests(listed)
    names = set(present)
    for name in sorted(names ^ digests.keys()):
        what = "is missing" if name in digests else f"is not listed in {CHECKSUMS}"
        raise DamagedFileError(f"{folder / name} {what}.")
    for name in sorted(names):
        if file_digest(folder / name) != digests[name]:
            raise DamagedFileError(f"{folder / name} is damaged: its checksum is another.")


def sealed(text: str) -> str:
    """Return the text of a JSON object with its digest as the last field."""
    body = text[:-1].rstrip()
    return (
        f'{body}, "{DIGEST}": "{hashlib.blake2b(body.encode(), digest_size=_BYTES).hexdigest()}"}}'
    )


def unsealed(line: bytes, where: str, must: bool = False) -> JsonObject:
    """Return the object of a JSON text, without the digest that `sealed` gave it.

    Args:
        line: the text.
        where: what errors call it.
        must: whether it has a digest. A text that may have been written before there were any is
            taken as it is without one.

    Raises:
        ValueError: it is no JSON object, is nested too deeply, its digest is another, or it lacks
            the one that it must have.
    """
    found = read_json(line, where)
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    if must and DIGEST not in found:
        raise ValueError("its checksum is missing")
    if found.pop(DIGEST, None) is not None:
        body, _, _ = line.rpartition(f', "{DIGEST}": "'.encode())
        if line != sealed(body.decode("utf-8", "replace") + "}").encode():
            raise ValueError("its checksum is another")
    return found


def _digests(path: Path) -> dict[str, str]:
    try:
        content = read_json(path.read_bytes(), str(path))
        digests = content["blake2b"] if isinstance(content, dict) else None
    except (ValueError, KeyError) as error:
        raise DamagedFileError(f"{path} is damaged: {str(error).splitlines()[0]}") from error
    if not isinstance(digests, dict):
        raise DamagedFileError(f"{path} is damaged: it lists no digests.")
    return digests

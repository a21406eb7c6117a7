"""Packed files: what is inside, unpacked up to a stated limit."""

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

from advisor.data.limits import check_unpacked, unpacked
from advisor.faults import one_line
from knowledge_base.archives import BROKEN
from knowledge_base.errors import UserError

SUFFIXES = (".gz", ".bz2", ".xz", ".zip")


def is_packed(path: Path) -> bool:
    """Return whether the name of a file is one of a packed file."""
    return path.suffix.lower() in SUFFIXES


def inner_name(path: Path) -> str:
    """Return the name of what is inside a file; its own name if it is not packed.

    >>> inner_name(Path("sales.csv.gz"))
    'sales.csv'
    """
    if not is_packed(path):
        return path.name
    if path.suffix.lower() == ".zip" and not Path(path.stem).suffix and path.is_file():
        try:
            with zipfile.ZipFile(path) as archive:
                return _member(archive, path).filename
        except (*BROKEN, UserError):
            return path.stem  # what is wrong is said when it is read
    return path.stem


def inner_suffix(path: Path) -> str:
    """Return the suffix of what is inside a file, in lower case; its own if it is not packed."""
    return Path(inner_name(path)).suffix.lower()


def content_of(path: Path) -> bytes:
    """Return what is inside a packed file.

    Raises:
        UserError: it is not whole, holds several files, or unpacks to too much.
    """
    packed = path.stat().st_size
    try:
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as archive:
                member = _member(archive, path)
                check_unpacked(member.file_size, packed, str(path))
                with archive.open(member) as file:
                    return unpacked(file, packed, str(path))
        with _opened(path) as file:
            return unpacked(file, packed, str(path))
    except BROKEN as error:
        raise UserError(f"{path} cannot be unpacked: {one_line(error)}.") from error


def _opened(path: Path) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    suffix = path.suffix.lower()
    if suffix == ".gz":
        return gzip.GzipFile(path)
    return bz2.BZ2File(path) if suffix == ".bz2" else lzma.LZMAFile(path)


def _member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    """Return the one file of an archive; what operating systems add does not count."""
    files = [
        member
        for member in archive.infolist()
        if not member.is_dir()
        and not any(part.startswith((".", "__MACOSX")) for part in Path(member.filename).parts)
    ]
    if len(files) != 1:
        found = ", ".join(member.filename for member in files[:3]) or "none"
        raise UserError(
            f"{path} holds {len(files)} files ({found}); one is expected. Unpack it and name the "
            "file."
        )
    return files[0]

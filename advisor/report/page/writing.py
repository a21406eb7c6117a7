"""A page as a file."""

from pathlib import Path

from knowledge_base.durable import reason_of, write_text
from knowledge_base.errors import UserError

MARK = b'<meta name="generator" content="Advisor">'
"""What every page has near its beginning; nothing else is overwritten."""

LOOKED_AT = 4000
"""Bytes at the beginning of a file that are searched for it."""


def write_page(path: Path, text: str) -> Path:
    """Write a page, whole or not at all; return where it lies, as an absolute path.

    Raises:
        UserError: something else lies there, or the folder cannot be written to.
    """
    path = path.absolute()
    check_page_file(path)
    try:
        write_text(path, text)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {reason_of(error)}.") from error
    return path


def check_page_file(path: Path) -> None:
    """Refuse a path that no page can be written to, before anything is computed for it.

    Raises:
        UserError: something else lies there, or its folder does not exist.
    """
    if not path.absolute().parent.is_dir():
        raise UserError(f"{path} cannot be written: there is no folder {path.absolute().parent}.")
    try:
        if path.exists() and not _is_page(path):
            raise UserError(f"{path} exists and is no page of Advisor; name another file.")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {reason_of(error)}.") from error


def _is_page(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return MARK in file.read(LOOKED_AT)

"""Exporting a knowledge base, and reading another one."""

import os
import shutil
import uuid
from pathlib import Path

from knowledge_base.bundle import Bundle
from knowledge_base.errors import KnowledgeBaseError


def export_bundle(bundle: Bundle, directory: Path) -> Bundle:
    """Write a bundle into a new folder, whole or not at all, and return it.

    Raises:
        KnowledgeBaseError: the folder holds something already, or cannot be written.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise KnowledgeBaseError(f"{directory} exists and is not an empty folder.")
    temporary = directory.with_name(f".{directory.name}.{uuid.uuid4().hex}")
    try:
        temporary.mkdir(parents=True)
        bundle.write(temporary)
        os.replace(temporary, directory)
    except OSError as error:
        raise KnowledgeBaseError(f"{directory} cannot be written: {error}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return bundle


def read_bundle_from(path: str | Path) -> Bundle:
    """Return the user's trials of another knowledge base file, or of an exported folder.

    Trials that wait in the journal of the other file come too; nothing of it is changed.

    Raises:
        KnowledgeBaseError: there is no such file, or it is no usable knowledge base.
    """
    from knowledge_base.store import KnowledgeBase

    path = Path(path)
    if path.is_dir():
        return Bundle.read(path)
    if not path.is_file():
        raise KnowledgeBaseError(f"The knowledge base {path} does not exist.")
    return KnowledgeBase(path, seed=False, read_only=True).bundle(("user",))

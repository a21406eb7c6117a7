"""Other knowledge bases: a database file, or a folder that was exported."""

import os
from dataclasses import replace
from pathlib import Path

from knowledge_base.bundle import Bundle
from knowledge_base.checksums import CHECKSUMS
from knowledge_base.connection import BESIDE
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.importers.base import Importer, ImportOptions
from knowledge_base.importers.checks import checked
from knowledge_base.importers.contribution import Contribution
from knowledge_base.journal import journal_of
from knowledge_base.limits import check_file_size, check_inside
from knowledge_base.store import KnowledgeBase


class KnowledgeBaseImporter(Importer):
    """The user's trials of another knowledge base, each checked again."""

    name = "knowledge_base"

    def accepts(self, source: str) -> bool:
        """Return whether it is a database file or an exported folder."""
        path = Path(source)
        if "://" in source:  # Optuna's storages are named so, and may end in .db as well.
            return False
        return path.suffix in (".duckdb", ".db") or any(
            os.path.isfile(path / name) for name in ("trials.parquet", CHECKSUMS)
        )

    def read(self, source: str, options: ImportOptions) -> Contribution:
        """Read it; the other knowledge base is left as it is.

        Raises:
            KnowledgeBaseError: there is no such file, or it is no usable knowledge base.
        """
        bundle, warnings = _read(source)
        return replace(checked(bundle, warnings), others=True)


def read_bundle(path: str | Path) -> Bundle:
    """Return the user's trials of another knowledge base file, or of an exported folder.

    Trials that wait in the journal of the other file come too, also where there is nothing but
    the journal yet; nothing of it is changed.

    Raises:
        KnowledgeBaseError: there is no such file, or it is no usable knowledge base.
    """
    return _read(path)[0]


def _read(path: str | Path) -> tuple[Bundle, list[str]]:
    """Return what was read, and what was met and left out."""
    path = Path(path)
    if os.path.isdir(path):
        return Bundle.read(path), []
    if not path.is_file() and not journal_of(path).is_dir():
        raise KnowledgeBaseError(f"The knowledge base {path} does not exist.")
    real = path.resolve()  # The user may name a link; nothing beside the file may be one.
    for beside in (journal_of(real), *(real.with_name(real.name + end) for end in BESIDE)):
        check_inside(beside)
    if path.is_file():
        check_file_size(path)
    kb = KnowledgeBase(path, seed=False, read_only=True, foreign=True)
    return kb.bundle(("user",)), kb.warnings

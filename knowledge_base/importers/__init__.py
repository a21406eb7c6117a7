"""Importers, each one file behind `Importer`."""

import difflib
from importlib import import_module

from knowledge_base.errors import ContributionError
from knowledge_base.importers.base import Importer, ImportOptions

IMPORTERS = {
    "optuna": "knowledge_base.importers.optuna_storage:OptunaImporter",
    "study": "knowledge_base.importers.study:StudyImporter",
    "knowledge_base": "knowledge_base.importers.knowledge_base_file:KnowledgeBaseImporter",
    "table": "knowledge_base.importers.table:TableImporter",
}
"""Name to class, asked in this order; adding an importer is adding a file and its line."""

__all__ = ["IMPORTERS", "ImportOptions", "Importer", "find_importer"]


def find_importer(source: str, name: str | None = None) -> Importer:
    """Return the importer of that name, or the first that accepts `source`.

    Raises:
        ContributionError: there is none.
    """
    if name is not None and name not in IMPORTERS:
        near = difflib.get_close_matches(name, IMPORTERS, n=1) or list(IMPORTERS)
        raise ContributionError(f"There is no importer '{name}'. Try {' or '.join(near)}.")
    for known in [name] if name is not None else IMPORTERS:
        module, attribute = IMPORTERS[known].split(":")
        importer = getattr(import_module(module), attribute)()
        if name is not None or importer.accepts(source):
            return importer
    raise ContributionError(
        f"{source} is neither a CSV or JSON Lines file, a study directory, a knowledge base nor "
        "an Optuna storage; say which with --from."
    )

"""Importers, each one file behind `Importer`."""

from knowledge_base.errors import ContributionError
from knowledge_base.importers.base import Importer, ImportOptions
from knowledge_base.naming import try_these
from knowledge_base.registry import Registry

IMPORTERS: Registry[type[Importer]] = Registry(
    "importer",
    {
        "optuna": "knowledge_base.importers.optuna_storage:OptunaImporter",
        "study": "knowledge_base.importers.study:StudyImporter",
        "knowledge_base": "knowledge_base.importers.knowledge_base_file:KnowledgeBaseImporter",
        "table": "knowledge_base.importers.table:TableImporter",
    },
)
"""Importers by name, asked in this order; adding one is adding a file and its line here."""

__all__ = ["IMPORTERS", "ImportOptions", "Importer", "find_importer"]


def find_importer(source: str, name: str | None = None) -> Importer:
    """Return the importer of that name, or the first that accepts `source`.

    Raises:
        ContributionError: there is no such importer, or none accepts the source.
    """
    if name is not None and name not in IMPORTERS:
        raise ContributionError(f"There is no importer '{name}'. {try_these(name, IMPORTERS)}")
    for known in [name] if name is not None else IMPORTERS:
        importer = IMPORTERS[known]()
        if name is not None or importer.accepts(source):
            return importer
    raise ContributionError(
        f"{source} is neither a CSV or JSON Lines file, a study directory, a knowledge base nor "
        "an Optuna storage; say which with `importer`."
    )

"""Importers, each one file behind `Importer`."""

from knowledge_base.errors import ContributionError
from knowledge_base.importers.base import Importer, ImportOptions
from knowledge_base.naming import try_these
from knowledge_base.registry import Registry

IMPORTERS: Registry[type[Importer]] = Registry(
    "importer",
    {
        "mlflow": "knowledge_base.importers.mlflow:MlflowImporter",
        "optuna": "knowledge_base.importers.optuna_storage:OptunaImporter",
        "study": "knowledge_base.importers.study:StudyImporter",
        "knowledge_base": "knowledge_base.importers.knowledge_base_file:KnowledgeBaseImporter",
        "ray": "knowledge_base.importers.ray:RayImporter",
        "hydra": "knowledge_base.importers.hydra:HydraImporter",
        "tensorboard": "knowledge_base.importers.tensorboard:TensorboardImporter",
        "wandb": "knowledge_base.importers.wandb:WandbImporter",
        "smac": "knowledge_base.importers.smac:SmacImporter",
        "table": "knowledge_base.importers.table:TableImporter",
    },
    group="advisor.importers",
    base=Importer,
)
"""Importers by name, asked in this order; adding one is adding a file and its line here."""

__all__ = ["IMPORTERS", "ImportOptions", "Importer", "find_importer", "importer_of_object"]


def importer_of_object(source: object, name: str | None = None) -> Importer:
    """Return the importer that reads an object of a library.

    Raises:
        ContributionError: there is none.
    """
    for kind in IMPORTERS.usable() if name is None else [IMPORTERS.find(name)]:
        importer = kind()
        if importer.accepts_object(source):
            return importer
    raise ContributionError(
        f"Nothing is known of objects such as {type(source).__name__}; give a path, an address, or "
        "a study of Optuna."
    )


def find_importer(source: str, name: str | None = None) -> Importer:
    """Return the importer of that name, or the first that accepts `source`.

    Raises:
        ContributionError: there is no such importer, or none accepts the source.
    """
    if name is not None and name not in IMPORTERS:
        raise ContributionError(f"There is no importer '{name}'. {try_these(name, IMPORTERS)}")
    for kind in IMPORTERS.usable() if name is None else [IMPORTERS[name]]:
        importer = kind()
        if name is not None or importer.accepts(source):
            return importer
    raise ContributionError(
        f"{source} is neither a CSV or JSON Lines file, a study directory, a knowledge base nor "
        "an Optuna storage, and no runs of MLflow, Ray Tune, Hydra, TensorBoard, Weights & Biases "
        "or SMAC are there; say which with `importer`."
    )

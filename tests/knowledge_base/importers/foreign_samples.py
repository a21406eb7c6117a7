"""Runs that other tools wrote (see scripts/checks/foreign_runs.py), copied for a test."""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

from knowledge_base.importers import ImportOptions
from knowledge_base.testing import Sample

HERE = Path(__file__).parent / "foreign"

LOSS = ImportOptions(metric="val_loss", direction="minimize")


def copied(tool: str, folder: Path) -> Path:
    """Return a copy of the folder of a tool, which a test may change."""
    return Path(shutil.copytree(HERE / tool, folder / tool))


def mlflow_database(folder: Path) -> Sample:
    file = folder / "mlflow.db"
    file.write_bytes(gzip.decompress((HERE / "mlflow" / "mlflow.db.gz").read_bytes()))
    return Sample(f"sqlite:///{file}", 4, f"sqlite:///{folder / 'gone.db'}", LOSS)


def mlflow_files(folder: Path) -> Sample:
    made = Path(shutil.copytree(HERE / "mlflow" / "mlruns", folder / "mlruns"))
    return Sample(str(made), 4, str(folder / "gone"), LOSS)


def ray_folder(folder: Path) -> Sample:
    made = copied("ray", folder) / "digits"
    options = ImportOptions(direction="minimize")
    return Sample(str(made), 6, str(folder / "gone"), options)


def tensorboard_folder(folder: Path) -> Sample:
    made = copied("tensorboard", folder) / "logs"
    options = ImportOptions(metric="val/loss", direction="minimize")
    return Sample(str(made), 3, str(folder / "gone"), options)


def hydra_folder(folder: Path) -> Sample:
    made = copied("hydra", folder) / "multirun"
    options = ImportOptions(metric="val_loss", direction="minimize", metrics_file="metrics.jsonl")
    return Sample(str(made), 6, str(folder / "gone"), options)


def wandb_folder(folder: Path) -> Sample:
    made = copied("wandb", folder) / "wandb"
    return Sample(str(made), 3, str(folder / "gone"), LOSS)


def smac_folder(folder: Path) -> Sample:
    made = copied("smac", folder) / "digits"
    return Sample(str(made), 8, str(folder / "gone"))


SAMPLES: dict[Callable[[Path], Sample], str] = {
    mlflow_database: "mlflow",
    mlflow_files: "mlflow",
    ray_folder: "ray",
    tensorboard_folder: "tensorboard",
    hydra_folder: "hydra",
    wandb_folder: "wandb",
    smac_folder: "smac",
}
"""Samples of runs of other tools, with the name of the importer that reads each."""

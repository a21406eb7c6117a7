"""A model as a folder that needs PyTorch alone."""

from collections.abc import Callable
from pathlib import Path

from advisor.models import FAMILIES
from advisor.models.base import BuiltInFamily
from advisor.predictor.export.families import EXPORTS, FamilyExport, Trained
from advisor.predictor.saving import model_folder, read_document
from knowledge_base.durable import new_folder, reason_of
from knowledge_base.errors import UserError
from knowledge_base.registry import Registry

Writer = Callable[[Trained, FamilyExport, Path], None]
"""Writes a model into an empty folder."""

FORMATS: Registry[Writer] = Registry(
    "format of exported models",
    {
        "torch": "advisor.predictor.export.writing:write_torch",
        "onnx": "advisor.predictor.export.onnx:write_onnx",
    },
)
"""By their names; adding one is adding its function and its line here."""


def export(trained: Trained, folder: str | Path, to: str = "torch") -> None:
    """Write a model to a new folder, whole or not at all.

    Args:
        trained: the model.
        folder: where; it must be new or empty.
        to: one of `FORMATS`. "torch" is a folder with a plain module of PyTorch in readable code;
            "onnx" adds the networks for ONNX runtimes.

    Raises:
        UserError: there is no such format, the model's networks are the user's own, a library is
            missing, or the folder holds something or cannot be written.
    """
    write = FORMATS.find(to)
    family = trained.average.family
    if not isinstance(family, BuiltInFamily) or family.name not in EXPORTS:
        raise _not_ours(family.name)
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UserError(f"{target} exists and is not an empty folder; name another one.")
    try:
        with new_folder(target) as made:
            write(trained, EXPORTS[family.name](), made)
    except OSError as error:
        raise UserError(f"{target} cannot be written: {reason_of(error)}.") from error


def check_exportable(path: Path) -> None:
    """Refuse a saved model of a user's own networks, without that function.

    Args:
        path: folder of a model, or of a study that has one.

    Raises:
        UserError: it is such a model; there is none, or it is damaged.
    """
    name = str(read_document(model_folder(path)).get("family"))
    if name not in EXPORTS:
        raise _not_ours(name)


def _not_ours(name: str) -> UserError:
    if name in FAMILIES:
        return UserError(
            f"The networks of this model are built by a plug-in, as '{name}', whose code is not "
            "exported; load the model where the plug-in is installed."
        )
    return UserError(
        f"The networks of this model are built by your own function, as '{name}', whose code is "
        "not exported; build them with it, and load the weights of the model's folder, which are "
        "safetensors."
    )

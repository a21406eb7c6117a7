"""A model as a folder that needs PyTorch alone."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from advisor.data.preparation.stored import level_of
from advisor.models import FAMILIES
from advisor.models.base import BuiltInFamily
from advisor.predictor.export.families import EXPORTS, FamilyExport, Trained
from advisor.predictor.export.readme import REQUIREMENTS, readme_of
from advisor.predictor.export.source import source_of
from advisor.predictor.saving import model_folder, read_document
from advisor.predictor.tensors import write_tensors
from knowledge_base.durable import new_folder, reason_of
from knowledge_base.errors import UserError
from knowledge_base.registry import Registry
from knowledge_base.types import JsonObject

CODE, CONFIGURATION, PREPARATION = "model.py", "configuration.json", "preparation.json"
WEIGHTS, README, NEEDED = "weights.safetensors", "README.md", "requirements.txt"
"""Files of an exported folder."""

ABOUT = """A trained model, in PyTorch alone.

`load()` returns it, `predict(rows)` uses it; README.md says what rows are. The numbers that it
was trained to have lie in weights.safetensors, what it was built by in configuration.json, and
what brings rows to it in preparation.json.
"""

Writer = Callable[[Trained, FamilyExport, Path], None]
"""Writes a model into an empty folder."""

FORMATS: Registry[Writer] = Registry(
    "format of exported models",
    {
        "torch": "advisor.predictor.export.folder:write_torch",
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
    if not isinstance(family, BuiltInFamily):
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
    if name not in FAMILIES:
        raise _not_ours(name)


def _not_ours(name: str) -> UserError:
    return UserError(
        f"The networks of this model are built by your own function, as '{name}', whose code is "
        "not exported; build them with it, and load the weights of the model's folder, which are "
        "safetensors."
    )


def write_torch(trained: Trained, family: FamilyExport, folder: Path) -> None:
    """Write code, JSON and weights."""
    preparation = family.preparation(trained)
    texts = {
        CODE: source_of(family.pieces(preparation), ABOUT),
        CONFIGURATION: _json(configuration_of(trained, family)),
        PREPARATION: _json(preparation),
        README: readme_of(trained, family),
        NEEDED: REQUIREMENTS,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    write_tensors(folder / WEIGHTS, _weights(trained))


def configuration_of(trained: Trained, family: FamilyExport) -> JsonObject:
    """Return what the networks are built by, and their shares in the average."""
    average = trained.average
    networks: list[JsonObject] = []
    for place, member in enumerate(average.members):
        for network in member.networks:
            share = member.share / len(member.networks)
            form = family.form(average.form_of(member, network.fold)[1])
            networks.append({"configuration": place, "fold": network.fold, "share": share, **form})
    target = trained.reading.target
    return {
        "format": 1,
        "family": average.family.name,
        "kind": target.kind,
        "target": target.name,
        "classes": [level_of(label) for label in target.classes],
        "metric": trained.metric,
        "configurations": [
            {"trial": member.trial, "share": member.share, "config": family.config(member.config)}
            for member in average.members
        ],
        "networks": networks,
    }


def _weights(trained: Trained) -> dict[str, np.ndarray]:
    """Return the weights under the names that the exported module has for them."""
    networks = [network for member in trained.average.members for network in member.networks]
    return {
        f"networks.{place}.{name}": array
        for place, network in enumerate(networks)
        for name, array in network.weights.items()
    }


def _json(content: JsonObject) -> str:
    return json.dumps(content, indent=1, allow_nan=False) + "\n"

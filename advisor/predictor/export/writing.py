"""Writes the code, the JSON and the weights of an exported model."""

import json
from pathlib import Path

import numpy as np

from advisor.data.preparation.stored import level_of
from advisor.predictor.export.families import FamilyExport, Trained
from advisor.predictor.export.readme import REQUIREMENTS, readme_of
from advisor.predictor.export.source import source_of
from advisor.predictor.tensors import write_tensors
from knowledge_base.types import JsonObject

CODE, CONFIGURATION, PREPARATION = "model.py", "configuration.json", "preparation.json"
WEIGHTS, README, NEEDED = "weights.safetensors", "README.md", "requirements.txt"
"""Files of an exported folder."""

ABOUT = """A trained model, in PyTorch alone.

`load()` returns it, `predict(rows)` uses it; README.md says what rows are. The numbers that it
was trained to have lie in weights.safetensors, what it was built by in configuration.json, and
what brings rows to it in preparation.json.
"""


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

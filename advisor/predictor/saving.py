"""A predictor as a folder: JSON and safetensors, which nothing of is executed when it is loaded."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from advisor.data.preparation import preparation_from
from advisor.predictor.average import ALL_ROWS, AVERAGED, ONE_FOLD, Average, Member
from advisor.predictor.tensors import WEIGHTS, read_named, write_named
from advisor.training.outcome import Fitted
from knowledge_base.checksums import sealed, unsealed
from knowledge_base.durable import reason_of, write_text
from knowledge_base.errors import UserError
from knowledge_base.limits import MAX_DOCUMENT_BYTES, check_file_size, check_inside
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    from advisor.models import ModelFamily

FORMAT = 1
"""Version of `model.json`; newer ones are refused."""

DOCUMENT = "model.json"

FOLDER = "model"
"""Folder of a study's directory that holds its model."""

FindFamily = Callable[[JsonObject], "ModelFamily"]
"""Returns the family that a document names, or refuses it."""


def save_average(
    average: Average, folder: Path, more: JsonObject, beside: Mapping[str, np.ndarray]
) -> None:
    """Write a predictor to a folder; another one there is replaced, whole or not at all.

    Args:
        predictor: what to write.
        folder: where.
        more: what else to keep beside it, as plain JSON-able types.
        beside: arrays to keep beside the weights, by names without a slash.

    Raises:
        UserError: the folder cannot be written to.
    """
    content: JsonObject = {
        "format": FORMAT,
        "family": average.family.name,
        "family_version": average.family.version,
        "space": average.family.space().to_dict(),
        "preparations": [preparation.to_dict() for preparation in average.preparations],
        "members": [
            {
                "trial": member.trial,
                "config": member.config,
                "share": member.share,
                "folds": [network.fold for network in member.networks],
            }
            for member in average.members
        ],
        "made": average.made,
        **more,
    }
    arrays = {
        f"{place}/{network.fold}/{name}": array
        for place, member in enumerate(average.members)
        for network in member.networks
        for name, array in network.weights.items()
    } | dict(beside)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = set(folder.glob(WEIGHTS.format("*")))
        # The document is written last and names the weights, so that the two always fit.
        content["weights"] = write_named(folder, arrays)
        write_text(folder / DOCUMENT, sealed(json.dumps(content, allow_nan=False)))
        for path in before - {folder / WEIGHTS.format(content["weights"])}:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"The model {folder} cannot be written: {reason_of(error)}.") from error


def load_average(
    folder: Path, find: FindFamily
) -> tuple[Average, JsonObject, dict[str, np.ndarray]]:
    """Return what `save_average` wrote: the predictor, the whole document, and all arrays.

    Args:
        folder: where it was saved.
        find: returns the family that the document names.

    Raises:
        UserError: there is no model, it is damaged, or somebody altered it.
    """
    content = read_document(folder)
    arrays = read_named(folder, content.get("weights"))
    try:
        family = find(content)
        preparations = [preparation_from(item) for item in content["preparations"]]
        members = [
            _member(item, place, arrays, family, len(preparations))
            for place, item in enumerate(content["members"])
        ]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UserError(f"{folder / DOCUMENT} is no model: {error!r}.") from error
    if not members or abs(sum(member.share for member in members) - 1) > 1e-6:
        raise UserError(f"{folder / DOCUMENT} is no model: its shares do not add up to one.")
    made = content.get("made", AVERAGED)  # Earlier versions had no other way.
    if made not in (AVERAGED, ALL_ROWS, ONE_FOLD):
        raise UserError(f"{folder / DOCUMENT} is no model: it says that it is {made!r}.")
    return Average(family, preparations, members, made), content, arrays


def model_folder(path: Path) -> Path:
    """Return the folder of a model, given that or the folder of a study that has one."""
    return path / FOLDER if (path / FOLDER).is_dir() else path


def read_document(folder: Path) -> JsonObject:
    """Return what `model.json` says.

    Raises:
        UserError: there is none, or it is damaged or of a newer version.
    """
    path = folder / DOCUMENT
    if not path.exists():
        raise UserError(
            f"There is no model in {folder}. A search on data leaves one when it ends, also one "
            "that was cut off and is resumed; a function of your own keeps what it trains itself."
        )
    check_inside(path)
    check_file_size(path, MAX_DOCUMENT_BYTES)
    try:
        content = unsealed(path.read_bytes(), str(path), must=True)
    except ValueError as error:
        raise UserError(f"{path} is damaged: {error}. Make the model again.") from error
    if content.get("format") != FORMAT:
        raise UserError(
            f"{path} has the format {content.get('format')!r}; this version reads {FORMAT}."
        )
    return content


def _member(
    item: JsonObject, place: int, arrays: dict[str, np.ndarray], family: "ModelFamily", folds: int
) -> Member:
    """Return a member of the average as it is stored.

    Raises:
        UserError, ValueError: it cannot be one.
    """
    config = family.checked(dict(item["config"]))
    share = float(item["share"])
    if not 0 < share <= 1:
        raise ValueError(f"a share of {share}")
    networks = []
    for fold in cast("list[int]", item["folds"]):
        if not isinstance(fold, int) or not 0 <= fold < folds:
            raise ValueError(f"fold {fold!r} of {folds}")
        start = f"{place}/{fold}/"
        weights = {n.removeprefix(start): a for n, a in arrays.items() if n.startswith(start)}
        networks.append(Fitted(weights, np.zeros(0), 0, fold))
    if not networks:
        raise ValueError("a member without networks")
    return Member(str(item["trial"]), config, share, networks)

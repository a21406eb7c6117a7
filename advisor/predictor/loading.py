"""Finds a saved model, and what rebuilds its networks."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from advisor.models import FAMILIES, ModelFamily, ModuleFamily, get_family
from advisor.predictor.predictor import Predictor
from advisor.predictor.saving import DOCUMENT, FOLDER
from advisor.training.loading import load_function
from knowledge_base.errors import UserError
from knowledge_base.finding import named
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    from advisor.models.own import ModuleFactory


def has_model(path: Path) -> bool:
    """Return whether a folder is that of a model, or of a study that has one."""
    return any((path / name / DOCUMENT).is_file() for name in ("", FOLDER))


def find_model(study: str | Path, root: Path) -> Path:
    """Return the folder of a model, or of the study that left it.

    Args:
        study: a folder with a model, or the name of a study, or its folder.
        root: folder of studies.

    Raises:
        UserError: there is no such study.
    """
    path = Path(study)
    return path if has_model(path) else named(root, "study.json", str(study))


def load(path: str | Path, module: object | None = None) -> Predictor:
    """Return a model that was saved; nothing that lies beside it is executed.

    Args:
        path: folder of a model, or of a study that has one.
        module: what built the networks of a model of the user's own: a `ModuleFamily`, a
            function, or "FILE.py:FUNCTION".

    Raises:
        UserError: there is no model, it is damaged, or somebody altered it.
    """
    found = Predictor.load(path, partial(_family_of, module))
    found.average.check()
    return found


def _family_of(module: object | None, content: JsonObject) -> ModelFamily:
    """Return the family of a model by its document.

    Raises:
        UserError: it is not known, or newer than this version of Advisor.
        KeyError, TypeError: the document does not say which it is.
    """
    name, version = str(content["family"]), int(content["family_version"])
    if isinstance(module, ModuleFamily):
        found: ModelFamily = module
    elif module is not None:
        factory = load_function(module, "module") if isinstance(module, str) else module
        space = SpaceDefinition.from_dict(content["space"], where="the model", stored=True)
        found = ModuleFamily(cast("ModuleFactory", factory), space, name=name)
    elif name in FAMILIES:
        found = get_family(name)
    else:
        raise UserError(
            f"The networks of this model were built by the user's own function, as '{name}'; give "
            "it as `module`. If they were a plug-in's, install that."
        )
    if found.name != name or found.version < version:
        raise UserError(
            f"The model is of the family '{name}' in version {version}; '{found.name}' in version "
            f"{found.version} cannot rebuild it."
        )
    return found

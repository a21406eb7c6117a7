"""A model as bytes, so that an estimator can be pickled in the form in which models are saved."""

from pathlib import Path
from tempfile import TemporaryDirectory

from advisor.predictor.loading import load
from advisor.predictor.predictor import Predictor

SavedForm = dict[str, bytes]
"""The files of a saved model by their names."""


def saved_form(model: Predictor) -> SavedForm:
    """Return the files that `Predictor.save` writes."""
    with TemporaryDirectory(prefix="advisor-") as folder:
        model.save(folder)
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def from_saved_form(files: SavedForm) -> Predictor:
    """Return the model that `saved_form` gave.

    Raises:
        UserError: it was altered, or this version cannot read it.
    """
    with TemporaryDirectory(prefix="advisor-") as folder:
        for name, content in files.items():
            (Path(folder) / Path(name).name).write_bytes(content)
        return load(folder)

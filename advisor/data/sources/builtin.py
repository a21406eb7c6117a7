"""Data sets that a library brings along."""

import difflib
from dataclasses import replace
from typing import Any, ClassVar

import pandas as pd

from advisor.data.dataset import Dataset
from advisor.data.frames import interpret
from advisor.data.images import to_images
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource
from knowledge_base.errors import UserError

ORIGIN = ("scikit-learn", "BSD-3-Clause (distribution)")


class SklearnSource(DataSource):
    """Data sets of scikit-learn, such as `sklearn:digits`; imports it when one is loaded."""

    KINDS: ClassVar[dict[str, str]] = {
        "digits": "classification",
        "iris": "classification",
        "wine": "classification",
        "breast_cancer": "classification",
        "diabetes": "regression",
    }

    IMAGES: ClassVar[tuple[str, ...]] = ("digits",)
    """Which are images, too, for families that take these."""

    def accepts(self, source: Any) -> bool:
        """Return whether `source` starts with sklearn:."""
        return isinstance(source, str) and source.startswith("sklearn:")

    def load(self, source: Any, request: DataRequest) -> Dataset:
        """Load it; its target is called `target`."""
        name = str(source).partition(":")[2]
        if name not in self.KINDS:
            near = difflib.get_close_matches(name, self.KINDS, n=1) or sorted(self.KINDS)
            choices = " or ".join(f"sklearn:{known}" for known in near)
            raise UserError(f"No built-in data set is called 'sklearn:{name}'. Try {choices}.")
        import sklearn.datasets

        load = getattr(sklearn.datasets, f"load_{name}")
        if request.modality == "image" and name in self.IMAGES:
            bunch = load()
            labels = pd.Series(bunch.target)
            return to_images(bunch.images / 16, labels, str(source), *ORIGIN, kind=request.kind)
        request = replace(
            request,
            target=request.target or "target",
            kind=request.kind or self.KINDS[name],
        )
        return interpret(load(as_frame=True).frame, request, str(source), *ORIGIN)

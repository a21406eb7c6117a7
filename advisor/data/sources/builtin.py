"""Data sets that a library brings along."""

from dataclasses import replace
from typing import ClassVar

import pandas as pd

from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, Raw, RawImages, RawTable
from knowledge_base.errors import UserError
from knowledge_base.naming import nearest

ORIGIN = ("scikit-learn", "BSD-3-Clause (distribution)")
"""Source and licence of all of them."""


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
    """Names of those that are images, too, for families that take these."""

    def accepts(self, source: object) -> bool:
        """Return whether `source` starts with sklearn:."""
        return isinstance(source, str) and source.startswith("sklearn:")

    def read(self, source: object, request: DataRequest) -> Raw:
        """Load it; its target is called `target`."""
        name = str(source).partition(":")[2]
        if name not in self.KINDS:
            near = nearest(name, self.KINDS)
            choices = [f"sklearn:{known}" for known in ([near] if near else sorted(self.KINDS))]
            raise UserError(
                f"No built-in data set is called 'sklearn:{name}'. Try {' or '.join(choices)}."
            )
        import sklearn.datasets

        load = getattr(sklearn.datasets, f"load_{name}")
        if request.modality == "image" and name in self.IMAGES:
            bunch = load()
            labels = pd.Series(bunch.target)
            return RawImages(bunch.images / 16, labels, request, str(source), *ORIGIN)
        request = replace(
            request,
            target=request.target or "target",
            kind=request.kind or self.KINDS[name],
        )
        return RawTable(load(as_frame=True).frame, request, str(source), *ORIGIN)

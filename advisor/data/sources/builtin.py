"""Data sets that a library brings along."""

import difflib
from typing import Any, ClassVar

from advisor.data.dataset import TabularDataset
from advisor.data.inference import to_dataset
from advisor.data.sources.base import DataSource
from knowledge_base.errors import UserError


class SklearnSource(DataSource):
    """Data sets of scikit-learn, such as `sklearn:digits`; imports it when one is loaded."""

    KINDS: ClassVar[dict[str, str]] = {
        "digits": "classification",
        "iris": "classification",
        "wine": "classification",
        "breast_cancer": "classification",
        "diabetes": "regression",
    }

    def accepts(self, source: Any) -> bool:
        """Return whether `source` starts with sklearn:."""
        return isinstance(source, str) and source.startswith("sklearn:")

    def load(self, source: Any, target: str | None, kind: str | None) -> TabularDataset:
        """Load it; its target is called `target`."""
        name = str(source).partition(":")[2]
        if name not in self.KINDS:
            near = difflib.get_close_matches(name, self.KINDS, n=1) or sorted(self.KINDS)
            choices = " or ".join(f"sklearn:{known}" for known in near)
            raise UserError(f"No built-in data set is called 'sklearn:{name}'. Try {choices}.")
        import sklearn.datasets

        bunch = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
        return to_dataset(
            bunch.frame,
            target or "target",
            kind or self.KINDS[name],
            str(source),
            "scikit-learn",
            "BSD-3-Clause (distribution)",
        )

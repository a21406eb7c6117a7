"""Data sets that are in memory already."""

from typing import Any

import pandas as pd

from advisor.data.dataset import TabularDataset
from advisor.data.inference import to_dataset
from advisor.data.sources.base import DataSource


class FrameSource(DataSource):
    """A pandas data frame."""

    def accepts(self, source: Any) -> bool:
        """Return whether `source` is a frame."""
        return isinstance(source, pd.DataFrame)

    def load(self, source: Any, target: str | None, kind: str | None) -> TabularDataset:
        """Check and type the frame; it is not changed."""
        return to_dataset(source, target, kind, "the frame", "frame")

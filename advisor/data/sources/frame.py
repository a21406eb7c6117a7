"""Data sets that are in memory already."""

import pandas as pd

from advisor.data.dataset import Dataset
from advisor.data.frames import interpret
from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource


class FrameSource(DataSource):
    """A pandas data frame."""

    def accepts(self, source: object) -> bool:
        """Return whether `source` is a frame."""
        return isinstance(source, pd.DataFrame)

    def load(self, source: object, request: DataRequest) -> Dataset:
        """Check and type the frame; it is not changed."""
        assert isinstance(source, pd.DataFrame)
        return interpret(source, request, "the frame", "frame")

"""Data sets that are in memory already."""

import pandas as pd

from advisor.data.request import DataRequest
from advisor.data.sources.base import DataSource, RawTable


class FrameSource(DataSource):
    """A pandas data frame."""

    def accepts(self, source: object) -> bool:
        """Return whether `source` is a frame."""
        return isinstance(source, pd.DataFrame)

    def read(self, source: object, request: DataRequest) -> RawTable:
        """Take the frame; it is not changed."""
        assert isinstance(source, pd.DataFrame)
        return RawTable(source, request, "the frame", "frame")

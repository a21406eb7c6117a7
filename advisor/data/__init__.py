"""Data sets: loading, checking, splitting and encoding tables."""

from advisor.data.dataset import TabularDataset
from advisor.data.prepare import PreparedData, prepare
from advisor.data.sources import DataSource, load_dataset
from advisor.data.splits import Splits, split_indices

__all__ = [
    "DataSource",
    "PreparedData",
    "Splits",
    "TabularDataset",
    "load_dataset",
    "prepare",
    "split_indices",
]

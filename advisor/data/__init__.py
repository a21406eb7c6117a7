"""Data sets: loading, checking, splitting and encoding, one file per modality."""

from advisor.data.dataset import Dataset, TabularDataset
from advisor.data.images import ImageDataset
from advisor.data.intake import Intake
from advisor.data.loading import load_dataset
from advisor.data.preparation import (
    Preparation,
    PreparedData,
    max_folds,
    preparation_from,
    prepare,
)
from advisor.data.reading import NewRows, Reading, reading_from_dict
from advisor.data.request import MODALITIES, DataRequest
from advisor.data.series import SeriesDataset
from advisor.data.sources import DataSource
from advisor.data.splits import Splits, group_notes, split_indices
from advisor.data.texts import TextDataset

__all__ = [
    "MODALITIES",
    "DataRequest",
    "DataSource",
    "Dataset",
    "ImageDataset",
    "Intake",
    "NewRows",
    "Preparation",
    "PreparedData",
    "Reading",
    "SeriesDataset",
    "Splits",
    "TabularDataset",
    "TextDataset",
    "group_notes",
    "load_dataset",
    "max_folds",
    "preparation_from",
    "prepare",
    "reading_from_dict",
    "split_indices",
]

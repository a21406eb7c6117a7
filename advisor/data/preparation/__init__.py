"""Data sets to arrays for training, one file per modality."""

from collections.abc import Callable

from advisor.data.dataset import Dataset
from advisor.data.preparation.base import PARTS, PreparedData
from knowledge_base.registry import Registry

PREPARATIONS: Registry[Callable[..., PreparedData]] = Registry(
    "preparation",
    {
        "table": "advisor.data.preparation.table:prepare_table",
        "image": "advisor.data.preparation.image:prepare_images",
        "text": "advisor.data.preparation.text:prepare_texts",
        "series": "advisor.data.preparation.series:prepare_series",
    },
)
"""Functions by modality; adding one is adding a file and its line here."""

__all__ = ["PARTS", "PREPARATIONS", "PreparedData", "prepare"]


def prepare(dataset: Dataset, seed: int = 0) -> PreparedData:
    """Split with `seed` and encode; nothing is learnt from validation and test parts.

    Time series are split in the order of time, whatever the seed.
    """
    return PREPARATIONS[dataset.modality](dataset, seed)

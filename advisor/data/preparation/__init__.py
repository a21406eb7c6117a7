"""Data sets to arrays for training, and new rows to the same, one file per modality."""

from collections.abc import Callable

from advisor.data.dataset import Dataset
from advisor.data.preparation.base import PARTS, Preparation, PreparedData
from advisor.data.preparation.rolling import series_folds
from advisor.data.preparation.stored import damaged
from advisor.data.series import SeriesDataset
from advisor.data.splits import MAX_FOLDS
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
"""Functions by modality; adding one is adding a file and its lines here."""

FITTED: Registry[type[Preparation]] = Registry(
    "fitted preparation",
    {
        "table": "advisor.data.preparation.table:TablePreparation",
        "image": "advisor.data.preparation.image:ImagePreparation",
        "text": "advisor.data.preparation.text:TextPreparation",
        "series": "advisor.data.preparation.series:SeriesPreparation",
    },
)
"""What they learn of a training part, by modality."""

__all__ = [
    "FITTED",
    "PARTS",
    "PREPARATIONS",
    "Preparation",
    "PreparedData",
    "max_folds",
    "preparation_from",
    "prepare",
]


def prepare(
    dataset: Dataset, seed: int = 0, fold: int | None = 0, test: bool = True
) -> PreparedData:
    """Split with `seed` and encode; nothing is learnt from validation and test parts.

    Time series are split in the order of time, whatever the seed.

    Args:
        dataset: what to prepare.
        seed: of the splits.
        fold: which of the folds, from 0; see `advisor.data.splits`. None trains on all known
            rows: the validation part is that of the first fold, which is trained on as well and
            says nothing.
        test: False holds out no test part, whose arrays then have no rows.

    Raises:
        UserError: there is no such fold.
    """
    return PREPARATIONS[dataset.modality](dataset, seed, fold, test)


def max_folds(dataset: Dataset, test: bool = True) -> int:
    """Return how many folds `prepare` has: of series as many as have points enough to train on."""
    if isinstance(dataset, SeriesDataset):
        return series_folds(dataset, test)
    return MAX_FOLDS


def preparation_from(found: object) -> Preparation:
    """Return a preparation that `Preparation.to_dict` gave, of whatever modality.

    Raises:
        UserError: it is not that; it may have been altered.
    """
    modality = found.get("modality") if isinstance(found, dict) else None
    if not isinstance(modality, str) or modality not in FITTED:
        raise damaged("it names no modality")
    return FITTED[modality].from_dict(found)

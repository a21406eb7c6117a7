"""Metafeatures: numbers that describe a data set, so that similar ones can be found.

Definitions and names follow Rivolli et al. (2022, "Meta-features for meta-learning",
Knowledge-Based Systems 240), Vanschoren (2018, "Meta-learning: a survey"), Brazdil et al.
(2022, "Metalearning", 2nd edition) and, for landmarking, Pfahringer et al. (2000). They are
computed in numpy on a bounded sample rather than by pymfe, which needs 0.8 s for its import
alone and minutes for 100,000 rows (docs/benchmarks/metafeatures.md).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from advisor.metafeatures.labelled_view import view_of_images, view_of_texts
from advisor.metafeatures.registry import descriptions, groups_of
from advisor.metafeatures.series_view import SeriesView
from advisor.metafeatures.table_view import Table, TableView

if TYPE_CHECKING:
    from advisor.data import Dataset

VERSION = 1
"""Version of the list and its definitions; values of different versions do not compare."""

DESCRIPTIONS = descriptions()
"""What each metafeature of tables is, by name, in listed order."""

NAMES = tuple(DESCRIPTIONS)
"""Names of all metafeatures of tables, in listed order."""

_VIEWS: dict[str, Callable[..., object]] = {
    "table": TableView.of,
    "image": view_of_images,
    "text": view_of_texts,
    "series": SeriesView.of,
}

__all__ = ["DESCRIPTIONS", "NAMES", "VERSION", "compute", "descriptions"]


def compute(dataset: "Dataset | Table", seed: int = 0) -> dict[str, float]:
    """Return all metafeatures of a data set by name, NaN where undefined.

    Bounded: at most about 10,000 rows (rare classes kept) and 200 features are looked at, and
    2,000 rows by the landmarkers. The same seed gives the same values. Renaming and
    reordering aside, the order of columns makes no difference; the order of rows only changes
    which rows are sampled and how landmarkers split them. Shifting and rescaling features
    leaves all but `statistical.zero_share` and `statistical.log_scale_spread` as they are, up
    to rounding and ties.

    Args:
        dataset: data of any modality; see `advisor.data.Dataset`. Of tables only the features
            (NaN allowed), the target and the kind are needed.
        seed: what the samples are drawn with.
    """
    modality = getattr(dataset, "modality", "table")
    view = _VIEWS[modality](dataset, seed)
    return {
        name: value for group in groups_of(modality) for name, value in group.compute(view).items()
    }

"""Metafeatures: numbers that describe a data set, so that similar ones can be found.

Definitions and names follow Rivolli et al. (2022, "Meta-features for meta-learning",
Knowledge-Based Systems 240), Vanschoren (2018, "Meta-learning: a survey"), Brazdil et al.
(2022, "Metalearning", 2nd edition) and, for landmarking, Pfahringer et al. (2000). They are
computed in numpy on a bounded sample rather than by pymfe, which needs 0.8 s for its import
alone and minutes for 100,000 rows (docs/benchmarks/metafeatures.md).
"""

from advisor.metafeatures.registry import all_groups, descriptions
from advisor.metafeatures.view import Table, TableView

VERSION = 1
"""Of the list and of every definition in it; values of different versions do not compare."""

DESCRIPTIONS = descriptions()
"""What each metafeature is, by name, in listed order."""

NAMES = tuple(DESCRIPTIONS)
"""Names of all metafeatures, in listed order."""

__all__ = ["DESCRIPTIONS", "NAMES", "VERSION", "compute"]


def compute(dataset: Table, seed: int = 0) -> dict[str, float]:
    """Return all metafeatures of a data set by name, NaN where undefined.

    Bounded: at most about 10,000 rows (rare classes kept) and 200 features are looked at, and
    2,000 rows by the landmarkers. The same seed gives the same values. Renaming and
    reordering aside, the order of columns makes no difference; the order of rows only changes
    which rows are sampled and how landmarkers split them. Shifting and rescaling features
    leaves all but `statistical.zero_share` and `statistical.log_scale_spread` as they are, up
    to rounding and ties.

    Args:
        dataset: features (NaN allowed), target and kind; see `advisor.data.TabularDataset`.
        seed: of the samples.
    """
    view = TableView.of(dataset, seed)
    return {name: value for group in all_groups() for name, value in group.compute(view).items()}

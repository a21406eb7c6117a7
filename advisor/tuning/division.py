"""How a search divides its data, in words."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from advisor.data.intake import UNITS, counted
from advisor.data.preparation.series import SeriesData

if TYPE_CHECKING:
    from advisor.data import NewRows, PreparedData


def division(folds: "Sequence[PreparedData]", test: "NewRows[object] | None" = None) -> str:
    """Return a sentence on the parts that are trained, validated and tested on.

    Args:
        folds: that a configuration is judged by, of which there is at least one.
        test: rows of the user's own, which are tested on.
    """
    unit = UNITS[folds[0].modality]
    sizes = [_sizes(fold) for fold in folds]
    train, valid = (_span([size[place] for size in sizes]) for place in (0, 1))
    if len(folds) == 1:
        trained, validated, _ = sizes[0]
        parts = f"{counted(trained, unit)} to train, {validated:,} to validate"
    else:
        kind = "rolling folds" if unit == "point" else "folds"
        parts = f"{len(folds)} {kind}, trained on {train} {unit}s and validated on {valid}"
    if test is not None and test.target is not None:
        tested = f"{counted(len(test.target), unit)} of {test.intake.name}"
    else:
        tested = f"{sizes[0][2]:,}" if sizes[0][2] else "none"
    return f"Split: {parts}; {tested} to test."


def _sizes(fold: "PreparedData") -> tuple[int, int, int]:
    """Return how many rows, or points of all series, the three parts have."""
    if isinstance(fold, SeriesData):
        ends = [[end - begin for begin, end in bounds] for bounds in fold.bounds]
        train, valid, test = (sum(sizes) for sizes in zip(*ends, strict=True))
        return train, valid, test
    return len(fold.y_train), len(fold.y_valid), len(fold.y_test)


def _span(sizes: list[int]) -> str:
    low, high = min(sizes), max(sizes)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"

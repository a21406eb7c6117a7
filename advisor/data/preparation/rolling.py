"""Folds of time series: rolling origins.

Series are not split at random: each fold trains on what is before its validation part. Fold k
validates on the points that lie k lengths of a validation part before those of the first fold, so
that it trains on fewer. The test part is the same for all: the last points, which come after all
that is trained on.
"""

from advisor.data.preparation.stored import MAX_POINTS
from advisor.data.series import MIN_POINTS, SeriesDataset, is_constant, part_bounds

MIN_WINDOWS = 8
"""Windows to train on that no configuration may do without."""

MIN_LENGTH = 2
"""Points of the shortest window."""

HELD_OUT_OF_KNOWN = 4
"""The validation part is one of so many parts where no test part is held out."""

Bounds = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
"""Where the training, the validation and the test part begin and end."""


def bounds_of(n: int, fold: int = 0, test: bool = True) -> Bounds:
    """Return the parts of n points; without a test part, it is empty and at the end.

    Args:
        n: points of a series.
        fold: which of the folds, from 0.
        test: whether the last points are held out for testing.
    """
    known = part_bounds(n)[2] if test else n
    held = n - known if test else n // HELD_OUT_OF_KNOWN
    end = known - fold * held
    return (0, end - held), (end - held, end), (known, n)


def room_of(lengths: list[int], horizon: int) -> int:
    """Return the most points before a forecast that leave windows enough to train on.

    Args:
        lengths: points to train on of each series.
        horizon: points of a forecast.
    """
    return min(min(lengths) - horizon - MIN_WINDOWS, MAX_POINTS)


def season_fits(period: int, room: int) -> bool:
    """Return whether differences can reach back a season."""
    return period + MIN_LENGTH <= room


def series_folds(dataset: SeriesDataset, test: bool = True) -> int:
    """Return how many folds have enough points to train on: 1 to 3.

    A further fold needs `MIN_POINTS` of each series for it, room for windows, and for a season if
    the first fold has that, so that a configuration means the same in all of them.
    """
    first = _room(dataset, 0, test)
    fold = 1
    while _is_enough(dataset, fold, test, season_fits(dataset.period, first)):
        fold += 1
    return fold


def _room(dataset: SeriesDataset, fold: int, test: bool) -> int:
    lengths = [bounds_of(len(values), fold, test)[0][1] for values in dataset.values]
    return room_of(lengths, dataset.horizon)


def _is_enough(dataset: SeriesDataset, fold: int, test: bool, seasonal: bool) -> bool:
    parts = [
        values[: max(bounds_of(len(values), fold, test)[0][1], 0)] for values in dataset.values
    ]
    if min(map(len, parts)) < MIN_POINTS or all(map(is_constant, parts)):
        return False
    room = room_of([len(part) for part in parts], dataset.horizon)
    return room > MIN_LENGTH and season_fits(dataset.period, room) == seasonal

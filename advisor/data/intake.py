"""What was read as what: the account that every command gives of the data it was given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from knowledge_base.types import JsonObject

SHOWN = 4
"""Names of columns that a line lists before it counts the rest."""

KINDS = ("numbers", "categories", "dates", "texts")
"""Kinds of columns in the order in which they are listed."""

UNITS = {"table": "row", "image": "image", "text": "text", "series": "point"}
"""What data of a modality are counted in."""

UNNAMED = "only the columns that are named are used"
"""Why columns beside the texts or the series are left out, in training as of new rows."""


@dataclass(frozen=True)
class Intake:
    """What was read as what of a data set.

    Attributes:
        name: the display name of the data set.
        size: how many rows, images, texts or points there are, such as "200 rows".
        target: what is predicted and what it is, such as "'label', 2 classes".
        columns: names of the columns that were used, by kind, one of `KINDS`.
        left_out: reasons by the names of columns that were not used.
        notes: whole sentences on what else was not read as it stood, such as rows left out.
        warnings: whole sentences on what is suspicious.
    """

    name: str
    size: str
    target: str
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()

    def noting(self, *notes: str) -> "Intake":
        """Return the same with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    def lines(self) -> list[str]:
        """Return the account as a few lines of text."""
        found = [f"Read {self.name}: {self.size}; target {self.target}."]
        kinds = [kind for kind in KINDS if self.columns.get(kind)]
        if kinds:
            listed = [f"{_counted(kind, len(self.columns[kind]))} ({_names(self.columns[kind])})"
                      for kind in kinds]  # fmt: skip
            found.append(f"Columns: {', '.join(listed)}.")
        return found + self.cautions()

    def cautions(self) -> list[str]:
        """Return the lines of the account on what was left out, or may be meant otherwise."""
        found = []
        if self.left_out:
            listed = [f"{name} ({reason})" for name, reason in self.left_out.items()]
            more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
            found.append(f"Left out: {', '.join(listed[:SHOWN])}{more}.")
        if self.notes:
            found.append(f"Note: {' '.join(self.notes)}")
        if self.warnings:
            found.append(f"Warning: {' '.join(self.warnings)}")
        return found

    def to_dict(self) -> JsonObject:
        """Return the account as plain JSON-able types."""
        return {
            "name": self.name,
            "size": self.size,
            "target": self.target,
            "columns": {kind: list(names) for kind, names in self.columns.items()},
            "left_out": dict(self.left_out),
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }


def beside(columns: Iterable[str], named: Iterable[str | None]) -> dict[str, str]:
    """Return the columns that nobody named, as an `Intake` lists what is left out."""
    known = set(named)
    return {name: UNNAMED for name in columns if name not in known}


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun.

    >>> counted(1, "row"), counted(2, "class", "classes")
    ('1 row', '2 classes')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _counted(kind: str, number: int) -> str:
    one = {"categories": "category"}.get(kind, kind.removesuffix("s"))
    return counted(number, one, kind)


def _names(names: Sequence[str]) -> str:
    more = ", ..." if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more

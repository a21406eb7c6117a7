"""The sections of a page: what stands in them, or why they are left out."""

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.report.charts import Chart


@dataclass(frozen=True)
class Table:
    """A table of a section.

    Attributes:
        title: its caption.
        columns, rows: its cells.
        name: its identity on the page, empty for none.
        sortable: whether a click on a heading sorts it.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    name: str = ""
    sortable: bool = False


@dataclass(frozen=True)
class Section:
    """A section of a page.

    Attributes:
        anchor: its identity on the page.
        title: its heading.
        reason: why it is left out; None where it is not.
        lines: paragraphs above its charts.
        charts, tables: what it shows.
        grid: whether its charts stand beside each other where there is room.
    """

    anchor: str
    title: str
    reason: str | None = None
    lines: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    grid: bool = False


def figures_of(charts: Sequence[Chart]) -> dict[str, object]:
    """Return the figures of charts by their names, as a page's script draws them."""
    return {chart.name: chart.to_dict() for chart in charts}

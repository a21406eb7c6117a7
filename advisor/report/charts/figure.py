"""A chart as plain data: a figure of Plotly, and the same in words and as a table.

Colours are names such as "@first", which become colours by theme: on the page, in the reader's
browser, and in a notebook by `Chart.figure`. They are those of Okabe and Ito (2008), which people
who are colour-blind tell apart, chosen per theme so that each has a contrast of 3 : 1 or more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

PALETTES: Mapping[str, Mapping[str, str]] = {
    "light": {
        "@ink": "#1b1f24",
        "@paper": "#ffffff",
        "@muted": "#6b7280",
        "@grid": "#e3e6ea",
        "@band": "rgba(0, 158, 115, 0.18)",
        "@haze": "rgba(0, 114, 178, 0.16)",
        "@tint": "#56B4E9",
        "@faint": "rgba(107, 114, 128, 0.35)",
        "@first": "#0072B2",
        "@second": "#D55E00",
        "@third": "#009E73",
        "@fourth": "#CC79A7",
        "@fifth": "#1b1f24",
    },
    "dark": {
        "@ink": "#e8eaed",
        "@paper": "#16181d",
        "@muted": "#a3aab5",
        "@grid": "#31363f",
        "@band": "rgba(0, 158, 115, 0.32)",
        "@haze": "rgba(86, 180, 233, 0.22)",
        "@tint": "#005f94",
        "@faint": "rgba(163, 170, 181, 0.35)",
        "@first": "#56B4E9",
        "@second": "#E69F00",
        "@third": "#009E73",
        "@fourth": "#CC79A7",
        "@fifth": "#F0E442",
    },
}
"""Colours by their names, for each theme."""

SERIES = ("@first", "@second", "@third", "@fourth", "@fifth")
"""Names of colours in the order in which series take them."""

SCALE = "Cividis"
"""The scale of colours for numbers (Nunez et al. 2018): even in lightness, safe for the
colour-blind."""

FEW = 10
"""Whole numbers up to which each has a tick."""

DIGITS = 5
"""Significant digits of numbers in figures: more cannot be seen, and cost room."""


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        name: what it is called on its page, unique there; letters and hyphens.
        title: what people read above it.
        alt: one or two sentences that say what it shows, for those who do not see it.
        traces: as Plotly takes them.
        layout: as Plotly takes it, without colours of the theme.
        columns, rows: the same as a table; empty where a table elsewhere holds it.
        table: the section of the page whose table holds it, empty where none does.
        height: in pixels.
    """

    name: str
    title: str
    alt: str
    traces: Sequence[JsonObject]
    layout: JsonObject
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    height: int = 360
    table: str = ""
    extra: JsonObject = field(default_factory=dict)

    def to_dict(self) -> JsonObject:
        """Return the figure as JSON-able types, with names of colours."""
        layout = {"height": self.height, "margin": MARGIN, **self.layout}
        plain = {"data": list(self.traces), "layout": layout, **self.extra}
        found: JsonObject = _rounded(plain)
        return found

    def figure(self, theme: str = "light") -> "Figure":
        """Return the figure of Plotly, which notebooks draw.

        Args:
            theme: "light" or "dark".
        """
        from plotly.graph_objects import Figure

        palette = PALETTES[theme]
        plain = self.to_dict()
        layout = {**themed(palette), **plain["layout"], "title": {"text": label(self.title)}}
        layout["margin"] = {**MARGIN, "t": 60}
        figure: Figure = Figure(coloured({"data": plain["data"], "layout": layout}, palette))
        return figure


MARGIN: JsonObject = {"l": 64, "r": 16, "t": 16, "b": 48}


LEGEND: JsonObject = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
"""A legend above the chart, which grows upwards."""


def themed(palette: Mapping[str, str]) -> JsonObject:
    """Return the part of a layout that only the theme says."""
    axis = {"gridcolor": palette["@grid"], "zeroline": False, "linecolor": palette["@muted"]}
    return {
        "paper_bgcolor": palette["@paper"],
        "plot_bgcolor": palette["@paper"],
        "font": {"color": palette["@ink"]},
        "template": {"layout": {"xaxis": axis, "yaxis": axis}},
    }


def coloured(value: object, palette: Mapping[str, str], key: str = "") -> object:
    """Return a figure whose names of colours are colours.

    Args:
        value: the figure, or a part of it.
        palette: colours by their names.
        key: under which the part stands; texts elsewhere are somebody's, and stay.
    """
    if isinstance(value, str):
        return palette.get(value, value) if key.endswith(("color", "colorscale")) else value
    if isinstance(value, Mapping):
        return {name: coloured(item, palette, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [coloured(item, palette, key) for item in value]
    return value


def label(text: object) -> str:
    """Return a text as Plotly shows it literally.

    Plotly reads a part of HTML in all texts; a name that somebody contributed must not become a
    link or a line break in a chart.
    """
    return escape(str(text), quote=False)


def axis(title: str, **more: object) -> JsonObject:
    """Return an axis with a title, and what else it has."""
    return {"title": {"text": label(title)}, "automargin": True, **more}


def counting_axis(title: str, traces: Sequence[JsonObject], **more: object) -> JsonObject:
    """Return the x axis of traces over whole numbers, such as trials or epochs.

    Where they are few, each has a tick, for Plotly's own would stand at halves.
    """
    places = [x for trace in traces for x in trace["x"] if x is not None]
    few = bool(places) and max(places) - min(places) < FEW
    return axis(title, **({"dtick": 1} if few else {}), **more)


def level(value: float) -> JsonObject:
    """Return a dotted line across the chart at a value of its y axis."""
    line = {"color": "@muted", "dash": "dot", "width": 1}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value,
            "line": line}  # fmt: skip


def _rounded(value: object) -> JsonObject:
    """Return plain types: numbers with few digits, None for what is not finite."""
    found: JsonObject = _plain(value)
    return found


def _plain(value: object) -> "JsonObject":
    # Nearly all of a figure is numbers and texts, so that these are looked for first.
    if isinstance(value, float):
        finite = value == value and abs(value) != float("inf")
        return float(f"{value:.{DIGITS}g}") if finite else None  # type: ignore[return-value]
    if value is None or isinstance(value, str | int):
        return value  # type: ignore[return-value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]  # type: ignore[return-value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value  # type: ignore[return-value]

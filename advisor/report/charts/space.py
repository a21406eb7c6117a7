"""The space of a study: parallel coordinates, slices, contours and importance."""

from collections.abc import Sequence

import numpy as np

from advisor.report.charts.figure import LEGEND, SCALE, Chart, axis, label
from advisor.report.content.axes import Axes, Axis
from advisor.report.content.importance import Importance
from advisor.report.content.surface import Contour, Slice, Surface
from knowledge_base.types import JsonObject

TICKS = 5
"""Numbers that are written along an axis."""


def parallel_chart(axes: Axes) -> Chart:
    """Return the trials as lines over all hyperparameters; the page's script draws and brushes."""
    known = np.isfinite(axes.values)
    rows = np.flatnonzero(known).tolist()
    banded = [a.name for a in axes.axes if a.good is not None or a.good_choices]
    past = (
        "Bands are where the best quarter of what past tasks tried lies."
        if banded
        else "The past says nothing of where to look."
    )
    value = axes.values[rows]
    span = float(value.max() - value.min()) or 1.0
    measured: JsonObject = {
        "name": label(axes.metric),
        "places": [(v - value.min()) / span for v in value],
        "ticks": [[t, f"{value.min() + t * span:.4g}"] for t in (0.0, 0.5, 1.0)],
        "low": float(value.min()),
        "high": float(value.max()),
        "log": False,
        "bands": [],
    }
    drawn = [{**_axis(a), "places": list(a.places[rows])} for a in axes.axes]
    return Chart(
        "parallel",
        "All trials over all hyperparameters",
        f"One line per trial with a value, {len(rows)} in all, over {len(axes.axes)} "
        f"hyperparameters and {axes.metric}, the better the stronger. {past}",
        [],
        {
            "xaxis": {"visible": False, "range": [-0.4, len(drawn) + 0.4], "fixedrange": True},
            "yaxis": {"visible": False, "range": [-0.08, 1.16], "fixedrange": True},
            "dragmode": "select",
            "selectdirection": "any",
            "margin": {"l": 16, "r": 96, "t": 8, "b": 8},
            "showlegend": False,
            "hovermode": "closest",
        },
        height=440,
        table="trials",
        extra={
            "parallel": {
                "axes": [*drawn, measured],
                "numbers": [axes.numbers[row] for row in rows],
                "values": list(value),
                "direction": axes.direction,
                "metric": label(axes.metric),
            }
        },
    )


def _axis(one: Axis) -> JsonObject:
    if one.choices:
        count = len(one.choices)
        ticks: list[list[object]] = [
            [(place + 0.5) / count, label(choice)] for place, choice in enumerate(one.choices)
        ]
        bands = [
            [place / count, (place + 1) / count, share]
            for place, share in enumerate(one.good_choices)
            if share > 0
        ]
    else:
        ticks = [[t, one.value(t)] for t in np.linspace(0, 1, TICKS)]
        bands = [] if one.good is None else [[*one.good, 1.0]]
    return {"name": label(one.name), "ticks": ticks, "bands": bands, "low": one.low,
            "high": one.high, "log": one.log, "choices": bool(one.choices)}  # fmt: skip


def slice_charts(surface: Surface, axes: Axes) -> list[Chart]:
    """Return a chart of the surrogate along each hyperparameter."""
    by_name = {one.name: one for one in axes.axes}
    return [
        _slice(surface, one, by_name.get(one.name), place)
        for place, one in enumerate(surface.slices)
    ]


def _slice(surface: Surface, one: Slice, where: Axis | None, place: int) -> Chart:
    known = np.isfinite(surface.values) & np.isfinite(one.at)
    # Choices stand beside each other at whole numbers, numbers at their share of the way.
    factor, shift = (len(one.labels), -0.5) if not one.numeric else (1.0, 0.0)
    traces = [
        *(_along(one) if one.numeric else _of_choices(one)),
        {"type": "scatter", "mode": "markers", "x": one.at[known] * factor + shift,
         "y": surface.values[known], "marker": {"color": "@muted", "size": 5}, "name": "trials",
         "customdata": [n for n, k in zip(surface.numbers, known, strict=True) if k],
         "hovertemplate": "trial %{customdata}: %{y:.4g}<extra></extra>"},
    ]  # fmt: skip
    shown = np.concatenate([surface.values[known], one.mean])
    room = 0.15 * float(np.ptp(shown)) or 0.1
    ticks = _ticks(one)
    shapes = [] if where is None else _good(where, factor, shift)
    best = int(np.argmax(one.mean) if surface.direction == "maximize" else np.argmin(one.mean))
    return Chart(
        f"slice-{place}",
        one.name,
        f"{surface.metric} expected along {one.name}, all else as in trial {surface.best}: best at "
        f"{one.labels[best]}, {one.mean[best]:.4g} within {one.low[best]:.4g} to "
        f"{one.high[best]:.4g}.",
        traces,
        {
            "xaxis": axis(one.name, **ticks),
            # Where nothing was tried the interval is so wide that nothing else would be seen.
            "yaxis": axis(surface.metric, range=[shown.min() - room, shown.max() + room]),
            "shapes": shapes,
            "showlegend": False,
            "hovermode": "closest",
        },
        [one.name, "expected", "80% from", "to"],
        list(zip(one.labels, one.mean, one.low, one.high, strict=True)),
        height=260,
    )


def _along(one: Slice) -> list[JsonObject]:
    """Return what is expected along a number: a line within its interval."""
    return [
        {"type": "scatter", "mode": "lines", "x": [*one.places, *one.places[::-1]],
         "y": [*one.high, *one.low[::-1]], "fill": "toself", "fillcolor": "@haze",
         "line": {"width": 0}, "hoverinfo": "skip", "name": "80% interval"},
        {"type": "scatter", "mode": "lines", "x": one.places, "y": one.mean,
         "text": [label(text) for text in one.labels], "line": {"color": "@first", "width": 2},
         "name": "expected", "hovertemplate": "%{text}: %{y:.4g}<extra>expected</extra>"},
    ]  # fmt: skip


def _of_choices(one: Slice) -> list[JsonObject]:
    """Return what is expected of each choice: a mark with its interval."""
    return [
        {"type": "scatter", "mode": "markers", "x": list(range(len(one.labels))), "y": one.mean,
         "error_y": {"array": one.high - one.mean, "arrayminus": one.mean - one.low,
                     "symmetric": False, "color": "@first", "thickness": 1.5},
         "text": [label(text) for text in one.labels], "name": "expected",
         "marker": {"color": "@first", "size": 10, "symbol": "line-ew-open"},
         "hovertemplate": "%{text}: %{y:.4g}<extra>expected</extra>"},
    ]  # fmt: skip


def _ticks(one: Slice) -> JsonObject:
    if not one.numeric:
        places = list(range(len(one.labels)))
        ends = [-0.5, len(places) - 0.5]
        texts = [label(text) for text in one.labels]
        return {"tickvals": places, "ticktext": texts, "range": ends}
    chosen = np.linspace(0, len(one.labels) - 1, TICKS).astype(int).tolist()
    return {"tickvals": one.places[chosen], "ticktext": [one.labels[k] for k in chosen]}


def _good(where: Axis, factor: float, shift: float) -> list[JsonObject]:
    """Return bands where the past was good."""
    regions = [] if where.good is None else [where.good]
    if where.good_choices:
        most = max(where.good_choices)
        count = len(where.choices)
        regions = [
            (place / count, (place + 1) / count)
            for place, share in enumerate(where.good_choices)
            if share == most
        ]
    return [
        {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": low * factor + shift,
         "x1": high * factor + shift, "fillcolor": "@band", "line": {"width": 0}, "layer": "below"}
        for low, high in regions
    ]  # fmt: skip


def contour_charts(surface: Surface) -> list[Chart]:
    """Return a chart of the surrogate over each pair, with how uncertain it is."""
    return [
        chart
        for place, one in enumerate(surface.contours)
        for chart in _contours(surface, one, place)
    ]


def _contours(surface: Surface, one: Contour, number: int) -> list[Chart]:
    known = np.isfinite(surface.values) & np.isfinite(one.at).all(1)
    points: JsonObject = {
        "type": "scatter", "mode": "markers", "x": one.at[known, 0], "y": one.at[known, 1],
        "customdata": [n for n, k in zip(surface.numbers, known, strict=True) if k],
        "text": [f"{v:.4g}" for v in surface.values[known]],
        "hovertemplate": "trial %{customdata}: %{text}<extra></extra>",
        "marker": {"color": "@paper", "size": 6, "line": {"color": "@ink", "width": 1}},
        "name": "trials",
    }  # fmt: skip
    pair = f"{one.across} and {one.down}"
    best = int(np.argmax(one.mean) if surface.direction == "maximize" else np.argmin(one.mean))
    row, column = best_at = divmod(best, one.mean.shape[1])
    where = f"{one.across} {one.x[column]} and {one.down} {one.y[row]}"
    layout: JsonObject = {
        "xaxis": axis(one.across, **_cells(one.x, one.numeric[0])),
        "yaxis": axis(one.down, **_cells(one.y, one.numeric[1])),
        "hovermode": "closest",
        "showlegend": False,
    }
    kinds = (
        ("contour", "expected", one.mean, f"best expected at {where}, {one.mean[best_at]:.4g}"),
        ("doubt", "width of the 80% interval", one.width,
         f"least certain up to {one.width.max():.3g}, most certain {one.width.min():.3g}"),
    )  # fmt: skip
    return [
        Chart(
            f"{kind}-{number}",
            f"{pair}: {what}",
            f"{surface.metric} over {pair}, all else as in trial {surface.best}: {told}.",
            [_field(one, shown, what), points],
            layout,
            height=320,
        )
        for kind, what, shown, told in kinds
    ]


def _field(one: Contour, shown: np.ndarray, what: str) -> JsonObject:
    smooth = all(one.numeric)
    trace: JsonObject = {
        "type": "contour" if smooth else "heatmap",
        "z": shown,
        "colorscale": SCALE,
        "colorbar": {"thickness": 12, "title": {"text": ""}},
        "hovertemplate": f"{what} %{{z:.4g}}<extra></extra>",
    }
    if smooth:
        trace["contours"] = {"coloring": "heatmap"}
        trace["line"] = {"width": 0.5, "color": "@faint"}
    return trace


def _cells(texts: Sequence[str], numeric: bool) -> JsonObject:
    chosen = list(range(len(texts)))
    if numeric:
        chosen = np.linspace(0, len(texts) - 1, TICKS).astype(int).tolist()
    return {"tickvals": chosen, "ticktext": [label(texts[k]) for k in chosen]}


def importance_chart(importance: Importance) -> Chart:
    """Return the importance of hyperparameters here beside that on past tasks."""
    names = [label(name) for name in importance.names]
    traces: list[JsonObject] = [
        {"type": "bar", "orientation": "h", "y": names, "x": importance.here, "name": "here",
         "marker": {"color": "@first"},
         "error_x": {"array": importance.spread, "color": "@muted", "thickness": 1}},
    ]  # fmt: skip
    columns, rows = (
        ["hyperparameter", "here", "±"],
        [
            [name, here, spread]
            for name, here, spread in zip(
                importance.names, importance.here, importance.spread, strict=True
            )
        ],
    )
    told = "there is no past to compare with"
    if len(importance.past):
        middle = np.median(importance.past, axis=0)
        traces.append(
            {"type": "bar", "orientation": "h", "y": names, "x": middle,
             "name": "past tasks (median)", "marker": {"color": "@second"},
             "error_x": {"array": importance.past.max(0) - middle,
                         "arrayminus": middle - importance.past.min(0), "symmetric": False,
                         "color": "@muted", "thickness": 1}}
        )  # fmt: skip
        columns = [*columns, "past (median)"]
        rows = [[*row, past] for row, past in zip(rows, middle, strict=True)]
        most = importance.names[int(np.argmax(middle))]
        told = f"on {len(importance.past)} past tasks {most} matters most"
    return Chart(
        "importance",
        "Share of the variance that each hyperparameter alone explains",
        f"Here {importance.names[0]} matters most ({importance.here[0]:.0%} of the variance, by "
        f"{importance.trials} trials); {told}.",
        traces,
        {
            "xaxis": axis("share of the variance", tickformat=".0%", rangemode="tozero"),
            "yaxis": axis("", autorange="reversed"),
            "barmode": "group",
            "legend": LEGEND,
        },
        columns,
        rows,
        height=120 + 34 * len(names),
    )

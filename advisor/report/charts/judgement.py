"""What a model says of rows it did not see, drawn as scikit-learn's displays draw it."""

import numpy as np

from advisor.report.charts.figure import LEGEND, SERIES, Chart, axis, label, level
from advisor.report.content.judgement import Judgement, OfClasses, OfNumbers, OfSeries
from knowledge_base.types import JsonObject

SHARES = [[0.0, "@paper"], [1.0, "@tint"]]
"""A scale on all of which a number can be read; Plotly's own numbers are pale in its middle."""


def judgement_charts(found: Judgement) -> list[Chart]:
    """Return the charts of a model's predictions of validation rows."""
    if isinstance(found, OfClasses):
        return [_confusion(found), *([_roc(found)] if found.rocs else [])]
    if isinstance(found, OfNumbers):
        return [_predicted(found), _residuals(found)]
    return [_forecast(found, place) for place in range(len(found.names))]


def _confusion(found: OfClasses) -> Chart:
    labels = [label(name) for name in found.labels]
    share = found.matrix / np.maximum(found.matrix.sum(1, keepdims=True), 1)
    right = int(np.trace(found.matrix))
    few = len(labels) <= 12
    return Chart(
        "confusion",
        "Confusion matrix",
        f"{right} of {int(found.matrix.sum())} validation rows are on the diagonal, which is "
        "right.",
        [
            {"type": "heatmap", "z": share, "x": labels, "y": labels, "zmin": 0, "zmax": 1,
             "colorscale": SHARES, "text": found.matrix,
             "texttemplate": "%{text}" if few else "", "textfont": {"color": "@ink"},
             "colorbar": {"thickness": 12, "tickformat": ".0%"},
             "hovertemplate": "%{y} taken for %{x}: %{text} rows, %{z:.0%}<extra></extra>"}
        ],
        {
            "xaxis": axis("predicted", type="category"),
            "yaxis": axis("true", type="category", autorange="reversed"),
        },
        ["true", *found.labels],
        [(name, *row) for name, row in zip(found.labels, found.matrix.tolist(), strict=True)],
        height=min(200 + 40 * len(labels), 640),
    )  # fmt: skip


def _roc(found: OfClasses) -> Chart:
    traces: list[JsonObject] = [
        {"type": "scatter", "mode": "lines", "x": roc.false, "y": roc.true,
         "name": f"{label(roc.label)} (area {roc.area:.3f})",
         "line": {"color": SERIES[place % len(SERIES)], "width": 2,
                  "dash": ("solid", "dash", "dot", "dashdot", "longdash")[place % 5]}}
        for place, roc in enumerate(found.rocs)
    ]  # fmt: skip
    areas = "; ".join(f"{roc.label} {roc.area:.3f}" for roc in found.rocs)
    return Chart(
        "roc",
        "ROC: each class against all others",
        f"Area under the curve: {areas}.",
        traces,
        {
            "xaxis": axis("false positive rate", range=[-0.02, 1.02]),
            "yaxis": axis("true positive rate", range=[-0.02, 1.02]),
            "shapes": [{"type": "line", "x0": 0, "y0": 0, "x1": 1, "y1": 1,
                        "line": {"color": "@muted", "dash": "dot"}}],
            "legend": LEGEND,
        },
        ["class", "area under the curve"],
        [(roc.label, roc.area) for roc in found.rocs],
        height=380,
    )  # fmt: skip


def _predicted(found: OfNumbers) -> Chart:
    both = np.concatenate([found.truth, found.prediction])
    ends = [float(both.min()), float(both.max())]
    shapes: list[JsonObject] = [
        {"type": "line", "x0": ends[0], "y0": ends[0], "x1": ends[1], "y1": ends[1],
         "line": {"color": "@muted", "dash": "dot"}}
    ]  # fmt: skip
    within = ""
    if found.half is not None:
        shapes += [
            {"type": "line", "x0": ends[0] + side * found.half, "y0": ends[0],
             "x1": ends[1] + side * found.half, "y1": ends[1],
             "line": {"color": "@first", "dash": "dash", "width": 1}}
            for side in (-1, 1)
        ]  # fmt: skip
        within = f" Dashed lines: the 80% interval, ±{found.half:.4g}."
    return Chart(
        "predicted",
        "Actual beside predicted",
        f"{len(found.truth)} of {found.rows} validation rows by what was predicted and what is."
        + within,
        [_rows(found.prediction, found.truth)],
        {"xaxis": axis("predicted"), "yaxis": axis("actual"), "shapes": shapes},
        height=380,
    )


def _residuals(found: OfNumbers) -> Chart:
    residuals = found.truth - found.prediction
    shapes = [level(0.0)]
    if found.half is not None:
        shapes += [level(side * found.half) for side in (-1, 1)]
    return Chart(
        "residuals",
        "Residuals",
        f"Actual less predicted: mean {residuals.mean():.4g}, standard deviation "
        f"{residuals.std():.4g}.",
        [_rows(found.prediction, residuals)],
        {"xaxis": axis("predicted"), "yaxis": axis("actual - predicted"), "shapes": shapes},
        height=380,
    )


def _rows(x: np.ndarray, y: np.ndarray) -> JsonObject:
    return {"type": "scatter", "mode": "markers", "x": x, "y": y,
            "marker": {"color": "@first", "size": 5, "opacity": 0.6},
            "hovertemplate": "%{x:.4g}, %{y:.4g}<extra></extra>"}  # fmt: skip


def _forecast(found: OfSeries, place: int) -> Chart:
    horizon = found.prediction.shape[1]
    before = found.before[place][np.isfinite(found.before[place])]
    past = np.arange(-len(before) + 1, 1)
    ahead = np.arange(1, horizon + 1)
    traces: list[JsonObject] = [
        {"type": "scatter", "mode": "lines", "name": "before", "x": past, "y": before,
         "line": {"color": "@muted"}},
        {"type": "scatter", "mode": "lines+markers", "name": "what came", "x": ahead,
         "y": found.truth[place], "line": {"color": "@ink", "dash": "dot"}},
        {"type": "scatter", "mode": "lines+markers", "name": "forecast", "x": ahead,
         "y": found.prediction[place], "line": {"color": "@first", "width": 2}},
    ]  # fmt: skip
    inside = ""
    if found.lower.size:
        low, high = found.lower[place], found.upper[place]
        traces.insert(
            0,
            {"type": "scatter", "mode": "lines", "name": "80% interval",
             "x": [*ahead, *ahead[::-1]], "y": [*high, *low[::-1]], "fill": "toself",
             "fillcolor": "@haze", "line": {"width": 0}, "hoverinfo": "skip"},
        )  # fmt: skip
        hit = int(((found.truth[place] >= low) & (found.truth[place] <= high)).sum())
        inside = f" {hit} of {horizon} points that came lie within the 80% interval."
    name = found.names[place]
    rows = zip(ahead.tolist(), found.truth[place], found.prediction[place], strict=True)
    return Chart(
        f"forecast-{place}",
        f"Forecast of {name}" if name else "Forecast",
        f"The last of {found.rows} validation forecasts, {horizon} steps ahead.{inside}",
        traces,
        {
            "xaxis": axis("steps from the forecast"),
            "yaxis": axis("value"),
            "legend": LEGEND,
        },
        ["step", "what came", "forecast"],
        list(rows),
    )

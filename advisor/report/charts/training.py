"""How trials learned: curves, expected ends, and what went wrong."""

from collections.abc import Sequence

from advisor.report.charts.figure import LEGEND, Chart, axis, counting_axis, label
from advisor.report.content.curves import Curves, LearningCurve
from advisor.report.content.diagnoses import Diagnosed, Diagnoses
from knowledge_base.types import JsonObject

MOST_LISTED = 60
"""Stopped trials that the table of a chart lists."""


def curves_chart(curves: Curves) -> Chart:
    """Return all learning curves, with the ends that were expected of those that stopped."""
    stopped = [one for one in curves.curves if one.stopped]
    others = [one for one in curves.curves if not one.stopped and one.number != curves.best]
    best = [one for one in curves.curves if one.number == curves.best]
    ends = [one for one in stopped if one.end is not None]
    traces = [
        _lines("trials", others, "@muted", 1, 0.45),
        _lines("stopped early", stopped, "@second", 1),
        _lines("best trial", best, "@first", 2.5),
    ]
    if stopped:
        traces.append(
            {"type": "scatter", "mode": "markers", "name": "where they stopped",
             "x": [one.epochs[-1] for one in stopped], "y": [one.values[-1] for one in stopped],
             "customdata": [one.number for one in stopped],
             "marker": {"symbol": "square", "color": "@second", "size": 6},
             "text": [f"trial {one.number}: {label(one.stopped[:160])}" for one in stopped],
             "hovertemplate": "%{text}<extra></extra>"}
        )  # fmt: skip
    if ends:
        traces += _ends(ends)
    traces = [trace for trace in traces if trace["x"]]
    counted = f"{len(curves.curves)} learning curves, {len(stopped)} of trials that ended early"
    return Chart(
        "curves",
        f"{curves.shown} by epoch",
        f"{counted}; {len(ends)} of these have an expected end.",
        traces,
        {
            "xaxis": counting_axis("epoch", traces, rangemode="tozero"),
            "yaxis": axis(f"{curves.shown} ({curves.direction})"),
            "legend": LEGEND,
            "hovermode": "closest",
        },
        ["trial", "stopped after", curves.shown, "expected end", "10%", "90%", "why"],
        [_row(one) for one in stopped[-MOST_LISTED:]],
        height=420,
    )


def _row(one: LearningCurve) -> Sequence[object]:
    end = one.end
    expected = (None, None, None) if end is None else (end.middle, end.low, end.high)
    return (one.number, one.epochs[-1], one.values[-1], *expected, one.stopped)


def _lines(
    name: str, curves: Sequence[LearningCurve], colour: str, width: float, opacity: float = 1.0
) -> JsonObject:
    """Return many curves as one trace with gaps, which browsers draw much faster."""
    x: list[int | None] = []
    y: list[float | None] = []
    texts: list[str] = []
    for one in curves:
        x += [*one.epochs, None]
        y += [*one.values, None]
        texts += [f"trial {one.number}"] * (len(one.epochs) + 1)
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "text": texts,
        "line": {"color": colour, "width": width}, "connectgaps": False, "opacity": opacity,
        "hovertemplate": "%{text}, epoch %{x}: %{y:.4g}<extra></extra>",
    }  # fmt: skip


def _ends(stopped: Sequence[LearningCurve]) -> list[JsonObject]:
    x: list[int | None] = []
    y: list[float | None] = []
    for one in stopped:
        assert one.end is not None
        x += [one.epochs[-1], one.end.epoch, None]
        y += [one.values[-1], one.end.middle, None]
    ends = [(one.number, one.end) for one in stopped if one.end is not None]
    return [
        {"type": "scatter", "mode": "lines", "name": "expected way", "x": x, "y": y,
         "line": {"color": "@fourth", "dash": "dot", "width": 1}, "hoverinfo": "skip"},
        {"type": "scatter", "mode": "markers", "name": "expected end (80%)",
         "x": [end.epoch for _, end in ends], "y": [end.middle for _, end in ends],
         "customdata": [number for number, _ in ends],
         "error_y": {"array": [end.high - end.middle for _, end in ends],
                     "arrayminus": [end.middle - end.low for _, end in ends],
                     "symmetric": False, "color": "@fourth", "thickness": 1},
         "marker": {"symbol": "diamond-open", "color": "@fourth", "size": 8},
         "hovertemplate": "trial %{customdata} was expected to end at %{y:.4g}<extra></extra>"},
    ]  # fmt: skip


def diagnosis_charts(diagnoses: Diagnoses) -> list[Chart]:
    """Return the curves of some trials with marks where something went wrong."""
    return [_diagnosed(one) for one in diagnoses.drawn]


def _diagnosed(one: Diagnosed) -> Chart:
    losses = [("training loss", one.train, "@second", "dash"),
              ("validation loss", one.valid, "@first", "solid")]  # fmt: skip
    traces: list[JsonObject] = [
        {"type": "scatter", "mode": "lines", "name": name, "x": list(one.epochs), "y": list(y),
         "line": {"color": colour, "dash": dash, "width": 2}}
        for name, y, colour, dash in losses
        if any(value is not None for value in y)
    ]  # fmt: skip
    shown = [value if value is not None else train
             for value, train in zip(one.valid, one.train, strict=True)]  # fmt: skip
    for place, finding in enumerate(one.findings):
        marked = [(epoch, shown[one.epochs.index(epoch)]) for epoch in one.places[place]]
        traces.append(
            {"type": "scatter", "mode": "markers", "name": label(finding.title),
             "x": [epoch for epoch, _ in marked], "y": [value for _, value in marked],
             "marker": {"symbol": _SYMBOLS[place % len(_SYMBOLS)], "size": 11, "color": "@ink",
                        "line": {"color": "@paper", "width": 1}},
             "text": [label(finding.title)] * len(marked),
             "hovertemplate": "%{text}, epoch %{x}<extra></extra>"}
        )  # fmt: skip
    titles = ", ".join(finding.title for finding in one.findings)
    return Chart(
        f"diagnosis-{one.number}",
        f"Trial {one.number}: {titles}",
        " ".join(f"{f.title}: {f.evidence}" for f in one.findings),
        traces,
        {
            "xaxis": counting_axis("epoch", traces),
            "yaxis": axis("loss"),
            "legend": LEGEND,
            "hovermode": "closest",
        },
        height=340,
    )


_SYMBOLS = ("star", "triangle-up", "cross", "hexagon", "bowtie")

"""The history of a study by trial and by seconds, with what the past expected."""

from collections.abc import Sequence

from advisor.report.charts.figure import LEGEND, Chart, axis, counting_axis, label, level
from advisor.report.content.history import History, Step
from knowledge_base.types import JsonObject


def history_charts(history: History) -> list[Chart]:
    """Return the history by trial, by seconds where they are known, and beside the past."""
    found = [_history(history, "history-by-trial", False)]
    if history.timed:
        found.append(_history(history, "history-by-seconds", True))
    if history.informed:
        found.append(_expectation(history))
    return found


def _history(history: History, name: str, by_seconds: bool) -> Chart:
    steps = [s for s in history.steps if not by_seconds or s.seconds is not None]
    by = "seconds of the search" if by_seconds else "trial"

    def place(step: Step) -> float:
        return step.seconds or 0.0 if by_seconds else step.number

    valued = [s for s in steps if s.value is not None]
    plain = [s for s in valued if not s.warm]
    warm = [s for s in valued if s.warm]
    lost = [s for s in steps if s.value is None]
    line = [s for s in steps if s.best is not None]
    traces: list[JsonObject] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "best so far",
            "x": [place(s) for s in line],
            "y": [s.best for s in line],
            "line": {"shape": "hv", "color": "@first", "width": 2},
            "hoverinfo": "skip",
        },
        _points("trial", plain, [place(s) for s in plain], "circle", "@muted"),
        _points("trial from the past", warm, [place(s) for s in warm], "diamond", "@second"),
    ]
    traces = [trace for trace in traces if trace["x"]]
    shapes: list[JsonObject] = []
    notes: list[JsonObject] = []
    if history.default is not None:
        shapes.append(level(history.default))
        notes.append({"xref": "paper", "x": 1, "y": history.default, "text": "library default",
                      "showarrow": False, "xanchor": "right", "yanchor": "bottom",
                      "font": {"color": "@muted", "size": 11}})  # fmt: skip
    if lost:
        traces.append(_rug(lost, [place(s) for s in lost]))
    best = next((s for s in reversed(steps) if s.best is not None), None)
    reached = "no trial has a value" if best is None else f"the best value is {best.best:.4g}"
    return Chart(
        name,
        f"{history.metric} by {by}",
        f"{len(steps)} trials by {by}: {reached}; {len(warm)} of them were proposed by past tasks, "
        f"{len(lost)} have no value that counts.",
        traces,
        {
            "xaxis": axis(by) if by_seconds else counting_axis(by, traces),
            "yaxis": axis(f"validation {history.metric} ({history.direction})"),
            "yaxis2": {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
            "legend": LEGEND,
            "shapes": shapes,
            "annotations": notes,
            "hovermode": "closest",
        },
        table="trials",
    )


def _points(
    name: str, steps: Sequence[Step], places: Sequence[float], symbol: str, colour: str
) -> JsonObject:
    trace: JsonObject = {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": list(places),
        "y": [s.value for s in steps],
        "marker": {"symbol": symbol, "color": colour, "size": 7},
        "customdata": [s.number for s in steps],
        "text": [_told(s) for s in steps],
        "hovertemplate": "%{text}<extra></extra>",
    }
    errors = [s.error for s in steps]
    if any(error for error in errors):
        trace["error_y"] = {
            "array": [error or 0.0 for error in errors], "color": "@faint", "thickness": 1,
            "width": 0,
        }  # fmt: skip
    return trace


def _rug(steps: Sequence[Step], places: Sequence[float]) -> JsonObject:
    """Return marks along the foot for trials without a value."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "no value that counts",
        "x": list(places),
        "y": [0.02] * len(steps),
        "yaxis": "y2",
        "marker": {"symbol": "x", "color": "@fourth", "size": 8},
        "customdata": [s.number for s in steps],
        "text": [f"trial {s.number}: {label(s.state)}<br>{label(s.note[:120])}" for s in steps],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _told(step: Step) -> str:
    error = "" if step.error is None else f" ± {step.error:.2g}"
    lines = [f"trial {step.number}: {step.value:.5g}{error}"]
    if step.warm:
        lines.append("proposed by past tasks")
    if step.taken:
        lines.append("taken from the store")
    if step.expected is not None:
        lines.append(f"the past expected it to beat {step.expected:.0%}")
    lines += [
        label(f"{name} = {value:.4g}" if isinstance(value, float) else f"{name} = {value}")
        for name, value in sorted(step.config.items())
    ]
    return "<br>".join(lines)


def _expectation(history: History) -> Chart:
    steps = [s for s in history.steps if s.expected is not None and s.reached is not None]
    pairs = [(s.expected or 0.0, s.reached or 0.0) for s in steps]
    ahead = sum(reached > expected for expected, reached in pairs)
    kinds = (
        (False, "trial", "circle", "@muted"),
        (True, "trial from the past", "diamond", "@second"),
    )
    traces: list[JsonObject] = []
    for warm, name, symbol, colour in kinds:
        chosen = [s for s in steps if s.warm == warm]
        if chosen:
            trace = _points(name, chosen, [s.expected or 0.0 for s in chosen], symbol, colour)
            traces.append({**trace, "y": [s.reached for s in chosen], "error_y": {}})
    return Chart(
        "expectation",
        "What the past expected, and what came of it",
        "Each trial by the share of random configurations that past tasks expected it to beat, "
        "and the share of the other trials of this study that it did beat; "
        f"{ahead} of {len(steps)} lie above the diagonal.",
        traces,
        {
            "xaxis": axis("expected to beat (share of random configurations)", range=[-0.03, 1.03],
                          tickformat=".0%"),
            "yaxis": axis("did beat (share of this study's trials)", range=[-0.03, 1.03],
                          tickformat=".0%"),
            "shapes": [{"type": "line", "x0": 0, "y0": 0, "x1": 1, "y1": 1,
                        "line": {"color": "@muted", "dash": "dot"}}],
            "legend": LEGEND,
        },
        table="trials",
    )  # fmt: skip

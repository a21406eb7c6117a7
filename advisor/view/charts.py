"""Small charts as plain numbers: a template draws them as SVG, without a script."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_base.records import TrialRecord
from knowledge_base.states import Direction

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 12, 34
"""Units of the drawing, and of its margins."""

TICKS = 4

MAX_POINTS = 1000
"""Points of a history beyond which only some are drawn: more cannot be told apart."""


@dataclass(frozen=True)
class Series:
    """One line or cloud of points.

    Attributes:
        label: what it is.
        points: places in data, x and y.
        kind: "line", "steps" or "points".
    """

    label: str
    points: Sequence[tuple[float, float]]
    kind: str


@dataclass(frozen=True)
class Drawn:
    """A series in units of the drawing."""

    label: str
    kind: str
    path: str
    dots: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Chart:
    """A chart in units of the drawing.

    Attributes:
        title: what it shows, in a sentence.
        x_label, y_label: of its axes.
        series: drawn in this order; the n-th has the n-th colour and form.
        x_ticks, y_ticks: place and text.
    """

    title: str
    x_label: str
    y_label: str
    series: Sequence[Drawn]
    x_ticks: Sequence[tuple[float, str]]
    y_ticks: Sequence[tuple[float, str]]


def chart(title: str, x_label: str, y_label: str, series: Sequence[Series]) -> Chart | None:
    """Return a chart over whole numbers, None where there is no point to show."""
    given = [
        Series(s.label, [p for p in s.points if all(map(math.isfinite, p))], s.kind) for s in series
    ]
    places = [point for each in given for point in each.points]
    if not places:
        return None
    x_range = _range([x for x, _ in places])
    y_range = _range(_typical([y for _, y in places]))

    def at(point: tuple[float, float]) -> tuple[float, float]:
        x = LEFT + (point[0] - x_range[0]) / (x_range[1] - x_range[0]) * (WIDTH - LEFT - RIGHT)
        share = (point[1] - y_range[0]) / (y_range[1] - y_range[0])
        y = HEIGHT - BOTTOM - min(max(share, 0.0), 1.0) * (HEIGHT - TOP - BOTTOM)
        return round(x, 1), round(y, 1)

    drawn = [_drawn(each, [at(point) for point in each.points]) for each in given if each.points]
    return Chart(
        title,
        x_label,
        y_label,
        drawn,
        [(at((x, y_range[0]))[0], f"{x:.4g}") for x in _ticks(*x_range, least=1.0)],
        [(at((x_range[0], y))[1], f"{y:.4g}") for y in _ticks(*y_range)],
    )


def history(trials: Sequence[TrialRecord], direction: str, label: str = "") -> list[Series]:
    """Return the values of trials by their numbers, and the best so far.

    Of very many trials every n-th is drawn, as the label says, and the best so far of all.
    """
    sign = 1.0 if direction == Direction.MAXIMIZE else -1.0
    values, best = list[tuple[float, float]](), list[tuple[float, float]]()
    for trial in trials:
        if trial.counts and trial.value is not None:
            values.append((trial.number, trial.value))
            if not best or sign * trial.value > sign * best[-1][1]:
                best.append((trial.number, trial.value))
    if best:
        best.append((max(trial.number for trial in trials), best[-1][1]))
    every = -(-len(values) // MAX_POINTS)
    around = f"{label}: " if label else ""
    some = f" (one of {every})" if every > 1 else ""
    return [
        Series(f"{around}trials{some}", values[:: max(every, 1)], "points"),
        Series(f"{around}best so far", best, "steps"),
    ]


def _drawn(series: Series, points: Sequence[tuple[float, float]]) -> Drawn:
    if series.kind == "points":
        return Drawn(series.label, series.kind, "", points)
    parts = [f"M{points[0][0]} {points[0][1]}"]
    for x, y in points[1:]:
        parts.append(f"H{x}V{y}" if series.kind == "steps" else f"L{x} {y}")
    return Drawn(series.label, series.kind, "".join(parts), ())


def _typical(values: Sequence[float]) -> list[float]:
    """Return values without those that would press all others together; they lie on the edge."""
    ordered = sorted(values)
    quarter = len(ordered) // 4
    low, high = ordered[quarter], ordered[-1 - quarter]
    reach = 6 * (high - low)
    inner = [v for v in ordered if low - reach <= v <= high + reach]
    return inner if high > low else ordered


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low < high:
        return low, high
    return low - 0.5, high + 0.5


def _ticks(low: float, high: float, least: float = 0.0) -> list[float]:
    """Return round numbers within bounds, at least some way apart."""
    rough = max((high - low) / TICKS, least)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]

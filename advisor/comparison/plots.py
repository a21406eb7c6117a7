"""Plots of searches: best value so far against trials, as text and as files.

Plots as text are plain ASCII, so that they survive any terminal, pipe and e-mail.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, isclose
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge_base.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Curve = Sequence[float | None]

SUFFIXES = (".svg", ".png", ".pdf")
HEIGHT = 15
LABELS = 13
"""Columns that the vertical axis takes."""

SCALES = (10, 5, 2, 1)
"""Columns per trial, so that a mark every ten columns belongs to a whole trial."""

FIRST_SHARE = 4
"""The first quarter of the trials does not decide the range of values: one bad first trial
would press all that follows onto one line."""

MARKERS = "osv^Dx+P*<>"


def text_plot(curves: Mapping[str, Curve], direction: str, label: str, width: int) -> str:
    """Return a plot of curves as ASCII text with a legend; every curve has its own letter.

    Curves that run level take turns with their letters.

    Args:
        curves: best value after each trial, by name; None where there is none yet.
        direction: "minimize" or "maximize".
        label: what the values are.
        width: columns to use at most, as far as the trials can be told apart.
    """
    import plotille

    length = max((len(curve) for curve in curves.values()), default=0)
    if not any(value is not None for curve in curves.values() for value in curve):
        return "Nothing to plot: no trial completed."
    low, high = value_range(curves, direction)
    columns, per_column = _columns(length, max(width - LABELS - len("-> (trials)") - 1, 10))
    figure = plotille.Figure()
    figure.width, figure.height = columns, HEIGHT
    figure.with_colors = figure.origin = False
    figure.x_label = "trials"
    figure.set_x_limits(0, columns)
    figure.set_y_limits(0, HEIGHT)
    figure.x_ticks_fkt = lambda column, _: f"{round(column * per_column)}"
    figure.y_ticks_fkt = lambda row, _: _tick(row, low, high)
    letters = _letters(curves)
    for (column, row), names in _cells(curves, low, high, per_column).items():
        marker = letters[names[round(column * per_column) % len(names)]]
        figure.plot([column + 0.5], [row + 0.5], interp=None, marker=marker)
    lines = [line.rstrip() for line in figure.show().replace("\u2800", " ").splitlines()]
    legend = [f"{letter} {name}" for name, letter in letters.items()]
    legend.append("(in turns where level)")
    # The first lines are an axis label and the upper edge, which nothing reaches.
    return "\n".join([f"Best {label} so far", *lines[2:], _wrapped(legend, width)])


def check_plot_file(path: Path) -> None:
    """Refuse a plot that could not be written, before the work that it is to show.

    Raises:
        UserError: not a kind of file that plots are written as, no such folder, or
            matplotlib is not installed.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"The plot {path}: plots are written as {', '.join(SUFFIXES)}.")
    if not path.absolute().parent.is_dir():
        raise UserError(f"The plot {path}: the folder {path.absolute().parent} does not exist.")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UserError(
            "`plot` needs matplotlib: pip install 'advisor-automl[plots]'. Without `plot` the plot "
            "is printed as text."
        ) from None


def save_plot(
    path: Path,
    curves: Mapping[str, Curve],
    direction: str,
    label: str,
    errors: Mapping[str, Curve] | None = None,
    title: str = "",
) -> None:
    """Write a plot of curves; the kind of file is that of its suffix.

    Args:
        path: of the file.
        curves, direction, label: as for `text_plot`.
        errors: standard errors of the curves, drawn as bands.
        title: above the plot.

    Raises:
        UserError: as for `check_plot_file`, or the file cannot be written.
    """
    check_plot_file(path)
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for number, (name, curve) in enumerate(curves.items()):
        _draw(axes, name, curve, (errors or {}).get(name), MARKERS[number % len(MARKERS)])
    low, high = value_range(curves, direction)
    margin = 0.04 * (high - low)
    axes.set_ylim(low - margin, high + margin)
    axes.set(xlabel="trials", ylabel=f"best {label} so far", title=title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    try:
        figure.savefig(path)
    except OSError as error:
        raise UserError(f"The plot {path} cannot be written: {error}.") from error


def value_range(curves: Mapping[str, Curve], direction: str) -> tuple[float, float]:
    """Return the range of values to show: all but what is overcome in the first trials.

    Args:
        curves: with at least one value.
        direction: "minimize" or "maximize".
    """
    length = max(len(curve) for curve in curves.values())
    later = [v for c in curves.values() for v in c[ceil(length / FIRST_SHARE) - 1 :]]
    known = [value for value in later if value is not None]
    known = known or [v for c in curves.values() for v in c if v is not None]
    low, high = min(known), max(known)
    if isclose(low, high):
        pad = 0.05 * abs(low) or 0.05
        low, high = (low - pad, high) if direction == "maximize" else (low, high + pad)
    return low, high


def _draw(axes: "Axes", name: str, curve: Curve, error: Curve | None, marker: str) -> None:
    trials = range(1, len(curve) + 1)
    values = [float("nan") if value is None else value for value in curve]
    (line,) = axes.step(trials, values, where="post", marker=marker, markersize=4, label=name)
    if error is not None:
        sizes = [0.0 if size is None else size for size in error]
        below = [value - size for value, size in zip(values, sizes, strict=True)]
        above = [value + size for value, size in zip(values, sizes, strict=True)]
        axes.fill_between(trials, below, above, step="post", alpha=0.15, color=line.get_color())


def _columns(length: int, available: int) -> tuple[int, float]:
    """Return how many columns a plot takes, and how many trials a column stands for."""
    for scale in SCALES:
        if length * scale + 1 <= available:
            return length * scale + 1, 1 / scale
    per_column = ceil(length / (available - 1))
    return length // per_column + 1, float(per_column)


def _cells(
    curves: Mapping[str, Curve], low: float, high: float, per_column: float
) -> dict[tuple[int, int], list[str]]:
    """Return which curves pass through which column and row; values out of range do not."""
    cells: dict[tuple[int, int], list[str]] = {}
    for name, curve in curves.items():
        for trial, value in enumerate(curve, start=1):
            if value is None or not low <= value <= high:
                continue
            row = round((value - low) / (high - low) * (HEIGHT - 1))
            names = cells.setdefault((int(trial / per_column), row), [])
            if name not in names:
                names.append(name)
    return cells


def _tick(row: float, low: float, high: float) -> str:
    """Return the value of every other row."""
    number = round(row)
    return f"{low + (high - low) * number / (HEIGHT - 1):.4g}" if number % 2 == 0 else ""


def _letters(names: Iterable[str]) -> dict[str, str]:
    """Return one letter per name, out of the name where one is left; capital for "+warm"."""
    letters: dict[str, str] = {}
    for name in names:
        own = name.upper() if name.endswith("+warm") else name
        candidates = (c for c in own + "0123456789#@%&" if c.isalnum() or c in "#@%&")
        letters[name] = next(c for c in candidates if c not in letters.values())
    return letters


def _wrapped(parts: Sequence[str], width: int) -> str:
    lines = [""]
    for part in parts:
        joined = f"{lines[-1]}   {part}" if lines[-1] else part
        if len(joined) <= width or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(part)
    return "\n".join(lines)

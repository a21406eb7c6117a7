"""Do new points lie within the intervals of a forecast as often as their level says?

    scripts/fetch_data.sh
    python -m scripts.benchmarks.intervals

Each series is cut: a search of one trial, the library default, knows the first four fifths, and
its model forecasts from many points of the last fifth, each with everything before it.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np
import pandas as pd

from advisor import Advisor, KnowledgeBase
from advisor.data import SeriesDataset
from scripts.benchmarks import report
from scripts.seed.series import SERIES

KNOWN, ORIGINS, LEAST = 0.8, 40, 100
"""Share of the points that a search knows, forecasts of the others, and points of a series."""

LEVELS = (0.5, 0.8, 0.95)
STEPS = {12: "MS", 4: "QS", 52: "W", 7: "D", 5: "B"}
"""Points per season to the distance between points, as pandas has it."""

NAMES = (
    "AirPassengers", "nottem", "UKgas", "UKDriverDeaths", "sunspot.year", "lynx", "a10", "ausbeer",
    "elecequip", "debitcards", "usmelec", "auscafe", "gas", "wineind", "manaus", "psavert",
)  # fmt: skip

Row = tuple[str, int, int, int, list[float]]
"""Name, points, horizon, points that were compared, and the share within for each level."""

INTRODUCTION = """
A search of one trial, the library default of `forecaster`, knows the first four fifths of a series.
Its model forecasts from up to {origins} points of the last fifth, with everything before each, and
`predict_interval` says between which numbers the next points lie. Shares of the points, of all
steps of all forecasts, that did. Intervals are made of the errors on validation rows of {folds}
({note}); one season or six steps are forecast."""


def synthetic() -> Iterator[tuple[str, np.ndarray, int]]:
    """Yield series that stay what they are: names, points and points per season."""
    drawn = np.random.default_rng(0)
    for name, weights, period in (("AR(1)", (0.8,), 1), ("AR(2)", (1.2, -0.5), 1)):
        values = list(drawn.normal(size=len(weights)))
        while len(values) < 600:
            past = sum(w * v for w, v in zip(weights, reversed(values), strict=False))
            values.append(past + drawn.normal())
        yield name, np.array(values), period
    wave = 3 * np.sin(np.arange(600) * np.pi / 6)
    yield "season and noise", wave + drawn.normal(size=600), 12
    yield "season, trend and noise", wave + np.arange(600) / 60 + drawn.normal(size=600), 12


def real(names: Sequence[str] = NAMES) -> Iterator[tuple[str, np.ndarray, int]]:
    """Yield series that ship trials: names, points and points per season."""
    for entry in SERIES:
        if entry.name in names:
            data = entry.load()
            assert isinstance(data, SeriesDataset)
            if len(data.values) == 1 and len(data.values[0]) >= LEAST:
                yield entry.name, data.values[0], data.period


def frame(values: np.ndarray, period: int) -> pd.DataFrame:
    """Return points with times of the right distance."""
    if period in STEPS:
        times = pd.date_range("1900-01-01", periods=len(values), freq=STEPS[period])
        return pd.DataFrame({"time": times.strftime("%Y-%m-%d"), "y": values})
    return pd.DataFrame({"time": np.arange(len(values)), "y": values})


def measure(name: str, values: np.ndarray, period: int, folds: int | None, root: Path) -> Row:
    """Return which shares of the points that the search did not know lie within."""
    known = int(KNOWN * len(values))
    search = Advisor(KnowledgeBase(root / "kb.duckdb")).tune(
        frame(values[:known], period), "y", time="time", trials=1, n_warm=0, folds=folds,
        contribute=False, root=root,
    )  # fmt: skip
    model, hits = search.model, [list[np.ndarray]() for _ in LEVELS]
    assert model.intervals is not None
    horizon = model.intervals.widths.shape[1]
    last = len(values) - horizon
    for origin in np.unique(np.linspace(known, last, ORIGINS).astype(int)):
        rows = model.read(frame(values[:origin], period))
        prediction = model.raw(rows)
        truth = values[None, origin : origin + horizon]
        for place, level in enumerate(LEVELS):
            lower, upper = model.interval(rows, prediction, level)
            hits[place].append((lower <= truth) & (truth <= upper))
    shares = [float(np.mean(found)) for found in hits]
    return name, len(values), horizon, len(hits[0]) * horizon, shares


def page(rows: Sequence[Row], folds: int | None) -> str:
    """Return the page."""
    columns = ("series", "points", "steps", "compared", *(f"within {level:g}" for level in LEVELS))
    lines = [
        (name, str(points), str(steps), str(compared), *(f"{share:.0%}" for share in shares))
        for name, points, steps, compared, shares in rows
    ]
    means = np.mean([shares for *_, shares in rows], axis=0)
    medians = np.median([shares for *_, shares in rows], axis=0)
    for what, found in (("mean", means), ("median", medians)):
        lines.append((what, "", "", "", *(f"{share:.0%}" for share in found)))
    number = "the one fold that is the default" if folds is None else f"{folds} folds"
    told = INTRODUCTION.format(origins=ORIGINS, folds=number, note="rolling origins")
    parts = [told, report.measured_on("torch"), report.table(columns, lines, "l" + "r" * 6)]
    options = "" if folds is None else f" --folds {folds}"
    return report.page("Intervals of forecasts", "intervals", parts, options)


@click.command()
@click.option("--folds", type=click.IntRange(min=1), help="Folds of the search; default its own.")
@click.option("--synthetic-only", is_flag=True, help="Leave out the series of packages.")
@report.write_option
def main(folds: int | None, synthetic_only: bool, write: bool) -> None:
    """Measure every series, and write the page."""
    rows = []
    for name, values, period in [*synthetic(), *(() if synthetic_only else real())]:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(name, values, period, folds, Path(folder)))
        click.echo(f"{rows[-1]}", err=True)
    report.publish("intervals", page(rows, folds), write and not synthetic_only)


if __name__ == "__main__":
    main()

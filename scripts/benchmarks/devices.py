"""What a graphics card saves, and from which size of network on.

    python -m scripts.benchmarks.devices

Trainings of the same configurations on made data, on the processor and on the card, in turn in
one run: seconds per epoch. Where a search trains folds as one, the stack is measured, too. Then
whole searches of the same configurations.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click
import numpy as np
import pandas as pd
import torch
from PIL import Image

from advisor import Advisor, KnowledgeBase
from advisor.data import Dataset, PreparedData, load_dataset, max_folds, prepare
from advisor.metrics import default_metric
from advisor.models import BuiltInFamily, get_family
from advisor.training.devices import described
from advisor.training.race import usual_folds
from advisor.training.terms import Terms
from advisor.training.together import groups_of, train_group
from knowledge_base.types import Config
from scripts.benchmarks import report

INTRODUCTION = """
Seconds per epoch of the same configuration on the processor ({cores} cores, as many threads as
Advisor takes of itself) and on {card}, on made data, in turn in one run; medians of {rounds}.
"Products" are parameters times rows of a batch, of the networks that are trained as one. An epoch
counts its evaluation and metrics. The ratio is the card's seconds to the processor's: below 1 the
card is quicker. "bf16" is `--precision bf16`. "Alone" is the card with one network after another
where it trains the folds as one.
"""

SEARCHES = """
Each search tries the same {trials} random configurations, of at most {epochs} epochs, and makes
its model; seconds from the data in memory to the model that is saved, once each.
"""

COLUMNS = (
    "family", "rows", "what", "networks", "products", "processor, s", "card, s", "ratio",
    "bf16, s", "alone, s",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One configuration on one data set.

    Attributes:
        data: name of the data set, among `MAKERS`.
        rows: how many.
        family: model family.
        what: the configuration's hyperparameters that are not the library's defaults.
        epochs: to train.
    """

    data: str
    rows: int
    family: str
    what: Config
    epochs: int = 3


def table(rows: int, folder: Path) -> Dataset:
    """Return a table of 20 columns and two classes."""
    from sklearn.datasets import make_classification

    x, y = make_classification(rows, 20, n_informative=8, flip_y=0.1, random_state=0)
    frame = pd.DataFrame(x, columns=[f"c{place}" for place in range(x.shape[1])])
    return load_dataset(frame.assign(label=[f"class {value}" for value in y]), "label")


def images(rows: int, folder: Path) -> Dataset:
    """Return coloured images of 32 x 32 pixels and ten classes: bright spots in ten places."""
    rng, place = np.random.default_rng(0), folder / f"images-{rows}"
    for label in range(10):
        (place / str(label)).mkdir(parents=True)
    for number in range(rows):
        pixels = rng.integers(0, 160, (32, 32, 3), dtype=np.uint8)
        row, column = 4 + 12 * (number % 10 // 5), 2 + 6 * (number % 5)
        pixels[row : row + 6, column : column + 4] += 90
        Image.fromarray(pixels).save(place / str(number % 10) / f"{number}.png")
    return load_dataset(place)


def texts(rows: int, folder: Path) -> Dataset:
    """Return texts of 20 to 60 words of which some say the class."""
    rng = np.random.default_rng(0)
    words = np.array([f"word{place}" for place in range(2000)])
    said = [
        " ".join([*rng.choice(words, rng.integers(20, 60)), f"says{number % 4}"])
        for number in range(rows)
    ]
    frame = pd.DataFrame({"text": said, "label": [f"class {n % 4}" for n in range(rows)]})
    return load_dataset(frame, "label", text="text")


def series(rows: int, folder: Path) -> Dataset:
    """Return daily values of 20 series with a season of a week."""
    rng, each = np.random.default_rng(0), rows // 20
    days = pd.date_range("2015-01-01", periods=each, freq="D")
    frames = []
    for number in range(20):
        season = np.sin(2 * np.pi * np.arange(each) / 7 + number)
        values = 10 + season + rng.normal(0, 0.3, each).cumsum() * 0.1
        frames.append(pd.DataFrame({"day": days, "name": f"s{number}", "value": values}))
    frame = pd.concat(frames)
    return load_dataset(frame, "value", time="day", series="name", horizon=14)


MAKERS: Mapping[str, Callable[[int, Path], Dataset]] = {
    "table": table, "images": images, "texts": texts, "series": series,
}  # fmt: skip

SMALL = [(64, 32), (64, 256), (256, 64), (256, 512), (512, 256)]
LARGE = [(64, 256), (256, 256), (256, 1024), (512, 1024), (1024, 4096)]
CASES = [
    *(Case("table", 1600, "mlp", {"units": u, "batch_size": b}, 10) for u, b in SMALL),
    *(Case("table", 8000, "mlp", {"units": u, "batch_size": b}, 3) for u, b in SMALL),
    *(Case("table", 100_000, "mlp", {"units": u, "batch_size": b}, 1) for u, b in LARGE),
    *(Case("images", n, "cnn", {"batch_size": b}, 2) for n, b in [(1000, 32), (10_000, 128)]),
    *(Case("texts", n, "rnn", {"batch_size": b}, 2) for n, b in [(1000, 32), (10_000, 128)]),
    *(Case("series", n, "forecaster", {"batch_size": b}, 2)
      for n, b in [(4000, 32), (40_000, 256)]),
]  # fmt: skip
TRIALS, EPOCHS = 4, 10
"""Trials of a whole search, and epochs of each at most."""

SEARCHED = [("table", 1600), ("images", 1000)]
QUICK = [Case("table", 400, "mlp", {"units": 16, "batch_size": 32}, 2)]


@dataclass(frozen=True)
class Setup:
    """A case with its data and its whole configuration."""

    case: Case
    family: BuiltInFamily
    config: Config
    folds: Sequence[PreparedData]

    def seconds(self, device: str, precision: str | None = None, alone: bool = False) -> float:
        """Return seconds per epoch of all folds together.

        Args:
            device, precision: where and how.
            alone: whether the folds are trained one after another, whatever their shape.
        """
        epochs = self.case.epochs
        metric = default_metric(self.folds[0].kind).name
        terms = Terms(metric, epochs, epochs, device, precision=precision)
        configs = [self.config] * len(self.folds)
        groups = groups_of(self.family, configs, self.folds, device)
        if alone:
            groups = [[place] for place in range(len(configs))]
        began = time.perf_counter()
        for group in groups:
            done = dict(train_group(self.family, configs, self.folds, group, 0, terms))
            assert all(outcome.epochs == epochs for outcome in done.values()), done
        return (time.perf_counter() - began) / epochs

    @property
    def products(self) -> int:
        """Parameters times rows of a batch, of all networks of a stack."""
        config = self.family.complete(self.config, self.folds[0])
        data = self.family.adapt(config, self.folds[0])
        network = self.family.build(config, data)
        size = sum(parameter.numel() for parameter in network.parameters())
        return size * min(config["batch_size"], len(data.x_train)) * len(self.folds)


def set_up(case: Case, data: Dataset) -> Setup:
    """Return a case with its data."""
    family = get_family(case.family)
    assert isinstance(family, BuiltInFamily)
    config = {**family.default(), **case.what}
    count = min(usual_folds(case.rows, family.stackable), max_folds(data))
    return Setup(case, family, config, [prepare(data, 0, fold) for fold in range(count)])


def measure(setup: Setup, rounds: int, card: str) -> list[str]:
    """Return the cells of a row."""
    ways: dict[str, Callable[[], float]] = {
        "processor": lambda: setup.seconds("cpu"),
        "card": lambda: setup.seconds(card),
        "half": lambda: setup.seconds(card, "bf16"),
    }
    if card == "cpu":  # Only to see that the script runs: the processor has no half precision.
        ways["half"] = ways["card"]
    if len(setup.folds) > 1:
        ways["alone"] = lambda: setup.seconds(card, alone=True)
    for way in ("card", "half"):
        ways[way]()  # The first one on a card loads its libraries.
    times = {way: [call()] for way, call in ways.items()}
    for _ in range(rounds - 1):
        for way, call in ways.items():
            times[way].append(call())
    middle = {way: statistics.median(found) for way, found in times.items()}
    what = ", ".join(f"{name} {value}" for name, value in setup.case.what.items())
    alone = f"{middle['alone']:.3f}" if "alone" in middle else ""
    return [
        setup.family.name, f"{setup.case.rows:,}", what, str(len(setup.folds)),
        f"{setup.products:.2g}", f"{middle['processor']:.3f}", f"{middle['card']:.3f}",
        f"{middle['card'] / middle['processor']:.2f}", f"{middle['half']:.3f}", alone,
    ]  # fmt: skip


def search(data: Dataset, device: str, trials: int) -> float:
    """Return the seconds of a whole search on a device."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        Advisor(KnowledgeBase(Path(folder) / "kb.duckdb", seed=False)).search(
            data, root=Path(folder), trials=trials, max_epochs=EPOCHS, strategy="random",
            n_warm=0, device=device, contribute=False,
        ).run()  # fmt: skip
        return time.perf_counter() - began


def compare_searches(data: Dataset, name: str, device: str) -> list[str]:
    """Return the cells of a row."""
    search(data, device, 1)  # What a first search loads is no part of any of them.
    processor, card = (search(data, where, TRIALS) for where in ("cpu", device))
    ratio = f"{card / processor:.2f}"
    return [name, f"{data.n_rows:,}", f"{processor:.1f}", f"{card:.1f}", ratio]


def text_of(
    rows: Sequence[Sequence[str]],
    searched: Sequence[Sequence[str]],
    card: str,
    cores: int,
    rounds: int,
    measured: str,
) -> str:
    """Return the page.

    Args:
        rows: cells of trainings, as `measure` gives them.
        searched: cells of whole searches.
        card: its name.
        cores: of the processor.
        rounds: measurements of each training.
        measured: what it was measured under.
    """
    parts = [
        INTRODUCTION.format(cores=cores, card=card, rounds=rounds),
        report.table(COLUMNS, rows, "lrlrrrrrrr"),
        "## Whole searches",
        SEARCHES.format(trials=TRIALS, epochs=EPOCHS),
        report.table(("data", "rows", "processor, s", "card, s", "ratio"), searched, "lrrrr"),
        measured,
    ]
    return report.page("Processor or graphics card", "devices", parts)


@click.command()
@click.option("--rounds", default=3, help="Measurements of each.")
@click.option("--device", default="cuda", help="The card; cpu tries the script without one.")
@click.option("--only", help="Cases of this family only.")
@click.option("--quick", is_flag=True, help="One small case; writes no page.")
@report.write_option
def main(rounds: int, device: str, only: str | None, quick: bool, write: bool) -> None:
    """Measure, print and write the table."""
    if device != "cpu" and not torch.cuda.is_available():
        raise click.ClickException("PyTorch sees no graphics card here.")
    load = os.getloadavg()[0]
    rows, searched = [], []
    with tempfile.TemporaryDirectory() as folder:

        @cache
        def made(name: str, count: int) -> Dataset:
            return MAKERS[name](count, Path(folder))

        for case in QUICK if quick else CASES:
            if only in (None, case.family):
                rows.append(measure(set_up(case, made(case.data, case.rows)), rounds, device))
                click.echo(" | ".join(rows[-1]), err=True)
        for name, count in [] if quick or only else SEARCHED:
            searched.append(compare_searches(made(name, count), name, device))
            click.echo(" | ".join(searched[-1]), err=True)
    name = described(torch.device(device))
    measured = report.measured_under(load, "torch", "numpy")
    text = text_of(rows, searched, name, os.cpu_count() or 1, rounds, measured)
    report.publish("devices", text, write and not quick)


if __name__ == "__main__":
    main()

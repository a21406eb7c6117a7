"""Compares the estimated with the measured memory of trainings, one process for each.

python -m scripts.benchmarks.memory    # three minutes
"""

import ctypes
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import pandas as pd

from knowledge_base.types import Config, ConfigDict
from scripts import ROOT
from scripts.benchmarks import report

if TYPE_CHECKING:
    from advisor.data import Dataset

CONFIGS: dict[str, list[ConfigDict]] = {
    "mlp": [
        {},
        {"units": 512, "n_layers": 5, "batch_size": 512, "normalisation": "batch"},
        {"units": 512, "n_layers": 5, "optimizer": "sgd", "momentum": 0.9, "block": "residual"},
    ],
    "cnn": [
        {},
        {"channels": 64, "conv_layers": 2, "batch_size": 128, "normalisation": "batch"},
        {"channels": 64, "conv_layers": 2, "batch_size": 128, "pooling": "stride",
         "activation": "gelu", "augmentation": 1.0, "normalisation": "layer"},
        {"channels": 64, "conv_layers": 4, "kernel_size": "7", "pooling": "average"},
    ],
    "rnn": [
        {},
        {"units": 128, "n_layers": 2, "bidirectional": "yes", "batch_size": 128, "cell": "lstm",
         "sequence_length": 256},
        {"units": 128, "n_layers": 1, "embedding_size": 128, "sequence_length": 256},
    ],
    "forecaster": [
        {},
        {"units": 128, "n_layers": 2, "window": 128, "batch_size": 256, "cell": "lstm"},
        {"units": 128, "n_layers": 2, "window": 128, "batch_size": 256, "cell": "gru"},
    ],
}  # fmt: skip


def dataset(family: str) -> "Dataset":
    """Return made-up data, large enough to be seen beside the program itself."""
    from advisor.data import load_dataset
    from advisor.data.images import to_images

    rng = np.random.default_rng(0)
    if family == "mlp":
        frame = pd.DataFrame(rng.normal(size=(40_000, 60))).rename(columns=str)
        return load_dataset(frame.assign(y=rng.integers(0, 10, 40_000)), "y")
    if family == "cnn":
        pixels = rng.integers(0, 255, (200, 64, 64, 3)).astype(np.uint8)
        return to_images(pixels, pd.Series(rng.integers(0, 4, 200)), "made up", "made up")
    if family == "rnn":
        texts = [" ".join(f"word{n}" for n in rng.integers(0, 20_000, 300)) for _ in range(300)]
        return load_dataset(
            pd.DataFrame({"text": texts, "y": np.arange(300) % 3}), "y", text="text"
        )
    times = pd.date_range("2020-01-01", periods=2000, freq="h")
    frame = pd.DataFrame({"time": times, "load": rng.normal(size=2000)})
    return load_dataset(frame, "load", time="time", horizon=24)


def measure(family_name: str, changes: Config) -> dict[str, int]:
    """Return estimated and measured bytes of one training, in this process."""
    import torch

    from advisor.data import prepare
    from advisor.metrics import default_metric
    from advisor.models import get_family
    from advisor.training import train
    from advisor.training.memory import estimate

    torch.set_num_threads(1)
    family = get_family(family_name)
    data = prepare(dataset(family_name))
    default = {"momentum": 0.9, **family.default()}
    config = family.space().complete({**default, **changes})
    metric = default_metric(data.kind).name
    found = estimate(family, config, data)
    smallest = {h.name: h.low for h in family.space().hyperparameters.values() if h.kind == "int"}
    few = data.few(40)
    train(family, {**config, **smallest}, few, metric=metric, seed=0, max_epochs=1)
    measured = growth(lambda: train(family, config, data, metric=metric, seed=0, max_epochs=3))
    return {"estimated": found.more, "measured": measured}


def growth(work: Callable[[], object]) -> int:
    """Return by how many bytes the process grows at most while it does some work (Linux)."""
    ctypes.CDLL(None).malloc_trim(0)  # what was freed before must not be used again unseen
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts at what is in use now
    before = resident("VmRSS")
    work()
    return resident("VmHWM") - before


def resident(name: str) -> int:
    """Return a number of bytes from the process's status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


INTRODUCTION = """
What `advisor.training.memory` says that a training needs besides the prepared data, and by
how much the process really grew (its peak resident size, three epochs, after a tiny
training had loaded all code). Configurations are the family's default, with the changes
named."""


def page(rows: Sequence[tuple[str, Config, dict[str, int]]]) -> str:
    """Return the page."""
    lines = []
    for family, changes, found in rows:
        named = ", ".join(f"{name}={value}" for name, value in changes.items()) or "default"
        estimated, measured = (found[key] / 1e6 for key in ("estimated", "measured"))
        ratio = f"{estimated / measured:.2f}" if measured else "-"
        lines.append((family, named, f"{estimated:.1f}", f"{measured:.1f}", ratio))
    columns = ("family", "configuration", "estimated, MB", "measured, MB", "estimated / measured")
    machine = report.measured_on("torch", note="; one thread")
    parts = [INTRODUCTION, machine, report.table(columns, lines, "llr")]
    return report.page("Estimated and measured memory", "memory", parts)


@click.command()
@click.option("--family", "families", multiple=True, type=click.Choice(list(CONFIGS)),
              help="Default all; fewer write no page.")  # fmt: skip
@click.option("--one", nargs=2, metavar="FAMILY JSON", help="Measure one here, as JSON.")
@report.write_option
def main(families: tuple[str, ...], one: tuple[str, str] | None, write: bool) -> None:
    """Measure each training in a process of its own, and write the page."""
    if one:
        click.echo(json.dumps(measure(one[0], json.loads(one[1]))))
        return
    rows = []
    for family in families or CONFIGS:
        for changes in CONFIGS[family]:
            module = [sys.executable, "-m", "scripts.benchmarks.memory"]
            command = [*module, "--one", family, json.dumps(changes)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            rows.append((family, changes, json.loads(done.stdout.splitlines()[-1])))
            click.echo(f"{family} {changes}: {rows[-1][2]}", err=True)
    report.publish("memory", page(rows), write and not families)


if __name__ == "__main__":
    main()

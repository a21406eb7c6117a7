"""Candidates for the families' default configurations, trained on every data set that ships.

    scripts/fetch_data.sh
    python scripts/compare_defaults.py --modality series

Each candidate is the present default with a few hyperparameters changed, as docs/findings.md
suggests them. It is trained on all data sets of the modality and ranked among their shipped
Sobol configurations. Finished trials stay in .build/defaults/.
"""

import multiprocessing
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))
from build_seed import ENTRIES, SPLIT_SEED, TRIAL_SEED, trial
from seed_work import SHIPPED, Entry, append, key_of, read_rows, shipped_rows

from advisor.data import prepare
from advisor.meta.scores import share_beaten
from advisor.metrics import default_metric
from advisor.models import get_family

WORK = Path(__file__).resolve().parent.parent / ".build" / "defaults"

CHANGES: dict[str, list[dict[str, Any]]] = {
    "table": [
        {"learning_rate": 3e-3},
        {"learning_rate": 1e-2},
        {"learning_rate": 3e-3, "dropout": 0.25},
        {"learning_rate": 3e-3, "batch_size": 32},
        {"learning_rate": 3e-3, "normalisation": "batch"},
        {"learning_rate": 3e-3, "weight_decay": 1e-2},
        {"learning_rate": 3e-3, "weight_decay": 3e-2},
        {"learning_rate": 5e-3, "weight_decay": 1e-2},
        {"learning_rate": 3e-3, "weight_decay": 1e-2, "batch_size": 32},
        {"learning_rate": 3e-3, "weight_decay": 1e-2, "units": 256},
    ],
    "image": [
        {"kernel_size": "5"},
        {"normalisation": "batch"},
        {"normalisation": "batch", "learning_rate": 5e-3},
        {"batch_size": 32, "epochs": 20},
        {"batch_size": 32, "epochs": 20, "kernel_size": "5"},
        {"batch_size": 32, "epochs": 20, "kernel_size": "5", "normalisation": "batch"},
        {"batch_size": 32, "epochs": 20, "kernel_size": "5", "pooling": "average"},
    ],
    "text": [
        {"n_layers": 2},
        {"batch_size": 32},
        {"n_layers": 2, "batch_size": 32, "learning_rate": 5e-3},
        {"n_layers": 2, "embedding_size": 64, "units": 48, "learning_rate": 5e-3},
        {"n_layers": 2, "normalisation": "batch", "learning_rate": 5e-3},
        {"batch_size": 32, "learning_rate": 5e-3},
        {"batch_size": 32, "learning_rate": 5e-3, "embedding_size": 64},
    ],
    "series": [
        {"differencing": "seasonal"},
        {"differencing": "seasonal", "scaling": "window"},
        {"differencing": "seasonal", "batch_size": 16},
        {"differencing": "seasonal", "scaling": "window", "batch_size": 16},
        {"differencing": "seasonal", "scaling": "window", "batch_size": 16, "window": 12},
        {"differencing": "seasonal", "scaling": "window", "batch_size": 16, "window": 8,
         "cell": "gru", "epochs": 15},
    ],
}  # fmt: skip
"""By modality."""


def compared(entry: Entry, changes: list[dict[str, Any]]) -> list[float]:
    """Return the share of Sobol configurations that the default and each candidate beat."""
    family, direction = get_family(entry.family), default_metric(entry.kind).direction
    dataset = entry.load()
    shipped = shipped_rows(dataset.fingerprint, family.space(), TRIAL_SEED, SHIPPED)
    random = [row for row in shipped if row["strategy"] == "sobol"]
    path = WORK / f"{entry.source}-{entry.name}.jsonl"
    known = {key_of(row["config"]): row for row in [*shipped, *read_rows(path)]}
    data, rows = None, []
    for change in [{}, *changes]:
        config = {**family.default(), **change}
        if key_of(config) not in known:
            data = data or prepare(dataset, SPLIT_SEED)
            options = {"max_epochs": None, "device": "cpu"}
            known[key_of(config)] = trial(entry, config, data, options)
            with path.open("ab") as file:
                append(file, known[key_of(config)])
        rows.append(known[key_of(config)])

    def good(row: dict[str, Any]) -> float:
        if row["state"] != "complete":
            return -np.inf
        return float(row["value"]) * (1 if direction == "maximize" else -1)

    return list(
        share_beaten(np.array([good(r) for r in rows]), np.array([good(r) for r in random]))
    )


def _work(job: tuple[Entry, list[dict[str, Any]]]) -> list[float]:
    import torch

    torch.set_num_threads(1)
    return compared(*job)


@click.command()
@click.option("--modality", required=True, type=click.Choice(list(CHANGES)))
@click.option("--workers", default=2, help="Processes of one thread each.")
@click.option("--limit", default=None, type=int, help="Data sets at most.")
def main(modality: str, workers: int, limit: int | None) -> None:
    """Train the candidates and print how they rank."""
    WORK.mkdir(parents=True, exist_ok=True)
    changes = CHANGES[modality]
    jobs = [(entry, changes) for entry in ENTRIES[modality][:limit]]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        shares = np.array(pool.map(_work, jobs, chunksize=1))
    frame = pd.DataFrame(
        {
            "change": ["default", *(", ".join(f"{k}={v}" for k, v in c.items()) for c in changes)],
            "mean_share": shares.mean(axis=0),
            "median": np.median(shares, axis=0),
            "best_tenth": (shares >= 0.9).mean(axis=0),
            "worst": shares.min(axis=0),
            "ahead": (shares > shares[:, :1]).mean(axis=0),
            "behind": (shares < shares[:, :1]).mean(axis=0),
        }
    )
    click.echo(f"{len(jobs)} data sets")
    click.echo(frame.round(3).to_string(index=False))


if __name__ == "__main__":
    main()

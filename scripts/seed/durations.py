"""Learns from the shipped trials what trainings take: advisor/meta/durations.json.

    python -m scripts.seed.durations

The shipped trials ran while other work used the same cores, more at some times than at others:
the errors of trials that ran one after another are alike (their correlation is .4 to .8). So how
long a trial took is thought to be what it takes on the idle machine, times a load that changes
slowly. Both are fitted in turn: terms by robust regression on logarithms, the load as the
running median of the errors over trials in the order in which they began.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import click
import numpy as np
import pandas as pd

from advisor.meta.durations import LAWS, Law, reasons_to_end
from advisor.meta.reading import read_metafeatures
from advisor.models import family_names, get_family
from advisor.models.effort import Effort
from knowledge_base import KnowledgeBase
from knowledge_base.durable import write_text
from knowledge_base.types import Config
from scripts import BUILD

ROUNDS = 3
"""Times that terms and load are fitted in turn."""

AT_ONCE = 31
"""Trials in a row whose median is the load of the one in their middle."""

IDLE = 0.1
"""Share of the trials that the machine is thought to have been idle for."""

LARGE = 0.3
"""Error of a logarithm from which on it counts by its size, not its square (Huber 1964)."""

STEPS, RIDGE, LEAST_GAIN, HOPELESS = 60, 1e-3, 1e-4, 1e8
SHRUNK = 3.0
"""How many trials the prior of a slope weighs, which is zero."""


@dataclass(frozen=True)
class Trainings:
    """Trainings of a family, in the order in which they began.

    Attributes:
        names: of the terms, those of calls first.
        n_calls: how many of the terms are calls.
        terms: of an epoch, shape (n, terms); the last one is a training's beginning.
        seconds: of an epoch, shape (n,).
        reasons: why a training ends before its epochs, shape (n, reasons).
        reason_names: their names.
        shares: logarithms of the share of its epochs that each ran, shape (n,).
        datasets: identities of the data sets, shape (n,).
        wanted: epochs of the configurations, shape (n,).
        configs: as JSON, shape (n,).
        rows: that were trained on, shape (n,).
    """

    names: tuple[str, ...]
    n_calls: int
    terms: np.ndarray
    seconds: np.ndarray
    reasons: np.ndarray
    reason_names: tuple[str, ...]
    shares: np.ndarray
    datasets: np.ndarray
    wanted: np.ndarray
    configs: np.ndarray
    rows: np.ndarray

    def among(self, rows: np.ndarray) -> "Trainings":
        """Return some of them, of a boolean mask of shape (n,)."""
        return Trainings(
            self.names,
            self.n_calls,
            self.terms[rows],
            self.seconds[rows],
            self.reasons[rows],
            self.reason_names,
            self.shares[rows],
            self.datasets[rows],
            self.wanted[rows],
            self.configs[rows],
            self.rows[rows],
        )


def read(kb: KnowledgeBase, family: str) -> Trainings:
    """Return the completed trainings of a family whose size is known."""
    known = {dataset: about for (dataset, _), about in read_metafeatures(kb).items()}
    datasets = kb.tasks().set_index("task_id")["dataset_id"].to_dict()
    made = get_family(family)
    found: list[tuple[Config, Effort, float, int, str]] = []
    trials = kb.trials(family=family).sort_values("started_at", kind="stable")
    for row in trials[trials["state"] == "complete"].itertuples():
        dataset = datasets[row.task_id]
        config = json.loads(row.config)
        effort = made.effort(config, known.get(dataset, {}))
        if effort is not None and row.duration > 0:
            found.append((config, effort, row.duration, int(row.epochs), dataset))
    first, epochs = found[0][1], np.array([item[3] for item in found], dtype=float)
    terms = [[*e.calls.values(), *e.numbers.values()] for _, e, *_ in found]
    reasons = [reasons_to_end(config, effort.rows) for config, effort, *_ in found]
    wanted = np.array([config["epochs"] for config, *_ in found], dtype=float)
    return Trainings(
        names=(*first.calls, *first.numbers, "begin"),
        n_calls=len(first.calls),
        terms=np.column_stack([np.array(terms, dtype=float), 1 / epochs]),
        seconds=np.array([item[2] for item in found]) / epochs,
        reasons=np.array([list(item.values()) for item in reasons], dtype=float),
        reason_names=tuple(reasons[0]),
        shares=np.log(epochs / wanted),
        datasets=np.array([item[4] for item in found]),
        wanted=wanted,
        configs=np.array([json.dumps(item[0], sort_keys=True) for item in found]),
        rows=np.array([item[1].rows for item in found]),
    )


def learned(trainings: Trainings) -> tuple[Law, np.ndarray]:
    """Return the law of a family, and the logarithm of the load of each training, (n,)."""
    load = np.zeros(len(trainings.seconds))
    for _ in range(ROUNDS):
        slopes = positive_slopes(trainings.terms, trainings.seconds * np.exp(-load))
        errors = pd.Series(np.log(trainings.seconds / (trainings.terms @ slopes)))
        load = errors.rolling(AT_ONCE, center=True, min_periods=1).median().to_numpy()
        load = load - np.quantile(load, IDLE)
    of = dict(zip(trainings.names, (float(f"{slope:.4g}") for slope in slopes), strict=True))
    calls, numbers = trainings.names[: trainings.n_calls], trainings.names[trainings.n_calls : -1]
    law = Law(
        calls={name: of[name] for name in calls},
        numbers={name: of[name] for name in numbers},
        begin=of["begin"],
        epochs=dict(zip(trainings.reason_names, _shares(trainings), strict=True)),
    )
    return law, load


def positive_slopes(terms: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Return positive slopes whose sums have the smallest errors in logarithms, (terms,).

    Errors are Huber's; the slopes are the exponentials of what Levenberg and Marquardt's method
    finds. A term that no training has keeps what it began with, an equal share of the seconds.

    Args:
        terms: not negative, shape (n, terms).
        seconds: positive, shape (n,).
    """
    scale = np.maximum(terms.mean(0), 1e-12)
    scaled, wanted = terms / scale, np.log(seconds)
    first = np.full(terms.shape[1], wanted.mean() - np.log(terms.shape[1]))
    found, damping = first.copy(), 1.0
    loss, errors = _loss(scaled, wanted, found, first)
    for _ in range(STEPS):
        slopes = np.exp(found)
        jacobian = scaled * slopes / (scaled @ slopes)[:, None]
        weighted = jacobian / np.maximum(1.0, np.abs(errors) / LARGE)[:, None]
        curvature = weighted.T @ jacobian + RIDGE * np.eye(len(found))
        gradient = weighted.T @ errors - RIDGE * (found - first)
        before = loss
        while damping < HOPELESS:
            damped = curvature + damping * np.diag(np.diag(curvature))
            step = np.clip(np.linalg.solve(damped, gradient), -3, 3)
            new_loss, new_errors = _loss(scaled, wanted, found + step, first)
            if new_loss < loss:
                found, loss, errors = found + step, new_loss, new_errors
                damping = max(damping / 3, 1e-4)
                break
            damping *= 4
        if before - loss < LEAST_GAIN:
            break
    slopes_found: np.ndarray = np.exp(found) / scale
    return slopes_found


def _loss(
    scaled: np.ndarray, wanted: np.ndarray, found: np.ndarray, first: np.ndarray
) -> tuple[float, np.ndarray]:
    errors = wanted - np.log(scaled @ np.exp(found))
    size = np.abs(errors)
    huber = np.where(size < LARGE, 0.5 * size**2, LARGE * (size - LARGE / 2))
    return float(huber.sum() + 0.5 * RIDGE * ((found - first) ** 2).sum()), errors


def _shares(trainings: Trainings) -> list[float]:
    """Return the slopes of the share of the epochs that run, by ridge regression."""
    centre, scale = trainings.reasons.mean(0), trainings.reasons.std(0)
    flat = scale < 1e-9  # The constant is.
    centre[flat], scale[flat] = 0.0, 1.0
    scaled = (trainings.reasons - centre) / scale
    weights = scaled.T @ scaled + SHRUNK * np.eye(len(scale))
    slopes = np.linalg.solve(weights, scaled.T @ trainings.shares) / scale
    one = trainings.reason_names.index("one")
    slopes[one] -= centre @ slopes
    return [float(f"{slope:.4g}") for slope in slopes]


def left_out(trainings: Trainings, parts: int) -> Iterator[tuple[np.ndarray, Law]]:
    """Yield rows of the data sets of each part, and the law learned from those of the others."""
    datasets = sorted(set(trainings.datasets))
    for part in range(parts):
        rows = np.isin(trainings.datasets, datasets[part::parts])
        yield rows, learned(trainings.among(~rows))[0]


def seconds_by(law: Law, trainings: Trainings) -> np.ndarray:
    """Return the seconds of an epoch that a law expects, its share of the beginning included."""
    slopes = [*law.calls.values(), *law.numbers.values(), law.begin]
    found: np.ndarray = trainings.terms @ np.array(slopes)
    return found


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--family", "families", multiple=True, help="Default all.")
def command(families: Sequence[str]) -> None:
    """Learn the laws of all families, and write them."""
    kb = KnowledgeBase(BUILD / "durations.duckdb")
    laws = {}
    for family in families or family_names():
        trainings = read(kb, family)
        law, load = learned(trainings)
        laws[family] = asdict(law)
        errors = np.abs(np.log(trainings.seconds / seconds_by(law, trainings)) - load)
        click.echo(
            f"{family}: {len(load)} trainings, load up to {np.exp(np.quantile(load, 0.95)):.1f}; "
            f"besides it errors of a factor {np.exp(np.median(errors)):.2f}, "
            f"{(errors < np.log(2)).mean():.0%} below 2"
        )
    if not families:
        write_text(LAWS, json.dumps(laws, indent=1) + "\n")


if __name__ == "__main__":
    command()

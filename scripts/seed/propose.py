"""Proposes configurations to train on every data set of a family: portfolio.json grows.

    python -m scripts.seed.propose --family rnn
    python -m scripts.seed.build --modality text

Half are where the past tasks' models together expect most, half where they expect most beyond
the best of the five that are recommended now (Wistuba et al. 2015), both found by local search.
What is expected of a point that was tried nowhere is uncertain; training it on all data sets
tells, and the next proposals know it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import click
import numpy as np

from advisor.encoding import Encoder, allowed, neighbours
from advisor.meta import Experience, recall
from advisor.meta.portfolio import ALIKE, greedy_portfolio
from advisor.models import FAMILIES, get_family
from advisor.surrogates.kernels import matern52
from knowledge_base import KnowledgeBase
from knowledge_base.shipped import SEED
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import ConfigDict
from scripts import BUILD
from scripts.seed.portfolio import portfolio_of, write_portfolio

STARTS = 8
STEPS = 30
AROUND = 40
"""Neighbours of each of the best at each step."""

Gain = Callable[[np.ndarray], np.ndarray]


def proposed(
    experience: Experience, space: SpaceDefinition, n: int, known: Sequence[ConfigDict]
) -> list[ConfigDict]:
    """Return `n` configurations, none a near-copy of another or of what is tried everywhere.

    Args:
        experience: of past tasks.
        space: of the configurations.
        n: how many.
        known: what is in the portfolio already.
    """
    everywhere = [c for c, tried in enumerate(np.isfinite(experience.seen).mean(0)) if tried > 0.5]
    scores = experience.scores.copy()
    scores[:, everywhere] = np.nan_to_num(experience.seen[:, everywhere], nan=0.0)
    even = np.full(len(experience), 1 / len(experience))
    encoder = Encoder(space)
    taken = [*known, space.default(), *(experience.config(column) for column in everywhere)]
    chosen: list[ConfigDict] = []
    best = scores[:, greedy_portfolio(scores[:, everywhere], even, 5)].max(1)

    def mean(expected: np.ndarray) -> np.ndarray:
        return even @ expected

    def beyond(expected: np.ndarray) -> np.ndarray:
        return even @ np.maximum(expected, best[:, None])

    for number in range(n):
        gain = beyond if number % 2 else mean
        config = _optimum(experience, space, encoder, gain, [*taken, *chosen], seed=number)
        chosen.append(config)
        best = np.maximum(best, experience.models.predict(encoder.encode([config]))[:, 0])
    return chosen


def _optimum(
    experience: Experience,
    space: SpaceDefinition,
    encoder: Encoder,
    gain: Gain,
    taken: list[ConfigDict],
    seed: int,
) -> ConfigDict:
    """Return the best configuration that a local search finds apart from what is taken."""
    rng = np.random.default_rng(seed)
    lengthscales = experience.models.lengthscales
    others = encoder.encode(taken)

    def rated(configs: list[ConfigDict]) -> list[tuple[float, ConfigDict]]:
        points = encoder.encode(configs)
        worth = gain(experience.models.predict(points))
        copies = matern52(points, others, lengthscales).max(1) > ALIKE
        return list(zip(np.where(copies, -np.inf, worth).tolist(), configs, strict=True))

    def first(pairs: list[tuple[float, ConfigDict]]) -> list[tuple[float, ConfigDict]]:
        return sorted(pairs, key=lambda pair: -pair[0])[:STARTS]

    configs = [experience.config(column) for column in range(len(experience.keys))]
    # What is taken itself may be where to start from, though not where to end.
    worth = gain(experience.models.predict(encoder.encode(configs)))
    best = first(list(zip(worth.tolist(), configs, strict=True)))
    for step in range(STEPS):
        around = np.vstack([neighbours(space, config, AROUND, rng) for _, config in best])
        kept = best if step else []
        best = first([*kept, *rated(space.records(allowed(space, around)))])
    return best[0][1]


@click.command()
@click.option("--family", required=True, type=click.Choice(list(FAMILIES)))
@click.option("--n", default=6, help="How many.")
@click.option("--seed-path", default=SEED, type=Path, help="Shipped trials to learn from.")
def main(family: str, n: int, seed_path: Path) -> None:
    """Add proposals to portfolio.json."""
    space = get_family(family).space()
    BUILD.mkdir(exist_ok=True)
    experience = recall(KnowledgeBase(BUILD / "propose.duckdb", seed_path=seed_path), space, family)
    if experience is None:
        raise click.ClickException(f"no past tasks of {family} in {seed_path}")
    known = {name: portfolio_of(name) for name in FAMILIES}
    new = proposed(experience, space, n, known[family])
    known[family] += [config for config in new if config not in known[family]]
    write_portfolio(known)
    click.echo(f"{family}: {len(new)} proposed, {len(known[family])} now.")


if __name__ == "__main__":
    main()

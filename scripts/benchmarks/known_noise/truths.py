"""Configurations of which it is known what is true of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from advisor.encoding import sample
from advisor.meta.experience import Experience
from advisor.meta.reading import read_past
from advisor.models import get_family
from advisor.surrogates import Prior
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import ConfigDict
from scripts.pages.generated import shipped

SMOOTH = SpaceDefinition.from_dict(
    {
        "name": "smooth",
        "hyperparameters": {
            f"x{place}": {"type": "float", "low": 0.0, "high": 1.0} for place in range(4)
        },
    }
)


@dataclass(frozen=True)
class Truth:
    """Configurations and what is true of them.

    Attributes:
        space: of the configurations.
        configs: length n.
        values: larger is better, the best is 0, in the unit of the page, shape (n,).
        past: what other tasks expect, if any are asked.
    """

    space: SpaceDefinition
    configs: Sequence[ConfigDict]
    values: np.ndarray
    past: Prior | None = None

    @classmethod
    def of(
        cls, space: SpaceDefinition, configs: Sequence[ConfigDict], raw: np.ndarray,
        past: Prior | None = None,
    ) -> "Truth":  # fmt: skip
        """Bring values of any unit to that of the page."""
        spread = np.quantile(raw, 0.9) - np.median(raw)
        return cls(space, configs, (raw - raw.max()) / max(float(spread), 1e-12), past)


@cache
def _experience() -> Experience:
    space = get_family("mlp").space()
    return Experience.learn(read_past(shipped(), space, "mlp"), space)


def table(place: int) -> Truth:
    """Return the shipped table of that place in the order of identities."""
    kb, space = shipped(), get_family("mlp").space()
    tasks = kb.tasks()
    task = tasks[tasks["family"] == "mlp"].sort_values("task_id").iloc[place]
    frame = kb.trials(task=task["task_id"], state="complete")
    metrics = [json.loads(text) for text in frame["metrics"]]
    test = np.array([each.get(f"test_{task['metric']}", np.nan) for each in metrics], dtype=float)
    configs = [json.loads(text) for text in frame["config"]]
    # What the space has got since then stands at its default, which is what was done before.
    named = {name for config in configs for name in config}
    added = {name: value for name, value in space.default().items() if name not in named}
    kept = np.flatnonzero(np.isfinite(test))
    every = _experience()
    others = [p for p, t in enumerate(every.tasks) if t.dataset_id != task["dataset_id"]]
    past = every.subset(others).prior(np.full(len(others), 1 / len(others)))
    sign = 1.0 if task["direction"] == "maximize" else -1.0
    complete = [space.complete({**added, **configs[p]}) for p in kept]
    return Truth.of(space, complete, sign * test[kept], past)


def smooth(place: int) -> Truth:
    """Return a random smooth function: a sum of 60 waves, looked up."""
    rng = np.random.default_rng([place, 7])
    configs = [dict(config) for config in sample(SMOOTH, 400, seed=place)]
    points = np.array([[config[name] for name in SMOOTH.hyperparameters] for config in configs])
    waves, phases = rng.normal(size=(60, points.shape[1])) * 2.0, rng.uniform(0, 2 * np.pi, 60)
    return Truth.of(SMOOTH, configs, np.cos(points @ waves.T + phases).sum(1))

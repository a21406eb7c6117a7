"""Recommendations for a held-out data set, against its default and random configurations."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from scripts.seed.past_without import shipped_mark
from scripts.seed.portfolio import portfolio_of

from scripts.benchmarks.advice.held import WORK, Held
from advisor.encoding import sobol
from advisor.meta import learner_for
from advisor.meta.scores import share_beaten
from advisor.models import get_family

RECOMMENDED = 5
RANDOM = 50


def answers_path(held: Held) -> Path:
    """Return where the answers for a data set are kept."""
    return WORK / "answers" / shipped_mark() / f"{held.name}.json"


def answers(held: Held) -> dict[str, Any]:
    """Train five recommendations, the default and 50 random configurations on a data set.

    A data set that ships has its default and Sobol configurations trained already.

    Returns:
        For `val` and `test`: `recommended`, `default`, `earlier` (the default before it was set
        from what ships) and `random`, larger is better, and `shares`: of random configurations
        that each recommendation beats. Besides `said`: what each recommendation stated.
    """
    path = answers_path(held)
    if path.exists():
        return dict(json.loads(path.read_text()))
    family = get_family(held.entry.family)
    past = learner_for(held.past, family.space(), family.name)
    told = past.recommend(held.query, RECOMMENDED)
    recommended = [held.row(dict(item.config)) for item in told]
    default = held.row(family.default())
    earlier = held.row(portfolio_of(family.name)[0])
    drawn = [held.row(config) for config in sobol(family.space(), RANDOM, seed=0)]
    found: dict[str, Any] = {
        "said": [
            {
                "expected": item.expected,
                "interval": list(item.interval),
                "confidence": item.confidence,
                "beats_default": item.beats_default,
            }
            for item in told
        ]
    }
    for part in ("val", "test"):
        good = np.array([held.good(row, part) for row in recommended])
        random = np.array([held.good(row, part) for row in drawn])
        found[part] = {
            "recommended": good.tolist(),
            "default": held.good(default, part),
            "earlier": held.good(earlier, part),
            "random": random.tolist(),
            "shares": share_beaten(good, random).tolist(),
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found))
    return found

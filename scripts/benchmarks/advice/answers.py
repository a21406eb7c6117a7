"""Recommendations for a held-out data set, against its default and random configurations."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from advisor.encoding import sobol
from advisor.meta import learner_for
from advisor.meta.scores import share_beaten
from advisor.models import get_family
from knowledge_base.types import JsonObject
from scripts.benchmarks.advice.held import WORK, held_out, name_of
from scripts.benchmarks.experiment import Unit
from scripts.seed.past_without import shipped_mark
from scripts.seed.portfolio import portfolio_of
from scripts.seed.work import Entry

RECOMMENDED = 5
RANDOM = 50


@dataclass(frozen=True)
class Answers(Unit):
    """What is recommended for a data set with one seed of split and training."""

    entry: Entry
    seed: int = 0

    @property
    def path(self) -> Path:
        name = name_of(self.entry, self.seed)
        return WORK / "answers" / shipped_mark() / f"{name}.json"

    def compute(self) -> JsonObject:
        """Train five recommendations, the default and 50 random configurations on the data set.

        A data set that ships has its default and Sobol configurations trained already.

        Returns:
            For `val` and `test`: `recommended`, `default`, `earlier` (the default before it was
            set from what ships) and `random`, larger is better, and `shares`: of random
            configurations that each recommendation beats. Besides `said`: what each
            recommendation stated.
        """
        held = held_out(self.entry, self.seed)
        family = get_family(self.entry.family)
        told = learner_for(held.past, family.space(), family.name).recommend(
            held.query, RECOMMENDED
        )
        recommended = [held.evaluate(dict(item.config)) for item in told]
        default = held.evaluate(family.default())
        earlier = held.evaluate(portfolio_of(family.name)[0])
        drawn = [held.evaluate(config) for config in sobol(family.space(), RANDOM, seed=0)]
        stated = ("expected", "confidence", "beats_default")
        found: JsonObject = {
            "said": [
                {name: getattr(item, name) for name in stated} | {"interval": list(item.interval)}
                for item in told
            ]
        }
        for part in ("val", "test"):
            good = np.array([getattr(evaluation, part) for evaluation in recommended])
            random = np.array([getattr(evaluation, part) for evaluation in drawn])
            found[part] = {
                "recommended": good.tolist(),
                "default": getattr(default, part),
                "earlier": getattr(earlier, part),
                "random": random.tolist(),
                "shares": share_beaten(good, random).tolist(),
            }
        return found

"""How sure an answer can be: what the new data themselves say for and against it."""

from dataclasses import dataclass

import numpy as np

from advisor.meta.chance import nothing_predicts
from advisor.meta.experience import Experience
from advisor.meta.novelty import is_unlike
from advisor.meta.recommendation import Query


@dataclass(frozen=True)
class Certainty:
    """What the data of a query say of the answer; see `Recommendation` for the attributes."""

    unlike: bool
    told_apart: bool
    predictable: bool

    def word(self, interval: tuple[float, float]) -> str:
        """Say in a word how sure the lower end of the 80% interval is.

        "high": very likely better than three quarters of random configurations; "medium":
        very likely better than half of them; "low": anything less. Where past tasks are not told
        apart, or nothing predicts the target, it is no more than "medium".
        """
        if interval[0] >= 0.75 and self.told_apart and self.predictable:
            return "high"
        return "medium" if interval[0] >= 0.5 else "low"


def certainty_of(experience: Experience, query: Query, same: np.ndarray) -> Certainty:
    """Return what the data of a query say of answers to it.

    Args:
        experience: of past tasks.
        query: what is known of the new task.
        same: mask of past tasks on the very same data, shape (t,).
    """
    vouched = experience.standing.vouched
    known = [task for task, sure in zip(experience.tasks, vouched, strict=True) if sure]
    unlike = is_unlike(experience.agreement, query.metafeatures, known)
    described = bool(query.metafeatures) and bool(experience.agreement.names)
    weighed = bool(query.outcomes) or (described and experience.calibration.sharpness > 0)
    return Certainty(
        unlike=unlike and not same.any(),
        told_apart=weighed or bool(same.any()),
        predictable=not nothing_predicts(query.metafeatures),
    )

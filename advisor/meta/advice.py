"""The answer to "what should I start from?": recommendations and what they rest on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from advisor.meta.recommendation import Recommendation


@dataclass(frozen=True)
class Advice:
    """Recommendations for one task.

    Attributes:
        dataset: name of the data set.
        kind: "classification" or "regression".
        metric, direction: what is optimised.
        family: model family.
        n_tasks, n_trials: past tasks and trials that were consulted.
        n_probed: configurations that were tried shortly on the data itself.
        default: the library default, for comparison.
        recommendations: best first; without any history only the library default.
    """

    dataset: str
    kind: str
    metric: str
    direction: str
    family: str
    n_tasks: int
    n_trials: int
    n_probed: int
    default: Mapping[str, Any]
    recommendations: tuple[Recommendation, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the advice as plain JSON-able types."""
        plain = {**self.__dict__}
        plain["default"] = dict(self.default)
        plain["recommendations"] = [item.to_dict() for item in self.recommendations]
        return plain

"""The answer to "what should I start from?": recommendations and what they rest on."""

from dataclasses import dataclass

from advisor.meta.pasting import to_python, to_yaml
from advisor.meta.recommendation import Recommendation
from knowledge_base.types import Config, JsonObject


@dataclass(frozen=True)
class Advice:
    """Recommendations for one task.

    Attributes:
        dataset: name of the data set; of the space, where there is no data set.
        kind: "classification" or "regression"; empty without a data set, as are the next two.
        metric, direction: what is optimised.
        family: model family.
        n_tasks, n_trials: past tasks and trials that were consulted.
        n_probed: configurations that were tried shortly on the data itself.
        default: the library default, for comparison.
        recommendations: best first; without any history only the library default.
        told: for a space of the user's own, in one line, which past tasks speak for it, or why
            none do; else empty.
    """

    dataset: str
    kind: str
    metric: str
    direction: str
    family: str
    n_tasks: int
    n_trials: int
    n_probed: int
    default: Config
    recommendations: tuple[Recommendation, ...]
    told: str = ""

    @property
    def about(self) -> str:
        """What the recommendations are for, on one line."""
        if not self.kind:
            return f"the space {self.dataset}"
        return (
            f"{self.dataset}: {self.kind}, {self.metric} ({self.direction}), family {self.family}"
        )

    @property
    def remarks(self) -> list[str]:
        """What is to be known of the recommendations as a whole, one sentence each."""
        first, found = self.recommendations[0], []
        if self.n_probed:
            found.append(f"Tried {self.n_probed} configurations shortly on these data.")
        if first.confidence == "none" and not self.told:
            found.append(
                "No past trials of this family: the library default is all there is to say."
            )
        if first.unlike:
            found.append(
                "These data are unlike anything in the store: what follows did well on other "
                "data, and may not on these."
            )
        elif not first.told_apart:
            found.append(
                "What is known of these data does not say which past tasks are like them: all "
                "count evenly, and any data would get these configurations."
            )
        if not first.predictable:
            what = "columns" if self.family == "mlp" else "data"
            found.append(
                f"As far as the simplest learners see, nothing in these {what} predicts the "
                "target better than a constant."
            )
        return found

    def to_dict(self) -> JsonObject:
        """Return the advice as plain JSON-able types."""
        plain: JsonObject = {**vars(self)}
        plain["default"] = dict(self.default)
        plain["recommendations"] = [item.to_dict() for item in self.recommendations]
        return plain

    def to_yaml(self) -> str:
        """Return the configurations as a YAML document to paste, with comments."""
        return to_yaml(self.about, self.family, self.recommendations)

    def to_python(self) -> str:
        """Return the configurations as Python code to paste, which runs."""
        return to_python(self.about, self.family, self.recommendations)

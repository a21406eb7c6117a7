"""The answer to "what should I start from?": recommendations and what they rest on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from advisor.meta.pasting import to_python, to_yaml
from advisor.meta.recommendation import Recommendation
from knowledge_base.showing import html_table
from knowledge_base.types import Config, JsonObject

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


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

    def plot(self, theme: str = "light") -> "Figure":
        """Return what the recommendations are expected to do as a figure of Plotly.

        Args:
            theme: "light" or "dark".
        """
        from advisor.report.charts.advice import advice_chart

        found = [(r.config, r.expected, r.interval, r.confidence) for r in self.recommendations]
        return advice_chart(self.about, found).figure(theme)

    def _repr_html_(self) -> str:
        """Return the recommendations as a table, for notebooks."""
        columns = ["", "expected to beat", "80%", "confidence", "one training", "configuration"]
        rows = [
            (r.rank, f"{r.expected:.0%}", f"{r.interval[0]:.0%} to {r.interval[1]:.0%}",
             r.confidence, r.takes, r.config)
            for r in self.recommendations
        ]  # fmt: skip
        past = f"{self.n_tasks} past tasks with {self.n_trials} trials were consulted."
        notes = [past, *([self.told] if self.told else []), *self.remarks]
        return html_table(f"Recommendations for {self.about}", columns, rows, notes)

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

"""How a search shows itself: as a page, as a figure, and as a table in a notebook."""

from pathlib import Path
from typing import TYPE_CHECKING

from advisor.tuning.shared import SharedTuner
from knowledge_base.errors import UserError
from knowledge_base.showing import html_table
from knowledge_base.states import Direction

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SHOWN = 5
"""Trials that a notebook shows of a search."""


class Shown:
    """What a search has for those who look rather than read.

    Attributes:
        path: the study directory.
        tuner: with its trials.
    """

    path: Path
    tuner: SharedTuner

    def report(self, path: str | Path | None = None) -> Path:
        """Write what the study shows as one HTML page that needs no network; return its path.

        Args:
            path: of the page; default the study's name with `.html`, in the working directory.

        Raises:
            UserError: the page cannot be written there.
        """
        from advisor.report.page import write_study_page

        return write_study_page(self.path, Path(path or f"{self.path.name}.html"))

    def plot(self, theme: str = "light") -> "Figure":
        """Return the history of the study as a figure of Plotly.

        Args:
            theme: "light" or "dark".

        Raises:
            UserError: no trial has finished yet.
        """
        from advisor.report.charts import history_charts
        from advisor.report.content import LeftOut, StudySource, history_of

        history = history_of(StudySource.open(self.path))
        if isinstance(history, LeftOut):
            raise UserError(history.reason)
        return history_charts(history)[0].figure(theme)

    def _repr_html_(self) -> str:
        """Return the best trials as a table, for notebooks."""
        task, trials = self.tuner.study.task, self.tuner.trials
        sign = -1.0 if task.direction == Direction.MAXIMIZE else 1.0
        known = [trial for trial in trials if trial.counts and trial.value is not None]
        ranked = sorted(known, key=lambda trial: sign * (trial.value or 0.0))[:SHOWN]
        rows = [(t.number, t.value, t.state, t.duration, dict(t.config)) for t in ranked]
        title = f"Study {self.path.name}: the best of {len(trials)} trials"
        notes = [f"{task.metric} ({task.direction}) of {task.name}, in {self.path}"]
        columns = ["trial", task.metric, "state", "seconds", "configuration"]
        return html_table(title, columns, rows, notes)

"""How far a search is: a bar in a terminal or a notebook, and a line for each trial in a log.

Every finished trial is also told to Python's `logging`, as information of the logger
"advisor.trials", whose handlers and levels are the user's.
"""

import logging
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from html import escape
from types import TracebackType
from typing import Protocol, Self

from advisor.tuning.tuner import Tuner
from advisor.units import seconds_text
from knowledge_base.records import TrialRecord

TRIALS = logging.getLogger("advisor.trials")
"""Where finished trials are told."""

QUIET, USUAL, VERBOSE = -1, 0, 1
"""How much is said: nothing, a bar or a line for each trial, or its configuration, too."""


class Progress(ABC):
    """Shows how far a search is; a context, which ends what it shows."""

    @abstractmethod
    def update(self, trial: TrialRecord, tuner: Tuner) -> None:
        """Show that a trial ended."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 - most have nothing to end
        """End what is shown."""


class Nothing(Progress):
    """Shows nothing."""

    def update(self, trial: TrialRecord, tuner: Tuner) -> None:
        """Show nothing."""


class Lines(Progress):
    """Says one line for each trial: right for a log, where nothing can be drawn over."""

    def __init__(
        self, total: int | None, label: str, say: Callable[[str], None], verbose: bool = False
    ) -> None:
        """Begin.

        Args:
            total: length of the whole study, None where only time ends it.
            label: what each line begins with.
            say: prints a line.
            verbose: whether configurations are said, too.
        """
        self._total, self._label, self._say, self._verbose = total, label, say, verbose

    def update(self, trial: TrialRecord, tuner: Tuner) -> None:
        """Say what came of a trial."""
        line = line_of(trial, tuner, self._total, self._verbose)
        self._say(f"{self._label} {line}")


class InNotebook(Progress):
    """A bar in the output of a notebook's cell, drawn anew in its place."""

    def __init__(self, total: int | None, label: str, ended: int) -> None:
        """Show it.

        Args:
            total: length of the whole study, None where only time ends it.
            label: what stands before the bar.
            ended: trials that had ended before.
        """
        from IPython.display import HTML, display

        self._html, self._total, self._label = HTML, total, label
        self._handle = display(HTML(self._drawn(ended, "")), display_id=True)

    def update(self, trial: TrialRecord, tuner: Tuner) -> None:
        """Draw it anew."""
        best = tuner.best
        found = "" if best is None else f"best {tuner.study.task.metric} {best.value or 0.0:.4g}"
        self._handle.update(self._html(self._drawn(tuner.ended, found)))

    def _drawn(self, ended: int, found: str) -> str:
        told = escape(f"{self._label} {_count(ended, self._total)} {found}".strip())
        if self._total is None:  # Without a value the bar says that something is going on.
            return f"<label>{told} <progress></progress></label>"
        return f'<label>{told} <progress value="{ended}" max="{self._total}"></progress></label>'


class Drawn(Protocol):
    """A bar that is drawn in a terminal, such as that of click."""

    def update(self, n_steps: int, current_item: TrialRecord | None = None) -> None:
        """Go on by so many trials."""

    def render_finish(self) -> None:
        """End it."""


class InTerminal(Progress):
    """A bar in a terminal."""

    def __init__(self, bar: Drawn) -> None:
        """Take what draws it."""
        self._bar = bar

    def update(self, trial: TrialRecord, tuner: Tuner) -> None:
        """Go on by a trial."""
        self._bar.update(1, trial)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._bar.render_finish()


def line_of(trial: TrialRecord, tuner: Tuner, total: int | None, verbose: bool = False) -> str:
    """Return what came of a trial on one line.

    Args:
        trial: it.
        tuner: has been told of it.
        total: length of the whole study, None where only time ends it.
        verbose: whether its configuration is said, too.
    """
    metric, best = tuner.study.task.metric, tuner.best
    parts = [f"trial {trial.number} {trial.state}"]
    if trial.value is not None:
        parts.append(f"{metric} {trial.value:.4g}")
    if best is not None and best.value is not None:
        parts.append(f"best {best.value:.4g} (trial {best.number})")
    if trial.taken:  # Its duration is that of another time.
        parts.append("taken from the store")
    elif trial.duration is not None:
        parts.append(f"{seconds_text(trial.duration)}")
    if verbose:
        parts += [f"{name}={_short(value)}" for name, value in sorted(trial.config.items())]
    return f"{_count(tuner.ended, total)}: {', '.join(parts)}"


def told(trial: TrialRecord, tuner: Tuner, total: int | None) -> None:
    """Tell `logging` of a trial that ended; it costs nothing where nobody listens."""
    if TRIALS.isEnabledFor(logging.INFO):
        TRIALS.info("%s: %s", tuner.study.record.name, line_of(trial, tuner, total))


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook, whose output can be drawn anew."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"


def in_python(wanted: bool | None, total: int | None, ended: int) -> Progress:
    """Return what shows a search that was called from Python.

    Args:
        wanted: True for a bar or lines, False for nothing; None for a bar in notebooks alone.
        total: length of the whole study, None where only time ends it.
        ended: trials that had ended before.
    """
    if wanted is False or (wanted is None and not in_notebook()):
        return Nothing()
    if in_notebook():
        return InNotebook(total, "Trials", ended)

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    return Lines(total, "Trials", say)


def _count(ended: int, total: int | None) -> str:
    return str(ended) if total is None else f"{ended}/{total}"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)

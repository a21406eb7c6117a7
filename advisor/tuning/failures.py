"""Why trials fail, in one line per kind of error."""

import re
from pathlib import Path

from knowledge_base.records import TrialRecord
from knowledge_base.states import TrialState


def last_line(error: str | None) -> str:
    """Return the last line of a traceback, which says what happened."""
    return ((error or "").strip().splitlines() or ["no reason is known"])[-1].strip()


class Kinds:
    """Tells kinds of errors apart, so that each is said once, and not with every trial."""

    MOST = 5

    def __init__(self, where: Path) -> None:
        """Say where all errors are, should there be more than `MOST` kinds.

        Args:
            where: folder of the study.
        """
        self._where, self._said = where, set[str]()

    def new(self, trial: TrialRecord, succeeded: bool) -> str | None:
        """Return what to say of a trial that ended, None where there is nothing new to say.

        Args:
            trial: it. What was skipped for lack of memory is told elsewhere.
            succeeded: whether another trial had a value. Some that diverge are part of a search;
                where all do, that is said from the first one on.
        """
        diverged = trial.state == TrialState.DIVERGED and not succeeded
        if trial.skipped or not (diverged or trial.state == TrialState.FAILED):
            return None
        line = last_line(trial.error)
        # Numbers and addresses may be those of the values tried.
        kind = re.sub(r"0x[0-9a-f]+|[-+]?\d[\d.]*(e[-+]?\d+)?", "#", line)
        if kind in self._said or len(self._said) > self.MOST:
            return None
        self._said.add(kind)
        if len(self._said) > self.MOST:
            return f"Further errors are in {self._where / 'trials.jsonl'}."
        return f"Trial {trial.number} {trial.state}: {line}"

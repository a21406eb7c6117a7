"""What is said of a search while it runs, and what is kept of its trials."""

import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from advisor.data import Intake
from knowledge_base.records import STANDARD_ERROR, TrialRecord

if TYPE_CHECKING:
    from advisor.tuning.tuner import Tuner


def tell(intake: Intake | None, dropped: Sequence[str], verbose: bool) -> None:
    """Say what was read as what, or warn of what the user may not expect.

    Args:
        intake: the account of the data.
        dropped: columns that the user wants left out.
        verbose: whether to say all of it.
    """
    if intake is None:
        return
    if verbose:
        print("\n".join(intake.lines()), file=sys.stderr, flush=True)
        return
    others = {name: why for name, why in intake.left_out.items() if name not in dropped}
    for line in replace(intake, left_out=others).cautions():
        warnings.warn(line.removeprefix("Warning: "), stacklevel=4)


def progress(trial: TrialRecord, tuner: "Tuner") -> None:
    """Print one line on a finished trial."""
    best = tuner.best
    value = "no value" if trial.value is None else f"{trial.value:.4g}"
    ahead = "" if best is None else f", best {best.value:.4g} (trial {best.number})"
    took = "" if trial.duration is None else f", {trial.duration:.1f} s"
    clock = time.strftime("%H:%M:%S")
    line = f"{clock} trial {trial.number} {trial.state}: {value}{took}{ahead}"
    print(line, file=sys.stderr, flush=True)


def table_of(trials: Sequence[TrialRecord]) -> pd.DataFrame:
    """Return finished trials as a frame, a row each in their order."""
    return pd.DataFrame(
        {
            "number": trial.number,
            "state": str(trial.state),
            "value": trial.value,
            "standard_error": trial.metrics.get(STANDARD_ERROR),
            "seconds": trial.duration,
            "config": dict(trial.config),
        }
        for trial in trials
    )

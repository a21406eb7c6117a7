"""The lines of a study's `trials.jsonl`: a finished trial each, as JSON."""

import json
from dataclasses import asdict
from datetime import datetime

from knowledge_base.checksums import unsealed
from knowledge_base.limits import MAX_LINE_BYTES
from knowledge_base.records import EpochRecord, TrialRecord

WRONG = (ValueError, KeyError, TypeError, AttributeError, OverflowError)
"""What reading a damaged or made-up line may raise."""

_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("study_id", "trial_id", "state"), (str,)),
    **dict.fromkeys(("error", "origin"), (str, type(None))),
    **dict.fromkeys(("config", "metrics"), (dict,)),
    "number": (int,),
    **dict.fromkeys(("epochs", "n_params", "seed"), (int, type(None))),
    **dict.fromkeys(("value", "duration"), (float, int, type(None))),
}
"""What the fields of a trial may be; a line may say anything."""


def line_of(trial: TrialRecord) -> str:
    """Return a trial as JSON on one line, without a checksum."""
    row = asdict(trial)
    row["started_at"] = trial.started_at.isoformat() if trial.started_at else None
    row["curve"] = [{k: v for k, v in asdict(e).items() if v is not None} for e in trial.curve]
    return json.dumps(row)


def trial_of(line: bytes, sealed: bool = False) -> TrialRecord:
    """Return the trial of a line.

    Args:
        line: of `trials.jsonl`.
        sealed: whether the line must have a checksum.

    Raises:
        ValueError, KeyError, TypeError: it is damaged; see `WRONG`.
    """
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"it has {len(line):,} bytes; at most {MAX_LINE_BYTES:,} are read")
    row = unsealed(line, "it", sealed)
    row["curve"] = tuple(EpochRecord(**epoch) for epoch in row["curve"])
    if row.get("labels") is not None:
        row["labels"] = tuple(row["labels"])
    if row["started_at"]:
        row["started_at"] = datetime.fromisoformat(row["started_at"])
    trial = TrialRecord(**row)
    _check_types(trial)
    return trial


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, or its kind."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _check_types(trial: TrialRecord) -> None:
    """Look whether a trial that was read can be stored.

    Raises:
        TypeError, ValueError: it cannot.
    """
    for name, kinds in _TYPES.items():
        value = getattr(trial, name)
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise TypeError(f"its {name} is {str(value)[:40]!r}")
        if isinstance(value, int) and abs(value) >= 2**63:
            raise ValueError(f"its {name} has more than 64 bits")
    for epoch in trial.curve:
        for name, value in vars(epoch).items():
            if not isinstance(value, (int,) if name == "epoch" else (float, int, type(None))):
                raise TypeError(f"{name} of an epoch is {str(value)[:40]!r}")
            if isinstance(value, int) and abs(value) >= 2**63:
                raise ValueError(f"{name} of an epoch has more than 64 bits")
    trial.row()  # Its configuration, metrics and labels have a form as JSON.

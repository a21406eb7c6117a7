"""A trial that was put aside, and its file."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from advisor.predictor.tensors import read_tensors
from advisor.strategies import Observation
from advisor.training.paused import Paused, curve_as_json, curve_of_json
from knowledge_base.errors import UserError
from knowledge_base.records import EpochRecord, TrialRecord, fold_values
from knowledge_base.types import ConfigDict


@dataclass
class PausedTrial:
    """A trial that was put aside.

    Attributes:
        key: number of its file; not that of the trial, which it has once it is told.
        config: its active hyperparameters.
        started_at: when it began, which tells it from all other trials.
        value, seconds, curve: what it reached so far.
        metrics: values of its folds, as a trial's metrics name them.
        size: bytes of its state.
        parts: how often it was put aside.
        files: whether the user's function left files to go on from.
        state: None where it is only on disk.
        line: the trial as which it was told at the end of a run, if it was.
    """

    key: int
    config: ConfigDict
    started_at: datetime
    value: float | None
    seconds: float
    curve: tuple[EpochRecord, ...]
    metrics: dict[str, float] = field(default_factory=dict)
    size: int = 0
    parts: int = 1
    files: bool = False
    state: Paused | None = field(default=None, repr=False)
    line: TrialRecord | None = field(default=None, repr=False)

    @property
    def told(self) -> bool:
        """Whether a line of the study says what it reached."""
        return self.line is not None and self.line.epochs == len(self.curve)

    def seen(self) -> Observation:
        """Return the trial as a strategy sees it."""
        curve = tuple(epoch.val_metric for epoch in self.curve)
        folds = fold_values(self.metrics)
        return Observation(
            self.config, self.value, self.seconds, curve, folds=folds, finished=False
        )


def packed(trial: PausedTrial) -> Paused:
    """Return a trial with its state in memory, for a file."""
    assert trial.state is not None
    own = {
        "config": trial.config,
        "started_at": trial.started_at.isoformat(),
        "value": trial.value,
        "seconds": trial.seconds,
        "curve": curve_as_json(trial.curve),
        "metrics": trial.metrics,
        "parts": trial.parts,
        "files": trial.files,
    }
    return Paused({"trial": own, "state": trial.state.facts}, trial.state.arrays)


def unpacked(path: Path) -> tuple[PausedTrial, Paused]:
    """Return a trial without its state, and the state.

    Raises:
        UserError: the file is missing or damaged.
    """
    whole = Paused.unpacked(read_tensors(path))
    try:
        own, state = whole.facts["trial"], Paused(whole.facts["state"], whole.arrays)
        trial = PausedTrial(
            key=0,
            config=dict(own["config"]),
            started_at=datetime.fromisoformat(own["started_at"]),
            value=None if own["value"] is None else float(own["value"]),
            seconds=float(own["seconds"]),
            curve=tuple(curve_of_json(own["curve"])),
            metrics={str(name): float(value) for name, value in own["metrics"].items()},
            size=state.size,
            parts=int(own["parts"]),
            files=bool(own["files"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path} is no paused trial: {error!r}.") from error
    return trial, state

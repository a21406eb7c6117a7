"""A study as its report reads it: its files, and the numbers that several sections share."""

from functools import cached_property
from pathlib import Path

import numpy as np

from advisor.encoding import Encoder
from advisor.surrogates import Prior
from knowledge_base.records import TrialRecord, best_trial, fold_values
from knowledge_base.space import Hyperparameter
from knowledge_base.states import Direction, TrialState
from knowledge_base.studies import StudyDirectory
from knowledge_base.types import ConfigDict, JsonObject

WARM = "warm"
"""The setting that holds the configurations which a search began with."""


class StudySource:
    """A study with what its sections compute once.

    Attributes:
        directory: its files; the trials are those that were on disk when this was made.
        trials: in their order.
    """

    def __init__(self, directory: StudyDirectory) -> None:
        """Read the trials of a study.

        Raises:
            UserError: they cannot be read.
        """
        self.directory = directory
        self.trials: list[TrialRecord] = directory.trials()

    @classmethod
    def open(cls, path: Path) -> "StudySource":
        """Read the study in a folder.

        Raises:
            UserError: there is none, or it cannot be read.
        """
        return cls(StudyDirectory.open(path))

    @property
    def sign(self) -> float:
        """What values are multiplied with so that larger is better."""
        return 1.0 if self.directory.task.direction == Direction.MAXIMIZE else -1.0

    @property
    def metric(self) -> str:
        """The name of what is optimised."""
        return self.directory.task.metric

    @cached_property
    def best(self) -> TrialRecord | None:
        """The best trial, None where none has a value that counts."""
        return best_trial(self.trials, self.directory.task.direction)

    @cached_property
    def values(self) -> np.ndarray:
        """The values of the trials that count, NaN for the others, shape (n,)."""
        found = [trial.value if trial.counts else None for trial in self.trials]
        return np.array([np.nan if value is None else value for value in found], dtype=float)

    @cached_property
    def varying(self) -> list[Hyperparameter]:
        """The hyperparameters that the search could choose, in the order of the space."""
        space = self.directory.space
        return [h for h in space.hyperparameters.values() if h.kind != "constant"]

    @cached_property
    def encoder(self) -> Encoder:
        """From configurations to points of the unit cube."""
        return Encoder(self.directory.space)

    @cached_property
    def inputs(self) -> np.ndarray:
        """The encoded configurations of the trials, shape (n, d)."""
        return self.encoder.encode([trial.config for trial in self.trials])

    @cached_property
    def prior(self) -> Prior | None:
        """What the search knew of past tasks, None for a cold one or where it cannot be read."""
        arrays = self.directory.arrays()
        try:
            prior = None if arrays is None else Prior.from_arrays(arrays)
            if prior is not None and len(self.trials):
                prior.predict(self.inputs[:1])
        except (KeyError, ValueError, IndexError):
            return None
        return prior

    @cached_property
    def past_scores(self) -> np.ndarray | None:
        """The normal score that each past task expects of each trial, (t, n); None without any."""
        if self.prior is None or not self.trials:
            return None
        return self.prior.predict(self.inputs)

    @cached_property
    def warm(self) -> list[ConfigDict]:
        """The configurations that the past proposed at the start."""
        found = self.directory.settings.get(WARM) or []
        return [dict(config) for config in found]

    def is_warm(self, trial: TrialRecord) -> bool:
        """Whether a trial was proposed by the past at the start."""
        return dict(trial.config) in self.warm

    @property
    def settings(self) -> JsonObject:
        """What the study was started with."""
        return self.directory.settings


def error_of(trial: TrialRecord) -> float | None:
    """Return the standard error of a trial's value over its folds, None of a single fold."""
    folds = list(fold_values(trial.metrics).values())
    if len(folds) < 2:
        return None
    return float(np.std(folds, ddof=1) / np.sqrt(len(folds)))


def ended_early(trial: TrialRecord) -> bool:
    """Whether a trial was stopped or put aside before its configured end."""
    return trial.state == TrialState.STOPPED

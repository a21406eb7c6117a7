"""Rows of the knowledge base as plain frozen dataclasses, one class per table of `schema`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from knowledge_base.identity import canonical_json, digest
from knowledge_base.naming import printable
from knowledge_base.states import Direction, TrialState
from knowledge_base.types import Config, JsonObject

SKIPPED = "skipped: "
"""How the error of a trial begins that was not worth starting, or could not be."""

TAKEN = "store:"
"""How the origin of a trial begins whose outcome is that of a stored one, which follows."""

TIME_OVER = "the time limit is over"
"""The error of a trial that the clock cut off."""

PAUSED = "paused after "
"""How the error of a trial begins that was put aside, and had not gone on when it was told."""

FOLD = "fold_"
"""What the metric that holds the value of a fold begins with; its number, from 1, ends it."""

STANDARD_ERROR = "standard_error"
"""The metric that holds the standard error of a value that is the mean of several folds."""

GRADIENT = "gradient_"
"""How metrics begin that are gradients of the value by a hyperparameter; its name follows."""

_STATES = {str(state): state for state in TrialState}


@dataclass(frozen=True)
class DatasetRecord:
    """A data set, known by a fingerprint of its content; its rows are never stored."""

    dataset_id: str
    name: str
    modality: str = "table"
    n_rows: int | None = None
    n_features: int | None = None
    n_classes: int | None = None
    source: str | None = None
    licence: str | None = None


@dataclass(frozen=True)
class TaskRecord:
    """A data set, target, metric, direction and model family: what a study optimises.

    Without a data set the `name` stands in for it in the identity. `direction` is one of
    `Direction`, or its text.
    """

    name: str
    metric: str
    direction: str
    family: str
    dataset_id: str | None = None
    target: str | None = None

    @property
    def task_id(self) -> str:
        """Digest of everything that makes the task this task; its display name does not."""
        subject = ["dataset", self.dataset_id] if self.dataset_id else ["name", self.name]
        return digest("task", *subject, self.target, self.metric, self.direction, self.family)


@dataclass(frozen=True)
class StudyRecord:
    """One run of one strategy on one task over one search space."""

    study_id: str
    task_id: str
    space_id: str
    name: str
    strategy: str | None = None
    seed: int | None = None
    source: str | None = None
    contributor: str | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, object] = field(default_factory=dict)

    def row(self) -> JsonObject:
        """Return the study as a row of the `studies` table."""
        plain = {**self.__dict__}
        plain["versions"] = canonical_json(dict(self.versions))
        plain["machine"] = canonical_json(dict(self.machine))
        return plain


@dataclass(frozen=True)
class EpochRecord:
    """One point of a learning curve; `epoch` counts from 1.

    Attributes:
        train_loss: mean over the batches of the epoch, in training mode.
        val_loss, train_metric, val_metric: values after the epoch, in evaluation mode.
        learning_rate: learning rate of the epoch.
        gradient_norm: mean norm of a batch's gradient, before clipping.
        gradient_max: largest norm of a batch, before clipping.
        gradient_ratio: root mean square gradient per weight of the first layer over that of
            the last one, geometric mean over some batches.
        dead_units: share of ReLU units that give zero for every row of a sample.
        loss_spread: standard deviation of the batch losses over their mean.
    """

    epoch: int
    train_loss: float | None = None
    val_loss: float | None = None
    train_metric: float | None = None
    val_metric: float | None = None
    learning_rate: float | None = None
    gradient_norm: float | None = None
    gradient_max: float | None = None
    gradient_ratio: float | None = None
    dead_units: float | None = None
    loss_spread: float | None = None


@dataclass(frozen=True)
class TrialRecord:
    """One evaluated configuration (active hyperparameters only).

    Attributes:
        state: how it ended. The text of a state is taken too, and becomes the state; any other
            text stays as it is, for `verify` to tell.
        labels: names of what its diagnosis found; empty for a healthy trial, None without a
            diagnosis.
    """

    study_id: str
    number: int
    config: Config
    state: TrialState | str
    value: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    duration: float | None = None
    epochs: int | None = None
    n_params: int | None = None
    seed: int | None = None
    error: str | None = None
    started_at: datetime | None = None
    origin: str | None = None
    labels: tuple[str, ...] | None = None
    curve: tuple[EpochRecord, ...] = ()
    trial_id: str = ""

    def __post_init__(self) -> None:
        """Name the state, make the error printable, and fill in an identity that is missing."""
        if self.error is not None and not self.error.isascii():
            object.__setattr__(self, "error", printable(self.error))
        if self.state in _STATES:
            object.__setattr__(self, "state", _STATES[self.state])
        if not self.trial_id:
            object.__setattr__(self, "trial_id", digest("trial", self.study_id, self.number))

    def row(self) -> JsonObject:
        """Return the trial as a row of the `trials` table."""
        plain = {**self.__dict__}
        del plain["curve"]
        plain["config"] = canonical_json(dict(self.config))
        plain["metrics"] = canonical_json(dict(self.metrics))
        plain["labels"] = None if self.labels is None else canonical_json(list(self.labels))
        return plain

    @property
    def counts(self) -> bool:
        """Whether it is compared with others: it completed, or reached a value in its time.

        A trial that its strategy ended early does not count: others were ahead of it. One that was
        put aside does, since it was never said that it would not go on.
        """
        whole = self.state == TrialState.COMPLETE
        cut = self.state == TrialState.STOPPED and self.error == TIME_OVER
        return self.value is not None and (whole or cut or self.paused)

    @property
    def paused(self) -> bool:
        """Whether it was put aside, and is told with what it reached by then."""
        return self.state == TrialState.STOPPED and (self.error or "").startswith(PAUSED)

    @property
    def taken(self) -> bool:
        """Whether it was not trained: its outcome is that of a stored trial of the same task."""
        return (self.origin or "").startswith(TAKEN)

    @property
    def skipped(self) -> bool:
        """Whether it failed without being started."""
        return self.state == TrialState.FAILED and (self.error or "").startswith(SKIPPED)

    @property
    def skip_reason(self) -> str:
        """Why it was skipped, '' where it was not."""
        return (self.error or "").removeprefix(SKIPPED) if self.skipped else ""

    @property
    def gradients(self) -> dict[str, float]:
        """Gradients of the value by hyperparameter, where the trial measured any."""
        return {
            name.removeprefix(GRADIENT): value
            for name, value in self.metrics.items()
            if name.startswith(GRADIENT)
        }


def fold_values(metrics: Mapping[str, float]) -> dict[int, float]:
    """Return the values of a trial's folds by their numbers, which count from 1."""
    numbers = {name: name.removeprefix(FOLD) for name in metrics if name.startswith(FOLD)}
    return {int(number): metrics[name] for name, number in numbers.items() if number.isdecimal()}


def best_trial(trials: Sequence[TrialRecord], direction: str) -> TrialRecord | None:
    """Return the trial with the best value, the first of equals; None for none.

    Completed trials count, and those that stand paused or that the time limit cut off, with what
    they reached.
    """
    counting = [trial for trial in trials if trial.counts]
    sign = 1 if direction == Direction.MINIMIZE else -1
    return min(counting, key=lambda trial: sign * (trial.value or 0.0), default=None)


def without_earlier_parts(trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return trials without those that were told as paused and went on as a later one of them.

    A trial that is put aside and taken up again began once, and at the same time.
    """
    last = {trial.started_at: trial for trial in trials}

    def stays(trial: TrialRecord) -> bool:
        later = last[trial.started_at]
        return not trial.paused or later is trial or later.config != trial.config

    return [trial for trial in trials if stays(trial)]

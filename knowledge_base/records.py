"""What is stored, as plain frozen dataclasses (one per table of `schema`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from knowledge_base.identity import canonical_json, digest


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

    Without a data set the `name` stands in for it in the identity.
    """

    name: str
    metric: str
    direction: str
    family: str
    dataset_id: str | None = None
    target: str | None = None

    @property
    def task_id(self) -> str:
        """Digest of what makes the task this task (not of its display name)."""
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
    machine: Mapping[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Return the study as a row of the `studies` table."""
        plain = {**self.__dict__}
        plain["versions"] = canonical_json(dict(self.versions))
        plain["machine"] = canonical_json(dict(self.machine))
        return plain


@dataclass(frozen=True)
class EpochRecord:
    """One point of a learning curve; `epoch` counts from 1.

    Attributes:
        train_loss, val_loss, train_metric, val_metric: of the epoch, in evaluation mode all
            but the first, which is the mean over batches.
        learning_rate: while training.
        gradient_norm: mean over batches, before clipping.
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

    `labels` name what its diagnosis found; empty for a healthy trial, None without a diagnosis.
    """

    study_id: str
    number: int
    config: Mapping[str, Any]
    state: str
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
        """Fill in the identity: study and number, unless an importer gave another."""
        if not self.trial_id:
            object.__setattr__(self, "trial_id", digest("trial", self.study_id, self.number))

    def row(self) -> dict[str, Any]:
        """Return the trial as a row of the `trials` table."""
        plain = {**self.__dict__}
        del plain["curve"]
        plain["config"] = canonical_json(dict(self.config))
        plain["metrics"] = canonical_json(dict(self.metrics))
        plain["labels"] = None if self.labels is None else canonical_json(list(self.labels))
        return plain


def best_trial(trials: Sequence[TrialRecord], direction: str) -> TrialRecord | None:
    """Return the completed trial with the best value, the first of equals; None for none."""
    completed = [t for t in trials if t.state == "complete" and t.value is not None]
    sign = 1 if direction == "minimize" else -1
    return min(completed, key=lambda trial: sign * (trial.value or 0.0), default=None)

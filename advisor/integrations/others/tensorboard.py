"""TensorBoard curves of a running search, a run for each trial, as each ends."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge_base.errors import UserError
from knowledge_base.importers.tensorboard import TOLD_AS
from knowledge_base.records import EpochRecord, TrialRecord

if TYPE_CHECKING:
    from advisor.tuning import Tuner

CURVES = ("train_loss", "val_loss", "train_metric", "val_metric", "learning_rate", "gradient_norm")
"""Fields of an epoch that are drawn; those of a metric under its name."""


class TensorBoard:
    """Writes each finished trial into a folder; give it as `on_trial` of a search.

    >>> Advisor().tune("data.csv", target="label", on_trial=TensorBoard("runs"))
    """

    def __init__(self, folder: str | Path) -> None:
        """Take the folder.

        Raises:
            UserError: TensorBoard is not installed, or the folder cannot be made.
        """
        try:
            from torch.utils.tensorboard import SummaryWriter  # noqa: F401
        except ImportError:
            raise UserError(
                "TensorBoard is not installed; run: pip install 'advisor-automl[tensorboard]'"
            ) from None
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{folder} cannot be made: {error.strerror}.") from error

    def __call__(self, trial: TrialRecord, tuner: "Tuner") -> None:
        """Write a trial: its curves by epoch, its configuration, and what it reached."""
        from torch.utils.tensorboard import SummaryWriter
        from torch.utils.tensorboard.summary import hparams

        study, metric = tuner.study.record.name, tuner.study.task.metric
        run = self.folder / _folder_name(study) / f"trial-{trial.number}"
        with SummaryWriter(str(run)) as writer:
            for epoch in trial.curve:
                for name, value in _points(epoch, metric).items():
                    writer.add_scalar(name, value, epoch.epoch)
            reached = {} if trial.value is None else {f"best/{metric}": float(trial.value)}
            told = {name: _plain(value) for name, value in trial.config.items()}
            # `SummaryWriter.add_hparams` would make a run of its own beside the curves.
            told |= {"state": str(trial.state), TOLD_AS: trial.trial_id}
            for summary in hparams(told, reached):  # type: ignore[no-untyped-call]
                writer._get_file_writer().add_summary(summary)
            for name, value in reached.items():
                writer.add_scalar(name, value, len(trial.curve))


def _points(epoch: EpochRecord, metric: str) -> Mapping[str, float]:
    found = {name: getattr(epoch, name) for name in CURVES}
    named = {name.replace("_metric", f"_{metric}"): value for name, value in found.items()}
    return {name: float(value) for name, value in named.items() if value is not None}


def _plain(value: object) -> bool | float | int | str:
    """Return a value as TensorBoard takes them."""
    return value if isinstance(value, bool | int | float | str) else str(value)


def _folder_name(study: str) -> str:
    """Return the name of a study as that of one folder."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in study).lstrip(".") or "study"

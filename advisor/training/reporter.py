"""What a user's training function reports to."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from math import isfinite
from pathlib import Path

from advisor.training.outcome import LAST_EPOCH, NoNumber
from advisor.training.outcome import number as told_number
from advisor.training.report import Keeping, Report, Resuming, StopTrial
from knowledge_base.errors import UserError
from knowledge_base.records import EpochRecord
from knowledge_base.types import Config

CURVE = tuple(f.name for f in fields(EpochRecord) if f.name not in ("epoch", "val_metric"))
"""What a report may say of an epoch beside the value."""


@dataclass(frozen=True)
class Asked:
    """What a search asks of a function in a trial.

    Attributes:
        config: the configuration.
        metric: what its value is called.
        direction: "minimize" or "maximize"; None where nobody says.
        said: kinds of warnings that were given already; the trials of a search share them.
        reference: the function as "FILE.py:FUNCTION", None where it has no place of its own.
    """

    config: Config = field(default_factory=dict)
    metric: str = "value"
    direction: str | None = None
    said: set[str] = field(default_factory=set)
    reference: str | None = None


class Reporter:
    """What a user's `train(config, report)` calls after every epoch.

    `report(val_metric=0.91)` or `report(0.91, train_loss=0.3, learning_rate=1e-3)`; epochs
    are counted from 1 unless `epoch=` says otherwise. The value may have the name of the metric
    that is searched by, as in `report(accuracy=0.91)` with `metric="accuracy"`. What is written
    to `report.folder` is kept for the best trials. A function that looks at `report.resume` can
    be put aside and taken up.
    """

    def __init__(
        self, report: Report, before: Sequence[EpochRecord] = (), asked: Asked | None = None
    ) -> None:
        """Pass every epoch on.

        Args:
            report: where to.
            before: epochs that were reported in earlier parts.
            asked: what the search asks of the function.
        """
        self._report = report
        self.asked = asked or Asked()
        self.at_end: list[Callable[[], object]] = []
        """What is to be done when the function has ended, however it ended."""
        self.ended: StopTrial | None = None
        """What ended the trial, once something did."""
        self.on_folder: list[Callable[[Path], object]] = []
        """What hears of the folder when it is made."""
        self.curve: list[EpochRecord] = list(before)
        self._folder: Path | None = None
        self._looked = False

    def __deepcopy__(self, memo: object) -> "Reporter":
        """Return this one: estimators are cloned, but what they report is wanted here."""
        return self

    def __call__(
        self, val_metric: float | None = None, *, epoch: int | None = None, **more: float
    ) -> None:
        """Report one epoch.

        Raises:
            StopTrial: the time limit is over; let it pass through.
            TypeError: a keyword that is neither the metric nor in learning curves, or a value that
                is no number.
            ValueError: an epoch that is negative, was reported before, or is not a whole number.
        """
        place = self._place(epoch)
        numbers = {name: number_of(value, name) for name, value in more.items()}
        value = None if val_metric is None else number_of(val_metric, "val_metric")
        metric = self.asked.metric
        if value is None:
            value = numbers.get(metric)
        if metric not in CURVE:
            numbers.pop(metric, None)
        for name in numbers.keys() - set(CURVE):
            raise TypeError(
                f"report: '{name}' is neither the metric that is searched by ('{metric}') nor part "
                f"of a learning curve ({', '.join(CURVE)}); give the value first, as in "
                f"report({name}), or name it as the metric of the search"
            )
        record = EpochRecord(epoch=place, val_metric=value, **numbers)
        self.curve.append(record)
        try:
            self._report(record)
        except StopTrial as stop:
            self.ended = stop
            raise

    def warn_once(self, kind: str, text: str) -> None:
        """Warn the user of a kind of thing, once in a search."""
        if kind not in self.asked.said:
            self.asked.said.add(kind)
            warnings.warn(text, stacklevel=3)

    @property
    def folder(self) -> Path:
        """A folder that belongs to the trial, made when it is first asked for.

        Raises:
            UserError: it cannot be made, or the training is no trial of a search.
        """
        if not isinstance(self._report, Keeping):
            raise UserError("`report.folder` belongs to a trial of a search; this is none.")
        self._folder = self._report.make_folder()
        for heard in self.on_folder:
            heard(self._folder)
        return self._folder

    @property
    def resume(self) -> Path | None:
        """A folder to go on from: what `report.folder` held when the training was put aside.

        None where the training begins. To look at it, before or while it trains, is to promise
        that the function goes on from what it finds there.
        """
        self._looked = True
        return self.files_before

    @property
    def files_before(self) -> Path | None:
        """The same folder as `resume`; to look here promises nothing."""
        return self._report.resume if isinstance(self._report, Resuming) else None

    @property
    def resumable(self) -> bool:
        """Whether the function could go on: it looks at `resume`, and wrote something for that."""
        if not self._looked or self.resume is not None:
            return self._looked
        folder = self._folder
        return folder is not None and folder.is_dir() and any(folder.iterdir())

    def _place(self, epoch: int | None) -> int:
        """Return the number of the epoch that is reported.

        Raises:
            TypeError, ValueError: it cannot be.
        """
        last = self.curve[-1].epoch if self.curve else None
        if epoch is None:
            return 1 if last is None else last + 1
        told = number_of(epoch, "epoch")
        if not isfinite(told) or told != int(told) or not 0 <= told <= LAST_EPOCH:
            raise ValueError(f"report: epoch={epoch} is not a whole number from 0 on")
        if last is not None and told <= last:
            raise ValueError(
                f"report: epoch={int(told)} came after epoch {last}; report each epoch once, in "
                "their order"
            )
        return int(told)


def number_of(given: object, what: str) -> float:
    """Return what a user's function gave for a number.

    Args:
        given: it.
        what: what it is, as the error calls it.

    Raises:
        TypeError: it is none.
    """
    try:
        return told_number(given, what)
    except NoNumber as error:
        raise TypeError(str(error)) from None

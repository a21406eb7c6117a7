"""What evaluates configurations, whatever it is."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from advisor.training.outcome import Outcome
from advisor.training.paused import Paused, StateLost
from advisor.training.report import Report
from knowledge_base.records import TrialRecord
from knowledge_base.types import Config

if TYPE_CHECKING:
    from advisor.encoding.inert import Inert


class Objective(ABC):
    """Evaluates configurations.

    Attributes:
        at_once: how many configurations it is worth asking for before any is evaluated.
        shapeless: hyperparameters in which configurations that are evaluated together may differ.
        inert: hyperparameters that do nothing here.
        brief: whether a trial can be ended after a moment, and has a value then.
        pausable: whether a trial may be put aside; its report may raise `PauseTrial` then.
    """

    at_once: int = 1
    shapeless: Collection[str] = frozenset()
    inert: "Sequence[Inert]" = ()
    brief: bool = False
    pausable: bool = False

    @abstractmethod
    def evaluate(self, config: Config, report: Report) -> Outcome:
        """Train with `config` and return what came of it.

        Args:
            config: active hyperparameters.
            report: to be called after every epoch; raises `StopTrial` when time is up.

        Raises:
            Exception: whatever the training raises; the runner records a failed trial.
        """

    def go_on(self, config: Config, report: Report, paused: Paused) -> Outcome:
        """Take a training up that was put aside, and return what came of it in all.

        Args:
            config: active hyperparameters.
            report: as for `evaluate`.
            paused: what its outcome said.

        Raises:
            StateLost: `paused` is that of another training, or damaged; nothing was trained.
            Exception: as `evaluate`.
        """
        raise StateLost("This training cannot be taken up again.")

    def conclude(self, config: Config, paused: Paused, reason: str) -> Outcome:
        """Return what a training reached that was put aside, as of one that is stopped.

        Args:
            config: active hyperparameters.
            paused: what its outcome said.
            reason: why it is not taken up.

        Raises:
            StateLost: `paused` is that of another training, or damaged.
            Exception: as `evaluate`.
        """
        raise StateLost("This training cannot be taken up again.")

    def recall(self, trials: Sequence[TrialRecord]) -> None:
        """Learn what the trials of the study say of how the next ones are evaluated.

        Args:
            trials: all that ended; what was learned of them before is replaced.
        """
        return None  # Most objectives evaluate each configuration for itself.

    def prepare(self) -> None:
        """Load what trainings need, in a process that was started to evaluate."""
        return None  # Most objectives were loaded with all that they need.

    def at_hand(self, config: Config) -> bool:
        """Return whether an outcome is known, so that no process needs to be asked for it."""
        return False

    def need(self, configs: Sequence[Config]) -> int | None:
        """Return bytes that one of the groups needs beside the data; None if that is unknown."""
        return None

    def room(self) -> int | None:
        """Return bytes that the needs of all that is trained at once may come to, if known."""
        return None

    def companions(self, config: Config) -> int:
        """Return how many others that differ in what is `shapeless` take little more time with it.

        Zero where they gain too little for what each could have learned of those before it.
        """
        return 0

    def groups_of(self, configs: Sequence[Config]) -> list[list[int]]:
        """Return the places of configurations that gain from being evaluated together."""
        return [[place] for place in range(len(configs))]

    def evaluate_many(
        self, configs: Sequence[Config], reports: Sequence[Report]
    ) -> Iterator[tuple[int, Outcome]]:
        """Train one of the groups; yield the place and outcome of each as soon as it ended.

        Args:
            configs: active hyperparameters of each.
            reports: one for each; one that raises `StopTrial` ends its own trial only.

        Raises:
            Exception: as `evaluate`; the runner evaluates the others one by one.
        """
        for place, (config, report) in enumerate(zip(configs, reports, strict=True)):
            yield place, self.evaluate(config, report)

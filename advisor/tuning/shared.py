"""A tuner whose study other processes may work on, too."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import overload

from advisor.training.outcome import Outcome
from advisor.tuning.paused_trial import PausedTrial
from advisor.tuning.tuner import Tuner
from knowledge_base.records import TrialRecord
from knowledge_base.sharing import Claim, Place
from knowledge_base.types import Config, ConfigDict


class AllTaken(Exception):
    """Other processes try all that the study has left: there is nothing to do but to wait."""


@dataclass
class SharedTuner(Tuner):
    """A tuner that, while it shares its study, hears of what other processes do there.

    Between `share` and `part` each question and each answer is a turn among the processes:
    first what the others told is heard, and what they try is known. The order of the trials is
    that of their lines, in every process.
    """

    _place: Place | None = field(default=None, init=False, repr=False)
    _length: int = field(default=0, init=False, repr=False)
    _read: int = field(default=0, init=False, repr=False)
    _others: list[Claim] = field(default_factory=list, init=False, repr=False)
    _reserved: int | None = field(default=None, init=False, repr=False)
    _heard: list[TrialRecord] = field(default_factory=list, init=False, repr=False)

    def share(self, place: Place, length: int) -> None:
        """Begin to hear of other processes, and hear what they told so far.

        Args:
            place: of this process among them.
            length: trials of the whole study.
        """
        self._place, self._length = place, length
        with place.turn():
            self._catch_up()
        self._heard.clear()

    def part(self) -> None:
        """Hear of no other process any more; what was asked and not told is taken back."""
        place, self._place, self._reserved = self._place, None, None
        for config in list(self._active):
            self.withdraw(config)
        if place is not None:
            place.leave()

    def heard(self) -> list[TrialRecord]:
        """Return what other processes told since this was last asked for."""
        if self._place is not None:
            with self._place.turn():
                self._catch_up()
        heard, self._heard = self._heard, []
        return heard

    @overload
    def ask(self) -> ConfigDict: ...

    @overload
    def ask(self, n: int) -> list[ConfigDict]: ...

    def ask(self, n: int | None = None) -> ConfigDict | list[ConfigDict]:
        """Return the next configuration to try, or `n`, or as many as the study has left.

        Raises:
            AllTaken: other processes try all that it has left.
            Exhausted: the strategy has nothing else to suggest.
        """
        if self._place is None:
            return super().ask() if n is None else super().ask(n)
        with self._place.turn():
            self._place.leads()  # Where the process that began the study is gone.
            self._catch_up()
            before = self._tried_elsewhere
            self._others = self._place.others()
            tried = self._tried_elsewhere
            left = self._length - self.ended - len(self._active) - len(tried)
            if left <= 0:
                raise AllTaken
            if tried or before:
                self._update([], tried)
            found = super().ask(min(n or 1, left))
            self._claim()
        return found[0] if n is None else found

    def companions(self, lead: Config, count: int, free: Collection[str]) -> list[ConfigDict]:
        """Return what to try together with what was asked for, as many as the study has left."""
        if self._place is None:
            return super().companions(lead, count, free)
        with self._place.turn():
            left = self._length - self.ended - len(self._active) - len(self._tried_elsewhere)
            found = super().companions(lead, min(count, max(left, 0)), free)
            self._claim()
        return found

    def tell(
        self,
        config: Config,
        result: float | Outcome | None,
        started_at: datetime | None = None,
        folder: Path | None = None,
        *,
        trial_id: str | int | None = None,
    ) -> TrialRecord:
        """Store a finished trial, durable on return, and learn from it.

        Args:
            config, result, started_at, trial_id: as for `Tuner.tell`.
            folder: that the user's function filled, as `unnumbered_folder` gave it.

        Raises:
            SpaceError, UserError: as for `Tuner.tell`.
        """
        if self._place is None:
            return super().tell(config, result, started_at, trial_id=trial_id)
        with self._place.turn():
            self._catch_up()
            self._others = self._place.others()
            folders = self.study.folders
            if folders is not None:
                folders.in_use = self._folders_in_use()
                if self._reserved is None:  # Before the trial, so that no best one lacks its own.
                    folders.settle(folder, self.next_number)
            try:
                trial = super().tell(config, result, started_at, trial_id=trial_id)
            finally:
                self._reserved = None
            self._read = self._written
            self._claim()
        return trial

    def tell_standing(self, standing: PausedTrial, outcome: Outcome) -> TrialRecord:
        """Store a trial that stands paused with what it reached; it can still be taken up."""
        try:
            return super().tell_standing(standing, outcome)
        finally:
            self._reserved = None

    def pause(self, config: Config, outcome: Outcome, started_at: datetime) -> list[PausedTrial]:
        """Put a trial aside; it stays this process's own."""
        crowded = super().pause(config, outcome, started_at)
        self._reserved = None
        if self._place is not None:
            with self._place.turn():
                self._claim()
        return crowded

    def withdraw(self, config: Config) -> None:
        """Take back a question that will not be answered; it may be asked again."""
        if config not in self._active:
            return
        super().withdraw(config)
        if self._place is not None:
            with self._place.turn():
                self._reserved = None
                self._claim()

    def sort_out(self) -> None:
        """Keep the folders of the best trials only, and of those that run."""
        folders = self.study.folders
        if folders is None:
            return
        if self._place is None:
            folders.in_use = ()
            folders.sort_out(self.trials)
            return
        with self._place.turn():
            self._catch_up()
            self._others = self._place.others()
            folders.in_use = self._folders_in_use()
            folders.sort_out(self.trials)

    def make_folder(self) -> Path:
        """Return the folder of the trial that runs, made if it is not there.

        Its number is nobody else's from then on.

        Raises:
            UserError: it cannot be made, or the study keeps none.
        """
        if self._place is None:
            return super().make_folder()
        with self._place.turn():
            self._catch_up()
            self._others = self._place.others()
            self._reserved = self.next_number
            self._claim()
            return super().make_folder()

    def unnumbered_folder(self, job: int) -> Path | None:
        """Return where the folder of a trial is until it ends, None where there is none.

        Args:
            job: what tells it from the others of this process.
        """
        folders = self.study.folders
        if folders is None or self._place is None:
            return None
        return folders.unnumbered(self._place.name, job)

    @property
    def next_number(self) -> int:
        """The number of the trial that is told next; none that another process has a folder for."""
        if self._reserved is not None:
            return self._reserved
        number = super().next_number
        taken = {claim.number for claim in self._others}
        while number in taken:
            number += 1
        return number

    @property
    def _tried_elsewhere(self) -> list[ConfigDict]:
        return [config for claim in self._others for config in claim.configs]

    @property
    def _written(self) -> int:
        return 0 if self.study.directory is None else self.study.directory.written

    def _catch_up(self) -> None:
        """Learn from what other processes told; called in turn."""
        written = self._written
        if written == self._read or self.study.directory is None:
            return
        stored = self.study.directory.trials()
        new = [trial for trial in stored if trial.number not in self._numbers]
        if new or not self._read:  # Paused trials are among those that are known, too.
            self.replay(stored)
        self._heard += new
        self._read = written

    def _claim(self) -> None:
        assert self._place is not None
        paused = [trial.config for trial in self.paused.all() if trial.config not in self._active]
        self._place.claim(Claim([*self._active, *paused], self._reserved))

    def _folders_in_use(self) -> Collection[str]:
        """Return the names of folders of running trials, and of the processes that try them."""
        assert self._place is not None
        numbers = [claim.number for claim in self._others if claim.number is not None]
        names = [claim.name for claim in self._others]
        return {*(f"{number:06d}" for number in numbers), *names, self._place.name}

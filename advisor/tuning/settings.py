"""What the user asked a search to do; stored with the study so that it can go on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from advisor.tuning.warm_start import warm_count
from knowledge_base.errors import UserError
from knowledge_base.identity import digest
from knowledge_base.space import SpaceDefinition, restricted

LATER = ("per_second", "text", "time", "series", "horizon", "only", "fix")
"""Settings that came after the first studies were written."""


@dataclass(frozen=True)
class TuneSettings:
    """One search: either `data` and `target`, or `objective` and `space`.

    Attributes:
        data: file, folder of images or built-in name; `target` its column to predict.
        kind: "classification" or "regression"; None infers it.
        text: column with texts to classify.
        time, series, horizon: columns with the times and the names of series to forecast,
            and how many steps ahead.
        objective: the user's training function, "FILE.py:FUNCTION".
        space: file with its search space.
        family: built-in model family, or the label of the user's own model.
        only: the hyperparameters to search, separated by commas; None searches all.
        fix: values of others, "NAME=VALUE"; default each one's default.
        metric, direction: what is optimised; None takes the default of the data.
        strategy: name of the search strategy.
        n_warm: configurations to take from the past; None picks by the number of trials.
        trials: of the whole study.
        seed: of splits, training and search.
        max_epochs: per trial, for built-in families.
        exclude_datasets: fingerprints of data sets that the warm start must not use.
        per_second: prefer configurations that are quick (expected improvement per second).
    """

    data: str | None = None
    target: str | None = None
    kind: str | None = None
    text: str | None = None
    time: str | None = None
    series: str | None = None
    horizon: int | None = None
    objective: str | None = None
    space: str | None = None
    family: str | None = None
    only: str | None = None
    fix: Sequence[str] = ()
    metric: str | None = None
    direction: str | None = None
    strategy: str = "bayesian"
    n_warm: int | None = None
    trials: int = 30
    seed: int = 0
    max_epochs: int | None = None
    exclude_datasets: Sequence[str] = ()
    per_second: bool = False

    def check(self) -> None:
        """Refuse what cannot be run.

        Raises:
            UserError: neither or both of data and objective, or an impossible number.
        """
        if (self.data is None) == (self.objective is None):
            raise UserError("Give either a data set or --objective FILE.py:FUNCTION.")
        if self.objective is not None and self.space is None:
            raise UserError("--objective needs --space FILE, the search space of your function.")
        if self.objective is None and self.space is not None:
            raise UserError("--space goes with --objective; built-in families bring their own.")
        if self.trials < 1:
            raise UserError(f"--trials must be at least 1, not {self.trials}.")
        if self.direction not in (None, "minimize", "maximize"):
            raise UserError(f"The direction is minimize or maximize, not '{self.direction}'.")

    @property
    def warm(self) -> int:
        """How many configurations come from the past."""
        return warm_count(self.trials) if self.n_warm is None else self.n_warm

    @property
    def columns(self) -> dict[str, Any]:
        """What the columns of the data are, as `DataRequest` has it."""
        names = ("text", "time", "series", "horizon")
        return {name: getattr(self, name) for name in names}

    def part_of(self, space: SpaceDefinition) -> SpaceDefinition:
        """Return the part of a space that is to be searched.

        Raises:
            UserError: an unknown hyperparameter or an illegal value.
        """
        if self.only is None and not self.fix:
            return space
        pairs = [text.partition("=") for text in self.fix]
        for name, sign, _ in pairs:
            if not sign:
                raise UserError(f"--fix takes NAME=VALUE, such as units=64, not '{name}'.")
        only = None if self.only is None else [name.strip() for name in self.only.split(",")]
        return restricted(space, only, {name: value for name, _, value in pairs})

    @property
    def label(self) -> str:
        """A short name for the study, from the data set or the function."""
        if self.objective is not None:
            return Path(self.objective.rpartition(":")[0]).stem or "objective"
        return Path(str(self.data)).stem if Path(str(self.data)).suffix else str(self.data)

    @property
    def signature(self) -> str:
        """Equal for two commands that mean the same study (its length may differ)."""
        plain = self.to_dict()
        for name in ("trials", "n_warm"):
            del plain[name]
        for name in LATER:  # studies that are older than an option keep their signature
            if not plain[name]:
                del plain[name]
        for name in ("data", "space"):
            if plain[name] and Path(plain[name]).exists():
                plain[name] = str(Path(plain[name]).resolve())
        return digest("settings", plain)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain JSON-able types."""
        lists = {"exclude_datasets": list(self.exclude_datasets), "fix": list(self.fix)}
        return {**asdict(self), **lists}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "TuneSettings":
        """Return the settings that `to_dict` wrote; unknown keys are ignored."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})

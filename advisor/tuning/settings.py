"""What the user asked a search to do; stored with the study so that it can go on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from advisor.meta.warm_start import warm_count
from advisor.sizes import parse_size
from knowledge_base.errors import UserError
from knowledge_base.identity import digest
from knowledge_base.space import SpaceDefinition, restricted

LATER = ("per_second", "text", "time", "series", "horizon", "only", "fix", "module")
"""Settings that came after the first studies were written."""


@dataclass(frozen=True)
class TuneSettings:
    """One search: `data`, if you like with `module` and `space`; or `objective` and `space`.

    Attributes:
        data: file, folder of images or built-in name; `target` its column to predict.
        kind: "classification" or "regression"; None infers it.
        text: column with texts to classify.
        time, series, horizon: columns with the times and the names of series to forecast,
            and how many steps ahead.
        module: function that builds the user's network for the data, "FILE.py:FUNCTION".
        objective: the user's training function, "FILE.py:FUNCTION".
        space: file with the search space of either.
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
        memory_limit: what a training may need, such as "2GB"; configurations estimated to
            need more are skipped. None takes a share of what is free.
    """

    data: str | None = None
    target: str | None = None
    kind: str | None = None
    text: str | None = None
    time: str | None = None
    series: str | None = None
    horizon: int | None = None
    module: str | None = None
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
    memory_limit: str | int | None = None

    def check(self) -> None:
        """Refuse what cannot be run.

        Raises:
            UserError: options that do not go together, or an impossible number.
        """
        if (self.data is None) == (self.objective is None):
            raise UserError("Give either a data set or --objective FILE.py:FUNCTION.")
        own = {"--objective": self.objective, "--module": self.module}
        given = [option for option, reference in own.items() if reference is not None]
        if len(given) == 2:
            raise UserError("--module builds a network for DATA, --objective trains on its own; "
                            "give one of them.")  # fmt: skip
        if given and self.space is None:
            raise UserError(f"{given[0]} needs --space FILE, the search space of your function.")
        if not given and self.space is not None:
            raise UserError("--space goes with --objective or --module; built-in families bring "
                            "their own.")  # fmt: skip
        if self.trials < 1:
            raise UserError(f"--trials must be at least 1, not {self.trials}.")
        if self.direction not in (None, "minimize", "maximize"):
            raise UserError(f"The direction is minimize or maximize, not '{self.direction}'.")
        if self.memory_bytes is not None and self.objective is not None:
            raise UserError("--memory-limit is for built-in families; your function is not known.")

    @property
    def memory_bytes(self) -> int | None:
        """The memory limit in bytes."""
        return None if self.memory_limit is None else parse_size(self.memory_limit)

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
            file, _, function = self.objective.rpartition(":")
            stem = Path(file).stem or "objective"
            return stem if function in ("", "train", "objective") else f"{stem}-{function}"
        path = Path(str(self.data))
        if path.is_dir():
            return path.resolve().name or "images"
        return path.stem if path.suffix else str(self.data)

    @property
    def signature(self) -> str:
        """Equal for two commands that mean the same study (its length may differ)."""
        plain = self.to_dict()
        for name in ("trials", "n_warm", "memory_limit"):
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

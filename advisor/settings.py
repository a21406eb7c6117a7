"""What is asked of a search, in types; stored with its study so that it can go on."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from advisor.checks import one_of, whole
from advisor.units import parse_size
from knowledge_base.errors import UserError
from knowledge_base.identity import digest
from knowledge_base.naming import did_you_mean
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import Direction
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    import pandas as pd

    from advisor.data import Dataset

REFERENCES = ("data", "module", "objective", "space", "test")
"""Settings that are stored as references to files; objects in their place are not stored."""

NEWER = ("per_second", "text", "time", "series", "horizon", "only", "fix", "module", "python",
         "drop", "keep", "as_types", "size", "folds", "test", "all_rows", "group",
         "task")  # fmt: skip
"""Settings that came after the first studies were written; unset ones are not in a signature."""

CODE = ("objective", "module")
"""Settings that may name code of the user's, as "FILE.py:FUNCTION"."""

KINDS = ("classification", "regression", "forecasting")

FINAL = ("ensemble", "folds", "single")
"""What may be taken away: an average of several configurations, or of the folds of the best one, or
one network of that, trained on all that is known."""

UNENDING = 1_000_000
"""Length of a study that only time ends."""

LEAST = {"trials": 1, "seed": 0, "n_warm": 0, "max_epochs": 1, "horizon": 1, "memory_limit": 1,
         "folds": 1, "workers": 1}  # fmt: skip
"""Settings that are whole numbers, with the least that they may be."""

FOLDERS = 3
"""Trials of the user's own function whose folders are kept, if the user does not say."""

PRECISIONS = ("32", "bf16")
"""Numbers that networks are trained in: single precision, or bfloat16 where that is as good."""

FREE = ("trials", "n_warm", "memory_limit", "final", "workers", "device", "precision")
"""Settings in which two commands may differ and still mean the same study."""


@dataclass(frozen=True)
class Settings:
    """One search: `data`, if you like with `module` and `space`; or `objective` and `space`.

    Attributes:
        data: file, folder of images, built-in name, frame or data set.
        target: its column to predict.
        kind: "classification" or "regression"; None infers it.
        text: column with texts to classify.
        time, series, horizon: columns with the times and the names of series to forecast,
            and how many steps ahead.
        drop, keep: columns of a table to leave out, and to use although they look like
            identifiers. With `objective`, `keep` is how many of the best trials keep the folder
            that the function filled; default `FOLDERS`.
        as_types: as what columns are to be read, by name, as for `load_dataset`.
        size: side to resize images to, or width and height.
        module: builds the user's network for the data: a function, "FILE.py:FUNCTION", or a
            `ModuleFamily`, which brings its space.
        objective: the user's training function, itself or "FILE.py:FUNCTION".
        space: the search space of either, itself or its file.
        family: built-in model family, or the label of the user's own model.
        only: the hyperparameters to search; None searches all.
        fix: values of others by name; default each one's default.
        metric, direction: what is optimised; None takes the default of the data. Of `objective`,
            the direction is that of a metric whose name is known, or must be said.
        task: name of the task of `objective`; None takes one from the function and where its
            file lies.
        strategy: name of the search strategy.
        n_warm: configurations to take from the past; None picks by the number of trials.
        trials: length of the whole study; None for as many as the time of its runs allows.
        seed: seed of splits, training and search.
        max_epochs: most epochs per trial, for built-in families.
        exclude_datasets: fingerprints of data sets that the warm start must not use.
        per_second: prefer configurations that are quick (expected improvement per second); None
            does so where the search has a time limit.
        memory_limit: bytes that a training may need, and all that run at once; configurations
            estimated to need more are skipped. None takes a share of what is free.
        folds: splits that a configuration is judged on; None chooses by what they are worth.
        test: data of the same columns that the final model is measured on once; None holds out
            a part of `data`.
        all_rows: hold out no part of `data`, so that all rows train and validate.
        group: column of rows that belong together, and are never split apart.
        final: what the model that is taken away is made of, one of `FINAL`.
        workers: how many trials are trained at once, each in a process of its own; 1 trains in
            this process.
        device: where networks are trained: "cpu", "cuda", "cuda:1" and so on, or "mps"; None
            for CUDA where PyTorch sees a card.
        precision: one of `PRECISIONS`; "bf16" is for CUDA. None for "32", or as it was begun.
        stopping: whether the strategy may put trials aside before their end, and take up later
            what promises most; None does so for strategies that are made of it only.
        python: which of `REFERENCES` were objects when the study was stored.
    """

    data: "str | Path | pd.DataFrame | Dataset | None" = None
    target: str | None = None
    kind: str | None = None
    text: str | None = None
    time: str | None = None
    series: str | None = None
    horizon: int | None = None
    module: object | None = None
    objective: str | Callable[..., object] | None = None
    space: str | Path | SpaceDefinition | None = None
    family: str | None = None
    only: Sequence[str] | None = None
    fix: Mapping[str, object] | None = None
    metric: str | None = None
    direction: str | None = None
    strategy: str = "bayesian"
    n_warm: int | None = None
    trials: int | None = 30
    seed: int = 0
    max_epochs: int | None = None
    exclude_datasets: Sequence[str] = ()
    per_second: bool | None = None
    memory_limit: int | None = None
    python: Sequence[str] = ()
    drop: Sequence[str] = ()
    keep: Sequence[str] | int = ()
    as_types: Mapping[str, str] | None = None
    size: int | Sequence[int] | None = None
    folds: int | None = None
    test: "str | Path | pd.DataFrame | Dataset | None" = None
    final: str = "ensemble"
    all_rows: bool = False
    group: str | None = None
    workers: int = 1
    device: str | None = None
    precision: str | None = None
    stopping: bool | None = None
    task: str | None = None

    def __new__(cls, *_: object, **given: object) -> Self:
        """Refuse keywords that do not exist.

        Raises:
            UserError: names the nearest one and all that there are.
        """
        known = [field.name for field in fields(cls) if field.name != "python"]
        for name in given.keys() - {*known, "python"}:
            hint = did_you_mean(name, known)
            raise UserError(
                f"There is no setting '{name}'. {hint}{' ' if hint else ''}"
                f"The settings of a search are: {', '.join(known)}."
            )
        return super().__new__(cls)

    @property
    def length(self) -> int:
        """Return how many trials the whole study may have."""
        return UNENDING if self.trials is None else self.trials

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UserError: a setting of another type, an impossible number, or settings that do
                not go together.
        """
        if isinstance(self.only, str):
            raise UserError("`only` takes a list of names, such as ['learning_rate', 'dropout'].")
        if self.fix is not None and not isinstance(self.fix, Mapping):
            raise UserError("`fix` takes values by name, such as {'units': 64}.")
        for name, least in LEAST.items():
            if getattr(self, name) is not None or name in ("seed", "workers"):
                whole(name, getattr(self, name), least)
        if self.direction is not None:
            one_of("direction", self.direction, tuple(Direction))
        if self.kind is not None:
            one_of("kind", self.kind, KINDS)
        one_of("final", self.final, FINAL)
        if self.stopping is not None and not isinstance(self.stopping, bool):
            raise UserError(f"`stopping` is True or False, not {self.stopping!r}.")
        for name, given in (
            ("folds", self.folds not in (None, 1)),
            ("test", self.test is not None),
            ("all_rows", self.all_rows),
            ("group", self.group is not None),
        ):
            if given and self.objective is not None:
                raise UserError(f"`{name}` is for data sets; your function splits its own.")
        self._check_networks()
        self._check_kept()
        self._check_device()
        self._check_task()
        if self.module is not None and self.objective is not None:
            raise UserError(
                "`module` builds a network for the data, `objective` trains on its own; give one "
                "of them."
            )
        if self.memory_limit is not None and self.objective is not None:
            raise UserError("`memory_limit` is for built-in families; your function is not known.")

    def _check_networks(self) -> None:
        """Refuse what says how networks are trained, and what is taken away, without a network.

        Raises:
            UserError: one of them is given for the user's own function.
        """
        if self.objective is None:
            return
        if self.max_epochs is not None:
            raise UserError("`max_epochs` is for data sets; your function counts its own.")
        if self.final != FINAL[0]:
            raise UserError("`final` is for data sets; your function keeps its own models.")

    def _check_device(self) -> None:
        """Refuse what is no device or precision; whether the device is there is seen later.

        Raises:
            UserError: one of them is none, or is given for the user's own function.
        """
        given = self.device
        named = isinstance(given, str) and re.fullmatch(r"cpu|mps|cuda(:\d{1,3})?", given)
        if given is not None and not named:
            raise UserError(f"`device` is cpu, cuda, cuda:1 and so on, or mps, not {given!r}.")
        if self.precision is not None:
            object.__setattr__(self, "precision", str(self.precision))
            one_of("precision", self.precision, PRECISIONS)
        for name in ("device", "precision"):
            if getattr(self, name) is not None and self.objective is not None:
                raise UserError(f"`{name}` is for data sets; your function chooses its own.")

    def _check_task(self) -> None:
        """Refuse a name for the task where the data are the task, and what is no name.

        Raises:
            UserError: `task` is what it cannot be.
        """
        if self.task is None:
            return
        if not isinstance(self.task, str) or not self.task.strip():
            raise UserError(
                f"`task` is the name of a task, such as 'my project', not {self.task!r}."
            )
        if self.data is not None:
            raise UserError(
                "`task` names the task of `objective`; with data, these are the task, and networks "
                "are told apart by `family`."
            )

    def _check_kept(self) -> None:
        """Refuse columns to keep without data, and a number of folders without a function.

        Raises:
            UserError: `keep` is what it cannot be.
        """
        if isinstance(self.keep, bool) or (self.keep and self.objective and not self._folders):
            raise UserError(
                "With `objective`, `keep` is the number of best trials that keep their folders, "
                f"not {self.keep!r}."
            )
        if self._folders and self.data is not None:
            raise UserError("`keep` takes names of columns; a number is for `objective`.")
        if isinstance(self.keep, int):
            whole("keep", self.keep, 0)

    @property
    def _folders(self) -> bool:
        """Whether `keep` is a number of folders."""
        return isinstance(self.keep, int)

    @property
    def folders_kept(self) -> int | None:
        """How many trials keep their folders; None where trials are of a data set."""
        if self.objective is None:
            return None
        return self.keep if isinstance(self.keep, int) else FOLDERS

    @property
    def objects(self) -> tuple[str, ...]:
        """Which of `REFERENCES` are objects, which cannot be stored."""
        given = {name: getattr(self, name) for name in REFERENCES}
        return tuple(n for n, v in given.items() if v is not None and _reference(v) is None)

    @property
    def holds_out(self) -> bool:
        """Whether a part of the data is held out, to measure the final model on."""
        return self.test is None and not self.all_rows

    @property
    def label(self) -> str:
        """A short name for the study, from the data set or the function."""
        if callable(self.objective):
            return getattr(self.objective, "__name__", "objective")
        if self.objective is not None:
            file, _, function = self.objective.rpartition(":")
            stem = Path(file).stem or "objective"
            return stem if function in ("", "train", "objective") else f"{stem}-{function}"
        data = _reference(self.data)
        if data is None:
            own = getattr(self.data, "name", None)  # A frame's may be a column of it.
            return own if isinstance(own, str) else "frame"
        if data == "-":
            return "stdin"
        path = Path(data)
        if path.is_dir():
            return path.resolve().name or "images"
        return path.stem if path.suffix else data

    @property
    def signature(self) -> str:
        """A text that is equal for two commands that mean the same study."""
        return self._signed(",")

    def _signed(self, between: str) -> str:
        """Return the signature with names to search joined in one of the ways that were stored."""
        plain = self.to_dict()
        plain["only"] = None if self.only is None else between.join(self.only)
        for name in FREE:
            del plain[name]
        if plain["folds"] == 1:  # The first versions had no other way, and did not say so.
            del plain["folds"]
        if self._folders:
            del plain["keep"]
        if self.stopping is None:  # So it was before there was a choice.
            del plain["stopping"]
        for name in NEWER:
            if not plain.get(name):
                plain.pop(name, None)
        for name in ("data", "space"):
            if plain[name] and Path(plain[name]).exists():
                plain[name] = str(Path(plain[name]).resolve())
        return digest("settings", plain)

    @property
    def signatures(self) -> set[str]:
        """The signature, and those of the same study where less was said.

        Version 0.1 signed `only` as it was typed, often with a space after each comma. The
        direction of a function need not have been said; whether it is that one, its task tells.
        """
        forms = [self]
        if self.objective is not None and self.direction is not None:
            forms.append(replace(self, direction=None))
        return {form._signed(between) for form in forms for between in (",", ", ")}

    def given_again(self, now: "Settings") -> "Settings":
        """Return stored settings with what cannot be stored as it is given now.

        Args:
            now: settings of the call that goes on with the study; of these count the objects
                that are missing here, code that is named again, how many folders are kept, and
                the memory limit and the device, since another machine, or a free one, may have
                others, and the precision and the number of workers.
        """
        named = {name: getattr(now, name) for name in CODE if getattr(now, name) is not None}
        objects = {name: getattr(now, name) for name in self.python}
        objects |= {name: getattr(now, name) for name in now.objects}
        limit = now.memory_limit or self.memory_limit
        own = self.objective is not None or "objective" in self.python
        more = {"keep": now.keep} if now._folders and own else {}
        return replace(
            self, **{**objects, **named, **more}, memory_limit=limit, python=(),
            workers=now.workers, device=now.device or self.device,
            precision=now.precision or self.precision,
        )  # fmt: skip

    @property
    def may_pause(self) -> bool:
        """Whether trials may stand paused: in one process, which goes on with them itself."""
        return self.stopping is not False and self.workers == 1

    def with_limit(self, timeout: float | None) -> "Settings":
        """Return the settings with what depends on whether the search has a time limit.

        Args:
            timeout: seconds that it is going to have; None is no limit.
        """
        limited = timeout is not None
        return replace(self, per_second=limited if self.per_second is None else self.per_second)

    def without_code(self) -> "Settings":
        """Return the settings without the files of code that they name; objects stay."""
        plain = {name: getattr(self, name) for name in CODE}
        kept = {name: None if isinstance(given, str) else given for name, given in plain.items()}
        return replace(self, objective=kept["objective"], module=kept["module"])

    def to_dict(self) -> JsonObject:
        """Return the settings as plain JSON-able types, in the form of all earlier versions."""
        plain: JsonObject = {field.name: getattr(self, field.name) for field in fields(self)}
        plain |= {name: _reference(plain[name]) for name in REFERENCES}
        plain["only"] = None if self.only is None else ",".join(self.only)
        plain["fix"] = [f"{name}={value}" for name, value in (self.fix or {}).items()]
        for name in ("drop", "keep"):
            named = plain[name]
            if isinstance(named, int):  # It is a number of folders.
                continue
            plain[name] = [named] if isinstance(named, str) else list(map(str, named))
        plain["as_types"] = None if self.as_types is None else dict(self.as_types)
        plain["exclude_datasets"] = list(self.exclude_datasets)
        plain["python"] = list(self.objects)
        return plain

    @classmethod
    def from_dict(cls, stored: JsonObject) -> "Settings":
        """Return the settings that `to_dict` wrote, of this or an earlier version.

        Unknown keys are ignored.
        """
        known = {field.name for field in fields(cls)}
        given = {name: value for name, value in stored.items() if name in known}
        if isinstance(given.get("only"), str):
            given["only"] = [name.strip() for name in given["only"].split(",")]
        pairs = [text.partition("=") for text in given.get("fix") or ()]
        given["fix"] = {name: value for name, _, value in pairs}
        # The first versions judged everything on one split.
        if "folds" not in given:
            given["folds"] = 1
        if given.get("memory_limit") is not None:
            given["memory_limit"] = parse_size(given["memory_limit"])
        if given.get("objective") is not None or "objective" in given.get("python", ()):
            # Earlier versions took them, and did nothing with them.
            given = {n: v for n, v in given.items() if n not in ("max_epochs", "final")}
        return cls(**given)


def _reference(given: object) -> str | None:
    """Return a file or name as text, None for what is no reference."""
    return str(given) if isinstance(given, str | Path) else None

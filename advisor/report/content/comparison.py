"""What a comparison shows, as plain data; `advisor.comparison` gathers it."""

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.report.content.history import History


@dataclass(frozen=True)
class Mean:
    """A mean over seeds.

    Attributes:
        value: the mean, None where nothing is known.
        error: its standard error, None of one seed.
    """

    value: float | None
    error: float | None = None


@dataclass(frozen=True)
class Contestant:
    """One strategy.

    Attributes:
        name: as the user named it.
        best, test, found_after, mean_rank, trials, epochs, seconds: means over seeds.
        curve: mean best value after each trial, None before the first.
        errors: its standard errors, None of one seed.
        histories: of its studies, by their names.
    """

    name: str
    best: Mean
    test: Mean
    found_after: Mean
    mean_rank: Mean
    trials: Mean
    epochs: Mean
    seconds: Mean
    curve: Sequence[float | None]
    errors: Sequence[float | None] | None
    histories: Sequence[tuple[str, History]]


@dataclass(frozen=True)
class ComparisonContent:
    """What a comparison found so far.

    Attributes:
        name, path: of its folder.
        task: display name of the task.
        metric, direction: what is optimised.
        trials, seeds: of each strategy.
        finished, studies: how many studies are finished, and how many there are.
        contestants: the best first.
        notes: what to know when reading the numbers.
    """

    name: str
    path: str
    task: str
    metric: str
    direction: str
    trials: int
    seeds: int
    finished: int
    studies: int
    contestants: Sequence[Contestant]
    notes: Sequence[str]

    @property
    def sentence(self) -> str:
        """The answer on one line."""
        known = [one for one in self.contestants if one.best.value is not None]
        if not known:
            return "No strategy has found a value yet."
        first = known[0]
        error = "" if first.best.error is None else f" ± {first.best.error:.2g}"
        others = known[1:]
        beside = ""
        if others:
            beside = f", before {others[0].name} with {others[0].best.value:.4g}"
        return f"{first.name} found the best {self.metric}: {first.best.value:.4g}{error}{beside}."

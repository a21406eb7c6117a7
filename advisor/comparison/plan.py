"""What a comparison runs, and the file that keeps it: `comparison.json`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from advisor.settings import Settings
from advisor.strategies import get_strategy
from knowledge_base.durable import write_json
from knowledge_base.errors import UserError
from knowledge_base.identity import digest
from knowledge_base.types import JsonObject

FILE = "comparison.json"
FORMAT = 1
WARM = "+warm"
DEFAULT_STRATEGIES = ("grid", "random", "bayesian", "evolution")
DEFAULT_TRIALS = 20


@dataclass(frozen=True)
class PlannedStudy:
    """One study of a comparison.

    Attributes:
        strategy: as the user named it, such as "bayesian+warm".
        seed: of its splits, training and search.
    """

    strategy: str
    seed: int

    def name(self, comparison: str) -> str:
        """Return the name of its study directory."""
        return f"{comparison}-{self.strategy.replace('+', '-')}-s{self.seed}"

    def settings(self, shared: Settings) -> Settings:
        """Return `shared` with this strategy and seed, cold unless it is to start warm."""
        warm = self.strategy.endswith(WARM)
        name = self.strategy.removesuffix(WARM)
        return replace(shared, strategy=name, seed=self.seed, n_warm=None if warm else 0)


@dataclass(frozen=True)
class Plan:
    """A comparison: strategies that search the same with equal budgets.

    Attributes:
        settings: of all studies; strategy, warm start and seed are set for each.
        strategies: names of strategies; with the suffix "+warm" from the knowledge base.
        seeds: repetitions, with seeds that follow each other from that of `settings`.
        timeout: seconds for each study; None for no limit.
        spent: seconds that studies ran, by name; those cut off by a kill are not counted.
    """

    settings: Settings
    strategies: tuple[str, ...]
    seeds: int = 1
    timeout: float | None = None
    spent: Mapping[str, float] = field(default_factory=dict)

    def check(self) -> None:
        """Refuse what cannot be run, before anything is loaded or written.

        Raises:
            UserError: no strategy, an unknown one, one named twice, or impossible settings.
        """
        if not self.strategies:
            raise UserError("`strategies` names nothing; give some, such as random,bayesian.")
        for name in self.strategies:
            get_strategy(name.removesuffix(WARM))
            if self.strategies.count(name) > 1:
                raise UserError(f"`strategies` names '{name}' twice.")
        if self.seeds < 1:
            raise UserError(f"`seeds` must be at least 1, not {self.seeds}.")

    def require(self, strategies: tuple[str, ...], seeds: int) -> None:
        """Refuse to go on with other strategies or seeds; defaults mean what is stored.

        Raises:
            UserError: they are others.
        """
        if (strategies, seeds) not in ((DEFAULT_STRATEGIES, 1), (self.strategies, self.seeds)):
            names = ",".join(self.strategies)
            raise UserError(
                f"This comparison is of `strategies={names}` `seeds={self.seeds}`; go on with "
                "these, or start another one without `resume`."
            )

    @property
    def studies(self) -> list[PlannedStudy]:
        """All studies, every strategy with one seed before the next seed."""
        seeds = range(self.settings.seed, self.settings.seed + self.seeds)
        return [PlannedStudy(strategy, seed) for seed in seeds for strategy in self.strategies]

    @property
    def signature(self) -> str:
        """Equal for two commands that mean the same comparison (its length may differ)."""
        same = replace(self.settings, strategy="").signature
        parts = {"settings": same, "strategies": self.strategies, "seeds": self.seeds}
        return digest("comparison", parts)

    @property
    def signatures(self) -> set[str]:
        """The signature, and that of the same comparison where no direction was said."""
        unsaid = self
        if self.settings.objective is not None:
            unsaid = replace(self, settings=replace(self.settings, direction=None))
        return {self.signature, unsaid.signature}

    def save(self, path: Path) -> None:
        """Write the plan into the folder of its comparison, whole or not at all.

        Raises:
            UserError: the folder cannot be written to.
        """
        content = {
            "format": FORMAT,
            "signature": self.signature,
            "settings": self.settings.to_dict(),
            "strategies": list(self.strategies),
            "seeds": self.seeds,
            "timeout": self.timeout,
            "spent": dict(self.spent),
        }
        try:
            write_json(path / FILE, content, private=True)
        except OSError as error:
            raise UserError(f"The comparison {path} cannot be written: {error}.") from error

    @classmethod
    def load(cls, path: Path) -> "Plan":
        """Return the plan that `save` wrote.

        Raises:
            UserError: it is damaged, or of a newer format.
        """
        content = _content(path)
        try:
            return cls(
                Settings.from_dict(content["settings"]),
                tuple(content["strategies"]),
                content["seeds"],
                content["timeout"],
                content["spent"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path / FILE} is damaged: {error}.") from error


def stored_signature(path: Path) -> str | None:
    """Return the signature of the comparison in a folder.

    Raises:
        UserError: as for `Plan.load`.
    """
    return _content(path).get("signature")


def named(names: Sequence[str], warm: bool) -> tuple[str, ...]:
    """Return the names, each with the suffix of a warm start if `warm`."""
    return tuple(n + WARM if warm and not n.endswith(WARM) else n for n in names)


def _content(path: Path) -> JsonObject:
    file = path / FILE
    try:
        content: JsonObject = json.loads(file.read_text(encoding="utf-8"))
        if content["format"] > FORMAT:
            raise UserError(f"The comparison {path} was written by a newer Advisor; upgrade.")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} is damaged: {error}.") from error
    return content

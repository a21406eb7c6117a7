"""The product's searches as the scripts use them: the one place that knows how they are called."""

from collections.abc import Callable, Sequence
from pathlib import Path

from advisor.strategies import SearchStrategy, get_strategy
from advisor.surrogates import Prior
from advisor.tuning import Search as Study
from advisor.tuning import Tuner, TuneSettings, resume, start
from knowledge_base import KnowledgeBase
from knowledge_base.records import TrialRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, ConfigDict

OnTrial = Callable[[TrialRecord], None]


class Search:
    """A Bayesian search of ours, asked and told one trial at a time; no diagnosis is told."""

    def __init__(
        self,
        space: SpaceDefinition,
        direction: str,
        seed: int = 0,
        past: Prior | None = None,
        candidates: Sequence[Config] | None = None,
        strategy: type[SearchStrategy] | None = None,
    ) -> None:
        """Start a search.

        Args:
            space: where to search.
            direction: "maximize" or "minimize".
            seed: of all random choices.
            past: past tasks to learn from.
            candidates: the only configurations to choose from; default the whole space.
            strategy: a variant of the Bayesian search; default the one that ships.
        """
        kind = strategy or get_strategy("bayesian")
        self._strategy = kind(space, direction, seed, past=past, candidates=candidates)

    def ask(self) -> ConfigDict:
        """Return the configuration to try next."""
        return self._strategy.ask()

    def tell(self, config: Config, value: float | None) -> None:
        """Report what a configuration reached, asked for or not; None if it failed."""
        self._strategy.tell(config, value)

    def withdraw(self, config: Config) -> None:
        """Take back a question."""
        self._strategy.withdraw(config)


def run_study(
    settings: Config,
    kb: KnowledgeBase,
    folder: Path,
    name: str,
    on_trial: OnTrial | None = None,
) -> Study:
    """Run a search as `advisor tune` does, or go on with it; a finished one is only read.

    Args:
        settings: as `advisor.tuning.TuneSettings` takes them.
        kb: past trials; nothing is contributed to it.
        folder: of the study's directory.
        name: of that directory.
        on_trial: called after every trial.
    """
    begin = resume if (folder / name).exists() else start
    study = begin(TuneSettings(**settings), kb, name=name, root=folder, contribute=False)

    def finished(trial: TrialRecord, _: Tuner) -> None:
        if on_trial is not None:
            on_trial(trial)

    study.run(on_trial=finished)
    return study

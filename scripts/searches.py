"""The product's searches as the scripts use them: the one place that knows how they are called."""

from collections.abc import Callable, Sequence
from pathlib import Path

from advisor.settings import Settings
from advisor.strategies import Observation
from advisor.strategies.bayesian import BayesianSearch
from advisor.surrogates import Prior
from advisor.tuning import Search as Study
from advisor.tuning import Tuner, resume, start
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
        strategy: type[BayesianSearch] = BayesianSearch,
    ) -> None:
        """Start a search.

        Args:
            space: where to search.
            direction: "maximize" or "minimize".
            seed: of all random choices.
            past: past tasks to learn from.
            candidates: the only configurations to choose from; default the whole space.
            strategy: a variant of the Bayesian search that ships.
        """
        self._strategy = strategy(space, direction, seed, candidates=candidates)
        self._strategy.start_from([], past)
        self._active: list[ConfigDict] = []

    def ask(self) -> ConfigDict:
        """Return the configuration to try next."""
        (config,) = self._strategy.suggest()
        self._active.append(config)
        return dict(config)

    def tell(self, config: Config, value: float | None) -> None:
        """Report what a configuration reached, asked for or not; None if it failed."""
        self._end([Observation(dict(config), value)], config)

    def withdraw(self, config: Config) -> None:
        """Take back a question."""
        self._end([], config)

    def _end(self, completed: Sequence[Observation], config: Config) -> None:
        if config in self._active:
            self._active.remove(dict(config))
        self._strategy.update(completed, self._active)


def run_study(
    settings: Config,
    kb: KnowledgeBase,
    folder: Path,
    name: str,
    on_trial: OnTrial | None = None,
) -> Study:
    """Run a search as `advisor tune` does, or go on with it; a finished one is only read.

    Args:
        settings: as `advisor.Settings` takes them.
        kb: past trials; nothing is contributed to it.
        folder: of the study's directory.
        name: of that directory.
        on_trial: called after every trial.
    """
    begin = resume if (folder / name).exists() else start
    study = begin(Settings(**settings), kb, name=name, root=folder, contribute=False)

    def finished(trial: TrialRecord, _: Tuner) -> None:
        if on_trial is not None:
            on_trial(trial)

    study.run(on_trial=finished)
    return study

"""Searches on a held-out data set: ours with its past, and Optuna's samplers."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from advisor.meta.warm_start import warm_count
from advisor.models import get_family
from advisor.tuning import Tuner
from knowledge_base import KnowledgeBase
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, ConfigDict, JsonObject
from scripts.benchmarks.advice.held import WORK, Held, held_out, name_of
from scripts.benchmarks.experiment import Contender, Evaluation, Unit, compete
from scripts.optuna_space import suggested
from scripts.seed.past_without import shipped_mark
from scripts.seed.work import Entry

TRIALS = {"advisor": 15, "tpe": 60, "gp": 40}


class Tuned(Contender[Config]):
    """Our search as `advisor tune` makes it: it learns from diagnoses, and from a past if any."""

    def __init__(self, held: Held, kb: KnowledgeBase | None = None, n_warm: int = 0) -> None:
        """Start a search.

        Args:
            held: the data set.
            kb: past trials to learn from.
            n_warm: recommendations to begin with.
        """
        family, metric = get_family(held.entry.family), held.metric
        self._tuner = Tuner.create(
            family.space(), name=held.entry.label, metric=metric.name, direction=metric.direction,
            family=family.name, query=held.query, seed=held.seed, contribute=False, kb=kb,
            n_warm=n_warm,
        )  # fmt: skip

    def ask(self) -> ConfigDict:
        return self._tuner.ask()

    def tell(self, point: Config, evaluation: Evaluation) -> None:
        self._tuner.tell(point, evaluation.outcome)


def with_past(held: Held) -> Tuned:
    """Return our search with recommendations first, and what ships without the data set's group."""
    return Tuned(held, held.past, warm_count(TRIALS["advisor"]))


class OptunaSearch(Contender[Config]):
    """A search of Optuna's, from nothing."""

    needs = ("optuna",)

    def __init__(self, sampler: str, space: SpaceDefinition, seed: int) -> None:
        """Start a search of a space by the sampler of that name."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")
        self._space = space
        kind = getattr(optuna.samplers, sampler)
        self._study = optuna.create_study(direction="maximize", sampler=kind(seed=seed))

    def ask(self) -> ConfigDict:
        self._asked = self._study.ask()
        return suggested(self._asked, self._space)

    def tell(self, point: Config, evaluation: Evaluation) -> None:
        from optuna.trial import TrialState

        failed = evaluation.value is None
        state = TrialState.FAIL if failed else TrialState.COMPLETE
        self._study.tell(self._asked, evaluation.value, state=state)


def by_optuna(sampler: str, held: Held) -> OptunaSearch:
    """Return Optuna's search by the sampler of that name."""
    return OptunaSearch(sampler, get_family(held.entry.family).space(), held.seed)


METHODS: dict[str, Callable[[Held], Contender[Config]]] = {
    "advisor": with_past,
    "tpe": partial(by_optuna, "TPESampler"),
    "gp": partial(by_optuna, "GPSampler"),
}


@dataclass(frozen=True)
class HeldSearch(Unit):
    """One method on one held-out data set with one seed of split, training and search."""

    entry: Entry
    seed: int
    method: str

    @property
    def path(self) -> Path:
        mark = shipped_mark() if self.method == "advisor" else "alone"  # peers know no past
        name = name_of(self.entry, self.seed)
        return WORK / "searches" / mark / f"{name}-{self.method}.json"

    def compute(self) -> JsonObject:
        """Search.

        Returns:
            `val` and `test`: metrics of each trial, larger is better, -inf for failures;
            `training`: seconds of each; `overhead`: seconds of all that was not training.
        """
        held = held_out(self.entry, self.seed)
        if self.method == "advisor":
            _ = held.past  # to leave the group out is the evaluation's work, not the search's
        course = compete(lambda: METHODS[self.method](held), held, TRIALS[self.method])
        return {
            "val": course.val,
            "test": [evaluation.test for evaluation in course.evaluations],
            "training": [evaluation.seconds for evaluation in course.evaluations],
            "overhead": course.overhead,
        }

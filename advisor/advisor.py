"""The facade: one object that recommends, tunes and contributes, as the commands do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor import metafeatures
from advisor.advice import Advice
from advisor.data import TabularDataset, load_dataset
from advisor.meta import MetaLearner, Query, Recommendation, learner
from advisor.metrics import Metric, default_metric, get_metric
from advisor.models import ModelFamily, get_family
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.records import TaskRecord

if TYPE_CHECKING:
    import pandas as pd

    from advisor.tuning.probe import ProbeOutcome


@dataclass(frozen=True)
class Problem:
    """A data set with everything that is derived from it without training.

    Attributes:
        dataset: the data.
        family: model family to train on it.
        metric: what is optimised.
        task: identity of the task in the knowledge base.
        metafeatures: of the data set.
    """

    dataset: TabularDataset
    family: ModelFamily
    metric: Metric
    task: TaskRecord
    metafeatures: Mapping[str, float]

    @property
    def query(self) -> Query:
        """What the meta-learner needs to know."""
        return Query(self.metafeatures, self.task.dataset_id, self.task.target, self.task.task_id)


class Advisor:
    """Recommends hyperparameters from a knowledge base of past trials.

    >>> advisor = Advisor()
    >>> advice = advisor.recommend("data.csv", target="label", n=5)
    >>> advice.recommendations[0].config
    """

    def __init__(self, kb: KnowledgeBase | str | Path | None = None, family: str = "mlp") -> None:
        """Open the knowledge base (default: the user's own) for one model family.

        Raises:
            UserError: no such family, or the file is not a usable knowledge base.
        """
        self.kb = kb if isinstance(kb, KnowledgeBase) else KnowledgeBase(kb)
        self.family = get_family(family)

    def problem(
        self,
        data: "str | Path | pd.DataFrame | TabularDataset",
        target: str | None = None,
        metric: str | None = None,
        kind: str | None = None,
        seed: int = 0,
    ) -> Problem:
        """Load a data set and derive its task and metafeatures; nothing is trained.

        Raises:
            UserError: the data cannot be used, or the metric does not fit the target.
        """
        dataset = data if isinstance(data, TabularDataset) else load_dataset(data, target, kind)
        chosen = get_metric(metric) if metric else default_metric(dataset.kind)
        if chosen.kind != dataset.kind:
            raise UserError(
                f"The metric {chosen.name} is for {chosen.kind}, but the target "
                f"'{dataset.target_name}' makes this a {dataset.kind} task."
            )
        task = TaskRecord(
            name=dataset.name,
            metric=chosen.name,
            direction=chosen.direction,
            family=self.family.name,
            dataset_id=dataset.fingerprint,
            target=dataset.target_name,
        )
        return Problem(dataset, self.family, chosen, task, metafeatures.compute(dataset, seed=seed))

    def recommend(
        self,
        data: "str | Path | pd.DataFrame | TabularDataset | Problem",
        target: str | None = None,
        n: int = 5,
        metric: str | None = None,
        kind: str | None = None,
        seed: int = 0,
        exclude_datasets: Sequence[str] = (),
        probe: float | None = None,
    ) -> Advice:
        """Recommend `n` starting configurations in seconds, without training unless asked to.

        Args:
            data: CSV or Parquet file, built-in name such as "sklearn:digits", frame, or
                loaded data set.
            target: column to predict.
            n: how many configurations.
            metric: what to optimise; default accuracy or rmse.
            kind: "classification" or "regression"; default by the target's values.
            seed: of the sample that metafeatures are computed on.
            exclude_datasets: fingerprints of data sets whose trials are not to be used.
            probe: seconds for a few short trainings, whose outcomes choose between past tasks.

        Raises:
            UserError: bad data, target, metric or knowledge base.
        """
        if n < 1:
            raise UserError(f"The number of recommendations must be at least 1, not {n}.")
        problem = (
            data if isinstance(data, Problem) else self.problem(data, target, metric, kind, seed)
        )
        past = learner(self.kb, self.family.space(), self.family.name, exclude_datasets)
        query = problem.query
        if probe is not None:
            query = replace(query, outcomes=self._probe(problem, past, probe, seed))
        found = past.recommend(query, n)
        return Advice(
            dataset=problem.dataset.name,
            kind=problem.dataset.kind,
            metric=problem.metric.name,
            direction=problem.metric.direction,
            family=self.family.name,
            n_tasks=past.n_tasks,
            n_trials=past.n_trials,
            n_probed=len(query.outcomes),
            default=self.family.default(),
            recommendations=tuple(found) or (_without_history(self.family.default()),),
        )

    def _probe(
        self, problem: Problem, past: MetaLearner, seconds: float, seed: int
    ) -> "list[ProbeOutcome]":
        from advisor.data import prepare
        from advisor.tuning.objective import FamilyObjective
        from advisor.tuning.probe import PROBE_CONFIGS, PROBE_EPOCHS, probe

        configs = [item.config for item in past.recommend(problem.query, PROBE_CONFIGS)]
        objective = FamilyObjective(
            self.family,
            prepare(problem.dataset, seed),
            problem.metric.name,
            seed,
            max_epochs=PROBE_EPOCHS,
        )
        return probe(objective, configs, problem.metric.direction, seconds)


def _without_history(default: dict[str, Any]) -> Recommendation:
    return Recommendation(
        rank=1, config=default, expected=0.5, interval=(0.0, 1.0), confidence="none"
    )

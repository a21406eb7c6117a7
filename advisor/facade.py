"""The facade: one object that recommends, tunes and contributes, as the commands do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor import metafeatures
from advisor.data import Dataset, load_dataset
from advisor.meta import MetaLearner, Query, Recommendation, learner_for
from advisor.meta.advice import Advice
from advisor.metrics import Metric, default_metric, get_metric
from advisor.models import ModelFamily, family_for, get_family
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.records import TaskRecord

if TYPE_CHECKING:
    import pandas as pd

    from advisor.training.probe import ProbeOutcome


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

    dataset: Dataset
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

    def __init__(
        self,
        kb: KnowledgeBase | str | Path | None = None,
        family: str | ModelFamily | None = None,
    ) -> None:
        """Open the knowledge base (default: the user's own).

        Args:
            kb: knowledge base or its path.
            family: model family or its name; default by the data, such as `mlp` for tables.

        Raises:
            UserError: no such family, or the file is not a usable knowledge base.
        """
        self.kb = kb if isinstance(kb, KnowledgeBase) else KnowledgeBase(kb)
        self.family = get_family(family) if isinstance(family, str) else family

    def problem(
        self,
        data: "str | Path | pd.DataFrame | Dataset",
        target: str | None = None,
        metric: str | None = None,
        kind: str | None = None,
        seed: int = 0,
        **columns: Any,
    ) -> Problem:
        """Load a data set and derive its task and metafeatures; nothing is trained.

        Args:
            data: file, folder of images, built-in name, frame or loaded data set.
            target: column to predict.
            metric: what to optimise; default accuracy, rmse or mase.
            kind: "classification" or "regression"; default by the target's values.
            seed: of the sample that metafeatures are computed on.
            **columns: `text`, or `time`, `series` and `horizon`, as in `DataRequest`.

        Raises:
            UserError: the data cannot be used, the metric does not fit the target, or the
                family does not take such data.
        """
        dataset = self._dataset(data, target, kind, columns)
        family = self.family or family_for(dataset.modality)
        chosen = get_metric(metric) if metric else default_metric(dataset.kind)
        if dataset.kind not in chosen.kinds:
            raise UserError(
                f"The metric {chosen.name} is for {' and '.join(chosen.kinds)}, but the target "
                f"'{dataset.target_name}' makes this a {dataset.kind} task."
            )
        task = TaskRecord(
            name=dataset.name,
            metric=chosen.name,
            direction=chosen.direction,
            family=family.name,
            dataset_id=dataset.fingerprint,
            target=dataset.target_name,
        )
        return Problem(dataset, family, chosen, task, metafeatures.compute(dataset, seed=seed))

    def _dataset(
        self,
        data: "str | Path | pd.DataFrame | Dataset",
        target: str | None,
        kind: str | None,
        columns: Mapping[str, Any],
    ) -> Dataset:
        modality = None if self.family is None else self.family.modality
        if not isinstance(data, Dataset):
            return load_dataset(data, target, kind, modality=modality, **columns)
        if modality not in (None, data.modality):
            assert self.family is not None
            raise UserError(
                f"The family {self.family.name} takes {modality} data, but {data.name} is "
                f"{data.modality} data."
            )
        return data

    def recommend(
        self,
        data: "str | Path | pd.DataFrame | Dataset | Problem",
        target: str | None = None,
        n: int = 5,
        metric: str | None = None,
        kind: str | None = None,
        seed: int = 0,
        exclude_datasets: Sequence[str] = (),
        probe: float | None = None,
        **columns: Any,
    ) -> Advice:
        """Recommend `n` starting configurations in seconds, without training unless asked to.

        Args:
            data: CSV or Parquet file, folder, npz or idx file of images, built-in name such
                as "sklearn:digits", frame, or loaded data set.
            target: column to predict.
            n: how many configurations.
            metric: what to optimise; default accuracy, rmse or mase.
            kind: "classification" or "regression"; default by the target's values.
            seed: of the sample that metafeatures are computed on.
            exclude_datasets: fingerprints of data sets whose trials are not to be used.
            probe: seconds for a few short trainings, whose outcomes choose between past tasks.
            **columns: `text`, or `time`, `series` and `horizon`, as in `DataRequest`.

        Raises:
            UserError: bad data, target, metric or knowledge base.
        """
        if n < 1:
            raise UserError(f"The number of recommendations must be at least 1, not {n}.")
        problem = (
            data
            if isinstance(data, Problem)
            else self.problem(data, target, metric, kind, seed, **columns)
        )
        family = problem.family
        past = learner_for(self.kb, family.space(), family.name, exclude_datasets)
        query = problem.query
        if probe is not None:
            query = replace(query, outcomes=self._probe(problem, past, probe, seed))
        found = past.recommend(query, n)
        return Advice(
            dataset=problem.dataset.name,
            kind=problem.dataset.kind,
            metric=problem.metric.name,
            direction=problem.metric.direction,
            family=family.name,
            n_tasks=past.n_tasks,
            n_trials=past.n_trials,
            n_probed=len(query.outcomes),
            default=family.default(),
            recommendations=tuple(found) or (_without_history(family.default()),),
        )

    def _probe(
        self, problem: Problem, past: MetaLearner, seconds: float, seed: int
    ) -> "list[ProbeOutcome]":
        from advisor.data import prepare
        from advisor.training.objective import FamilyObjective
        from advisor.training.probe import PROBE_CONFIGS, PROBE_EPOCHS, probe

        configs = [item.config for item in past.recommend(problem.query, PROBE_CONFIGS)]
        objective = FamilyObjective(
            problem.family,
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

"""Advice for a problem: what its past recommends, with short trainings on its data if wanted."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from advisor.meta import MetaLearner, PortfolioLearner, Query, Recommendation, learner_for
from advisor.meta.advice import Advice
from advisor.meta.durations import Durations
from advisor.meta.kin_learner import KinLearner, sentence, told_of_own
from advisor.meta.speed import known_speed, measured_speed
from advisor.problem import DataProblem
from advisor.settings import Settings
from knowledge_base import KnowledgeBase
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import ConfigDict

if TYPE_CHECKING:
    from advisor.training.probe import ProbeOutcome


def advice_on(
    problem: DataProblem,
    kb: KnowledgeBase,
    n: int,
    seed: int = 0,
    exclude_datasets: Sequence[str] = (),
    probe: float | None = None,
) -> Advice:
    """Return starting configurations for a problem, and what they rest on.

    Args:
        problem: a data set with its family.
        kb: past trials.
        n: how many configurations, at least one.
        seed: of the short trainings.
        exclude_datasets: fingerprints of data sets whose trials are not to be used.
        probe: seconds for a few short trainings, whose outcomes choose between past tasks; None
            trains nothing.

    Raises:
        UserError: the data or the knowledge base cannot be used.
    """
    family = problem.family
    past = learner_for(kb, problem.space, family.name, exclude_datasets, problem.query)
    # Recommending loads no PyTorch, with which the machine is measured; a probe has it anyway.
    speed = known_speed(family.name) if probe is None else measured_speed(family.name)
    query = replace(problem.query, durations=Durations(family, problem.metafeatures, speed))
    if probe is not None:
        query = replace(query, outcomes=_probed(problem, past, query, probe, seed))
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


def advice_in(
    space: SpaceDefinition,
    problem: DataProblem | None,
    kb: KnowledgeBase,
    n: int,
    family: str | None = None,
    exclude_datasets: Sequence[str] = (),
) -> Advice:
    """Return starting configurations in a space of the user's own, and what they rest on.

    His own past of the space comes first; where there is none, the families of the store speak by
    the roles of its hyperparameters.

    Args:
        space: the user's own.
        problem: a data set, whose metafeatures say which past tasks are alike; None without one.
        kb: past trials.
        n: how many configurations, at least one.
        family: that trials in this space are stored under; default the space's name.
        exclude_datasets: fingerprints of data sets whose trials are not to be used.

    Raises:
        UserError: the data or the knowledge base cannot be used.
    """
    query = Query() if problem is None else Query(problem.metafeatures)
    label = family or space.name
    own = learner_for(kb, space, label, exclude_datasets, query)
    kin = KinLearner.of(kb, space, exclude_datasets) if own.n_tasks == 0 else None
    past: PortfolioLearner | KinLearner = own if kin is None else kin
    found = past.recommend(query, n)
    return Advice(
        dataset=space.name if problem is None else problem.dataset.name,
        kind="" if problem is None else problem.dataset.kind,
        metric="" if problem is None else problem.metric.name,
        direction="" if problem is None else problem.metric.direction,
        family=label,
        n_tasks=past.n_tasks,
        n_trials=past.n_trials,
        n_probed=0,
        default=space.default(),
        recommendations=tuple(found) or (_without_history(space.default()),),
        told=told_of_own(own, query) if kin is None else sentence(kin),
    )


def _probed(
    problem: DataProblem, past: MetaLearner, query: Query, seconds: float, seed: int
) -> "list[ProbeOutcome]":
    from advisor.training.probe import PROBE_CONFIGS, PROBE_EPOCHS, probe

    configs = [item.config for item in past.recommend(query, PROBE_CONFIGS)]
    objective = problem.objective(Settings(seed=seed, max_epochs=PROBE_EPOCHS, folds=1))
    return probe(objective, configs, problem.metric.direction, seconds)


def _without_history(default: ConfigDict) -> Recommendation:
    return Recommendation(
        rank=1, config=default, expected=0.5, interval=(0.0, 1.0), confidence="none"
    )

"""Past tasks, read from the knowledge base in the form the meta-learner needs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from advisor.meta.scores import (
    MIN_REFERENCE,
    RANDOM_STRATEGIES,
    goodness,
    poststratified_share,
    share_beaten,
)
from advisor.meta.surrogate import GridGP
from advisor.spaces.encoding import Encoder
from knowledge_base import KnowledgeBase
from knowledge_base.space import SpaceDefinition

MIN_TRIALS = 3
"""A task with fewer usable trials cannot rank configurations."""


@dataclass(frozen=True)
class SourceTask:
    """The usable trials of one past task.

    Attributes:
        task_id, name, dataset_id, target: identity of the task.
        configs: distinct configurations legal in the target space, length n.
        keys: hashable identity of each configuration, length n.
        encoded: configurations as numbers, shape (n, d).
        good: goodness (larger is better, -inf without a value), shape (n,).
        values: the metric itself, NaN where there is none, shape (n,).
        scores: share of random configurations beaten, shape (n,).
        random: which of them were drawn at random, shape (n,).
        metafeatures: of its data set, or None.
    """

    task_id: str
    name: str
    dataset_id: str | None
    target: str | None
    configs: Sequence[Mapping[str, Any]]
    keys: Sequence[str]
    encoded: np.ndarray
    good: np.ndarray
    values: np.ndarray
    scores: np.ndarray
    random: np.ndarray
    metafeatures: Mapping[str, float] | None = None

    @property
    def referenced(self) -> bool:
        """Whether its own random trials tell what random configurations reach."""
        return int(self.random.sum()) >= MIN_REFERENCE


def load_history(
    kb: KnowledgeBase,
    space: SpaceDefinition,
    family: str | None = None,
    exclude_tasks: frozenset[str] = frozenset(),
    exclude_datasets: frozenset[str] = frozenset(),
) -> list[SourceTask]:
    """Return the past tasks of `family` whose trials are configurations of `space`.

    Trials of other spaces count when they name the same hyperparameters with legal values;
    stopped trials do not count, since their value belongs to another fidelity.

    Args:
        kb: where to read.
        space: the search space of the new task.
        family: model family; None takes every family.
        exclude_tasks: identities of tasks to leave out (leave-one-out evaluation).
        exclude_datasets: fingerprints of data sets to leave out.
    """
    trials = _legal_trials(_usable_trials(kb, family), space)
    tasks = {row["task_id"]: row for _, row in kb.tasks().iterrows()}
    metafeatures = _metafeatures(kb)
    sources = []
    for task_id, group in trials.groupby("task_id", sort=True):
        task = tasks[task_id]
        if task_id in exclude_tasks or task["dataset_id"] in exclude_datasets:
            continue
        if len(group) >= MIN_TRIALS:
            known = metafeatures.get((str(task["dataset_id"]), str(task["target"])))
            sources.append(_source(str(task_id), task, group, space, known))
    return _score_unreferenced(sources, space)


def _usable_trials(kb: KnowledgeBase, family: str | None) -> pd.DataFrame:
    trials = kb.trials(family=family)
    trials = trials[trials["state"] != "stopped"]
    strategies = kb.studies().set_index("study_id")["strategy"]
    return trials.assign(random=trials["study_id"].map(strategies).isin(RANDOM_STRATEGIES))


def _legal_trials(trials: pd.DataFrame, space: SpaceDefinition) -> pd.DataFrame:
    """Keep the trials whose configuration is legal in `space`, cleaned to it."""
    if trials.empty:
        return trials.assign(clean=pd.Series(dtype=object))
    texts = trials["config"].unique()
    configs = [json.loads(text) for text in texts]
    names = set(space.hyperparameters)
    known = [i for i, config in enumerate(configs) if config.keys() <= names]
    frame = pd.DataFrame([configs[i] for i in known], columns=list(space.hyperparameters))
    reasons = space.validate(frame).to_numpy()
    clean = {texts[i]: configs[i] for i, reason in zip(known, reasons, strict=True) if not reason}
    kept = trials[trials["config"].isin(clean.keys())]
    return kept.assign(clean=[clean[text] for text in kept["config"]])


def _source(
    task_id: str,
    task: pd.Series,
    group: pd.DataFrame,
    space: SpaceDefinition,
    metafeatures: Mapping[str, float] | None,
) -> SourceTask:
    completed = (group["state"] == "complete").to_numpy()
    values = group["value"].to_numpy(dtype=float)
    group = group.assign(good=goodness(values, completed, task["direction"]))
    # A configuration run several times (seeds, studies) counts once, by its median.
    merged = group.groupby("config", sort=False).agg(
        clean=("clean", "first"),
        good=("good", "median"),
        value=("value", "median"),
        random=("random", "any"),
    )
    good = merged["good"].to_numpy(dtype=float)
    random = merged["random"].to_numpy(dtype=bool)
    reference = good[random] if random.sum() >= MIN_REFERENCE else good
    configs = merged["clean"].tolist()
    return SourceTask(
        task_id=task_id,
        name=task["name"],
        dataset_id=task["dataset_id"] if isinstance(task["dataset_id"], str) else None,
        target=task["target"] if isinstance(task["target"], str) else None,
        configs=configs,
        keys=merged.index.tolist(),
        encoded=Encoder(space).encode(configs),
        good=good,
        values=merged["value"].to_numpy(dtype=float),
        scores=share_beaten(good, reference),
        random=random,
        metafeatures=metafeatures,
    )


def _score_unreferenced(sources: list[SourceTask], space: SpaceDefinition) -> list[SourceTask]:
    """Correct the scores of tasks that were only tuned, never sampled at random."""
    referenced = [source for source in sources if source.referenced]
    if not referenced or len(referenced) == len(sources):
        return sources
    models = [GridGP(source.encoded, source.scores) for source in referenced]
    pool = np.unique(np.vstack([s.encoded[s.random] for s in referenced]), axis=0)
    random_expected = np.mean([model.predict(pool) for model in models], axis=0)
    corrected = []
    for source in sources:
        if not source.referenced:
            expected = np.mean([model.predict(source.encoded) for model in models], axis=0)
            share = poststratified_share(source.good, expected, random_expected)
            source = replace(source, scores=share)
        corrected.append(source)
    return corrected


def _metafeatures(kb: KnowledgeBase) -> dict[tuple[str, str], dict[str, float]]:
    """Return the newest version of the metafeatures by (data set, target)."""
    frame = kb.metafeatures().sort_values("version")
    known: dict[tuple[str, str], dict[str, float]] = {}
    for (dataset, target), group in frame.groupby(["dataset_id", "target"]):
        newest = group[group["version"] == group["version"].max()]
        known[str(dataset), str(target)] = dict(
            zip(newest["name"], newest["value"].astype(float), strict=True)
        )
    return known

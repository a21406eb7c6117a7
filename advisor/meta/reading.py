"""Past tasks, read from the knowledge base in the form the meta-learner needs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from advisor.encoding import Encoder, allowed
from advisor.meta.risk import failures
from advisor.meta.scores import (
    MIN_REFERENCE,
    RANDOM_STRATEGIES,
    goodness,
    normal_scores,
    poststratified_share,
    share_beaten,
)
from advisor.meta.translation import Translated, translate
from advisor.surrogates import PastModels, PastTrials
from advisor.surrogates.lengthscales import default_lengthscales
from knowledge_base import KnowledgeBase
from knowledge_base.identity import canonical_json
from knowledge_base.space import SpaceDefinition

MIN_TRIALS = 3
"""A task with fewer usable trials cannot rank configurations."""

MAX_TRIALS = 300
"""Trials of a task that are looked at; scores are by all of them."""

TASKS_AT_ONCE = 100
"""Bounds the memory that reading a large knowledge base takes."""


REPRESENTATIVE = 32
RANDOM_POINTS = 500


class TaskLike(Protocol):
    """What `representative` looks at."""

    @property
    def task_id(self) -> str:
        """Its identity."""

    @property
    def referenced(self) -> bool:
        """Whether its own random trials tell what random configurations reach."""


@dataclass(frozen=True)
class SourceTask:
    """The usable trials of one past task.

    Attributes:
        task_id, name, dataset_id, target: identity of the task.
        n_trials: how many usable trials it has.
        configs: distinct legal configurations of the target space, length n.
        keys: hashable identity of each configuration, length n.
        exact: whether the configuration itself was tried, or one like it, shape (n,).
        encoded: what was tried, as numbers, shape (n, d).
        known: which columns of `encoded` the task says something about, shape (d,).
        good: goodness (larger is better, -inf without a value), shape (n,).
        values: the metric itself, NaN where there is none, shape (n,).
        durations: seconds, NaN where unknown, shape (n,).
        shares: share of random configurations beaten, shape (n,).
        failures: how each trial failed, `risk.FAILURES` from 1 on, 0 if it did not, shape (n,).
        random: which of them were drawn at random, shape (n,).
        metafeatures: of its data set, or None.
    """

    task_id: str
    name: str
    dataset_id: str | None
    target: str | None
    n_trials: int
    configs: Sequence[Mapping[str, Any]]
    keys: Sequence[str]
    exact: np.ndarray
    encoded: np.ndarray
    known: np.ndarray
    good: np.ndarray
    values: np.ndarray
    durations: np.ndarray
    shares: np.ndarray
    failures: np.ndarray
    random: np.ndarray
    metafeatures: Mapping[str, float] | None = None

    @property
    def referenced(self) -> bool:
        """Whether its own random trials tell what random configurations reach."""
        return int(self.random.sum()) >= MIN_REFERENCE

    @property
    def sample(self) -> PastTrials:
        """The task for a surrogate."""
        return PastTrials(self.encoded, normal_scores(self.shares), self.known)


def load_history(
    kb: KnowledgeBase,
    space: SpaceDefinition,
    family: str | None = None,
    tasks: Sequence[str] | None = None,
) -> list[SourceTask]:
    """Return the past tasks of `family` in terms of `space`.

    Trials of other spaces count by the hyperparameters they share (see `translation`);
    stopped trials do not count, since their value belongs to another fidelity. The shares of
    tasks without random trials are not `corrected` yet.

    Args:
        kb: where to read.
        space: the search space of the new task.
        family: model family; None takes every family.
        tasks: identities of the tasks to read; default all.
    """
    wanted = sorted(kb.task_digests(family) if tasks is None else tasks)
    known = {row["task_id"]: row for _, row in kb.tasks().iterrows()}
    metafeatures = read_metafeatures(kb)
    added = _added(kb, space)
    sources = []
    for first in range(0, len(wanted), TASKS_AT_ONCE):
        outcomes = _upgraded(kb.outcomes(family, wanted[first : first + TASKS_AT_ONCE]), added)
        sources += _sources(outcomes, known, space, metafeatures)
    return sources


def _added(kb: KnowledgeBase, space: SpaceDefinition) -> dict[str, dict[str, Any]]:
    """Return what `space` has beyond its earlier versions, with defaults, by their identity."""
    spaces = kb.spaces()
    earlier = spaces[(spaces["name"] == space.name) & (spaces["version"] < space.version)]
    conditional = {condition["child"] for condition in space.conditions}
    found = {}
    for row in earlier.itertuples():
        known = {part["name"] for part in json.loads(str(row.definition))["hyperparameters"]}
        found[str(row.space_id)] = {
            name: h.default
            for name, h in space.hyperparameters.items()
            if name not in known | conditional
        }
    return found


def _upgraded(outcomes: pd.DataFrame, added: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return trials of earlier versions as the trials of this one that they are.

    A hyperparameter comes with a default that is what was done before it was there.
    """
    old = outcomes["space_id"].isin(list(added)).to_numpy()
    if not old.any():
        return outcomes
    configs = outcomes["config"].to_numpy(dtype=object).copy()
    configs[old] = [
        canonical_json({**added[space_id], **json.loads(text)})
        for space_id, text in zip(outcomes["space_id"][old], configs[old], strict=True)
    ]
    return outcomes.assign(config=configs)


def _sources(
    outcomes: pd.DataFrame,
    known: Mapping[str, pd.Series],
    space: SpaceDefinition,
    metafeatures: Mapping[tuple[str, str], Mapping[str, float]],
) -> list[SourceTask]:
    outcomes = outcomes[outcomes["state"] != "stopped"]
    read = [
        _Read(known[str(name)], len(group), *_usable(group, known[str(name)]["direction"]))
        for name, group in outcomes.groupby("task_id", sort=True)
    ]
    read = [one for one in read if len(one.trials) >= MIN_TRIALS]
    translations = translate([one.trials.index.tolist() for one in read], space)
    sources = []
    for one, translated in zip(read, translations, strict=True):
        if translated is not None and _rankable(translated):
            key = (str(one.task["dataset_id"]), str(one.task["target"]))
            sources.append(_source(one, translated, metafeatures.get(key)))
    return sources


@dataclass(frozen=True)
class _Read:
    """A task as read: its row, its trials one per configuration, and what is random."""

    task: pd.Series
    n_trials: int
    trials: pd.DataFrame
    reference: np.ndarray


def _usable(group: pd.DataFrame, direction: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return trials by distinct configuration, and the goodness of random ones."""
    completed = (group["state"] == "complete").to_numpy()
    values = group["value"].to_numpy(dtype=float)
    group = group.assign(
        good=goodness(values, completed, direction),
        failure=failures(group["state"], group["labels"]),
        random=group["strategy"].isin(RANDOM_STRATEGIES),
    )
    random = group["random"].to_numpy()
    reference = group["good"].to_numpy()[random if random.sum() >= MIN_REFERENCE else slice(None)]
    # A configuration run several times (seeds, studies) counts once, by its median.
    return _merged(_thinned(group)), reference


def _rankable(translated: Translated) -> bool:
    return len(translated.rows) >= MIN_TRIALS and bool(translated.known.any())


def _source(
    read: _Read, translated: Translated, metafeatures: Mapping[str, float] | None
) -> SourceTask:
    trials = read.trials.iloc[translated.rows]
    good = trials["good"].to_numpy(dtype=float)
    return SourceTask(
        task_id=read.task["task_id"],
        name=read.task["name"],
        dataset_id=_text(read.task["dataset_id"]),
        target=_text(read.task["target"]),
        n_trials=read.n_trials,
        configs=translated.legal,
        keys=[canonical_json(config) for config in translated.legal],
        exact=translated.exact,
        encoded=translated.inputs,
        known=translated.known,
        good=good,
        values=trials["value"].to_numpy(dtype=float),
        durations=trials["duration"].to_numpy(dtype=float),
        shares=share_beaten(good, read.reference),
        failures=trials["failure"].to_numpy(dtype=np.uint8),
        random=trials["random"].to_numpy(dtype=bool),
        metafeatures=metafeatures,
    )


def _thinned(group: pd.DataFrame) -> pd.DataFrame:
    """Return at most MAX_TRIALS of the trials, evenly spread over their ranks."""
    if len(group) <= MAX_TRIALS:
        return group
    order = np.argsort(-group["good"].to_numpy(), kind="stable")
    rows = order[np.linspace(0, len(order) - 1, MAX_TRIALS).round().astype(int)]
    return group.iloc[np.sort(rows)]


def _merged(group: pd.DataFrame) -> pd.DataFrame:
    if group["config"].is_unique:
        return group.set_index("config")[["good", "value", "duration", "failure", "random"]]
    return group.groupby("config", sort=False).agg(
        good=("good", "median"),
        value=("value", "median"),
        duration=("duration", "median"),
        failure=("failure", "max"),
        random=("random", "any"),
    )


def representative(tasks: Iterable[TaskLike]) -> list[str]:
    """Return the tasks that shared quantities are learned on, by identity.

    At most 32: enough to learn from, and most contributions leave them as they are, so that
    what was learned before still holds. Tasks with random trials of their own come first;
    identities are digests, so that their order is as good as random.
    """
    order = sorted(tasks, key=lambda task: (not task.referenced, task.task_id))
    return [task.task_id for task in order[:REPRESENTATIVE]]


def corrected(
    sources: Sequence[SourceTask], reference: Sequence[SourceTask], space: SpaceDefinition
) -> list[SourceTask]:
    """Return the tasks with the shares of those corrected that were only tuned.

    Args:
        sources: any tasks.
        reference: representative tasks; those with random trials tell what is good.
        space: what all are encoded in.
    """
    reference = [source for source in reference if source.referenced]
    if not reference or all(source.referenced for source in sources):
        return list(sources)
    samples = [source.sample for source in reference]
    models = PastModels.fit(samples, default_lengthscales(samples[0].inputs.shape[1]))
    # Fresh points: the models expect more extreme things of those that they were fitted on.
    points = np.random.default_rng(0).random((RANDOM_POINTS, len(space.hyperparameters)))
    random_expected = models.predict(Encoder(space).encode_frame(allowed(space, points))).mean(0)
    found = []
    for source in sources:
        if not source.referenced:
            expected = models.predict(source.encoded).mean(0)
            share = poststratified_share(source.good, expected, random_expected)
            source = replace(source, shares=share)
        found.append(source)
    return found


def read_metafeatures(kb: KnowledgeBase) -> dict[tuple[str, str], dict[str, float]]:
    """Return the newest version of the metafeatures by (data set, target)."""
    frame = kb.metafeatures().sort_values("version")
    known: dict[tuple[str, str], dict[str, float]] = {}
    for (dataset, target), group in frame.groupby(["dataset_id", "target"]):
        newest = group[group["version"] == group["version"].max()]
        known[str(dataset), str(target)] = dict(
            zip(newest["name"], newest["value"].astype(float), strict=True)
        )
    return known


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None

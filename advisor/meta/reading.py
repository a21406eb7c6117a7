"""Past tasks, read from the knowledge base in the form the meta-learner needs."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from advisor.encoding import Encoder, allowed
from advisor.meta.past_task import REPRESENTATIVE, PastTask, mark, representative
from advisor.meta.risk import failures
from advisor.meta.scores import (
    MIN_REFERENCE,
    RANDOM_STRATEGIES,
    goodness,
    normal_scores,
    poststratified_share,
    share_beaten,
)
from advisor.meta.steadiness import steadiness
from advisor.meta.translation import Translated, added_since, translate, upgraded
from advisor.surrogates import PastModels, PastTrials
from advisor.surrogates.lengthscales import default_lengthscales
from advisor.surrogates.past_models import even_over_ranks
from knowledge_base import KnowledgeBase
from knowledge_base.identity import canonical_json
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import TrialState

if TYPE_CHECKING:
    from advisor.meta.stopped import StoppedTrials

MIN_TRIALS = 3
"""A task with fewer usable trials cannot rank configurations."""

MAX_TRIALS = 300
"""Trials of a task that are looked at; scores are by all that are read."""

BEST_KEPT = 20
"""Configurations that a task may propose as candidates."""

TASKS_AT_ONCE, TRIALS_AT_ONCE = 100, 200_000
"""Tasks that are read together, and trials, which bounds the memory that a large store takes."""

MAX_READ = 20_000
"""Trials of a task that its scores are by: of more, a sample as good as random is read."""

UNNAMED = "(no name)"
"""What contributions without the name of a contributor are called."""

RANDOM_POINTS = 500
"""Random configurations by which the trials of tuned tasks are corrected."""


def read_past(
    kb: KnowledgeBase,
    space: SpaceDefinition,
    family: str | None = None,
    digests: Mapping[str, str] | None = None,
    before: Sequence[PastTask] = (),
) -> list[PastTask]:
    """Return the past tasks of `family` in terms of `space`, in the order of their identities.

    Trials of other spaces count by the hyperparameters they share (see `translation`); stopped
    ones by what they would have reached (see `stopped`). Those cut short by `max_epochs` do not
    count, since their value belongs to another fidelity. A task without enough random trials was
    only tuned: its shares are corrected by what representative tasks expect of its configurations.

    Args:
        kb: where to read.
        space: the search space of the new task.
        family: model family; None takes every family.
        digests: digests of the trials of those tasks that are to be read, by the identities of the
            tasks; default all tasks.
        before: tasks that were read earlier and still hold. Representative ones among them are
            read again if any task is to be corrected.
    """
    digests = kb.task_digests(family) if digests is None else digests

    @cache
    def stopped() -> "StoppedTrials":
        from advisor.meta.stopped import StoppedTrials  # It takes SciPy, which is slow to import.

        return StoppedTrials(kb, space, family)

    sources = _read(kb, space, family, digests, stopped)
    if not all(source.referenced for source in sources):
        trusted = any(s.trusted for s in sources) or any(task.trusted for task in before)
        known = {s.task_id: s.referenced for s in sources if s.trusted == trusted}
        known |= {task.task_id: task.referenced for task in before if task.trusted == trusted}
        chosen = set(representative(known))
        again = [t.task_id for t in before if t.trusted == trusted and t.task_id in chosen]
        reference = [s for s in sources if s.trusted == trusted and s.task_id in chosen]
        if again:
            reference += [
                s for s in _read(kb, space, family, again, stopped) if s.trusted == trusted
            ]
        reference.sort(key=lambda source: source.task_id)
        sources = _corrected(sources, reference[:REPRESENTATIVE], space)
    return [source.past_task(digests[source.task_id]) for source in sources]


@dataclass(frozen=True)
class _Read:
    """A task as read: its row, its trials one per configuration, and what is random."""

    row: pd.Series
    contributors: tuple[str, ...]
    trusted: bool
    n_trials: int
    trials: pd.DataFrame
    reference: np.ndarray
    steady: float


@dataclass(frozen=True)
class _Source:
    """A task in terms of a space, whose n usable trials are scored.

    Attributes:
        row: the task as stored.
        contributors, trusted: whose the trials are, as in `PastTask`.
        n_trials: how many trials it has, of which n are looked at.
        trials: the trials, length n.
        translated: the same in terms of the space.
        shares: share of random configurations beaten, shape (n,).
        metafeatures: metafeatures of its data set, or None.
        steady: how far they agree with themselves, as in `PastTask`.
    """

    row: pd.Series
    contributors: tuple[str, ...]
    trusted: bool
    n_trials: int
    trials: pd.DataFrame
    translated: Translated
    shares: np.ndarray
    metafeatures: Mapping[str, float] | None
    steady: float

    @property
    def task_id(self) -> str:
        return str(self.row["task_id"])

    @property
    def referenced(self) -> bool:
        """Whether its own random trials tell what random configurations reach."""
        return int(self.trials["random"].sum()) >= MIN_REFERENCE

    @property
    def good(self) -> np.ndarray:
        """Goodness of the trials (larger is better, -inf without a value), shape (n,)."""
        return self.trials["good"].to_numpy(dtype=float)

    @property
    def past_trials(self) -> PastTrials:
        """The task for a surrogate."""
        translated = self.translated
        return PastTrials(translated.inputs, normal_scores(self.shares), translated.known)

    def past_task(self, digest: str) -> PastTask:
        """Return what is kept of the task."""
        keys = [canonical_json(config) for config in self.translated.legal]
        exact = self.translated.exact
        marks = [mark(key) if same else 0 for key, same in zip(keys, exact, strict=True)]
        order = np.argsort(-self.shares, kind="stable")[:BEST_KEPT]
        kept = self.past_trials
        return PastTask(
            task_id=self.task_id,
            name=self.row["name"],
            dataset_id=_text(self.row["dataset_id"]),
            target=_text(self.row["target"]),
            digest=digest,
            n_trials=self.n_trials,
            referenced=self.referenced,
            metafeatures=self.metafeatures,
            best=tuple(keys[place] for place in order),
            known=kept.known,
            inputs=kept.inputs,
            scores=kept.scores,
            marks=np.array(marks, dtype=np.uint64),
            shares=self.shares,
            values=self.trials["value"].to_numpy(dtype=float),
            durations=self.trials["duration"].to_numpy(dtype=float),
            failures=self.trials["failure"].to_numpy(dtype=np.uint8),
            contributors=self.contributors,
            trusted=self.trusted,
            steady=self.steady,
        )


def _read(
    kb: KnowledgeBase,
    space: SpaceDefinition,
    family: str | None,
    tasks: Iterable[str],
    stopped: Callable[[], "StoppedTrials"],
) -> list[_Source]:
    """Return the tasks of these identities that can be ranked, not corrected yet."""
    wanted = sorted(tasks)
    chosen = kb.query(
        "SELECT * FROM tasks WHERE task_id IN (SELECT unnest(?::VARCHAR[]))", [wanted]
    )
    rows = {row["task_id"]: row for _, row in chosen.iterrows()}
    metafeatures = read_metafeatures(kb, sorted(chosen["dataset_id"].dropna().unique()))
    added = added_since(kb.spaces(), space)
    counts = kb.trials_of_tasks(family, wanted)
    shares = {task: MAX_READ / n for task, n in counts.items() if n > MAX_READ}
    sources, imported, own = [], kb.imported_studies(), kb.me
    for tasks in _batches({task: min(counts.get(task, 0), MAX_READ) for task in wanted}):
        some = {task: shares[task] for task in tasks if task in shares}
        outcomes = upgraded(kb.outcomes(family, tasks, some), added)
        outcomes = of_whole_trainings(outcomes, stopped, some, rows)
        outcomes = outcomes.assign(origin=origins(outcomes, own, imported))
        found = _sources(outcomes, rows, space, metafeatures)
        sources += [replace(s, n_trials=round(s.n_trials / some.get(s.task_id, 1))) for s in found]
    return sources


def _batches(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """Yield tasks that are read together, in their order.

    Args:
        sizes: trials that are read of each, by its identity.
    """
    batch, total = list[str](), 0
    for task, size in sizes.items():
        if batch and (len(batch) == TASKS_AT_ONCE or total + size > TRIALS_AT_ONCE):
            yield batch
            batch, total = [], 0
        batch.append(task)
        total += size
    if batch:
        yield batch


def origins(outcomes: pd.DataFrame, own: str, imported: Collection[str]) -> pd.Series:
    """Return whose each trial is: "" for what ships and for the user's own, else a name.

    What has no name, and did not come with somebody else's file, is the user's own. A name is what
    its bearer says it is: what came with such a file under the user's own name is not his.

    Args:
        outcomes: as `KnowledgeBase.outcomes` gives them.
        own: name of the user.
        imported: studies that came with somebody else's file.
    """
    names = outcomes["contributor"].fillna("").astype(str)
    mine = names.isin([own, ""]) & ~outcomes["study_id"].isin(list(imported))
    names = names.where(names != "", UNNAMED)
    return names.where(~mine & (outcomes["layer"] != "seed"), "")


def of_whole_trainings(
    outcomes: pd.DataFrame,
    stopped: Callable[[], "StoppedTrials"],
    shares: Mapping[str, float],
    rows: Mapping[str, pd.Series],
) -> pd.DataFrame:
    """Return trials whose values are those of whole trainings, `expected` where they stopped.

    Args:
        outcomes: as `KnowledgeBase.outcomes` gives them.
        stopped: gives who says what stopped ones would have reached, where there are any.
        shares: of large tasks, as for `KnowledgeBase.outcomes`.
        rows: the tasks as stored, by identity.
    """
    cut = outcomes["state"] == str(TrialState.STOPPED)
    whole = outcomes[~cut & ~outcomes["shortened"]].assign(expected=False)
    if cut.any():
        tasks = sorted(outcomes.loc[cut, "task_id"].unique())
        directions = {task: str(rows[task]["direction"]) for task in tasks}
        ends = stopped().ends(tasks, shares, directions).assign(expected=True)
        whole = pd.concat([whole, ends], ignore_index=True) if len(ends) else whole
    return of_one_evaluation(whole)


def of_one_evaluation(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return trials whose values are comparable within each task.

    Where all trials of a task were judged on several folds, their means are. Where some were
    judged on one split, as the shipped ones, that is the first fold, and all count with it.

    Args:
        outcomes: as `KnowledgeBase.outcomes` gives them; not changed.
    """
    folded = outcomes["first_fold"].notna()
    single = ~folded & outcomes["value"].notna()
    mixed = folded & single.groupby(outcomes["task_id"]).transform("any")
    if not mixed.any():
        return outcomes
    values = outcomes["value"].where(~mixed, outcomes["first_fold"])
    return outcomes.assign(value=values)


def _sources(
    outcomes: pd.DataFrame,
    rows: Mapping[str, pd.Series],
    space: SpaceDefinition,
    metafeatures: Mapping[tuple[str, str], Mapping[str, float]],
) -> list[_Source]:
    read = [
        _Read(rows[str(name)], _names(group), not origin, len(group),
              *_usable(group, rows[str(name)]["direction"]))
        for (name, origin), group in outcomes.groupby(["task_id", "origin"], sort=True)
    ]  # fmt: skip
    read = [one for one in read if len(one.trials) >= MIN_TRIALS]
    translations = translate([one.trials.index.tolist() for one in read], space)
    sources = []
    for one, translated in zip(read, translations, strict=True):
        if translated is not None and _rankable(translated):
            trials = one.trials.iloc[translated.rows]
            shares = share_beaten(trials["good"].to_numpy(dtype=float), one.reference)
            about = metafeatures.get((str(one.row["dataset_id"]), str(one.row["target"])))
            sources.append(
                _Source(one.row, one.contributors, one.trusted, one.n_trials, trials, translated,
                        shares, about, one.steady)
            )  # fmt: skip
    return sources


def _names(group: pd.DataFrame) -> tuple[str, ...]:
    names = group["contributor"].fillna("").astype(str)
    return tuple(sorted({name or UNNAMED for name in names.unique()}))


def _usable(group: pd.DataFrame, direction: str) -> tuple[pd.DataFrame, np.ndarray, float]:
    """Return trials by distinct configuration, the goodness of random ones, and steadiness."""
    completed = (group["state"] == "complete").to_numpy()
    values = group["value"].to_numpy(dtype=float)
    group = group.assign(
        good=goodness(values, completed, direction),
        value=np.where(group["expected"], np.nan, values),  # Nobody has seen it.
        failure=failures(group["state"], group["labels"]),
        random=group["strategy"].isin(RANDOM_STRATEGIES),
    )
    random, good = group["random"].to_numpy(), group["good"].to_numpy()
    reference = good[random if random.sum() >= MIN_REFERENCE else slice(None)]
    steady = 1.0 if group["config"].is_unique else steadiness(group["config"], good)
    if len(group) > MAX_TRIALS:
        group = group.iloc[np.sort(even_over_ranks(good, MAX_TRIALS))]
    return _merged(group), reference, steady


def _rankable(translated: Translated) -> bool:
    return len(translated.rows) >= MIN_TRIALS and bool(translated.known.any())


def _merged(group: pd.DataFrame) -> pd.DataFrame:
    """Return the trials by configuration.

    One that was run several times (with several seeds, in several studies) counts once, by its
    median.
    """
    if group["config"].is_unique:
        return group.set_index("config")[["good", "value", "duration", "failure", "random"]]
    return group.groupby("config", sort=False).agg(
        good=("good", "median"),
        value=("value", "median"),
        duration=("duration", "median"),
        failure=("failure", "max"),
        random=("random", "any"),
    )


def _corrected(
    sources: Sequence[_Source], reference: Sequence[_Source], space: SpaceDefinition
) -> list[_Source]:
    """Return the tasks with the shares of those corrected that were only tuned.

    Args:
        sources: any tasks.
        reference: representative tasks; those with random trials tell what is good.
        space: what all are encoded in.
    """
    reference = [source for source in reference if source.referenced]
    if not reference:
        return list(sources)
    trials = [source.past_trials for source in reference]
    models = PastModels.fit(trials, default_lengthscales(trials[0].inputs.shape[1]))
    # Fresh points: the models expect more extreme things of those that they were fitted on.
    points = np.random.default_rng(0).random((RANDOM_POINTS, len(space.hyperparameters)))
    random_expected = models.predict(Encoder(space).encode_frame(allowed(space, points))).mean(0)
    found = []
    for source in sources:
        if not source.referenced:
            expected = models.predict(source.translated.inputs).mean(0)
            share = poststratified_share(source.good, expected, random_expected)
            source = replace(source, shares=share)
        found.append(source)
    return found


def read_metafeatures(
    kb: KnowledgeBase, datasets: Sequence[str] | None = None
) -> dict[tuple[str, str], dict[str, float]]:
    """Return the newest version of the metafeatures by (data set, target).

    Args:
        kb: where to read.
        datasets: fingerprints of the data sets that are wanted, default all.
    """
    frame = kb.metafeatures(datasets).sort_values("version")
    known: dict[tuple[str, str], dict[str, float]] = {}
    for (dataset, target), group in frame.groupby(["dataset_id", "target"]):
        newest = group[group["version"] == group["version"].max()]
        known[str(dataset), str(target)] = dict(
            zip(newest["name"], newest["value"].astype(float), strict=True)
        )
    return known


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

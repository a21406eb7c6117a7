"""Lying past tasks, well-formed, as others may contribute them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from advisor.meta.past_task import PastTask, mark
from advisor.meta.reading import BEST_KEPT
from advisor.meta.scores import normal_scores
from scripts.benchmarks.similarity import LeftOut

LIE_TRIALS = 60
"""Trials of a lying task."""

COPIES = 30
"""Honest copies of shipped trials by which trust is to be earned, whatever the number of names."""

JITTER = 0.15
"""Noise on metafeatures, as a share of each one's spread over the past tasks."""


@dataclass(frozen=True)
class Kind:
    """A way to lie.

    Attributes:
        says: "bad": a bad configuration reaches .999 and the rest is true; "many": the twenty worst
            do; "negated": all scores are negated.
        own_data: whether it is said of the very data set, not of data like it.
        jittered: whether the metafeatures of the data set are disguised by noise.
        turned: whether honest copies of shipped trials were contributed first.
    """

    says: str
    own_data: bool = False
    jittered: bool = False
    turned: bool = False


KINDS: Mapping[str, Kind] = {
    "one bad is best": Kind("bad"),
    "negated": Kind("negated"),
    "negated, own data": Kind("negated", own_data=True),
    "one bad, jittered": Kind("bad", jittered=True),
    "negated, jittered": Kind("negated", jittered=True),
    "many bad, own data, copies first": Kind("many", own_data=True, turned=True),
    "many bad, jittered, copies first": Kind("many", jittered=True, turned=True),
    "negated, jittered, copies first": Kind("negated", jittered=True, turned=True),
}
"""What is tried, by its name on the page."""


@dataclass(frozen=True)
class Lie:
    """What is contributed.

    Attributes:
        kind: one of `KINDS`.
        names: how many contributors say it.
        number: of lying tasks.
        seed: of the true tasks that the lies are made of.
    """

    kind: str
    names: int
    number: int
    seed: int

    def told(self, task: LeftOut, past: Sequence[PastTask]) -> list[PastTask]:
        """Return the lying tasks about a left-out data set, and copies before them."""
        kind, rng = KINDS[self.kind], np.random.default_rng(self.seed)
        worst = worst_of(task, 20 if kind.says == "many" else 1)
        found = []
        if kind.turned:
            for place in rng.permutation(len(past))[:COPIES]:
                data = f"copy-{place}"
                found.append(self._signed(past[place], len(found), data))
        spread = _spread(past)
        for place in range(self.number):
            base = past[int(rng.integers(len(past)))]
            about = dict(task.held.metafeatures or {})
            if kind.jittered:
                noise = dict(zip(about, JITTER * rng.standard_normal(len(about)), strict=True))
                about = {name: value + noise[name] * spread[name] for name, value in about.items()}
            data = str(task.held.dataset_id) if kind.own_data else f"lie-{place}"
            lying = replace(_lying(base, kind.says, worst, rng), metafeatures=about,
                            target=task.held.target)  # fmt: skip
            found.append(self._signed(lying, place, data))
        return found

    def _signed(self, task: PastTask, place: int, data: str) -> PastTask:
        """Return a task under one of the names, as if of a data set."""
        text = f"{self.kind} {data} {place} {self.seed}"
        return replace(
            task,
            task_id=hashlib.sha256(text.encode()).hexdigest()[:32],
            name=text,
            dataset_id=data,
            contributors=(f"mallory {place % self.names}",),
            trusted=False,
        )


Worst = tuple[np.ndarray, np.ndarray, list[str]]
"""Points, marks and texts of bad configurations."""


def worst_of(task: LeftOut, number: int) -> Worst:
    """Return bad configurations of a data set."""
    bad = sorted(task.shares, key=lambda key: task.shares[key])
    # The very worst may have failed, which nobody would believe.
    keys = bad[len(bad) // 20 :][:number]
    rows = task.held.tried(np.array([mark(key) for key in keys], dtype=np.uint64))
    return task.held.inputs[rows], task.held.marks[rows], keys


def _lying(base: PastTask, says: str, worst: Worst, rng: np.random.Generator) -> PastTask:
    """Return a true task with lies among its trials."""
    points, marks, keys = worst
    rows = np.sort(rng.permutation(len(base.shares))[:LIE_TRIALS])
    rows = rows[~np.isin(base.marks[rows], marks)]
    shares, best = base.shares[rows], list(base.best)
    if says == "negated":
        shares, best = 1.0 - shares, []
    said = np.full(len(marks), 0.999 if says != "negated" else 0.5)
    if says != "negated":
        best = [*keys, *(key for key in best if key not in keys)]
    unknown = np.full(len(marks), np.nan)
    return replace(
        base,
        best=tuple(best[:BEST_KEPT]),
        inputs=np.vstack([base.inputs[rows], points]),
        marks=np.append(base.marks[rows], marks),
        shares=np.append(shares, said),
        scores=normal_scores(np.append(shares, said)),
        values=np.append(base.values[rows], unknown),
        durations=np.append(base.durations[rows], unknown),
        failures=np.zeros(len(rows) + len(marks), dtype=np.uint8),
        n_trials=len(rows) + len(marks),
        referenced=True,
    )


def _spread(past: Sequence[PastTask]) -> dict[str, float]:
    names = {name for task in past for name in task.metafeatures or {}}
    known = [task.metafeatures or {} for task in past]
    values = {name: [about.get(name, np.nan) for about in known] for name in names}
    return {name: float(np.nan_to_num(np.nanstd(of))) for name, of in values.items()}

"""What the knowledge base has taught: past tasks, fitted, and the best configurations tried.

Everything a recommendation and a search need from the past, and everything needed to bring
it up to date when tasks are added or changed, without reading the others again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from functools import cached_property

import numpy as np

from advisor.encoding import Encoder
from advisor.meta import past_task
from advisor.meta.calibration import Calibration, calibrate
from advisor.meta.past_task import PastTask, mark, representative, trusted_of
from advisor.meta.similarity import Agreement, learn_agreement
from advisor.meta.sound import fit_sound
from advisor.meta.standing import MIN_TRUSTED, Standing, standing_of
from advisor.surrogates import PastCosts, PastModels, Prior
from advisor.surrogates.past_models import shared_lengthscales
from advisor.surrogates.prior import trust_in
from knowledge_base.identity import canonical_json
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, ConfigDict

MAX_CANDIDATES = 600
"""Enough for every shared configuration of the seed and the best of each tuned study."""

MAX_OF_OTHERS = 100
"""Candidates that others' tasks may add."""

MAX_PAST = 64
"""Past tasks that a running search looks at."""


class Experience:
    """Fitted past tasks and the table of candidates by tasks.

    Attributes:
        tasks: past tasks, length t.
        models: models of the tasks, length t.
        trust: probability that past tasks say something about a new one.
        keys: candidates as canonical JSON, length c.
        scores: normal scores expected of candidates, shape (t, c).
        default: normal score expected of the space's default, shape (t,).
        agreement: what predicts that two tasks are alike.
        calibration: how recommendations on left-out tasks came out.
        n_taught: tasks that trust, agreement and calibration were learned from.
    """

    def __init__(
        self,
        tasks: Sequence[PastTask],
        models: PastModels,
        trust: float,
        keys: Sequence[str],
        scores: np.ndarray,
        default: np.ndarray,
        agreement: Agreement,
        calibration: Calibration,
        n_taught: int | None = None,
    ) -> None:
        """Take parts; use `learn` or `from_arrays` to make one.

        By default the trusted ones of these tasks have taught what is shared by all.
        """
        self.tasks: list[PastTask] = list(tasks)
        self.models: PastModels = models
        self.trust: float = trust
        self.keys: list[str] = list(keys)
        self.scores: np.ndarray = scores
        self.default: np.ndarray = default
        self.agreement: Agreement = agreement
        self.calibration: Calibration = calibration
        self.n_taught: int = len(trusted_of(self.tasks)) if n_taught is None else n_taught
        self._sound: dict[int, PastModels] = {}

    @classmethod
    def learn(
        cls,
        new: Sequence[PastTask],
        space: SpaceDefinition,
        before: "Experience | None" = None,
    ) -> "Experience":
        """Fit past tasks; what was fitted before is taken over where it still holds.

        Args:
            new: new or changed tasks; at least one, or `before` has one.
            space: what they are encoded in.
            before: earlier experience in the same space, without the changed tasks.
        """
        old = before.tasks if before is not None else []
        tasks = [*new, *old]
        # Others' tasks change nothing of what is learned from those that are trusted.
        core = trusted_of(tasks)
        known = [tasks[t] for t in core]
        same = before is not None and before.taught_by(core, tasks[: len(new)])
        taught = before if same else None
        if taught is not None:
            lengthscales = taught.models.lengthscales
        else:
            some = set(representative({task.task_id: task.referenced for task in known}))
            lengthscales = shared_lengthscales([t.past_trials for t in known if t.task_id in some])
        if before is not None and not np.array_equal(before.models.lengthscales, lengthscales):
            before = None
        of_core, of_others = _candidates(tasks)
        keys, encoder = [*of_core, *of_others], Encoder(space)
        inputs = encoder.encode([json.loads(key) for key in keys])
        fresh = tasks[: len(new)] if before is not None else tasks
        models = PastModels.fit([t.past_trials for t in fresh], lengthscales)
        scores = models.predict(inputs)
        if before is not None:
            models = models.joined(before.models)
            scores = np.vstack([scores, before.predicted(keys, inputs)])
        default = models.predict(encoder.encode([space.default()]))[:, 0]
        if taught is not None:
            trust, agreement, calibration = taught.trust, taught.agreement, taught.calibration
        else:
            among = scores[core][:, : len(of_core)]
            trust = trust_in([task.past_trials for task in known], models.subset(core))
            agreement = learn_agreement([task.metafeatures for task in known], among)
            default_shares = _shares(known, _rows(known, [canonical_json(space.default())]))[:, 0]
            shares = _shares(known, _rows(known, of_core))
            calibration = calibrate(known, among, shares, default[core], default_shares)
        return cls(tasks, models, trust, keys, scores, default, agreement, calibration)

    def taught_by(self, core: Sequence[int], new: Sequence[PastTask]) -> bool:
        """Return whether trusted tasks, and no others, have taught what is shared by all here.

        Args:
            core: places of what teaches among new tasks, which come first, and these ones.
            new: the new ones.
        """
        trusted = any(task.trusted for task in self.tasks)
        return trusted and not any(t.trusted for t in new) and len(core) == self.n_taught

    def __len__(self) -> int:
        return len(self.tasks)

    @property
    def n_trials(self) -> int:
        """Past trials behind all of it."""
        return sum(task.n_trials for task in self.tasks)

    @cached_property
    def standing(self) -> Standing:
        """How far each of the tasks is believed."""
        return standing_of(self.tasks, self.scores, self.agreement)

    @cached_property
    def believed(self) -> np.ndarray:
        """What is believed of the scores of candidates, shape (t, c)."""
        return self.standing.believed(self.scores)

    @cached_property
    def rows(self) -> np.ndarray:
        """Where candidates are among the trials of each task, -1 if not, shape (t, c)."""
        return _rows(self.tasks, self.keys)

    @cached_property
    def seen(self) -> np.ndarray:
        """Normal scores of candidates that were tried, NaN elsewhere, shape (t, c)."""
        return self._of_candidates([task.scores for task in self.tasks])

    @cached_property
    def seconds(self) -> np.ndarray:
        """What candidates took, NaN where they were not tried or it is unknown, shape (t, c)."""
        return self._of_candidates([task.durations for task in self.tasks])

    def _of_candidates(self, of_trials: Sequence[np.ndarray]) -> np.ndarray:
        """Return what an array for each task says of its trials, for the candidates, (t, c)."""
        found = np.full(self.rows.shape, np.nan)
        for t, of_task in enumerate(of_trials):
            there = self.rows[t] >= 0
            found[t, there] = of_task[self.rows[t, there]]
        return found

    def config(self, column: int) -> ConfigDict:
        """Return a candidate."""
        config: ConfigDict = json.loads(self.keys[column])
        return config

    def predicted(self, keys: Sequence[str], inputs: np.ndarray) -> np.ndarray:
        """Return the scores of candidates; only those that are new are computed.

        Args:
            keys: canonical JSON of the candidates, length m.
            inputs: the same encoded, shape (m, d).
        """
        places = {key: column for column, key in enumerate(self.keys)}
        old = np.array([places.get(key, -1) for key in keys], dtype=int)
        scores = np.empty((len(self), len(keys)))
        scores[:, old >= 0] = self.scores[:, old[old >= 0]]
        if (old < 0).any():
            scores[:, old < 0] = self.models.predict(inputs[old < 0])
        return scores

    def subset(self, places: Sequence[int]) -> "Experience":
        """Return the experience of some of the tasks; the candidates stay."""
        rows = list(places)
        return Experience(
            [self.tasks[t] for t in rows],
            self.models.subset(rows),
            self.trust,
            self.keys,
            self.scores[rows],
            self.default[rows],
            self.agreement,
            self.calibration,
            self.n_taught,
        )

    def asked_for(self, configs: Sequence[Config], encoder: Encoder) -> "Experience":
        """Return the experience with other candidates.

        Args:
            configs: distinct configurations of the same space, length c.
            encoder: the encoder of the space.
        """
        return Experience(
            self.tasks,
            self.models,
            self.trust,
            [canonical_json(config) for config in configs],
            self.models.predict(encoder.encode(configs)),
            self.default,
            self.agreement,
            self.calibration,
            self.n_taught,
        )

    def prior(self, weights: np.ndarray, costs: bool = False) -> Prior:
        """Return a prior for a search on a new task: the MAX_PAST tasks that weigh most.

        Args:
            weights: how much each task counts, summing to 1, shape (t,).
            costs: whether to learn what configurations took, too.
        """
        order = np.argsort(-weights, kind="stable")[:MAX_PAST]
        speaks = (weights > 0) | self.standing.trusted
        places = [t for t in np.sort(order).tolist() if speaks[t]]
        chosen = weights[places] / weights[places].sum()
        models, took = self.sound(places), None
        if costs:
            tasks = [self.tasks[t] for t in places]
            took = PastCosts.learn(
                [task.past_trials for task in tasks],
                [task.durations for task in tasks],
                chosen,
                models.lengthscales,
            )
        names = [self.tasks[t].name for t in places]
        return Prior(models, chosen, self.trust, took, self.keys, names=names)

    def sound(self, places: Sequence[int]) -> PastModels:
        """Return models of some of the tasks, those of others by what is believed of their trials.

        Args:
            places: of the tasks, length n.
        """
        models, trusted = self.models.subset(places), self.standing.trusted
        others = [t for t in dict.fromkeys(places) if not trusted[t]]
        if not others or trusted.sum() < MIN_TRUSTED:
            return models
        new = [t for t in others if t not in self._sound]
        fitted = fit_sound(self.tasks, self.models, trusted, new)
        self._sound.update(zip(new, fitted, strict=True))
        for place, task in enumerate(places):
            if not trusted[task]:
                models = models.with_one(place, self._sound[task])
        return models

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return everything as plain arrays, for a file."""
        arrays, tasks = past_task.to_arrays(self.tasks)
        text = json.dumps(
            {"tasks": tasks, "candidates": self.keys, "calibration": asdict(self.calibration)}
        )
        return {
            **{f"task_{name}": array for name, array in arrays.items()},
            **{f"model_{name}": array for name, array in self.models.to_arrays().items()},
            "text": np.frombuffer(text.encode(), dtype=np.uint8),
            "trust": np.array(self.trust),
            "scores": self.scores.astype(np.float32),
            "default": self.default,
            **{
                f"agreement_{f.name}": np.array(getattr(self.agreement, f.name))
                for f in fields(Agreement)
            },
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Experience":
        """Return what `to_arrays` wrote.

        Raises:
            KeyError, ValueError: it is something else.
        """
        text = json.loads(arrays["text"].tobytes())
        of_tasks = {n.removeprefix("task_"): arrays[n] for n in arrays if n.startswith("task_")}
        of_models = {n.removeprefix("model_"): arrays[n] for n in arrays if n.startswith("model_")}
        return cls(
            past_task.from_arrays(of_tasks, text["tasks"]),
            PastModels.from_arrays(of_models),
            float(arrays["trust"]),
            text["candidates"],
            arrays["scores"].astype(float),
            arrays["default"],
            Agreement(
                tuple(arrays["agreement_names"].tolist()),
                arrays["agreement_centre"],
                arrays["agreement_scale"],
                float(arrays["agreement_base"]),
                arrays["agreement_slopes"],
                float(arrays["agreement_typical"]),
            ),
            Calibration(**text["calibration"]),
        )


def _rows(tasks: Sequence[PastTask], keys: Sequence[str]) -> np.ndarray:
    marks = np.array([mark(key) for key in keys], dtype=np.uint64)
    return np.array([task.tried(marks) for task in tasks])


def _shares(tasks: Sequence[PastTask], rows: np.ndarray) -> np.ndarray:
    """Return the shares that configurations reached, NaN where not tried, shape of `rows`."""
    found = np.full(rows.shape, np.nan)
    for t, task in enumerate(tasks):
        there = rows[t] >= 0
        found[t, there] = task.shares[rows[t, there]]
    return found


def _candidates(tasks: Sequence[PastTask]) -> tuple[list[str], list[str]]:
    """Return the best configurations of trusted tasks in turn, and some more of others' tasks."""
    core = set(trusted_of(tasks))
    known = [task for place, task in enumerate(tasks) if place in core]
    others = [task for place, task in enumerate(tasks) if place not in core]
    chosen = _in_turn(known, MAX_CANDIDATES)
    there = set(chosen)
    return chosen, [key for key in _in_turn(others, MAX_OF_OTHERS) if key not in there]


def _in_turn(tasks: Sequence[PastTask], most: int) -> list[str]:
    """Return the best configurations of every task in turn, up to a number."""
    ordered = sorted(tasks, key=lambda task: (task.task_id, task.contributors))
    chosen: dict[str, None] = {}
    for place in range(max((len(task.best) for task in ordered), default=0)):
        for task in ordered:
            if place < len(task.best) and len(chosen) < most:
                chosen.setdefault(task.best[place])
    return list(chosen)

"""Past tasks that are like one new task, learned on top of what all tasks have taught.

Each is fitted alone, so that those of several queries are kept together in one file beside the
experience, and only what is new or changed is learned. What is shared by all tasks, such as how
recommendations came out, stays what the core has taught.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from advisor.encoding import Encoder
from advisor.meta import past_task
from advisor.meta.experience import Experience
from advisor.meta.past_task import PastTask
from advisor.meta.reading import read_past
from advisor.meta.threads import one_blas_thread
from advisor.surrogates import PastModels
from knowledge_base import KnowledgeBase
from knowledge_base.arrays import read_arrays, write_arrays
from knowledge_base.durable import private_folder, tighten
from knowledge_base.space import SpaceDefinition

VERSION = 3
"""Version of what is kept; what another version wrote is learned anew."""

MAX_KEPT = 256
"""Tasks that are kept for the next query; those of the latest queries stay."""

MAX_FURTHER = 200
"""Candidates that come in addition, at most: the best configurations of such tasks in turn."""

Pool = dict[str, tuple[str, list[tuple[PastTask, PastModels]]]]
"""By identity: the digest of a task's trials, and what they say: a past task with its model for the
trusted ones and for each other contributor's."""


def with_near(
    core: Experience,
    kb: KnowledgeBase,
    space: SpaceDefinition,
    family: str | None,
    near: Sequence[str],
    path: Path,
) -> Experience:
    """Return experience with some further tasks.

    Args:
        core: what is looked at for every query, in terms of `space`.
        kb: past trials.
        space: the search space of the new task.
        family: model family whose tasks count.
        near: identities of the further tasks.
        path: where they are kept.
    """
    lengthscales = core.models.lengthscales
    pool = _read(path, lengthscales)
    digests = kb.task_digests(family, near)
    missing = {t: d for t, d in digests.items() if t not in pool or pool[t][0] != d}
    if missing:
        with one_blas_thread():
            learned = _learned(core, kb, space, family, missing)
        kept = {t: one for t, one in pool.items() if t not in digests}
        used = {t: one for t, one in pool.items() if t in digests and t not in missing}
        pool = {**dict(list(kept.items())[-max(MAX_KEPT - len(digests), 0) :]), **used, **learned}
        arrays = _to_arrays(pool, lengthscales)
        if path.is_absolute():
            with suppress(OSError):  # It is learned again where it cannot be kept.
                private_folder(path.parent)
                tighten(path.parent)
                write_arrays(path, arrays, private=True)
        # It goes through the form that is stored, so that the first answer equals later ones.
        pool = _from_arrays(arrays)
    found = [one for t in sorted(digests) if t in pool for one in pool[t][1]]
    tasks, models = [task for task, _ in found], [model for _, model in found]
    return _joined(core, tasks, models, space) if tasks else core


def _learned(
    core: Experience,
    kb: KnowledgeBase,
    space: SpaceDefinition,
    family: str | None,
    digests: Mapping[str, str],
) -> Pool:
    lengthscales = core.models.lengthscales
    pool: Pool = {task_id: (digest, []) for task_id, digest in digests.items()}
    for task in read_past(kb, space, family, digests, core.tasks):
        model = PastModels.fit([task.past_trials], lengthscales)
        pool[task.task_id][1].append((task, model))
    return pool


def _joined(
    core: Experience,
    tasks: Sequence[PastTask],
    models: Sequence[PastModels],
    space: SpaceDefinition,
) -> Experience:
    further = models[0]
    for model in models[1:]:
        further = further.joined(model)
    known, places = set(core.keys), range(max(len(task.best) for task in tasks))
    best = [task.best[place] for place in places for task in tasks if place < len(task.best)]
    new = list(dict.fromkeys(key for key in best if key not in known))[:MAX_FURTHER]
    encoder, keys = Encoder(space), [*core.keys, *new]
    points = encoder.encode([json.loads(key) for key in keys])
    of_core = np.hstack([core.scores, core.models.predict(points[len(core.keys) :])])
    default = further.predict(encoder.encode([space.default()]))[:, 0]
    return Experience(
        [*core.tasks, *tasks],
        core.models.joined(further),
        core.trust,
        keys,
        np.vstack([of_core, further.predict(points)]),
        np.concatenate([core.default, default]),
        core.agreement,
        core.calibration,
    )


def _to_arrays(pool: Pool, lengthscales: np.ndarray) -> dict[str, np.ndarray]:
    tasks = [task for _, said in pool.values() for task, _ in said]
    models = [model for _, said in pool.values() for _, model in said]
    silent = {t: digest for t, (digest, said) in pool.items() if not said}
    found = {"version": np.array(VERSION), "lengthscales": lengthscales}
    described: list[dict[str, object]] = []
    if tasks:
        arrays, described = past_task.to_arrays(tasks)
        together = models[0]
        for model in models[1:]:
            together = together.joined(model)
        found |= {f"task_{name}": array for name, array in arrays.items()}
        found |= {f"model_{name}": array for name, array in together.to_arrays().items()}
    text = json.dumps({"tasks": described, "silent": silent})
    return {**found, "text": np.frombuffer(text.encode(), dtype=np.uint8)}


def _from_arrays(arrays: Mapping[str, np.ndarray]) -> Pool:
    """Return what `_to_arrays` made.

    Raises:
        KeyError, ValueError, TypeError: it is something else.
    """
    text = json.loads(arrays["text"].tobytes())
    pool: Pool = {task: (digest, []) for task, digest in text["silent"].items()}
    if not text["tasks"]:
        return pool
    of_tasks = {n.removeprefix("task_"): arrays[n] for n in arrays if n.startswith("task_")}
    of_models = {n.removeprefix("model_"): arrays[n] for n in arrays if n.startswith("model_")}
    models = PastModels.from_arrays(of_models)
    for place, task in enumerate(past_task.from_arrays(of_tasks, text["tasks"])):
        said = pool.setdefault(task.task_id, (task.digest, []))[1]
        said.append((task, models.subset([place])))
    return pool


def _read(path: Path, lengthscales: np.ndarray) -> Pool:
    """Return what is kept, nothing if it is unusable or was learned otherwise."""
    arrays = read_arrays(path) if path.is_absolute() else None
    if arrays is None:
        return {}
    try:
        if int(arrays.pop("version")) != VERSION:
            return {}
        if not np.array_equal(arrays.pop("lengthscales"), lengthscales):
            return {}
        return _from_arrays(arrays)
    except (KeyError, ValueError, TypeError):
        return {}  # something else, or damaged

"""Experience kept beside the knowledge base, so that it is learned once.

A file per space and family, keyed by what each task holds: tasks that a contribution
changed are learned again, the others are taken over. It is a cache: deleting it loses time
only, and where it cannot be written it is done without.
"""

import os
import uuid
import zipfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from advisor.meta.experience import Experience
from advisor.meta.learner import PortfolioLearner
from advisor.meta.past_task import PastTask, from_source
from advisor.meta.reading import REPRESENTATIVE, corrected, load_history, representative
from knowledge_base import KnowledgeBase
from knowledge_base.space import SpaceDefinition

VERSION = 3
"""Of the method; experience learned by another version is learned anew."""

_recent: dict[tuple[Any, ...], Experience | None] = {}
_RECENT_MAX = 8


def recall(
    kb: KnowledgeBase, space: SpaceDefinition, family: str | None = None
) -> Experience | None:
    """Return what `kb` teaches about `space`, None if it holds nothing usable.

    Args:
        kb: past trials.
        space: of the new task.
        family: model family whose tasks count; None takes every family.
    """
    key = (kb.stamp(), space.space_id, family)
    if key not in _recent:
        while len(_recent) >= _RECENT_MAX:
            _recent.pop(next(iter(_recent)))
        _recent[key] = _recall(kb, space, family)
    return _recent[key]


def learner_for(
    kb: KnowledgeBase,
    space: SpaceDefinition,
    family: str | None = None,
    exclude_datasets: Collection[str] = (),
) -> PortfolioLearner:
    """Return a meta-learner for new tasks in `space`.

    Args:
        kb, family: as for `recall`.
        space: of the new task; of a part of a space, the past of the whole one is asked.
        exclude_datasets: fingerprints of data sets whose tasks are not to be used.
    """
    whole = space.whole or space
    experience = recall(kb, whole, family)
    if experience is not None and exclude_datasets:
        excluded = set(exclude_datasets)
        places = [t for t, k in enumerate(experience.tasks) if k.dataset_id not in excluded]
        experience = experience.subset(places) if places else None
    return PortfolioLearner(experience, whole, None if space.whole is None else space)


def _recall(kb: KnowledgeBase, space: SpaceDefinition, family: str | None) -> Experience | None:
    path = cache_path(kb, space, family)
    digests = kb.task_digests(family)
    before = _read(path)
    unusable: frozenset[str] = frozenset()
    if before is not None:
        experience, known = before
        changed = {task for task in known if known[task] != digests.get(task)}
        if not changed and digests.keys() == known.keys():
            return experience
        digests_left = {t: d for t, d in digests.items() if t not in known or t in changed}
        unusable = frozenset(changed)
    else:
        experience, digests_left = None, digests
    kept = _without(experience, unusable)
    learned = _learn(kb, space, family, digests_left, kept)
    if learned is None:
        return None
    arrays = learned.to_arrays()
    _write(path, arrays, digests)
    # Through the form that is stored, so that the first answer equals all later ones.
    return Experience.from_arrays(arrays)


def _without(experience: Experience | None, changed: frozenset[str]) -> Experience | None:
    if experience is None:
        return None
    places = [t for t, task in enumerate(experience.tasks) if task.task_id not in changed]
    return experience.subset(places) if places else None


def _learn(
    kb: KnowledgeBase,
    space: SpaceDefinition,
    family: str | None,
    digests: Mapping[str, str],
    kept: Experience | None,
) -> Experience | None:
    """Learn the tasks of `digests`, and take over those that are kept."""
    old = kept.tasks if kept is not None else []
    sources = load_history(kb, space, family, list(digests))
    if not all(source.referenced for source in sources):
        chosen = set(representative([*sources, *old]))
        reference = [source for source in sources if source.task_id in chosen]
        missing = [task.task_id for task in old if task.task_id in chosen]
        if missing:
            reference += load_history(kb, space, family, missing)
        reference.sort(key=lambda source: source.task_id)
        sources = corrected(sources, reference[:REPRESENTATIVE], space)
    new: list[PastTask] = [from_source(s, digests.get(s.task_id, "")) for s in sources]
    return Experience.learn(new, space, kept) if new or kept is not None else None


def cache_path(kb: KnowledgeBase, space: SpaceDefinition, family: str | None) -> Path:
    """Return where experience is kept."""
    name = f"{family or 'all'}-{space.space_id[:16]}.npz"
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
    return kb.path.with_name(kb.path.name + ".experience") / safe


def _read(path: Path) -> tuple[Experience, dict[str, str]] | None:
    """Return experience and the digests of the tasks it was learned from, None if unusable."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        if int(arrays.pop("version")) != VERSION:
            return None
        names, digests = arrays.pop("digest_tasks"), arrays.pop("digests")
        known = dict(zip(names.tolist(), digests.tolist(), strict=True))
        return Experience.from_arrays(arrays), known
    except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile):
        return None  # missing, damaged or foreign: it is learned again


def _write(path: Path, arrays: Mapping[str, np.ndarray], digests: Mapping[str, str]) -> None:
    temporary = path.with_name(f".{uuid.uuid4().hex}.npz")
    stored: dict[str, Any] = {
        "version": np.array(VERSION),
        "digest_tasks": np.array(list(digests), dtype=str),
        "digests": np.array(list(digests.values()), dtype=str),
        **arrays,
    }
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            np.savez(temporary, **stored)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

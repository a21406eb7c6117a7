"""Experience kept beside the knowledge base, so that it is learned once.

A file per space and family, keyed by what each task holds: tasks that a contribution
changed are learned again, the others are taken over. It is a cache: deleting it loses time
only, and where it cannot be written it is done without.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import platformdirs

from advisor.meta.choosing import TaskIndex
from advisor.meta.experience import Experience
from advisor.meta.learner import PortfolioLearner
from advisor.meta.nearby import with_near
from advisor.meta.reading import read_past
from advisor.meta.recommendation import Query
from advisor.meta.threads import one_blas_thread
from knowledge_base import KnowledgeBase
from knowledge_base.arrays import read_arrays, write_arrays
from knowledge_base.durable import private_folder, tighten
from knowledge_base.space import SpaceDefinition

VERSION = 6
"""Version of the method of learning; what another version has learned is learned anew."""

WITHOUT_OTHERS = (3, 4)
"""Versions before, which hold where nobody else contributed: they did not tell others apart, or
not how far others agree with themselves."""

WITHOUT_STOPPED = (*WITHOUT_OTHERS, 5)
"""Versions before, which hold where no trial was stopped: they left such trials out."""

_recent: dict[tuple[object, ...], Experience | None] = {}
_indexes: dict[tuple[object, ...], TaskIndex | None] = {}
_RECENT_MAX = 8
"""Experiences that a process keeps in memory."""


def recall(
    kb: KnowledgeBase,
    space: SpaceDefinition,
    family: str | None = None,
    query: Query | None = None,
    exclude_datasets: Collection[str] = (),
) -> Experience | None:
    """Return what `kb` teaches about `space`, None if it holds nothing usable.

    Of a large store some tasks are looked at (see `choosing`); which ones, `query` says, too.

    Args:
        kb: past trials.
        space: the search space of the new task.
        family: model family whose tasks count; None takes every family.
        query: what is known about the new task.
        exclude_datasets: fingerprints of data sets whose tasks are not looked for; those of the
            core stay.
    """
    stamp = kb.stamp()
    index = _index(kb, stamp, space, family)
    core = _once((stamp, space.space_id, family), lambda: _recall(kb, space, family, index))
    if index is None or query is None or core is None:
        return core
    known = [task.task_id for task in core.tasks]
    near = index.near(query, core.agreement, known, exclude_datasets)
    path = cache_path(kb, space, family).with_suffix(".near.npz")
    key = (stamp, space.space_id, family, tuple(near))
    return _once(key, lambda: with_near(core, kb, space, family, near, path)) if near else core


def _once(key: tuple[object, ...], learn: Callable[[], Experience | None]) -> Experience | None:
    """Return the experience of a key, which this process learns once."""
    if key not in _recent:
        while len(_recent) >= _RECENT_MAX:
            _recent.pop(next(iter(_recent)))
        _recent[key] = learn()
    return _recent[key]


def _index(
    kb: KnowledgeBase, stamp: tuple[object, ...], space: SpaceDefinition, family: str | None
) -> TaskIndex | None:
    """Return the index of a store, which this process makes once as long as nothing changes."""
    key = (stamp, space.space_id, family)
    if key not in _indexes:
        _indexes.clear()
        _indexes[key] = TaskIndex.of(kb, space, family)
    return _indexes[key]


def learner_for(
    kb: KnowledgeBase,
    space: SpaceDefinition,
    family: str | None = None,
    exclude_datasets: Collection[str] = (),
    query: Query | None = None,
) -> PortfolioLearner:
    """Return a meta-learner for new tasks in `space`.

    Args:
        kb, family: as for `recall`.
        space: the search space of the new task; if it is a part of another, the past of the whole
            one is asked.
        exclude_datasets: fingerprints of data sets whose tasks are not to be used.
        query: what is known about the new task, by which past tasks of a large store are chosen.
    """
    whole = space.whole or space
    experience = recall(kb, whole, family, query, exclude_datasets)
    if experience is not None and exclude_datasets:
        excluded = set(exclude_datasets)
        places = [t for t, k in enumerate(experience.tasks) if k.dataset_id not in excluded]
        experience = experience.subset(places) if places else None
    return PortfolioLearner(experience, whole, None if space.whole is None else space)


def _recall(
    kb: KnowledgeBase, space: SpaceDefinition, family: str | None, index: TaskIndex | None
) -> Experience | None:
    path = cache_path(kb, space, family)
    digests = kb.task_digests(family, None if index is None else index.core())
    # The first trials of a new knowledge base are learned on top of what ships.
    before = _read(path, kb) or _read(_path_of_shipped(space, family), None)
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
    with one_blas_thread():
        learned = _learn(kb, space, family, digests_left, kept)
    if learned is None:
        return None
    arrays = learned.to_arrays()
    _write(path, arrays, digests, kb.me)
    # It goes through the form that is stored, so that the first answer equals all later ones.
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
    new = read_past(kb, space, family, digests, kept.tasks if kept is not None else [])
    return Experience.learn(new, space, kept) if new or kept is not None else None


def cache_path(kb: KnowledgeBase, space: SpaceDefinition, family: str | None) -> Path:
    """Return where experience is kept.

    It lies beside the knowledge base; where there is none yet, reading makes nothing there, and
    what the shipped trials teach lies in the user's cache directory.
    """
    if _is_new(kb):
        return _path_of_shipped(space, family)
    return kb.path.with_name(kb.path.name + ".experience") / _file_name(space, family)


def _path_of_shipped(space: SpaceDefinition, family: str | None) -> Path:
    """Return where experience of the shipped trials alone is kept."""
    try:
        folder = Path(platformdirs.user_cache_dir("advisor"))
    except RuntimeError:  # The user has no home; a path that is not absolute is not used.
        folder = Path("~")
    return folder / "experience" / _file_name(space, family)


def _file_name(space: SpaceDefinition, family: str | None) -> str:
    name = f"{family or 'all'}-{space.space_id[:16]}.npz"
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)


def _only_own(kb: KnowledgeBase) -> bool:
    """Return whether all of the user's layer is his own."""
    whose = kb.query("SELECT DISTINCT contributor FROM studies WHERE layer = 'user'")
    names = whose["contributor"].dropna()
    return bool(names.isin([kb.me, ""]).all()) and not kb.imported_studies()


def _has_stopped(kb: KnowledgeBase) -> bool:
    """Return whether any trial was stopped."""
    return not kb.query("SELECT 1 FROM trials WHERE state = 'stopped' LIMIT 1").empty


def _is_new(kb: KnowledgeBase) -> bool:
    """Return whether nothing is stored yet, neither in a file nor in a journal."""
    _, _, database, segments = kb.stamp()
    return database is None and not segments


def _read(path: Path, kb: KnowledgeBase | None) -> tuple[Experience, dict[str, str]] | None:
    """Return experience and the digests of the tasks it was learned from, None if unusable.

    Args:
        path: where it is kept.
        kb: what it was learned from; None where that is what ships, whoever the user is.
    """
    arrays = read_arrays(path) if path.is_absolute() else None
    if arrays is None:
        return None
    try:
        version = int(arrays.pop("version"))
        if version in WITHOUT_OTHERS and kb is not None and not _only_own(kb):
            return None
        if version in WITHOUT_STOPPED and kb is not None and _has_stopped(kb):
            return None
        if version not in (VERSION, *WITHOUT_STOPPED):
            return None
        learned_for = arrays.pop("own", None)
        if kb is not None and learned_for is not None and str(learned_for) != kb.me:
            return None  # What is the user's own is trusted, and what is another's is not.
        names, digests = arrays.pop("digest_tasks"), arrays.pop("digests")
        known = dict(zip(names.tolist(), digests.tolist(), strict=True))
        return Experience.from_arrays(arrays), known
    except (KeyError, ValueError, TypeError):
        return None  # something else, or damaged


def _write(
    path: Path, arrays: Mapping[str, np.ndarray], digests: Mapping[str, str], own: str
) -> None:
    """Keep experience; where that is impossible, it will be learned again."""
    if not path.is_absolute():  # The user has no home, and "~" is no folder to make.
        return
    stored = {
        "version": np.array(VERSION),
        "own": np.array(own),
        "digest_tasks": np.array(list(digests), dtype=str),
        "digests": np.array(list(digests.values()), dtype=str),
        **arrays,
    }
    with suppress(OSError):
        private_folder(path.parent)
        tighten(path.parent)
        write_arrays(path, stored, private=True)

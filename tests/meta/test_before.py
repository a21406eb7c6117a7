"""What the version before past tasks were read by `read_past` has written stays valid.

`before/` holds its cache of experience, the prior of a study, and what it said with them.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from test_experience import SPACE, add_task

from advisor.meta import Query, cache, learner_for
from advisor.meta.warm_start import Start
from advisor.surrogates import Prior
from knowledge_base import KnowledgeBase
from knowledge_base.arrays import read_arrays, write_arrays

BEFORE = Path(__file__).with_name("before")
SAID = json.loads((BEFORE / "said.json").read_text(encoding="utf-8"))
POINTS = np.random.default_rng(0).random((5, 4))


@pytest.fixture
def kb(tmp_path):
    """Return the store that was learned from: one task that was only tuned, and two others."""
    cache._recent.clear()
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    add_task(kb, 0, n=8, strategy="bayesian")
    add_task(kb, 1, n=21)
    add_task(kb, 2, n=21)
    return kb


def said(learner):
    return [
        {"config": dict(item.config), "expected": item.expected}
        for item in learner.recommend(Query(), 3)
    ]


def test_a_cache_is_read_not_learned_anew(kb, monkeypatch):
    path = cache.cache_path(kb, SPACE, "toy")
    path.parent.mkdir()
    arrays = read_arrays(BEFORE / "experience.npz")
    # The digests are hashes of the database, which another version of it may make otherwise.
    digests = kb.task_digests("toy")
    assert sorted(digests) == sorted(arrays["digest_tasks"].tolist())
    arrays["digests"] = np.array([digests[task] for task in arrays["digest_tasks"].tolist()])
    np.savez(path, **arrays)
    monkeypatch.setattr(cache, "_learn", lambda *_: pytest.fail("learned anew"))
    learner = learner_for(kb, SPACE, "toy")
    for now, then in zip(said(learner), SAID["recommended"], strict=True):
        assert now["config"] == then["config"]
        assert now["expected"] == pytest.approx(then["expected"])  # Processors round otherwise.
    assert learner.prior(Query()).predict(POINTS) == pytest.approx(np.array(SAID["expected"]))


def test_what_is_learned_now_is_what_was_learned_then(kb):
    learner = learner_for(kb, SPACE, "toy")
    for now, then in zip(said(learner), SAID["recommended"], strict=True):
        assert now["config"] == pytest.approx(then["config"])
        assert now["expected"] == pytest.approx(then["expected"], rel=1e-4)
    before = read_arrays(BEFORE / "experience.npz")
    written = read_arrays(cache.cache_path(kb, SPACE, "toy"))
    # Version 4 said for whom it was learned, 5 how steady others are; 6 learns of stopped trials.
    assert written.keys() - before.keys() == {"own"}
    assert before.keys() <= written.keys()
    assert (int(written["version"]), int(before["version"])) == (6, 3)
    for name in before:
        assert written[name].dtype == before[name].dtype
        assert written[name].ndim == before[name].ndim


def test_the_prior_of_a_study_is_read_and_written_as_it_was(tmp_path):
    prior = Prior.from_arrays(read_arrays(BEFORE / "past.npz"))
    assert prior.predict(POINTS) == pytest.approx(np.array(SAID["expected"]), abs=1e-5)
    assert prior.costs is not None
    write_arrays(tmp_path / "past.npz", Start(prior=prior).arrays())
    before, after = (read_arrays(path / "past.npz") for path in (BEFORE, tmp_path))
    assert list(before) == list(after)
    for name, array in before.items():
        assert array.dtype == after[name].dtype
        assert np.array_equal(array, after[name])
    assert [path.name for path in tmp_path.iterdir()] == ["past.npz"]

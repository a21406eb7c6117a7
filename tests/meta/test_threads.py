"""What past tasks teach is computed with one thread, and other work keeps its threads."""

import pytest
import threadpoolctl

from advisor.meta import cache, learner
from advisor.meta.experience import Experience
from advisor.meta.threads import one_blas_thread
from advisor.models import get_family
from knowledge_base import KnowledgeBase


def threads() -> set[int]:
    return {found["num_threads"] for found in threadpoolctl.threadpool_info()
            if found["user_api"] == "blas"}  # fmt: skip


def test_the_block_has_one_thread_and_gives_back_what_there_was():
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = threads()
        with one_blas_thread():
            assert threads() <= {1}
        with pytest.raises(KeyError), one_blas_thread():
            raise KeyError
        assert threads() == before


def test_learning_and_asking_use_it(tmp_path, monkeypatch):
    seen = {}

    def watched(owner, name):
        real = getattr(owner, name)

        def call(*args, **kwargs):
            seen[name] = threads()
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, call)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_recent", {})
    watched(cache, "_learn")
    watched(learner, "greedy_portfolio")
    space = get_family("rnn").space()
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        made = cache.learner_for(KnowledgeBase(tmp_path / "kb.duckdb"), space, "rnn")
        assert isinstance(made._experience, Experience)
        assert made.recommend(learner.Query(), 2)
    assert seen == {"_learn": {1}, "greedy_portfolio": {1}}

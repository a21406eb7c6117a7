import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def _own_knowledge_base(tmp_path, monkeypatch):
    """No test reads or writes the user's own knowledge base."""
    monkeypatch.setenv("ADVISOR_KB", str(tmp_path / "kb" / "knowledge_base.duckdb"))
    monkeypatch.setenv("ADVISOR_CONTRIBUTOR", "tester")

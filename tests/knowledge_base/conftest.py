from pathlib import Path

import pytest
from kb_examples import make_bundle

from knowledge_base import KnowledgeBase


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kb.duckdb"


@pytest.fixture
def kb(path: Path) -> KnowledgeBase:
    return KnowledgeBase(path, seed=False)


@pytest.fixture
def seed_path(tmp_path: Path) -> Path:
    """A shipped layer with the trials 0 to 4 of study-seed."""
    folder = tmp_path / "seed"
    folder.mkdir()
    make_bundle(range(5), "study-seed").write(folder)
    return folder

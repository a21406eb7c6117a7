"""A question about one family reads nothing of the others."""

import pytest
from kb_examples import make_bundle

from knowledge_base import KnowledgeBase
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.shipped import read_shipped, shipped_files, write_shipped


@pytest.fixture
def folder(tmp_path):
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    write_shipped(make_bundle(range(4)), shipped)
    return shipped


def test_what_was_written_is_read(folder):
    bundle, again = make_bundle(range(4)), read_shipped(folder)
    assert len(again) == 4
    assert again["trials"].equals(bundle["trials"])
    assert again["curves"].equals(bundle["curves"])
    assert len(read_shipped(folder, ["another"])) == 0


def test_other_families_are_not_read(folder, tmp_path):
    (family_file,) = shipped_files(folder, "trials", "svm")
    (folder / "trials" / "cnn.parquet").write_bytes(b"not Parquet at all")
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed_path=folder)
    assert len(kb.outcomes("svm")) == 4
    assert len(kb.task_digests("svm")) == 1
    with pytest.raises(KnowledgeBaseError, match=r"damaged .*install Advisor again"):
        kb.trials()
    assert family_file.name == "svm.parquet"


def test_a_family_that_nothing_shipped_of_has_the_user_s_trials_only(folder, tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed_path=folder)
    assert len(kb.outcomes("own")) == 0
    kb.append(make_bundle(range(4, 6)))
    assert len(kb.outcomes("svm")) == 6


def test_an_empty_folder_holds_nothing(tmp_path):
    with pytest.raises(KnowledgeBaseError, match="no shipped trials"):
        read_shipped(tmp_path)

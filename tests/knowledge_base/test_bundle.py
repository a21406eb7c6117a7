from pathlib import Path

import pyarrow as pa
import pytest
from kb_examples import DATASET, make_bundle

from knowledge_base import Bundle, KnowledgeBaseError
from knowledge_base.errors import DamagedFileError
from knowledge_base.schema import TABLES


def test_records_become_rows_of_every_table() -> None:
    bundle = make_bundle(range(3))
    counts = {name: bundle[name].num_rows for name in TABLES}
    assert counts == {"datasets": 1, "metafeatures": 2, "spaces": 1, "tasks": 1, "studies": 1,
                      "trials": 3, "curves": 6}  # fmt: skip
    assert len(bundle) == 3
    assert {name: bundle[name].schema for name in TABLES} == TABLES


def test_an_undefined_metafeature_is_null() -> None:
    rows = make_bundle(range(0))["metafeatures"].to_pylist()
    assert {row["name"]: row["value"] for row in rows} == {"n_rows": 178.0, "undefined": None}


def test_writing_and_reading_gives_the_same(tmp_path: Path) -> None:
    bundle = make_bundle(range(3))
    bundle.write(tmp_path)
    again = Bundle.read(tmp_path)
    assert all(again[name].equals(bundle[name]) for name in TABLES)


def test_merging_keeps_all_rows() -> None:
    merged = make_bundle(range(3)).merge(make_bundle(range(2)), make_bundle(range(1)))
    assert len(merged) == 6


def test_unknown_things_are_refused() -> None:
    with pytest.raises(TypeError, match="dict"):
        Bundle.from_records([{"name": "x"}])
    with pytest.raises(KnowledgeBaseError, match="no table 'trails'"):
        Bundle.from_tables({"trails": pa.table({"x": [1]})})
    with pytest.raises(KnowledgeBaseError, match="no column 'trial_id'"):
        Bundle.from_tables({"trials": pa.table({"number": [1]})})


def test_tables_are_cast_and_filled() -> None:
    table = pa.table({"dataset_id": ["d"], "name": ["n"], "modality": ["table"], "n_rows": ["12"]})
    row = Bundle.from_tables({"datasets": table})["datasets"].to_pylist()[0]
    assert row["n_rows"] == 12
    assert row["licence"] is None
    with pytest.raises(KnowledgeBaseError, match="wrong type"):
        Bundle.from_tables({"datasets": table.set_column(3, "n_rows", pa.array(["many"]))})


def test_a_missing_required_value_is_refused() -> None:
    table = pa.table({"dataset_id": [DATASET.dataset_id], "name": pa.nulls(1, pa.string())})
    with pytest.raises(KnowledgeBaseError, match="datasets"):
        Bundle.from_tables({"datasets": table})


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_file_cut_short_is_named(tmp_path: Path, share: float) -> None:
    make_bundle(range(3)).write(tmp_path)
    file = tmp_path / "trials.parquet"
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    with pytest.raises(DamagedFileError, match=r"trials\.parquet") as caught:
        Bundle.read(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_none_or_empty_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeBaseError, match="no folder"):
        Bundle.read(tmp_path / "nowhere")
    with pytest.raises(KnowledgeBaseError, match="no exported knowledge base"):
        Bundle.read(tmp_path)

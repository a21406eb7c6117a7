"""What is too large is refused in one line, before it is there."""

import resource
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kb_examples import SPACE, TASK, make_bundle, numbers_of, study, trial

from knowledge_base import Bundle, KnowledgeBase, KnowledgeBaseError, UserError, limits
from knowledge_base.errors import TooLargeError
from knowledge_base.limits import json_depth, read_json
from knowledge_base.schema import TABLES
from knowledge_base.studies import StudyDirectory


def curves(rows, text="x"):
    columns = {
        "trial_id": pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), [text]),
        "epoch": pa.array([1] * rows, pa.int64()),
    }
    return pa.table(columns)


def bomb(folder, kind):
    """Write a small folder that becomes large."""
    make_bundle(range(1)).export(folder)
    (folder / "checksums.json").unlink()
    file = folder / "curves.parquet"
    if kind == "rows":
        pq.write_table(pa.table({"trial_id": pa.nulls(20_000_000, pa.string()),
                                 "epoch": pa.nulls(20_000_000, pa.int64())}), file)  # fmt: skip
    elif kind == "texts":
        pq.write_table(curves(100_000, "x" * 200_000), file, compression="zstd")
    elif kind == "bytes":
        table = pa.table({"trial_id": ["x" * 200_000_000] * 6, "epoch": [1] * 6})
        pq.write_table(table, file, compression="zstd", use_dictionary=False)
    elif kind == "groups":
        with pq.ParquetWriter(file, pa.schema([("trial_id", "string"), ("epoch", "int64")])) as w:
            for _ in range(10_001):
                w.write_table(pa.table({"trial_id": ["x"], "epoch": [1]}))
    elif kind == "columns":
        wide = {f"c{number}": [1] for number in range(300)}
        pq.write_table(pa.table({"trial_id": ["x"], "epoch": [1], **wide}), file)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rows", "texts", "bytes", "groups", "columns"])
def test_a_small_bundle_that_becomes_large_is_refused(kind, tmp_path):
    folder = bomb(tmp_path / "out", kind)
    assert (folder / "curves.parquet").stat().st_size < 5_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TooLargeError, match=r"curves\.parquet") as caught:
        Bundle.read(folder)
    assert "\n" not in str(caught.value)
    if kind != "bytes":  # making it took more
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


def test_texts_that_are_as_small_as_they_look_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_TABLE_BYTES", 2_000_000)
    bundle = make_bundle(range(200))
    bundle.export(tmp_path / "out")
    again = Bundle.read(tmp_path / "out")
    assert all(again[name].equals(bundle[name]) for name in TABLES)


def test_what_could_not_be_read_again_is_not_stored(kb, monkeypatch):
    monkeypatch.setattr(limits, "MAX_ROWS", 5)
    with pytest.raises(KnowledgeBaseError, match="has 6 rows; at most 5"):
        kb.append(make_bundle(range(6)))
    assert not kb.path.exists()
    assert numbers_of(KnowledgeBase(kb.path, seed=False)) == []


def test_a_database_of_too_many_rows_or_too_long_texts_is_refused(tmp_path, monkeypatch):
    from knowledge_base import catalogue
    from knowledge_base.importers.knowledge_base_file import read_bundle

    kb = KnowledgeBase(tmp_path / "a.duckdb", seed=False)
    kb.add(make_bundle(range(10)))
    assert kb.fold(5)
    for name, limit, says in (("MAX_ROWS", 9, "rows"), ("MAX_TABLE_BYTES", 999, "bytes of memory"),
                              ("MAX_LINE_BYTES", 9, "texts of up to")):  # fmt: skip
        with monkeypatch.context() as patched:
            patched.setattr(catalogue, name, limit)
            with pytest.raises(TooLargeError, match=says):
                read_bundle(kb.path)
    assert len(read_bundle(kb.path)) == 10


def test_json_is_measured_before_it_is_read(monkeypatch):
    deep = "[" * 1_000_000 + "]" * 1_000_000
    with pytest.raises(ValueError, match="nested more than 100"):
        read_json(deep, "it")
    assert json_depth(b'{"a": [{"b": "[[[[{{{{\\"[[["}]}' + b" " * 200) <= 100
    assert json_depth(b'["' + b"[" * 1000 + b'"]') == 1
    assert json_depth(b'["' + b'\\"' * 1_000_000 + b"[" * 200) == 1  # a text that never ends
    assert read_json('{"a": [1, "]"]}', "it") == {"a": [1, "]"]}
    monkeypatch.setattr(limits, "MAX_DOCUMENT_BYTES", 3)
    with pytest.raises(ValueError, match="at most 3"):
        read_json("[1, 2]", "it")


def test_lines_and_files_of_a_study_are_measured(tmp_path, monkeypatch):
    import knowledge_base.studies as studies

    made = StudyDirectory.create(tmp_path / "s", study=study(), task=TASK, space=SPACE)
    made.append(trial(0))
    with (tmp_path / "s" / "trials.jsonl").open("a") as file:
        file.write('{"error": "' + "x" * 20_000_000 + '"}\n')
    made.append(trial(1))
    assert [one.number for one in made.trials()] == [0, 1]
    assert "at most 16,777,216" in made.warnings[0]
    monkeypatch.setattr(studies, "MAX_LINES_BYTES", 100)
    with pytest.raises(UserError, match="at most 100"):
        made.trials()
    monkeypatch.setattr(studies, "MAX_DOCUMENT_BYTES", 100)
    with pytest.raises(UserError, match="at most 100"):
        StudyDirectory.open(tmp_path / "s")


def test_a_segment_that_is_too_large_is_set_aside(kb):
    kb.append(make_bundle(range(1)))
    kb.append(make_bundle(range(1, 2)))
    segment = kb._journal.path / kb._journal.segments()[0]
    (segment / "checksums.json").unlink()
    pq.write_table(pa.table({"trial_id": pa.nulls(20_000_000, pa.string()),
                             "epoch": pa.nulls(20_000_000, pa.int64())}),
                   segment / "curves.parquet")  # fmt: skip
    fresh = KnowledgeBase(kb.path, seed=False)
    assert numbers_of(fresh) == [1]
    assert "20,000,000 rows" in fresh.warnings[0]


def test_little_memory_is_called_what_it_is(tmp_path):
    kb = KnowledgeBase(tmp_path / "a.duckdb", seed=False)
    kb.add(make_bundle(range(600)))
    code = (
        "import resource, knowledge_base as k\n"
        "import knowledge_base.bundle, pyarrow.parquet, duckdb\n"
        f"kb = k.KnowledgeBase({str(kb.path)!r}, seed=False)\n"
        "size = int(open('/proc/self/statm').read().split()[0]) * 4096\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size + 8_000_000, size + 8_000_000))\n"
        "try: kb.trials()\n"
        "except k.UserError as error: print(error)\n"
        "else: print('read')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "damaged" not in done.stdout + done.stderr

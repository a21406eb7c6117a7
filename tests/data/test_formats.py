"""Tables in many formats are the same data, and files that are none are refused in one line."""

import bz2
import gzip
import io
import json
import lzma
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.datasets import load_digits, load_iris

from advisor.data import limits, load_dataset
from advisor.data.sources import excel
from knowledge_base.errors import UserError

N = 60
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "größe": RNG.normal(size=N).round(3),
        "c": RNG.choice(["ä", "b", "c"], N),
        "y": RNG.choice(["ja", "nein"], N),
    }
)
CSV = FRAME.to_csv(index=False)
RECORDS = FRAME.to_dict("records")
LINES = "\n".join(json.dumps(record, ensure_ascii=False) for record in RECORDS)
SAME = load_dataset(FRAME, "y").fingerprint


def zipped(*members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members:
            archive.writestr(name, text)
    return content.getvalue()


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(source, match, target="y", **more):
    with pytest.raises(UserError, match=match) as caught:
        load_dataset(source, target, **more)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", gzip.compress(CSV.encode())),
        ("a.csv.bz2", bz2.compress(CSV.encode())),
        ("a.csv.xz", lzma.compress(CSV.encode())),
        ("a.csv.zip", zipped(("a.csv", CSV))),
        ("b.zip", zipped(("folder/a.csv", CSV), ("__MACOSX/._a.csv", "x"))),
        ("latin.csv", CSV.encode("latin-1")),
        ("marked16.csv", CSV.encode("utf-16")),
        ("unmarked16.csv", CSV.encode("utf-16-le")),
        ("big16.csv", CSV.encode("utf-16-be")),
        ("marked32.csv", CSV.encode("utf-32")),
        ("latin.csv.gz", gzip.compress(CSV.encode("latin-1"))),
        ("comments.csv", "# made by a tool, today\n#\n" + CSV),
        ("within.csv", "# made by a tool\n" + CSV.replace("\n", "\n# within\n", 3)),
        ("told.csv", "sep=;\n" + CSV.replace(",", ";")),
        ("bars.csv", CSV.replace(",", "|")),
        ("a.jsonl", LINES),
        ("marked.ndjson", "\ufeff" + LINES.replace("\n", "\r\n")),
        ("a.jsonl.gz", gzip.compress(LINES.encode())),
        ("records.json", json.dumps(RECORDS)),
        ("columns.json", FRAME.to_json()),
        ("lists.json", json.dumps(FRAME.to_dict("list"))),
        ("within.json", json.dumps({"data": RECORDS, "made": ["today"]})),
        ("split.json", FRAME.to_json(orient="split")),
        ("lines.json", LINES),
    ],
)
def test_text_in_many_forms_is_the_same_table(tmp_path, name, content):
    data = load_dataset(write(tmp_path, name, content), "y")
    assert data.fingerprint == SAME
    assert data.name == name


def test_what_was_told_by_the_bytes_is_said(tmp_path):
    latin = load_dataset(write(tmp_path, "a.csv", CSV.encode("latin-1")), "y").intake
    assert "read as cp1252" in latin.lines()[-1]
    assert (
        "UTF-16"
        in load_dataset(write(tmp_path, "a.csv", CSV.encode("utf-16")), "y").intake.notes[0]
    )
    assert not load_dataset(write(tmp_path, "a.csv", CSV), "y").intake.notes


def test_separators_in_quoted_names_do_not_count(tmp_path):
    rows = "".join(f"{n / 7:.3f};{n};{n % 2}\n" for n in range(N))
    path = write(tmp_path, "a.csv", '"Weight (kg, dry, net)";"Height, m";y\n' + rows)
    assert list(load_dataset(path, "y").features) == ["Weight (kg, dry, net)", "Height, m"]


def test_a_header_that_begins_with_a_sign_stays_one(tmp_path):
    path = write(tmp_path, "a.csv", "#" + CSV)
    assert list(load_dataset(path, "y").features) == ["#größe", "c"]
    hashed = FRAME.assign(c="#" + FRAME["c"])
    found = load_dataset(write(tmp_path, "b.csv", hashed.to_csv(index=False)), "y")
    assert found.fingerprint == load_dataset(hashed, "y").fingerprint


def test_only_line_feeds_end_lines_of_json(tmp_path):
    records = [{**record, "c": f"{record['c']}\u2028x"} for record in RECORDS]
    text = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    assert load_dataset(write(tmp_path, "a.jsonl", text), "y").n_rows == N


def test_objects_within_records_are_columns(tmp_path):
    nested = [{"a": {"b": n / 7, "c": {"d": n % 3}}, "y": n % 2} for n in range(N)]
    data = load_dataset(write(tmp_path, "a.json", json.dumps(nested)), "y")
    assert list(data.features) == ["a.b", "a.c.d"]


def test_feather(tmp_path):
    FRAME.to_feather(tmp_path / "a.feather")
    assert load_dataset(tmp_path / "a.feather", "y").fingerprint == SAME


def test_workbooks(tmp_path):
    pytest.importorskip("openpyxl")
    FRAME.to_excel(tmp_path / "a.xlsx", index=False)
    FRAME.to_excel(tmp_path / "b.xlsx")
    for name in ("a.xlsx", "b.xlsx"):
        assert load_dataset(tmp_path / name, "y").fingerprint == SAME
    refused(write(tmp_path, "c.xlsx", zipped(("a", "b"))), "is not a whole workbook")


def test_workbooks_without_the_library_that_reads_them(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    refused(write(tmp_path, "a.xlsx", b"PK"), r"install openpyxl \(pip install .*\), or save")
    assert excel.ExcelSource().accepts("a.xlsx")


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode(),
        CSV.encode("latin-1"),
        gzip.compress(CSV.encode()),
        json.dumps(RECORDS).encode(),
        LINES.encode(),
        FRAME.to_parquet(),
    ],
    ids=["csv", "latin", "gzip", "json", "jsonl", "parquet"],
)
def test_standard_input(content):
    code = (
        "from advisor.data import load_dataset as load; a = load('-', 'y'); b = load('-', 'y');"
        "print(a.fingerprint, b.fingerprint, a.name)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True)
    assert done.stdout.decode().strip() == f"{SAME} {SAME} standard input", done.stderr.decode()


# What is in memory


def test_frames_of_every_kind():
    inputs, label = FRAME[["größe", "c"]], FRAME["y"]
    for source in (
        pa.Table.from_pandas(FRAME),
        pa.RecordBatch.from_pandas(FRAME),
        FRAME.to_dict("list"),
        (inputs, label),
        [inputs, label.tolist()],
        (pa.Table.from_pandas(inputs), pa.array(label)),
        {"data": inputs, "target": label},
    ):
        assert load_dataset(source, "y").fingerprint == SAME


def test_frames_of_polars():
    pl = pytest.importorskip("polars")
    frame = pl.from_pandas(FRAME)
    for source in (frame, frame.lazy(), (frame.select("größe", "c"), frame["y"])):
        assert load_dataset(source, "y").fingerprint == SAME


def test_what_scikit_learn_loads():
    import scipy.sparse

    same = load_dataset("sklearn:iris").fingerprint
    assert load_dataset(load_iris()).fingerprint == same
    assert load_dataset(load_iris(as_frame=True)).fingerprint == same
    inputs, label = load_iris(return_X_y=True)
    arrays = load_dataset((inputs, label))
    assert (arrays.target_name, list(arrays.features)) == ("target", ["0", "1", "2", "3"])
    assert load_dataset((scipy.sparse.csr_matrix(inputs), label)).fingerprint == arrays.fingerprint
    digits = load_digits()
    images = load_dataset((digits.images / 16, digits.target))
    assert images.fingerprint == load_dataset("sklearn:digits", modality="image").fingerprint
    texts = load_dataset((["good film", "bad film"] * 20, [1, 0] * 20))
    assert (texts.modality, texts.n_rows) == ("text", 40)
    table = np.c_[inputs, label]
    assert load_dataset(table, 4).n_classes == 3


@pytest.mark.parametrize(
    ("source", "match"),
    [
        (None, "Data of the type NoneType cannot be read; give a file"),
        ([1, 2, 3], "type list"),
        (FRAME["y"], "type Series"),
        (("a", "b"), "type tuple"),
        (b"a,y", "type bytes"),
        (print, "type builtin_function"),
        (pd.DataFrame, "type type"),
        (np.zeros(5), "give a pair"),
        (np.zeros((3, 3, 3)), "give a pair"),
        ((FRAME[["c"]], [1, 2]), "60 rows of X but 2 of y"),
        ((FRAME[["c"]], FRAME[["c", "y"]]), "y has 2 columns"),
        ((FRAME, FRAME["y"]), "X has a column 'y' as y has"),
        (([[1], [1, 2]], [0, 1]), "X is no table"),
        ({"a": 1, "y": 2}, "are no table"),
        ({}, "has no column 'y'"),
        ("x" * 5000, "cannot be read"),
        ("a\0b", "does not exist|cannot be read"),
    ],
)
def test_what_is_no_data(source, match):
    refused(source, match)


# Files that are none


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("two.zip", zipped(("a.csv", CSV), ("b.csv", CSV)), "holds 2 files"),
        ("bad.zip", b"PK", "cannot be unpacked"),
        ("bad.csv.gz", b"no gzip", "cannot be unpacked"),
        ("cut.csv.gz", gzip.compress(CSV.encode())[:-20], "cannot be unpacked"),
        ("empty.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("deep.json", b"[" * 10**6, "cannot be read as JSON"),
        ("deep.jsonl", b'{"a":' * 10**5, "cannot be read as JSON"),
        ("bad.json", b"{1}", "is not JSON"),
        ("number.json", b"3", "neither a list of objects nor columns"),
        ("empty.json", b"", "is empty"),
        ("list.jsonl", b"[1,2]\n", "Line 1 .* is no object"),
        ("bad.jsonl", LINES.encode() + b"\n{", "Line 61 .* is not JSON"),
        ("half.jsonl", b'{"a":"\\ud800","y":1}\n' * 20, "no Unicode"),
        ("bytes.json", b"\xff\xfe\x00", "not a text file"),
        ("bad.xlsx", b"PK", "openpyxl|not a whole workbook"),
        ("bad.feather", b"ARROW1", "not a whole Feather file"),
        ("bytes.csv", bytes(range(256)) * 9, "not a text file in UTF-8"),
    ],
)
def test_files_that_are_none(tmp_path, name, content, match):
    refused(write(tmp_path, name, content), match)


# Limits


@pytest.fixture
def small(monkeypatch):
    """Lower the limits to what a test can write."""
    monkeypatch.setattr(limits, "MAX_UNPACKED_BYTES", 10_000)
    monkeypatch.setattr(limits, "MAX_UNPACKED_RATIO", 2)
    monkeypatch.setattr(limits, "MAX_CELL_RATIO", 2)
    monkeypatch.setattr(limits, "MAX_LINE_BYTES", 2**21)


def test_packed_files_that_unpack_to_too_much(tmp_path, small):
    rows = "a,y\n" + "0,1\n" * 10_000
    for name, content in {
        "a.csv.gz": gzip.compress(rows.encode()),
        "a.csv.xz": lzma.compress(rows.encode()),
        "a.csv.zip": zipped(("a.csv", rows)),
    }.items():
        refused(write(tmp_path, name, content), "unpacks to more than 10,000 bytes")


def test_arrays_that_unpack_to_too_much(tmp_path, small):
    images, labels = np.zeros((50, 28, 28), np.uint8), np.arange(50) % 2
    np.savez_compressed(tmp_path / "a.npz", x=images, y=labels)
    refused(tmp_path / "a.npz", "unpacks to more than", None)
    head = struct.pack(">BBBB3I", 0, 0, 8, 3, *images.shape)
    write(tmp_path, "a-images-idx3-ubyte.gz", gzip.compress(head + images.tobytes()))
    head = struct.pack(">BBBBI", 0, 0, 8, 1, 50)
    write(tmp_path, "a-labels-idx1-ubyte", head + labels.astype(np.uint8).tobytes())
    refused(tmp_path / "a-images-idx3-ubyte.gz", "unpacks to more than", None)


def test_an_npz_file_whose_header_names_more_than_it_holds(tmp_path):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "|u1", "fortran_order": False, "shape": (10**6, 256, 256)}
    )
    labels = io.BytesIO()
    np.save(labels, np.arange(50) % 2)
    content = zipped(("x.npy", head.getvalue() + b"abc"), ("y.npy", labels.getvalue()))
    refused(write(tmp_path, "a.npz", content), "x.npy is cut off", None)


def test_columnar_files_with_too_many_cells(tmp_path, small):
    zeros = pa.table({"a": np.zeros(2000), "y": np.arange(2000) % 2})
    pq.write_table(zeros, tmp_path / "a.parquet")
    refused(tmp_path / "a.parquet", "2,000 rows of 2 columns, 32,000 bytes")
    pa.feather.write_feather(zeros, tmp_path / "a.feather", compression="zstd")
    refused(tmp_path / "a.feather", "2,000 rows of 2 columns")


def test_lines_that_are_too_long(tmp_path, small):
    long = "x" * 2**22
    refused(write(tmp_path, "a.csv", f"a,y\n{long},1\n"), "has a line of more than")
    refused(write(tmp_path, "b.csv", f"{'a,' * 2**21}y\n1,1\n"), "has a line of more than")
    refused(
        write(tmp_path, "c.csv.gz", gzip.compress(f"a,y\n{long},1\n".encode())), "a line of|unpacks"
    )
    refused(write(tmp_path, "d.jsonl", f'{{"a": "{long}", "y": 1}}\n'), "a line of more than")

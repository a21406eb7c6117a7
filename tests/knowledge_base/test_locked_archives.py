"""A zip file that says that it is packed in an unknown way, or locked, is a damaged one."""

import struct

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset
from knowledge_base.arrays import read_arrays, write_arrays
from knowledge_base.errors import UserError

CENTRAL, LOCAL = b"PK\x01\x02", b"PK\x03\x04"
# Fields of the central directory and of the header before each member (APPNOTE.TXT, 4.3).
VERSION, FLAGS, METHOD = (6, 4), (8, 6), (10, 8)
CHANGES = {
    "unknown method": (METHOD, 99),
    "packed by bzip2, says it": (METHOD, 12),
    "packed by lzma, says it": (METHOD, 14),
    "later version": (VERSION, 216),
    "locked": (FLAGS, 0x1),
    "patched data": (FLAGS, 0x20),
    "strongly locked": (FLAGS, 0x41),
}


@pytest.fixture(params=CHANGES)
def change(request):
    """Return a function that alters one number in every header of a zip file."""
    (central, local), value = CHANGES[request.param]

    def changed(path):
        content = bytearray(path.read_bytes())
        for mark, place in ((CENTRAL, central), (LOCAL, local)):
            start = content.find(mark)
            while start >= 0:
                struct.pack_into("<H", content, start + place, value)
                start = content.find(mark, start + 4)
        path.write_bytes(content)

    return changed


def test_arrays_of_such_a_file_are_none(tmp_path, change):
    path = tmp_path / "kept.npz"
    write_arrays(path, {"a": np.arange(3)})
    assert read_arrays(path)["a"].tolist() == [0, 1, 2]
    change(path)
    assert read_arrays(path) is None


def test_images_in_such_a_file_are_refused_in_one_line(tmp_path, change):
    path = tmp_path / "images.npz"
    np.savez(path, images=np.zeros((20, 8, 8), np.uint8), labels=np.arange(20) % 2)
    assert load_dataset(path).n_rows == 20
    change(path)
    with pytest.raises(UserError, match="is not a whole npz file") as refused:
        load_dataset(path)
    assert "\n" not in str(refused.value)


def test_a_table_in_such_a_file_is_refused_in_one_line(tmp_path, change):
    path = tmp_path / "table.csv.zip"
    frame = pd.DataFrame({"x": np.arange(40.0), "y": ["a", "b"] * 20})
    frame.to_csv(path, index=False)
    assert load_dataset(path, "y").n_rows == 40
    change(path)
    with pytest.raises(UserError) as refused:
        load_dataset(path, "y")
    assert "table.csv.zip" in str(refused.value)
    assert "\n" not in str(refused.value)

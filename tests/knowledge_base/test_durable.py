"""Files are there as a whole or not at all, whatever happens while they are written."""

import json
import os

import pytest

from knowledge_base.durable import (
    append_line,
    new_folder,
    replacing,
    whole_lines,
    write_json,
    write_text,
)


class Crash(Exception):
    """Whatever ends a block early."""


def crash_in(block, write):
    with block as new:
        write(new)
        raise Crash


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_takes_the_place_of_the_old_one(tmp_path):
    file = tmp_path / "a.json"
    write_text(file, "old")
    write_json(file, {"ä": 1})
    assert json.loads(file.read_bytes()) == {"ä": 1}
    assert names(tmp_path) == ["a.json"]


def test_a_crash_in_the_block_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "a.txt"
    write_text(file, "old")
    with pytest.raises(Crash):
        crash_in(replacing(file), lambda new: new.write(b"half of the n"))
    assert file.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_what_json_has_no_form_for_leaves_the_old_file(tmp_path):
    file = tmp_path / "a.json"
    write_json(file, {"a": 1})
    with pytest.raises(TypeError):
        write_json(file, {"a": object()})
    assert json.loads(file.read_text()) == {"a": 1}
    assert names(tmp_path) == ["a.json"]


def test_the_old_file_is_read_until_the_block_ends(tmp_path):
    file = tmp_path / "a.txt"
    write_text(file, "old")
    with replacing(file) as new:
        new.write(b"new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"


def test_a_folder_is_there_when_it_is_full(tmp_path):
    folder = tmp_path / "deeper" / "out"
    with new_folder(folder) as new:
        (new / "a").write_text("a")
        assert not folder.exists()
        assert new.name.startswith(".")
    assert names(folder) == ["a"]
    assert names(folder.parent) == ["out"]


def test_a_folder_whose_filling_crashes_never_was(tmp_path):
    with pytest.raises(Crash):
        crash_in(new_folder(tmp_path / "out"), lambda new: (new / "a").write_text("a"))
    assert names(tmp_path) == []


def test_a_folder_that_holds_something_is_left_as_it_is(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(OSError, match="out"), new_folder(tmp_path / "out") as new:
        (new / "a").write_text("a")
    assert names(tmp_path / "out") == ["mine"]
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("half", [b"", b"t", b"thi", b'{"n": 3, "text": "a'])
def test_a_half_written_line_is_never_read_and_cut_off_by_the_next_writer(tmp_path, half):
    file = tmp_path / "lines"
    assert whole_lines(file) == []
    for line in (b"one", b"two"):
        append_line(file, line)
    with file.open("ab") as killed:
        killed.write(half)
    assert whole_lines(file) == [b"one", b"two"]
    append_line(file, b"three")
    assert whole_lines(file) == [b"one", b"two", b"three"]
    assert file.read_bytes() == b"one\ntwo\nthree\n"


def test_a_file_of_a_half_line_alone_begins_afresh(tmp_path):
    file = tmp_path / "lines"
    file.write_bytes(b"hal")
    assert whole_lines(file) == []
    append_line(file, b"whole")
    assert file.read_bytes() == b"whole\n"


def test_files_and_their_new_names_are_flushed_to_the_disk(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(descriptor))
    write_text(tmp_path / "a", "a")
    append_line(tmp_path / "lines", b"one")
    assert len(flushed) == 4  # each file and the folder that holds its name
    with new_folder(tmp_path / "out"):
        pass
    assert len(flushed) == 6  # the folder itself, and the one that holds its name

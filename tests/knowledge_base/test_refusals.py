"""Full disks, other programs, links and permissions: what is said is so."""

import errno
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest
from kb_examples import DATASET, SPACE, TASK, content, make_bundle, numbers_of, study, trial

from knowledge_base import KnowledgeBase, KnowledgeBaseError, UserError
from knowledge_base.finding import new_path
from knowledge_base.importers import ImportOptions, find_importer
from knowledge_base.importers.adding import contribute
from knowledge_base.importers.knowledge_base_file import read_bundle
from knowledge_base.studies import StudyDirectory

HOLDER = """
import duckdb, sys
c = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held(kb, path):
    """A knowledge base with trials 0 to 2 whose file another program has open for writing."""
    kb.add(make_bundle(range(3)))
    assert kb.fold(5)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    yield path
    holder.communicate()


def take(kb, source):
    return contribute(kb, find_importer(str(source)).read(str(source), ImportOptions()))


def test_contributing_goes_on_while_another_program_has_the_database(held, tmp_path):
    make_bundle(range(3, 6)).export(tmp_path / "out")
    kb = KnowledgeBase(held, seed=False)
    begun = time.monotonic()
    report = take(kb, tmp_path / "out")
    kb.append(make_bundle(range(6, 7)))
    assert kb.add(make_bundle(range(7, 8))).exact is False
    assert numbers_of(kb) == [3, 4, 5, 6, 7]
    assert kb.info()["pending"] == 3
    assert time.monotonic() - begun < 5
    assert report.accepted == 3
    (warning,) = kb.warnings
    assert report.warnings == (warning,)
    assert warning.endswith("is in use by another program; its own trials were not seen.")


def test_what_must_be_whole_waits_for_the_database(held, tmp_path):
    kb = KnowledgeBase(held, seed=False)
    for use in (kb.verify, lambda: kb.export(tmp_path / "out"), lambda: read_bundle(held)):
        with pytest.raises(KnowledgeBaseError, match="in use by another program"):
            use()
    assert not (tmp_path / "out").exists()


def test_nothing_of_a_known_data_set_is_taken_while_the_database_is_not_seen(tmp_path):
    """Neither its metafeatures of another version, which would be the newest."""
    kb = KnowledgeBase(tmp_path / "kb.duckdb")
    kb.add(make_bundle(range(3)))
    assert kb.fold(5)
    other = make_bundle(range(3, 4))
    from knowledge_base import Bundle

    Bundle.from_records(
        [DATASET, TASK, SPACE, study(), trial(3)],
        {("dataset-a", "class", 1): {"n_rows": 0.0}, ("dataset-a", "class", 9): {"n_rows": 0.0}},
    ).export(tmp_path / "out")
    assert len(other) == 1
    holder = duckdb.connect(str(kb.path))
    assert take(kb, tmp_path / "out").accepted == 1
    holder.close()
    fresh = KnowledgeBase(tmp_path / "kb.duckdb")
    for _ in range(2):
        rows = fresh.query("SELECT version, value FROM metafeatures WHERE dataset_id = 'dataset-a' "
                           "AND name = 'n_rows'")  # fmt: skip
        assert rows.values.tolist() == [[1, 178.0]]
        assert fresh.fold(5)


# Full disks ----------------------------------------------------------------------------------


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_called_one_and_leaves_nothing_behind(kb, path, tmp_path, monkeypatch):
    kb.add(make_bundle(range(3)))
    before = content(tmp_path)
    made = StudyDirectory.create(tmp_path / "s", study=study(), task=TASK, space=SPACE)
    made.append(trial(0))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        for use in (
            lambda: kb.append(make_bundle(range(3, 4))),
            lambda: kb.export(tmp_path / "out"),
            lambda: made.append(trial(1)),
            lambda: StudyDirectory.create(tmp_path / "t", study=study(), task=TASK, space=SPACE),
        ):
            with pytest.raises(UserError, match="the disk is full") as caught:
                use()
            assert "damaged" not in str(caught.value)
    assert made.trials() == [trial(0)]
    assert {name: body for name, body in content(tmp_path).items() if name[0] != "s"} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kb.duckdb.journal", "s"]


@pytest.fixture
def small(tmp_path):
    """A disk of 12 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    if (
        sys.platform != "linux"
        or subprocess.run(["mount", *options], capture_output=True).returncode
    ):
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder, leave):
    """Fill a disk but for some bytes."""
    free = os.statvfs(folder)
    with (folder / "filler").open("wb") as file:
        file.write(bytes(max(0, free.f_bavail * free.f_bsize - leave)))


def said(use):
    """Return what an error says, "" if there is none."""
    try:
        use()
    except KnowledgeBaseError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("leave", [0, 100_000, 400_000, 1_000_000, 2_000_000, 3_000_000])
def test_trials_that_fit_the_journal_only_are_stored(small, leave):
    path = small / "kb.duckdb"
    kb = KnowledgeBase(path, seed=False)
    fill(small, leave)
    told = said(lambda: kb.append(make_bundle(range(600))))  # a bulk, which is folded at once
    stored = [] if told else list(range(600))
    if told:
        assert "the disk is full. Nothing was stored." in told
    else:
        assert kb.info()["pending"] == 0 or "stored in the journal" in kb.warnings[0]
        assert all("damaged" not in line for line in kb.warnings)
    assert numbers_of(KnowledgeBase(path, seed=False)) == stored
    (small / "filler").unlink()
    again = KnowledgeBase(path, seed=False)
    assert again.fold(5)
    assert numbers_of(again) == stored
    assert again.verify() == []


def test_a_database_that_cannot_grow_keeps_what_it_has(small):
    path = small / "kb.duckdb"
    kb = KnowledgeBase(path, seed=False)
    kb.add(make_bundle(range(3)))
    assert kb.fold(5)
    fill(small, 60_000)
    stored = 3
    for number in range(3, 600):
        told = said(lambda one=number: kb.append(make_bundle(range(one, one + 1))))
        if told:
            assert "the disk is full" in told
            break
        stored += 1
    kb.try_fold()
    assert all("damaged" not in line for line in kb.warnings)
    (small / "filler").unlink()
    fresh = KnowledgeBase(path, seed=False)
    assert numbers_of(fresh) == list(range(stored))
    assert fresh.fold(5)
    assert numbers_of(fresh) == list(range(stored))


# Links, permissions, names -------------------------------------------------------------------


def test_a_link_leads_to_the_same_journal(tmp_path):
    real = tmp_path / "real" / "kb.duckdb"
    real.parent.mkdir()
    (tmp_path / "link.duckdb").symlink_to(real)
    direct, linked = KnowledgeBase(real, seed=False), KnowledgeBase(tmp_path / "link.duckdb",
                                                                    seed=False)  # fmt: skip
    for number in range(4):
        (direct, linked)[number % 2].append(make_bundle(range(number, number + 1)))
        assert numbers_of(direct) == numbers_of(linked) == list(range(number + 1))
    assert linked.studies_root == direct.studies_root
    assert linked.fold(5)
    assert numbers_of(KnowledgeBase(real, seed=False)) == [0, 1, 2, 3]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.duckdb", "real"]
    assert read_bundle(tmp_path / "link.duckdb")["trials"].num_rows == 4


def test_a_folder_that_is_a_link_may_be_named_either_way(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "also it's").symlink_to(tmp_path / "real")
    first = KnowledgeBase(tmp_path / "also it's" / "kb.duckdb", seed=False)
    first.add(make_bundle(range(2)))
    assert first.fold(5)
    assert numbers_of(first) == [0, 1]
    assert numbers_of(KnowledgeBase(tmp_path / "real" / "kb.duckdb", seed=False)) == [0, 1]


def test_a_changed_working_directory_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kb = KnowledgeBase("kb.duckdb", seed=False)
    made = StudyDirectory.create(Path("s"), study=study(), task=TASK, space=SPACE)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    kb.append(make_bundle(range(1)))
    made.append(trial(0))
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert StudyDirectory.open(tmp_path / "s").trials() == [trial(0)]


def test_only_the_owner_reads_what_is_new(kb, path, tmp_path):
    kb.append(make_bundle(range(1)))
    modes = {
        stat.S_IMODE(p.stat().st_mode) for p in [kb._journal.path, *kb._journal.path.glob("*")]
    }
    assert modes == {0o700}
    assert {stat.S_IMODE(p.stat().st_mode) for p in kb._journal.path.glob("*/*")} == {0o600}
    assert kb.fold(5)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kb.export(tmp_path / "out")  # is there to be given away
    assert stat.S_IMODE((tmp_path / "out" / "trials.parquet").stat().st_mode) != 0o600


def test_a_journal_alone_is_imported(kb, tmp_path):
    kb.append(make_bundle(range(6)))
    before = content(tmp_path)
    other = KnowledgeBase(tmp_path / "b" / "other.duckdb", seed=False)
    assert not kb.path.exists()
    source = str(kb.path)
    found = find_importer(source, "knowledge_base").read(source, ImportOptions())
    assert contribute(other, found).accepted == 6
    assert other.verify() == []
    assert {name: body for name, body in content(tmp_path).items() if name[0] != "b"} == before


@pytest.mark.parametrize("name", ["..", ".", ".hidden", "a/b", "a\nb", "\x1b[31m", "x" * 500, ""])
def test_a_study_may_not_be_called_so(name, tmp_path):
    with pytest.raises(UserError, match="may hold letters") as caught:
        new_path(tmp_path / "studies", "iris", name)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("label", ["..", "a/../b", ".x", "x" * 500, "", "\x1b\n"])
def test_a_study_named_after_its_data_lies_in_its_folder(label, tmp_path):
    made = new_path(tmp_path, label, None)
    assert made.parent == tmp_path
    assert not made.name.startswith(".")
    assert len(made.name) < 200
    made.mkdir()


def test_a_damaged_study_stops_no_other_from_being_found(tmp_path):
    from knowledge_base.finding import find_study

    for name in ("a", "b"):
        StudyDirectory.create(tmp_path / name, study=study(), task=TASK, space=SPACE,
                              settings={"signature": name})  # fmt: skip
    (tmp_path / "a" / "study.json").write_text("{")
    assert find_study(tmp_path, None, "b") == tmp_path / "b"


def test_what_a_killed_export_left_is_removed_by_the_next(kb, tmp_path):
    kb.add(make_bundle(range(3)))
    code = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from knowledge_base.durable import new_folder\n"
        "with new_folder(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'x').write_text('x'); print(folder, flush=True); time.sleep(60)\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "out")],
                         stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]  # fmt: skip
    folders = [Path(writer.stdout.readline().strip()) for writer in writers]
    old = time.time() - 120
    for folder in folders:
        os.utime(folder, (old, old))
    writers[0].kill()
    writers[0].wait()
    kb.export(tmp_path / "out")
    assert [folder.exists() for folder in folders] == [False, True]
    writers[1].kill()
    writers[1].wait()


def test_threads_that_read_and_add_at_once_lose_nothing(kb):
    def work(number):
        for _ in range(3):
            kb.append(make_bundle(range(number, number + 1)))
            kb.trials()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers_of(kb) == list(range(6))

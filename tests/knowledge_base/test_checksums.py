"""A flipped bit is told, and never read as another trial."""

import json
import random

import pytest
from kb_examples import DATASET, SPACE, TASK, make_bundle, numbers_of, study, trial

from knowledge_base import Bundle, KnowledgeBase, UserError
from knowledge_base.checksums import CHECKSUMS, sealed, unsealed
from knowledge_base.errors import DamagedFileError
from knowledge_base.importers import ImportOptions, find_importer
from knowledge_base.importers.adding import contribute
from knowledge_base.schema import TABLES
from knowledge_base.shipped import read_shipped, write_shipped
from knowledge_base.studies import FORMAT, StudyDirectory

FLIPS = 250


def flip(path, bit):
    body = bytearray(path.read_bytes())
    body[bit // 8] ^= 1 << bit % 8
    path.write_bytes(body)


def flips(folder, count=FLIPS, seed=0):
    """Flip one bit after the other of the files of a folder, each put back before the next."""
    rng = random.Random(seed)
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for _ in range(count):
        path = rng.choices(files, [file.stat().st_size for file in files])[0]
        whole = path.read_bytes()
        flip(path, rng.randrange(8 * len(whole)))
        yield path
        path.write_bytes(whole)


def test_no_flipped_bit_of_an_export_is_read_as_data(tmp_path):
    bundle, out = make_bundle(range(9)), tmp_path / "out"
    bundle.export(out)
    for path in flips(out):
        with pytest.raises(DamagedFileError, match=r"\.(parquet|json)") as caught:
            Bundle.read(out)
        assert "\n" not in str(caught.value), path


@pytest.mark.slow
def test_no_flipped_bit_of_a_segment_is_read_as_data_and_others_stay(kb):
    kb.append(make_bundle(range(3)))
    kb.append(make_bundle(range(3, 5)))
    first, _ = (kb._journal.path / name for name in kb._journal.segments())
    for path in flips(first, 60):
        fresh = KnowledgeBase(kb.path, seed=False)
        assert numbers_of(fresh) == [3, 4], path
        (warning,) = fresh.warnings
        assert str(first) in warning
        assert "\n" not in warning
        assert any("damaged journal segment" in line for line in fresh.verify())
    assert numbers_of(KnowledgeBase(kb.path, seed=False)) == [0, 1, 2, 3, 4]


def test_no_flipped_bit_of_a_study_is_read_as_data(tmp_path):
    made = StudyDirectory.create(
        tmp_path / "s", study=study(), task=TASK, space=SPACE, dataset=DATASET
    )
    trials = [trial(number) for number in range(5)]
    for one in trials:
        made.append(one)
    told, named = 0, set()
    for path in flips(tmp_path / "s"):
        try:
            again = StudyDirectory.open(tmp_path / "s")
        except UserError:
            told += 1
            continue
        finally:
            named.add(path.name)
        found = again.trials()
        assert all(one in trials for one in found)
        assert (len(found) == 5) == (again.warnings == [])
        assert (again.study, again.task, again.dataset) == (made.study, TASK, DATASET)
        told += bool(again.warnings)
    assert told > 0.95 * FLIPS
    assert named == {"study.json", "trials.jsonl"}


def test_a_damaged_line_costs_that_trial_only(kb, tmp_path):
    made = StudyDirectory.create(tmp_path / "s", study=study(), task=TASK, space=SPACE,
                                 dataset=DATASET)  # fmt: skip
    for number in range(3):
        made.append(trial(number))
    lines = (tmp_path / "s" / "trials.jsonl").read_bytes().split(b"\n")
    lines[1] = lines[1].replace(b"0.001", b"0.901")
    (tmp_path / "s" / "trials.jsonl").write_bytes(b"\n".join(lines))
    source = str(tmp_path / "s")
    report = contribute(kb, find_importer(source).read(source, ImportOptions()))
    assert (report.accepted, numbers_of(kb)) == (2, [0, 2])
    (warning,) = report.warnings
    assert "trials.jsonl:2 is damaged (its checksum is another); it is left out." in warning


def test_a_study_of_the_first_version_goes_on_in_its_form(tmp_path):
    made = StudyDirectory.create(tmp_path / "s", study=study(), task=TASK, space=SPACE)
    content = unsealed((tmp_path / "s" / "study.json").read_bytes(), "it")
    assert content["format"] == FORMAT
    (tmp_path / "s" / "study.json").write_text(json.dumps({**content, "format": 1}))
    old = StudyDirectory.open(tmp_path / "s")
    old.append(trial(0))
    assert "digest" not in json.loads((tmp_path / "s" / "trials.jsonl").read_text())
    assert old.trials() == [trial(0)]
    assert (old.warnings, made.format) == ([], FORMAT)


def test_the_digest_is_the_last_field():
    text = sealed('{"a": 1.0, "b": "ä"}')
    assert list(json.loads(text)) == ["a", "b", "digest"]
    assert unsealed(text.encode(), "it") == {"a": 1.0, "b": "ä"}
    assert unsealed(b'{"a": 1}', "it") == {"a": 1}
    with pytest.raises(ValueError, match="checksum"):
        unsealed(text.replace("1.0", "1.5").encode(), "it")


@pytest.mark.parametrize("name", [*(f"{table}.parquet" for table in TABLES), "more.parquet"])
def test_a_missing_or_additional_file_is_damage(name, tmp_path):
    make_bundle(range(3)).export(tmp_path / "out")
    if name == "more.parquet":
        (tmp_path / "out" / "curves.parquet").unlink()
        (tmp_path / "out" / CHECKSUMS).unlink()
        (tmp_path / "out" / "trials.parquet").unlink()
        make_bundle(range(3)).write(tmp_path / "out")
        listed = json.loads((tmp_path / "out" / CHECKSUMS).read_text())
        del listed["blake2b"]["tasks.parquet"]
        (tmp_path / "out" / CHECKSUMS).write_text(json.dumps(listed))
        name = "tasks.parquet is not listed"
    else:
        (tmp_path / "out" / name).unlink()
        name = f"{name} is missing"
    with pytest.raises(DamagedFileError, match=name):
        Bundle.read(tmp_path / "out")


def test_trials_missing_beside_their_curves_are_damage_without_checksums_too(tmp_path):
    make_bundle(range(3)).export(tmp_path / "out")
    (tmp_path / "out" / CHECKSUMS).unlink()
    assert len(Bundle.read(tmp_path / "out")) == 3  # as the first version wrote it
    (tmp_path / "out" / "trials.parquet").unlink()
    with pytest.raises(DamagedFileError, match="missing beside its learning curves"):
        Bundle.read(tmp_path / "out")


def test_shipped_files_are_verified(tmp_path):
    folder = tmp_path / "seed"
    folder.mkdir()
    write_shipped(make_bundle(range(4)), folder)
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed_path=folder)
    assert kb.verify() == []
    file = folder / "trials" / "svm.parquet"
    whole = file.read_bytes()
    for bit in range(0, 8 * len(whole), 997):
        flip(file, bit)
        try:
            found = kb.verify()
        except UserError as error:
            found = [str(error)]
        assert "nstall Advisor again" in found[-1]
        file.write_bytes(whole)
    assert len(read_shipped(folder)) == 4


def test_what_lost_its_checksum_is_damaged(tmp_path):
    made = StudyDirectory.create(tmp_path / "s", study=study(), task=TASK, space=SPACE)
    for number in range(3):
        made.append(trial(number))
    lines = made.path / "trials.jsonl"
    first, second, third = lines.read_bytes().splitlines()
    cut = second[: second.rindex(b', "')] + b"}"
    lines.write_bytes(b"\n".join([first, cut, third, b""]))
    again = StudyDirectory.open(made.path)
    assert [known.number for known in again.trials()] == [0, 2]
    assert "trials.jsonl:2 is damaged (its checksum is missing)" in next(iter(again.warnings))
    document = made.path / "study.json"
    text = document.read_text()
    document.write_text(text[: text.rindex(', "')] + "}")
    with pytest.raises(UserError, match="its checksum is missing"):
        StudyDirectory.open(made.path)

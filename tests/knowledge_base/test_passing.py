"""What leaves the machine: no path, no traceback, no data, no name that nobody chose."""

import getpass
import json
from dataclasses import replace

import pytest
from kb_examples import DATASET, SPACE, TASK, make_bundle, study, trial

from knowledge_base import Bundle, KnowledgeBase, SpaceDefinition, TaskRecord
from knowledge_base.passing import passed_on
from knowledge_base.records import PAUSED, SKIPPED, TIME_OVER
from knowledge_base.schema import TABLES
from knowledge_base.scrubbing import holds_path, scrubbed, without_own_paths, without_paths

TRACEBACK = """Traceback (most recent call last):
  File "/home/eva/clinic/train.py", line 12, in fit
    rows = load("/home/eva/clinic/patients of 2024.csv")
  File "C:\\\\Users\\\\eva\\\\lib\\\\table.py", line 3, in load
    raise ValueError(text)
ValueError: could not convert string to float: 'Mrs. Smith <smith@clinic.example>'
"""
SECRETS = (
    "eva",
    "Eva",
    "clinic",
    "Smith",
    "@",
    "/home",
    "Users",
    "\\",
    "patients",
    "83.25",
    "4711",
)


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (TRACEBACK, "ValueError: could not convert string to float: ..."),
        ("KeyError: 'Smith'", "KeyError: ..."),
        ("KeyError: Smith", "KeyError: ..."),
        ("FileNotFoundError: [Errno 2] No such file: '/home/eva/my clinic/x.csv'",
         "FileNotFoundError: [Errno ...] No such file: ..."),
        ("OSError: cannot open C:\\Users\\Eva Maria\\clinic.csv", "OSError: cannot open ..."),
        ("OSError: cannot open C:/Users/Eva Maria/clinic.csv", "OSError: cannot open ..."),
        ("OSError: cannot open \\\\clinic\\share\\x", "OSError: cannot open ..."),
        ("OSError: cannot open ~eva/clinic", "OSError: cannot open ..."),
        ("OSError: cannot open clinic/smith.csv now", "OSError: cannot open ..."),
        ("ValueError: age 83.25 is none", "ValueError: age ... is none"),
        ("ValueError: patient_4711 is unknown", "ValueError: ... is unknown"),
        ("ValueError: ask eva@clinic.example", "ValueError: ask ..."),
        ("ValueError: unknown patient: Smith, Eva", "ValueError: unknown patient: ..."),
        ("RuntimeError: CUDA error: out of memory", "RuntimeError: CUDA error: out of memory"),
        ("torch.OutOfMemoryError: CUDA out of memory", "OutOfMemoryError: CUDA out of memory"),
        ("it went wrong\nin /home/eva", "it went wrong"),
        ("Traceback (most recent call last):\n  File x\nclinic.Bad: Smith", "Bad: ..."),
        ("clinic.BadError: too old for us", "BadError: ..."),
        ("ValueError: Smith", "ValueError: ..."),
        ("ValueError: no bed for Smith in NaN", "ValueError: no bed for ... in NaN"),
        ("fold 2: ValueError: age 83.25 is none", "fold 2: ValueError: age ... is none"),
        (f"{SKIPPED}needs 4711 GB in /home/eva", f"{SKIPPED}needs ... GB in ..."),
        (f"{PAUSED}3 epochs: as eva wanted", f"{PAUSED}3 epochs: ..."),
    ],
)  # fmt: skip
def test_of_an_error_its_kind_and_first_line_stay(error, kept):
    found = scrubbed(error)
    assert found == kept
    assert not any(secret in found for secret in SECRETS)
    assert scrubbed(found) == found


@pytest.mark.parametrize(
    "error",
    [
        TIME_OVER,
        "the training loss became non-finite in epoch 2",
        "the gradients exploded in epoch 12 (mean norm 2.6e+07)",
        "the gradients exploded in epoch 1 (mean norm inf)",
        "the value told was nan",
        "",
        None,
    ],
)
def test_what_the_package_says_itself_stays(error):
    assert scrubbed(error) == error


def test_the_name_of_the_user_goes(monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: "magdalena")
    from knowledge_base import scrubbing

    scrubbing._names.cache_clear()
    assert scrubbed("ValueError: Magdalena is no number") == "ValueError: ... is no number"
    scrubbing._names.cache_clear()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("optuna sqlite:////home/eva/runs/study.db", "optuna study.db"),
        ("/home/eva/runs.csv:12", "runs.csv:12"),
        ("C:\\Users\\eva\\runs.csv:12", "runs.csv:12"),
        ("\\\\server\\share\\runs.csv", "runs.csv"),
        ("~/clinic/runs.csv", "runs.csv"),
        ("mlflow http://tracking.intern:5000", "mlflow ..."),
        ("table runs.csv", "table runs.csv"),
        ("openml:31", "openml:31"),
        ("digits-1", "digits-1"),
    ],
)
def test_of_a_path_the_last_part_stays(name, kept):
    assert without_paths(name) == kept
    assert without_paths(kept) == kept


def test_where_public_data_are_from_stays():
    public = "https://archive.ics.uci.edu/dataset/53/iris"
    assert without_own_paths(public) == public
    for own in ("https://eva:secret@clinic.example/x", "http://10.0.0.7/x", "/home/eva/x"):
        assert without_own_paths(own) == "x"


@pytest.fixture
def bundle() -> Bundle:
    mine = replace(
        study("study-1"), name="/home/eva/clinic/run-1", source="optuna sqlite:////home/eva/s.db",
        contributor="eva", machine={"system": "Linux", "hostname": "clinic-7", "cores": 2},
    )  # fmt: skip
    theirs = replace(study("study-2"), contributor="bob")
    dataset = replace(DATASET, name="C:\\Users\\eva\\wine.csv", source="/home/eva/wine.csv")
    trials = [
        trial(0, state="failed", value=None, error=TRACEBACK, origin="/home/eva/runs.csv:3"),
        trial(1, origin="store:abc"),
        trial(2, "study-2"),
    ]
    values = {("dataset-a", "class", 1): {"n_rows": 178.0}}
    return Bundle.from_records([dataset, TASK, SPACE, mine, theirs, *trials], values)


def texts(bundle: Bundle) -> str:
    return json.dumps([bundle[name].to_pylist() for name in TABLES], default=str)


def test_an_export_says_no_more_than_meant(bundle, kb, tmp_path, monkeypatch):
    monkeypatch.delenv("ADVISOR_CONTRIBUTOR")
    monkeypatch.setattr(getpass, "getuser", lambda: "eva")
    kb.add(bundle)
    kb.export(tmp_path / "out")
    found = Bundle.read(tmp_path / "out")
    told = texts(found)
    for secret in ("/home", "Users", "eva", "Smith", "clinic", "Traceback", "hostname"):
        assert secret not in told
    assert found["trials"]["origin"].to_pylist() == ["runs.csv:3", "store:abc", None]
    assert found["studies"]["contributor"].to_pylist() == [None, "bob"]
    assert json.loads(found["studies"]["machine"][0].as_py()) == {"cores": 2, "system": "Linux"}
    assert found["datasets"]["name"].to_pylist() == ["wine.csv"]
    # The store itself keeps what helps its owner.
    assert kb.trials()["error"].iloc[0] == TRACEBACK


def test_identities_stay_and_the_export_is_known_again(bundle, kb, tmp_path):
    kb.add(bundle)
    kb.export(tmp_path / "out", anonymous=True)
    found = Bundle.read(tmp_path / "out")
    for table, key in (("trials", "trial_id"), ("studies", "study_id"), ("tasks", "task_id"),
                       ("spaces", "space_id"), ("datasets", "dataset_id")):  # fmt: skip
        assert sorted(found[table][key].to_pylist()) == sorted(bundle[table][key].to_pylist())
    assert kb.add(found).duplicates == 3
    other = KnowledgeBase(tmp_path / "other.duckdb", seed=False)
    assert other.add(found).added == 3
    assert other.verify() == []


@pytest.mark.parametrize(
    ("named", "given", "stored"),
    [("eva", None, "eva"), (None, None, None), (None, "Dr E", "Dr E"), ("eva", "Dr E", "Dr E")],
)
def test_what_the_contributor_is_called_is_his_choice(bundle, monkeypatch, named, given, stored):
    monkeypatch.setattr(getpass, "getuser", lambda: "eva")
    monkeypatch.delenv("ADVISOR_CONTRIBUTOR")
    if named:
        monkeypatch.setenv("ADVISOR_CONTRIBUTOR", named)
    found = passed_on(bundle, contributor=given).bundle["studies"]["contributor"].to_pylist()
    assert found == [stored, "bob"]


def test_anonymous_names_nobody_and_no_time(bundle):
    found = passed_on(bundle, anonymous=True)
    told = texts(found.bundle) + "".join(found.told)
    for secret in ("bob", "eva", "wine", "name of", "Linux", "runs.csv"):
        assert secret not in told
    days = found.bundle["studies"]["created_at"].to_pylist()
    assert all((day.hour, day.minute, day.second, day.microsecond) == (0, 0, 0, 0) for day in days)
    assert found.bundle["trials"]["started_at"].null_count == 3


def test_a_task_without_a_data_set_keeps_its_name_which_is_its_identity():
    task = TaskRecord("iris", "accuracy", "maximize", "svm")
    mine = replace(study(), task_id=task.task_id)
    found = passed_on(Bundle.from_records([task, SPACE, mine, trial(0)]), anonymous=True).bundle
    (row,) = found["tasks"].to_pylist()
    again = TaskRecord(row["name"], row["metric"], row["direction"], row["family"])
    assert again.task_id == task.task_id


def test_what_was_tried_with_a_path_stays_and_that_is_said():
    space = SpaceDefinition.from_dict({"name": "loaded", "hyperparameters": [
        {"name": "file", "type": "categorical", "choices": ["/home/eva/a.csv", "b"]}]})  # fmt: skip
    mine = replace(study("study-9"), space_id=space.space_id)
    tried = replace(trial(0, "study-9"), config={"file": "/home/eva/a.csv"})
    both = Bundle.from_records([space, mine, tried]).merge(make_bundle(range(2)))
    found = passed_on(both)
    assert "eva" not in texts(found.bundle)
    assert len(found.bundle) == 2
    assert len(found.bundle["curves"]) == 4
    (line,) = found.left_out
    assert line.startswith("1 trials in the spaces loaded")


@pytest.mark.parametrize(
    ("text", "holds"),
    [('["/home/eva/x"]', True), ('["C:\\\\data\\\\x"]', True), ('["\\\\\\\\srv\\\\s\\\\x"]', True),
     ('["file:///x/y"]', True), ('["org/model", "https://example.org/a/b", "/", "a/b/c"]', False),
     ('{"lower":0.1,"log":true}', False)],
)  # fmt: skip
def test_absolute_paths_within_json_are_found(text, holds):
    assert holds_path(text) == holds


def test_what_leaves_is_said_with_every_column(bundle):
    """A column that is added to the schema must be told, or left out, here too."""
    told = "\n".join(passed_on(bundle).told)
    for part in ("3 trials", "1 with an error", "configuration", "state", "value", "metrics",
                 "seconds", "epochs", "parameters", "seed", "diagnoses", "when it began",
                 "bob (1)", "wine.csv", "class", "versions of packages", "svm"):  # fmt: skip
        assert part in told
    known = {
        "trials": "trial_id study_id number config state value metrics duration epochs n_params "
        "seed error started_at origin labels",
        "studies": "study_id task_id space_id name strategy seed source contributor created_at "
        "versions machine",
        "datasets": "dataset_id name modality n_rows n_features n_classes source licence",
        "tasks": "task_id dataset_id name target metric direction family",
    }
    for table, names in known.items():
        assert TABLES[table].names == names.split()

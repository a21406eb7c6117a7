"""Studies of Optuna: no trial is lost, doubled or changed, and no file is written into."""

import json
import os
import shutil
import sqlite3
from datetime import datetime, timedelta

import optuna
import pyarrow as pa
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial

from knowledge_base import ContributionError, KnowledgeBase
from knowledge_base.bundle import Bundle
from knowledge_base.identity import digest
from knowledge_base.importers import ImportOptions, find_importer, optuna_files
from knowledge_base.importers.adding import contribute
from knowledge_base.schema import TABLES
from knowledge_base.space import SpaceDefinition

optuna.logging.set_verbosity(optuna.logging.ERROR)
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def make(file, trials=(), objective=None, n=20, name="s", seed=1):
    """Make a study in a database, and return its address."""
    url = f"sqlite:///{file}"
    sampler = optuna.samplers.RandomSampler(seed=seed)
    made = optuna.create_study(
        study_name=name, storage=url, sampler=sampler, load_if_exists=True
    )  # fmt: skip
    for trial in trials:
        made.add_trial(trial)
    if objective is not None:
        made.optimize(objective, n_trials=n, catch=(ValueError,))
    return url


def read(url, **options):
    return find_importer(url).read(url, ImportOptions(**options))


def configs(found):
    rows = found.bundle["trials"].to_pylist()
    return [json.loads(row["config"]) for row in sorted(rows, key=lambda row: row["number"])]


def space_of(found):
    (row,) = found.bundle["spaces"].to_pylist()
    return SpaceDefinition.from_json(row["definition"])


def one(value, distribution, name="v", **kwargs):
    return create_trial(
        value=1.0, params={name: value}, distributions={name: distribution}, **kwargs
    )


def add(kb, url):
    report = contribute(kb, read(url))
    return report.accepted, report.duplicates


@pytest.fixture
def kb(tmp_path):
    return KnowledgeBase(tmp_path / "k.duckdb", seed=False)


def test_two_stores_with_one_name_are_two_studies(kb, tmp_path):
    within = FloatDistribution(0, 1)
    for name, shift in (("a.db", 0.0), ("b.db", 0.5)):
        trials = [one(shift + i / 20, within) for i in range(8)]
        assert add(kb, make(tmp_path / name, trials)) == (8, 0)
    assert len(kb.studies()) == 2
    assert kb.verify() == []
    # The same values and numbers, drawn another time, are other runs as well.
    assert add(kb, make(tmp_path / "c.db", [one(0.0, within)])) == (1, 0)


def test_a_copy_of_a_storage_is_the_same_study(kb, tmp_path):
    url = make(tmp_path / "a.db", objective=lambda t: t.suggest_float("x", 0, 1), n=5)
    assert add(kb, url) == (5, 0)
    shutil.copy(tmp_path / "a.db", tmp_path / "b.db")
    assert add(kb, f"sqlite:///{tmp_path / 'b.db'}") == (0, 5)
    journal = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(tmp_path / "a.log"))
    )
    optuna.copy_study(from_study_name="s", from_storage=url, to_storage=journal)
    assert add(kb, str(tmp_path / "a.log")) == (0, 5)


def test_a_study_that_grew_adds_its_new_trials_only(kb, tmp_path):
    file = tmp_path / "a.db"
    assert add(kb, make(file, objective=lambda t: t.suggest_float("x", 0, 1), n=2)) == (2, 0)
    assert add(kb, make(file, objective=lambda t: t.suggest_float("x", 0, 2), n=4)) == (4, 2)
    wider = lambda t: t.suggest_float("x", 0, 2) + t.suggest_int("n", 1, 3)  # noqa: E731
    url = make(file, objective=wider, n=6)
    report = contribute(kb, read(url))
    # The trials before have no `n`: they keep their space, and are known already.
    assert (report.accepted, report.duplicates, len(report.rejected)) == (6, 6, 0)
    assert len(kb.trials()) == 12
    assert len(kb.trials()["config"].map(lambda config: "n" in config).unique()) == 2
    assert kb.verify() == []


@pytest.mark.parametrize("seed", range(3))
def test_loops_over_layers_lose_no_trial(kb, tmp_path, seed):
    def loop(trial):
        n = trial.suggest_int("n_layers", 1, 4)
        return sum(trial.suggest_int(f"units_l{i}", 16, 128, step=16) for i in range(n))

    file = tmp_path / "a.db"
    for n, accepted, known in ((2, 2, 0), (10, 10, 2), (18, 18, 12)):
        assert add(kb, make(file, objective=loop, n=n, seed=seed)) == (accepted, known)
    for config in configs(read(f"sqlite:///{file}")):
        assert set(config) == {"n_layers", *(f"units_l{i}" for i in range(config["n_layers"]))}
    assert len(kb.trials()) == 30
    assert kb.verify() == []


def test_each_trial_keeps_its_own_space(kb, tmp_path):
    def by_chance(trial):
        x = trial.suggest_float("x", 0, 1)
        if trial.number % 3 == 1:
            trial.suggest_int("late", 1, 3)
        if trial.number % 4 == 1:
            trial.suggest_categorical("later", [None, "a"])
        return x

    url = make(tmp_path / "a.db", objective=by_chance, n=24)
    found = read(url)
    assert found.rejected == ()
    assert [set(c) - {"x"} for c in configs(found)[:6]] == [
        set(), {"late", "later"}, set(), set(), {"late"}, {"later"},
    ]  # fmt: skip
    spaces = {row["space_id"]: row["definition"] for row in found.bundle["spaces"].to_pylist()}
    assert len(spaces) == 4
    studies = {row["study_id"]: row["space_id"] for row in found.bundle["studies"].to_pylist()}
    for row in found.bundle["trials"].to_pylist():
        own = SpaceDefinition.from_json(spaces[studies[row["study_id"]]])
        assert set(own.hyperparameters) == set(json.loads(row["config"]))
    assert add(kb, url) == (24, 0)
    assert add(kb, url) == (0, 24)
    assert kb.verify() == []


def test_trials_that_an_older_version_imported_are_known(kb, tmp_path):
    file = tmp_path / "a.db"
    found = read(make(file, objective=lambda t: t.suggest_float("x", 0, 1), n=4))
    kb.append(_as_before(found.bundle))
    kb.fold()
    assert len(kb.trials()) == 4
    assert add(kb, make(file, objective=lambda t: t.suggest_float("x", 0, 2), n=3)) == (3, 4)
    assert add(kb, f"sqlite:///{file}") == (0, 7)
    assert sorted(kb.trials()["number"]) == list(range(7))
    # Another study of the same name and numbers is none of them.
    other = make(tmp_path / "b.db", objective=lambda t: t.suggest_float("x", 0, 1), n=4)
    assert add(kb, other) == (4, 0)


def _as_before(bundle):
    """Return a bundle with identities as of version 0.1: by name, space and number."""
    (study,) = bundle["studies"].to_pylist()
    old = digest("optuna study", study["name"], study["task_id"], study["space_id"])
    numbers = bundle["trials"]["number"].to_pylist()
    tables = {name: bundle[name] for name in TABLES}
    tables["studies"] = pa.Table.from_pylist([{**study, "study_id": old}], TABLES["studies"])
    rows = [
        {**row, "study_id": old, "trial_id": digest("optuna trial", old, number)}
        for row, number in zip(bundle["trials"].to_pylist(), numbers, strict=True)
    ]
    tables["trials"] = pa.Table.from_pylist(rows, TABLES["trials"])
    return Bundle(tables)


@pytest.mark.parametrize(
    "values",
    [["3.1", "3.10"], ["L1", "l1"], [True, False], ["True", True], [1, "1"], [0.001, "1e-3"],
     ["no", "yes"], [1, 2.5, "x"], ["", " "]],
)  # fmt: skip
def test_choices_keep_their_values_and_types(tmp_path, values):
    known = CategoricalDistribution(values)
    found = read(make(tmp_path / "a.db", [one(value, known) for value in values]))
    assert found.rejected == ()
    assert found.warnings == ()
    drawn = [config["v"] for config in configs(found)]
    assert [(type(v), v) for v in drawn] == [(type(v), v) for v in values]


def test_none_is_kept_and_known_where_an_older_version_stored_its_text(kb, tmp_path):
    known = CategoricalDistribution(["balanced", None])
    url = make(tmp_path / "a.db", [one(v, known) for v in ("balanced", None)])
    found = read(url)
    assert [config["v"] for config in configs(found)] == ["balanced", None]
    assert found.warnings == ()
    tables = {name: found.bundle[name] for name in TABLES}
    for name, column in (("trials", "config"), ("spaces", "definition")):
        rows = [{**row, column: row[column].replace("null", '"None"', 1)}
                if name == "trials" else row for row in found.bundle[name].to_pylist()]  # fmt: skip
        tables[name] = pa.Table.from_pylist(rows, TABLES[name])
    kb.append(Bundle(tables))
    kb.fold()
    report = contribute(kb, read(url))
    assert (report.accepted, report.duplicates, report.rejected) == (0, 2, ())


def test_none_and_lists_are_kept_as_texts_with_a_word(tmp_path):
    known = CategoricalDistribution(["balanced", None, "None"])
    found = read(make(tmp_path / "a.db", [one(v, known) for v in ("balanced", None, "None")]))
    assert [config["v"] for config in configs(found)] == ["balanced", "(None)", "None"]
    assert found.warnings == ("v: None is stored as the text '(None)'.",)
    lists = CategoricalDistribution([(32,), (64, 32)])
    found = read(make(tmp_path / "b.db", [one((32,), lists)]))
    assert configs(found) == [{"v": "[32]"}]
    assert space_of(found).hyperparameters["v"].choices == ("[32]", "[64, 32]")
    assert len(found.warnings) == 2


def test_choices_that_optuna_does_not_tell_apart_are_rejected(tmp_path):
    known = CategoricalDistribution([0, False, "x"])
    found = read(make(tmp_path / "a.db", [one(v, known) for v in (0, False, "x")]))
    assert configs(found) == [{"v": "x"}]
    assert {r.reason for r in found.rejected} == {
        "v is 0 or False, between which Optuna does not tell"
    }


def test_whole_numbers_that_are_not_exact_are_rejected(tmp_path):
    known = IntDistribution(0, 2**62)
    found = read(make(tmp_path / "a.db", [one(v, known) for v in (2**53, 2**53 + 2)]))
    assert configs(found) == [{"v": 2**53}]
    assert "above 2**53" in found.rejected[0].reason


def test_steps_are_taken_over(tmp_path):
    def objective(trial):
        x = trial.suggest_float("x", 0, 1, step=0.1)
        return x + trial.suggest_int("n", 1, 100, step=3) + trial.suggest_int("m", 1, 9)

    found = read(make(tmp_path / "a.db", objective=objective))
    known = space_of(found).hyperparameters
    assert (known["x"].step, known["n"].step, known["m"].step) == (0.1, 3, None)
    assert found.rejected == ()
    assert all(config["x"] in known["x"].values() for config in configs(found))
    wider = [one(0.25, FloatDistribution(0, 1, step=0.25), name="x"),
             one(0.1, FloatDistribution(0, 1, step=0.1), name="x")]  # fmt: skip
    found = read(make(tmp_path / "b.db", wider))
    assert space_of(found).hyperparameters["x"].step is None
    assert len(configs(found)) == 2


def layers(trial):
    n = trial.suggest_int("n_layers", 1, 3)
    return sum(trial.suggest_int(f"units_{i}", 4, 32) for i in range(n))


def nested(trial):
    if trial.suggest_categorical("m", ["svm", "rf"]) == "rf":
        return trial.suggest_int("d", 1, 9)
    if trial.suggest_categorical("k", ["lin", "rbf"]) == "rbf":
        return trial.suggest_float("g", 1e-3, 1, log=True)
    return 1.0


def both(trial):
    m = trial.suggest_categorical("m", ["svm", "rf", "nn"])
    k = trial.suggest_categorical("k", ["lin", "rbf"])
    return trial.suggest_float("g", 0, 1) if m == "svm" and k == "rbf" else 1.0


def either(trial):
    m = trial.suggest_categorical("m", ["svm", "rf", "nn"])
    k = trial.suggest_categorical("k", ["lin", "rbf"])
    return trial.suggest_float("g", 0, 1) if m == "svm" or k == "rbf" else 1.0


def single(trial):
    n = trial.suggest_int("n", 1, 4)
    return trial.suggest_float("g", 0, 1) if n in (2, 4) else 1.0


def below(trial):
    n = trial.suggest_int("n", 1, 40)
    return trial.suggest_float("g", 0, 1) if n < 20 else 1.0


def flag(trial):
    on = trial.suggest_categorical("on", [True, False])
    return trial.suggest_float("g", 0, 1) if on else 1.0


def nothing(trial):
    none = trial.suggest_categorical("none", ["a", None])
    return trial.suggest_float("g", 0, 1) if none is None else 1.0


def deep(trial):
    if trial.suggest_categorical("m", ["nn", "rf"]) == "rf":
        return trial.suggest_int("d", 1, 9)
    return layers(trial)


CONDITIONS = {
    layers: {"units_1": ("GT", 1), "units_2": ("GT", 2)},
    nested: {"k": ("IN", ["svm"]), "d": ("IN", ["rf"]), "g": ("IN", ["rbf"])},
    both: {"g": ("AND", None)},
    either: {"g": ("OR", None)},
    single: {"g": ("IN", [2, 4])},
    below: {"g": ("LT", None)},
    flag: {"g": ("IN", [True])},
    nothing: {"g": ("IN", [None])},
    deep: {"units_0": ("IN", ["nn"]), "units_1": ("GT", 1), "n_layers": ("IN", ["nn"])},
}


@pytest.mark.parametrize("objective", CONDITIONS)
def test_conditions_of_objectives_are_found_again(tmp_path, objective):
    found = read(make(tmp_path / "a.db", objective=objective, n=40))
    assert found.rejected == ()
    assert len(configs(found)) == 40
    known = space_of(found)
    conditions = {c["child"]: c for c in known.conditions}
    for child, (kind, value) in CONDITIONS[objective].items():
        condition = conditions[child]
        assert condition["type"] == kind
        if value is not None:
            assert condition.get("values", condition.get("value")) == value
    for config in configs(found):
        assert known.complete(config) == config
        assert known.active(config) == set(config)


def test_trials_that_ended_early_do_not_hide_conditions(tmp_path):
    def objective(trial):
        kernel = trial.suggest_categorical("kernel", ["rbf", "linear"])
        if trial.number % 3 == 2:
            raise ValueError if trial.number % 2 else optuna.TrialPruned
        return trial.suggest_float("gamma", 0, 1) if kernel == "rbf" else 1.0

    found = read(make(tmp_path / "a.db", objective=objective, n=30))
    (condition,) = space_of(found).conditions
    assert condition["values"] == ["rbf"]
    states = [row["state"] for row in found.bundle["trials"].to_pylist()]
    assert states.count("complete") == 20
    assert states.count("failed") + states.count("stopped") + len(found.rejected) == 10
    assert {r.reason for r in found.rejected} == {
        "gamma is missing: the trial ended before it asked for it"
    }


def test_infeasible_trials_are_rejected_with_their_constraint(tmp_path):
    within = FloatDistribution(0, 1)
    trials = [one(0.5, within, system_attrs={"constraints": [c]}) for c in (-1.0, 0.0, 0.25)]
    found = read(make(tmp_path / "a.db", trials))
    assert len(configs(found)) == 2
    assert found.rejected[0].reason == "it is infeasible: a constraint is 0.25, above 0"


def test_trials_that_are_not_finished_are_said(tmp_path):
    url = make(tmp_path / "a.db", objective=lambda t: t.suggest_float("x", 0, 1), n=2)
    study = optuna.load_study(study_name="s", storage=url)
    study.ask().suggest_float("x", 0, 1)
    study.enqueue_trial({"x": 0.5})
    study.add_trial(create_trial(state=TrialState.FAIL))
    found = read(url)
    assert len(configs(found)) == 2
    assert found.warnings[0].startswith("2 of 5 trials are not finished")
    assert [r.reason for r in found.rejected] == ["it has no parameters"]


def test_a_stored_start_is_the_start(kb, tmp_path):
    start = datetime(2024, 3, 1, 12, 0, 0, 123456)
    trial = one(0.5, FloatDistribution(0, 1))
    trial.datetime_start, trial.datetime_complete = start, start + timedelta(seconds=2)
    add(kb, make(tmp_path / "a.db", [trial]))
    (stored,) = kb.trials()["started_at"]
    assert stored.to_pydatetime() == start.astimezone()


def test_nothing_is_written_into_files_of_others(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    (tmp_path / "empty.db").touch()
    (tmp_path / "text.db").write_text("no database" * 100)
    (tmp_path / "text.log").write_text("started\nstopped\n")
    (tmp_path / "number.log").write_text("7\n")
    (tmp_path / "deep.log").write_text("[" * 200_000 + "\n")
    (tmp_path / "empty.log").touch()
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    for name in before:
        url = f"sqlite:///{tmp_path / name}" if name.endswith(".db") else str(tmp_path / name)
        with pytest.raises(ContributionError) as caught:
            read(url)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 400
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_storage_that_may_only_be_read_is_read_with_what_waits_beside_it(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    url = make(folder / "a.db", objective=lambda t: t.suggest_float("x", 0, 1), n=3)
    writer = sqlite3.connect(folder / "a.db")
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("UPDATE studies SET study_name = 'renamed'")
    writer.commit()  # It lies in a.db-wal while the writer is there.
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    folder.chmod(0o555)
    try:
        found = read(url)
        assert found.bundle["studies"]["name"].to_pylist() == ["renamed"]
        assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    finally:
        folder.chmod(0o755)
        writer.close()


@pytest.mark.parametrize("source", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "journal:",
                                    "sqlite:///.", "sqlite:////nowhere/a.db?t=3"])  # fmt: skip
def test_storages_that_are_no_files_are_refused(source):
    with pytest.raises(ContributionError, match="does not exist"):
        read(source)


def test_a_storage_that_is_too_large_is_refused_before_it_is_copied(tmp_path, monkeypatch):
    url = make(tmp_path / "a.db", objective=lambda t: t.suggest_float("x", 0, 1), n=1)
    monkeypatch.setattr(optuna_files, "MAX_STORAGE", 1000)
    with pytest.raises(ContributionError, match="larger than"):
        read(url)

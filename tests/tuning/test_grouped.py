"""Searches of grouped rows: another task, the same when they go on, and models that need none."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import advisor
from advisor import Advisor, KnowledgeBase, UserError
from advisor.cli import main
from advisor.data import load_dataset
from advisor.problem import data_problem
from advisor.settings import Settings
from advisor.training.report import as_report


def patients(rows=120, groups=15):
    drawn = np.random.default_rng(1)
    patient = np.arange(rows) % groups
    x = drawn.normal(size=rows) + patient
    return pd.DataFrame(
        {"x": x, "z": drawn.normal(size=rows), "patient": [f"p{p}" for p in patient],
         "y": np.where(drawn.normal(size=rows) + x > 7, "ill", "well")}
    )  # fmt: skip


@pytest.fixture
def kb(tmp_path):
    return KnowledgeBase(tmp_path / "kb.duckdb", seed=False)


OPTIONS = {"trials": 2, "max_epochs": 2, "n_warm": 1}


def tune(kb, tmp_path, **options):
    return Advisor(kb, family="mlp").tune(
        patients(), "y", root=tmp_path / "studies", **{**OPTIONS, **options}
    )


def test_grouped_rows_are_a_task_of_their_own(kb, tmp_path):
    grouped = data_problem(patients(), "y", group="patient")
    dropped = data_problem(patients(), "y", drop=["patient"])
    assert grouped.task.target == "y, grouped by patient"
    assert grouped.task.task_id != dropped.task.task_id
    assert list(grouped.dataset.features) == list(dropped.dataset.features)
    assert grouped.metafeatures == pytest.approx(dropped.metafeatures, nan_ok=True)


def test_what_is_known_of_ungrouped_rows_is_not_taken_for_grouped_ones(kb, tmp_path):
    plain = tune(kb, tmp_path, drop=["patient"])
    grouped = tune(kb, tmp_path, group="patient")
    again = tune(kb, tmp_path, group="patient")
    assert not plain.known
    assert not grouped.known
    assert len(again.known) == 2


def test_a_grouped_study_goes_on_by_its_groups(kb, tmp_path):
    search = tune(kb, tmp_path, group="patient", name="g")
    again = tune(kb, tmp_path, group="patient", resume=True, trials=3, name="g")
    assert again.settings.group == "patient"
    assert len(again.tuner.trials) == 3
    assert again.path == search.path
    for fold in range(4):
        parts = again.trainer.folds[fold]
        rows = patients()["patient"]
        assert not set(rows[parts.valid_rows]) & (
            set(rows) - set(rows[np.concatenate([f.valid_rows for f in again.trainer.folds])])
        )
    changed = patients().assign(patient=[f"p{place // 8}" for place in range(120)])
    with pytest.raises(UserError, match="changed since it started"):
        Advisor(kb, family="mlp").tune(
            changed, "y", group="patient", resume=True, name="g", root=tmp_path / "studies"
        )


def test_the_settings_of_plain_searches_are_signed_as_before():
    plain = Settings(data="d.csv", target="y")
    assert plain.signature == Settings(data="d.csv", target="y", group=None).signature
    assert plain.signature != Settings(data="d.csv", target="y", group="p").signature
    assert Settings.from_dict(Settings(data="d.csv", group="p").to_dict()).group == "p"
    with pytest.raises(UserError, match="`group` is for data sets"):
        Settings(objective="t.py:f", group="p")


def test_loaded_data_are_grouped_when_they_are_loaded(kb):
    data = load_dataset(patients(), "y", group="patient")
    assert data_problem(data).task == data_problem(patients(), "y", group="patient").task
    with pytest.raises(UserError, match="load them with it"):
        data_problem(data, group="patient")
    with pytest.raises(UserError, match="load them with it"):
        Advisor(kb).contribute("runs.csv", importer="table", dataset=data, group="patient")


def test_new_rows_need_no_group(kb, tmp_path):
    search = tune(kb, tmp_path, group="patient")
    model = advisor.load(search.path)
    new = patients().head(5)
    assert model.predict(new).tolist() == model.predict(new[["x", "z"]]).tolist()
    assert model.score(patients()) > 0.3


def test_the_command_line_has_groups_everywhere(tmp_path):
    runner, data = CliRunner(), str(tmp_path / "d.csv")
    patients().to_csv(data, index=False)
    more = ["--kb", str(tmp_path / "kb.duckdb")]
    asked = ["recommend", data, "--target", "y", "--group", "patient", "--format", "json", *more]
    found = runner.invoke(main, asked)
    assert found.exit_code == 0, found.output
    assert '"patient": "it groups the rows, 15 groups"' in found.output
    words = ["tune", data, "--target", "y", "--group", "patient", "--trials", "1", "--warm", "0",
             "--max-epochs", "1", "--family", "mlp", *more]  # fmt: skip
    found = runner.invoke(main, words)
    assert found.exit_code == 0, found.output
    found = runner.invoke(main, [*words[:4], "--group", "who", *more])
    assert found.exit_code == 2
    assert "has no column 'who'" in found.output
    table, space = tmp_path / "runs.csv", tmp_path / "space.yaml"
    space.write_text("{name: forest, hyperparameters: {depth: {type: int, low: 1, high: 9}}}")
    pd.DataFrame({"depth": [3, 4], "accuracy": [0.6, 0.7]}).to_csv(table, index=False)
    given = ["contribute", str(table), "--dataset", data, "--target", "y", "--metric", "accuracy"]
    given += ["--space", str(space), "--group", "patient"]
    found = runner.invoke(main, [*given, *more])
    assert found.exit_code == 0, found.output
    stored = KnowledgeBase(tmp_path / "kb.duckdb").query(
        "SELECT name, family, target, dataset_id FROM tasks WHERE layer = 'user' ORDER BY family"
    )
    assert stored["family"].tolist() == ["forest", "mlp"]
    assert stored["target"].tolist() == ["y, grouped by patient"] * 2
    assert stored["dataset_id"].nunique() == 1


def test_what_is_left_out_is_said_before_the_search(kb, tmp_path):
    frame = patients()
    frame.loc[:60, "patient"] = "p0"
    search = Advisor(kb, family="mlp").search(frame, "y", group="patient", root=tmp_path)
    assert any("trained one after another" in note for note in search.notes)
    outcome = search.trainer.measure(search.trainer.family.default(), as_report(None))
    assert len([name for name in outcome.metrics if name.startswith("fold_")]) == 4

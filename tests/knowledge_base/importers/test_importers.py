import json
import shutil

import optuna
import pytest

from advisor.contribution import contribute_source
from knowledge_base import ContributionError, KnowledgeBase

SPACE = """
name: svm
hyperparameters:
  C: {type: float, low: 0.001, high: 1000, log: true}
  kernel: {type: categorical, choices: [rbf, linear]}
  gamma: {type: float, low: 0.0001, high: 10, log: true}
conditions:
  - {type: EQ, child: gamma, parent: kernel, value: rbf}
"""
ROWS = """C,kernel,gamma,accuracy,seed
1.0,rbf,0.1,0.9,1
10,linear,,0.8,1
9999,linear,,0.8,1
1,rbf,0.1,high,1
1,rbf,0.1,,1
1,poly,,0.5,1
1,rbf,,0.5,1
1.0,rbf,0.1,0.9,1
2,rbf,0.1,inf,1
"""


@pytest.fixture
def kb():
    return KnowledgeBase(seed=False)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "runs.csv").write_text(ROWS)
    return tmp_path


def contribute(kb, files, name="runs.csv", **options):
    return contribute_source(
        kb, str(files / name), space=str(files / "space.yaml"), metric="accuracy", **options
    )


def test_good_rows_go_in_and_bad_ones_are_named(kb, files):
    report = contribute(kb, files)
    assert (report.accepted, report.duplicates) == (2, 1)
    assert [item.where for item in report.rejected] == [
        "runs.csv:4", "runs.csv:5", "runs.csv:6", "runs.csv:7", "runs.csv:8", "runs.csv:10",
    ]  # fmt: skip
    reasons = " | ".join(item.reason for item in report.rejected)
    for word in ("outside", "not a number", "no metric", "kernel", "gamma is missing", "finite"):
        assert word in reasons
    trials = kb.trials()
    assert sorted(trials["origin"]) == ["runs.csv:2", "runs.csv:3"]
    assert set(kb.tasks()["family"]) == {"svm"}


def test_twice_reordered_or_renamed_changes_nothing(kb, files):
    contribute(kb, files)
    lines = ROWS.splitlines()
    (files / "runs.csv").write_text("\n".join([lines[0], *reversed(lines[1:3])]))
    again = contribute(kb, files)
    assert (again.accepted, again.duplicates) == (0, 2)


def test_a_dry_run_writes_nothing(kb, files):
    report = contribute(kb, files, dry_run=True)
    assert report.accepted == 2
    assert not kb.path.exists()
    assert not kb.path.with_name(kb.path.name + ".journal").exists()


def test_json_lines_with_nested_configurations(kb, files):
    config = {"C": 1.0, "kernel": "linear"}
    rows = [
        {"config": config, "accuracy": 0.7, "state": "complete"},
        {"config": config, "state": "failed", "error": "boom"},
    ]
    (files / "runs.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    assert contribute(kb, files, "runs.jsonl").accepted == 2
    assert sorted(kb.trials()["state"]) == ["complete", "failed"]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("C,kernel,gama,accuracy", "gamma"),
        ("C,gamma,accuracy", "kernel"),
        ("C,kernel,acuracy", "accuracy|acuracy"),
    ],
)
def test_wrong_columns_are_refused_as_a_whole(kb, files, header, says):
    (files / "runs.csv").write_text(header + "\n" + ",".join("1" * (header.count(",") + 1)))
    with pytest.raises(ContributionError, match=says):
        contribute(kb, files)


def optuna_study(path):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=f"sqlite:///{path}", study_name="svm", direction="maximize",
        sampler=optuna.samplers.RandomSampler(0),
    )  # fmt: skip

    def objective(trial):
        kernel = trial.suggest_categorical("kernel", ["rbf", "linear"])
        c = trial.suggest_float("C", 1e-3, 1e3, log=True)
        gamma = trial.suggest_float("gamma", 1e-4, 10, log=True) if kernel == "rbf" else 0
        trial.report(c, 0)
        return c + gamma

    study.optimize(objective, n_trials=12)
    return study, objective


def test_an_optuna_study_with_a_conditional_parameter(kb, tmp_path):
    study, _objective = optuna_study(tmp_path / "o.db")
    url = f"sqlite:///{tmp_path / 'o.db'}"
    assert contribute_source(kb, url).accepted == 12
    trials = kb.trials(configs=True)
    assert sorted(trials["value"]) == pytest.approx(sorted(t.value for t in study.trials))
    linear = trials[trials["config.kernel"] == "linear"]
    assert linear["config.gamma"].isna().all()
    assert set(kb.tasks()["direction"]) == {"maximize"}
    assert len(kb.curves()) == 12
    assert contribute_source(kb, url).duplicates == 12


def test_optuna_storages_that_are_none(kb, tmp_path):
    with pytest.raises(ContributionError, match="does not exist"):
        contribute_source(kb, f"sqlite:///{tmp_path / 'gone.db'}")
    assert not (tmp_path / "gone.db").exists()
    (tmp_path / "text.db").write_text("no database" * 100)
    with pytest.raises(ContributionError, match="not an Optuna storage"):
        contribute_source(kb, f"sqlite:///{tmp_path / 'text.db'}")


def test_another_knowledge_base_is_checked_row_by_row(kb, files, tmp_path):
    contribute(kb, files)
    kb.fold(patience=5)
    shutil.copy(kb.path, tmp_path / "other.duckdb")
    import duckdb

    with duckdb.connect(str(tmp_path / "other.duckdb")) as connection:
        connection.execute("""UPDATE trials SET config = '{"C":-1.0,"kernel":"linear"}'
                              WHERE origin = 'runs.csv:3'""")
    target = KnowledgeBase(tmp_path / "target.duckdb", seed=False)
    report = contribute_source(target, str(tmp_path / "other.duckdb"))
    assert report.accepted == 1
    assert [item.where for item in report.rejected] == ["runs.csv:3"]

"""The main job, from the command line, on real data."""

import json

import pytest
from click.testing import CliRunner

from advisor.cli import main
from knowledge_base import KnowledgeBase


@pytest.fixture
def run():
    def run(*arguments, code=0):
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    return run


@pytest.fixture
def flowers(tmp_path):
    from sklearn.datasets import load_iris

    path = tmp_path / "flowers.csv"
    load_iris(as_frame=True).frame.rename(columns={"target": "species"}).to_csv(path, index=False)
    return path


def test_recommend_tune_contribute_and_the_next_answer(run, flowers):
    common = ["--target", "species"]
    first = json.loads(run("recommend", flowers, *common, "--format", "json").stdout)
    assert not any(e["same_dataset"] for r in first["recommendations"] for e in r["evidence"])

    tune = ["tune", flowers, *common, "--trials", 4, "--study", "s"]
    done = json.loads(run(*tune, "--format", "json", "--no-contribute").stdout)
    assert len(done["trials"]) == 4
    assert KnowledgeBase(seed=False).trials().empty

    path = done["path"]
    assert "Would accept 4" in run("contribute", path, "--dry-run").output
    assert KnowledgeBase(seed=False).trials().empty
    assert "Accepted 4" in run("contribute", path).output
    assert "Accepted 0 trials; 4 duplicates" in run("contribute", path).output
    assert len(KnowledgeBase(seed=False).trials()) == 4
    assert len(KnowledgeBase(seed=False).curves()) >= 4

    second = json.loads(run("recommend", flowers, *common, "--format", "json").stdout)
    assert second["n_tasks"] == first["n_tasks"] + 1
    evidence = [e for r in second["recommendations"] for e in r["evidence"]]
    assert any(e["same_dataset"] for e in evidence)


def test_a_study_grows_by_resume_and_runs_nothing_twice(run, flowers):
    common = ["tune", flowers, "--target", "species", "--max-epochs", 3, "--strategy", "random"]
    first = json.loads(run(*common, "--trials", 2, "--format", "json").stdout)
    more = run(*common, "--trials", 5, "--resume", "--format", "json")
    second = json.loads(more.stdout)
    assert second["path"] == first["path"]
    assert second["trials"][:2] == first["trials"]
    assert [t["number"] for t in second["trials"]] == [0, 1, 2, 3, 4]
    assert len(KnowledgeBase(seed=False).trials()) == 5


def test_kb_commands(run, flowers, tmp_path):
    run("tune", flowers, "--target", "species", "--trials", 2, "--max-epochs", 2)
    info = json.loads(run("kb", "info", "--format", "json").stdout)
    assert info["trials"]["user"] == 2
    assert "flowers.csv" in run("kb", "tasks").output
    assert "advisor tune" in run("kb", "studies").output
    assert len(json.loads(run("kb", "trials", "--format", "json", "--state", "complete").stdout))
    assert "whole" in run("kb", "verify").output
    run("kb", "export", tmp_path / "out")
    other = ["--kb", tmp_path / "other.duckdb"]
    assert "Accepted 2" in run("kb", "import", tmp_path / "out", *other).output
    assert "2 duplicates" in run("kb", "import", tmp_path / "out", *other).output
    run("kb", "export", tmp_path / "out", code=2)


def _bad(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "one.csv").write_text("a,y\n1,2\n")
    (tmp_path / "constant.csv").write_text("a,y\n" + "1,2\n" * 30)
    (tmp_path / "gaps.csv").write_text("a,y\n" + "1,\n2,\n" * 20)
    (tmp_path / "infinite.csv").write_text("a,y\n" + "1,x\ninf,z\n" * 20)
    (tmp_path / "good.csv").write_text("a,y\n" + "1,x\n2,z\n" * 20)
    (tmp_path / "text.duckdb").write_text("this is no database, it only says so " * 200)
    (tmp_path / "typo.yaml").write_text("hyperparameters: {lr: {type: flaot, low: 0, high: 1}}")
    (tmp_path / "order.yaml").write_text("hyperparameters: {lr: {type: float, low: 2, high: 1}}")
    (tmp_path / "fine.yaml").write_text("hyperparameters: {lr: {type: float, low: 0, high: 1}}")
    (tmp_path / "broken.py").write_text("import nonsense_that_is_not_there\n")
    (tmp_path / "runs.csv").write_text("x,y\n1,2\n")


LEAST = ("--direction", "minimize")
BAD = [
    (["recommend", "missing.csv", "--target", "y"], "does not exist"),
    (["recommend", "empty.csv", "--target", "y"], "empty"),
    (["recommend", "good.csv", "--target", "why"], "'y'"),
    (["recommend", "good.csv"], "--target"),
    (["recommend", "one.csv", "--target", "y"], "row"),
    (["recommend", "constant.csv", "--target", "y"], "constant|class"),
    (["recommend", "gaps.csv", "--target", "y"], "missing"),
    (["recommend", "infinite.csv", "--target", "y"], "infin"),
    (["recommend", "good.csv", "--target", "y", "--kb", "text.duckdb"], "not a"),
    (["recommend", "good.csv", "--target", "y", "--metric", "acuracy"], "accuracy"),
    (["recommend", "good.csv", "--target", "y", "--family", "mpl"], "mlp"),
    (["tune", "good.csv", "--target", "y", "--resume"], "study|studies"),
    (["tune", "--resume", "--study", "ghost"], "ghost"),
    (["tune", "good.csv", "--target", "y", "--timeout", "soon"], "duration"),
    (["tune", "good.csv", "--target", "y", "--strategy", "baysian"], "bayesian"),
    (["tune", "--objective", "broken.py:train", "--space", "fine.yaml", *LEAST], "import"),
    (["tune", "--objective", "gone.py:train", "--space", "fine.yaml", *LEAST], "does not exist"),
    (["tune", "--objective", "broken.py:train", "--space", "typo.yaml", *LEAST], "float"),
    (["tune", "--objective", "broken.py:train", "--space", "order.yaml", *LEAST], "greater"),
    (["contribute", "runs.csv", "--direction", "minimize"], "metric"),
    (["contribute", "gone.csv", "--direction", "minimize"], "does not exist"),
    (["kb", "import", "text.duckdb"], "not a"),
    (["kb", "info", "--kb", "text.duckdb"], "not a"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD, ids=[" ".join(a) for a, _ in BAD])
def test_bad_input_is_one_line_and_exit_code_2(run, tmp_path, monkeypatch, arguments, says):
    import re

    monkeypatch.chdir(tmp_path)
    _bad(tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    result = run(*arguments, code=2)
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert re.search(says, lines[0]), lines[0]
    after = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert {p: after.get(p) for p in before} == before


def test_every_help_text_has_an_example(run):
    for command in (["recommend"], ["tune"], ["compare"], ["contribute"], ["kb"], ["kb", "info"],
                    ["kb", "tasks"], ["kb", "studies"], ["kb", "trials"], ["kb", "export"],
                    ["kb", "import"], ["kb", "verify"]):  # fmt: skip
        assert "Example" in run(*command, "--help").output


def test_a_contribution_of_bad_rows_only_is_bad_input(run, tmp_path):
    (tmp_path / "space.yaml").write_text("hyperparameters: {x: {type: float, low: 0, high: 1}}")
    (tmp_path / "runs.csv").write_text("x,accuracy\n5,0.9\n0.5,text\n0.5,nan\n")
    result = run("contribute", tmp_path / "runs.csv", "--space", tmp_path / "space.yaml",
                 "--metric", "accuracy", "--direction", "maximize", code=2)  # fmt: skip
    assert "x = 5 is outside [0, 1]" in result.output
    assert "the metric is not a number: 'text'" in result.output
    assert "nothing was changed" in result.output
    assert not list((tmp_path / "kb").glob("*"))


def test_help_imports_neither_pandas_nor_torch():
    import subprocess
    import sys

    code = (
        "import sys\nfrom advisor.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'pandas', 'numpy', 'torch', 'duckdb', 'sklearn'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_recommend_imports_neither_torch_nor_sklearn(tmp_path):
    import subprocess
    import sys

    _bad(tmp_path)
    code = (
        "import sys\nfrom advisor.cli import main\n"
        f"try: main(['recommend', {str(tmp_path / 'good.csv')!r}, '--target', 'y'])\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'torch', 'sklearn', 'scipy', 'ConfigSpace'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)

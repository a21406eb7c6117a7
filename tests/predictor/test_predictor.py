"""A model is saved, loaded elsewhere, and used on new rows."""

import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import advisor
from advisor import Advisor, KnowledgeBase, UserError
from advisor.cli import main
from advisor.predictor.tensors import read_named, write_named

NAMES = {0: "red", 1: "green", 2: "blue"}


def table(kind: str, rows: int = 90) -> pd.DataFrame:
    drawn = np.random.default_rng(3)
    x, colour = drawn.normal(size=rows), drawn.choice(["a", "b", "c"], rows)
    y = x + (colour == "b") + 0.1 * drawn.normal(size=rows)
    frame = pd.DataFrame({"x": x, "noise": drawn.normal(size=rows), "colour": colour})
    frame.loc[::9, "noise"] = np.nan
    classes = pd.cut(y, 3, labels=list(NAMES.values())).astype(str)
    frame["y"] = y if kind == "regression" else classes
    return frame


@pytest.fixture(scope="module", params=["classification", "regression"])
def found(request, tmp_path_factory):
    """A finished search of a small table, with the table."""
    folder = tmp_path_factory.mktemp("predictor")
    frame = table(request.param)
    kb = KnowledgeBase(folder / "kb.duckdb")
    search = Advisor(kb, family="mlp").tune(
        frame, "y", trials=2, max_epochs=3, n_warm=2, root=folder / "studies", name="s"
    )
    return search, frame, folder


def test_loaded_it_predicts_the_same_numbers(found):
    search, frame, _ = found
    again = advisor.load(search.path)
    new = frame.drop(columns="y")
    assert np.array_equal(again.average.raw(again.read(new).features),
                          search.model.average.raw(search.model.read(new).features))  # fmt: skip
    assert again.standings == search.model.standings
    assert again.predict(new).tolist() == search.model.predict(new).tolist()


def test_another_process_predicts_the_same_numbers(found):
    search, frame, folder = found
    frame.drop(columns="y").to_csv(folder / "new.csv", index=False)
    code = (
        "import advisor, sys, json\n"
        "model = advisor.load(sys.argv[1])\n"
        "print(json.dumps(model.average.raw(model.read(sys.argv[2]).features).tolist()))\n"
    )
    words = [sys.executable, "-c", code, str(search.path), str(folder / "new.csv")]
    told = subprocess.run(words, capture_output=True, text=True, check=True)
    here = search.model.average.raw(search.model.read(folder / "new.csv").features)
    assert json.loads(told.stdout) == here.tolist()


def test_the_command_writes_a_row_for_each(found):
    search, frame, folder = found
    new, out = folder / "rows.csv", folder / "out.csv"
    frame.drop(columns="y").head(7).to_csv(new, index=False)
    words = ["predict", "s", str(new), "-o", str(out), "--studies-dir", str(folder / "studies"),
             "--kb", str(folder / "kb.duckdb")]  # fmt: skip
    classes = search.model.classes
    result = CliRunner().invoke(main, words + (["--proba"] if classes else []))
    assert result.exit_code == 0, result.output
    # What was written is said, and standard output stays free for the rows themselves.
    assert result.stderr.splitlines()[-1] == f"Wrote {out}: 7 rows."
    assert result.stdout == ""
    table = pd.read_csv(out)
    assert table["y"].tolist() == pytest.approx(search.model.predict(new).tolist())
    if classes:
        shares = table[[f"P({label})" for label in classes]]
        assert np.allclose(shares.sum(axis=1), 1)
        assert [classes[i] for i in shares.to_numpy().argmax(1)] == table["y"].tolist()


@pytest.mark.parametrize(("out", "said"), [
    ("out.xlsx", "ends in .csv, .jsonl, .parquet"), ("nowhere/out.csv", "there is no folder"),
])  # fmt: skip
def test_a_file_that_cannot_be_written_is_told_before_anything_is_read(tmp_path, out, said):
    words = ["predict", "none", "new.csv", "-o", str(tmp_path / out)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "no study" not in result.stderr


def test_a_target_that_is_not_known_is_told_with_its_file(found):
    search, frame, folder = found
    lacking = frame.head(5).copy()
    lacking.loc[[1, 3], "y"] = np.nan
    lacking.to_csv(folder / "lacking.csv", index=False)
    with pytest.raises(UserError, match=r"every row of lacking\.csv.*it is not in 2 rows\."):
        search.model.score(folder / "lacking.csv")
    with pytest.raises(UserError, match=r"it is in no row\."):
        search.model.score(frame.head(5).drop(columns="y"))


def test_an_infinite_number_is_told_as_what_it_is(found):
    search, frame, _ = found
    endless = frame.head(3).copy()
    endless.loc[1, "x"] = np.inf
    with pytest.raises(
        UserError, match=r"'x' of .* holds an infinite number, 'inf' in data row 2;"
    ):
        search.model.predict(endless)


def test_the_command_exports_the_model(found):
    search, frame, folder = found
    out = folder / "exported"
    words = ["export", "s", "-o", str(out), "--studies-dir", str(folder / "studies"),
             "--kb", str(folder / "kb.duckdb")]  # fmt: skip
    told = CliRunner().invoke(main, words)
    assert told.exit_code == 0, told.output
    assert "README.md" in told.output
    code = (
        "import json, sys\nsys.path.insert(0, sys.argv[1])\nimport model\n"
        "assert 'advisor' not in sys.modules and 'pandas' not in sys.modules\n"
        "print(json.dumps(model.load().outputs(json.load(sys.stdin)).tolist()))\n"
    )
    new = frame.drop(columns="y").head(20)
    rows = json.dumps(json.loads(new.to_json(orient="records", double_precision=15)))
    there = subprocess.run([sys.executable, "-c", code, str(out)], input=rows, text=True,
                           capture_output=True, check=True)  # fmt: skip
    expected = search.model.raw(search.model.read(new))
    assert np.allclose(json.loads(there.stdout), expected, rtol=1e-5, atol=1e-6)
    again = CliRunner().invoke(main, words)
    assert again.exit_code == 2
    assert "exists and is not an empty folder" in again.output
    nothing = CliRunner().invoke(main, ["export", str(folder), "-o", str(folder / "more")])
    assert nothing.exit_code == 2


def test_new_rows_of_all_kinds(found):
    search, frame, _ = found
    new = frame.drop(columns="y").head(4).copy()
    new.loc[0, "colour"] = "never seen"
    new.loc[1, "x"] = np.nan
    new["x"] = new["x"].astype(object)
    assert len(search.model.predict(new)) == 4
    assert any("colour" in note for note in search.model.read(new).intake.notes)
    with pytest.raises(UserError, match="'x'"):
        search.model.predict(new.drop(columns="x"))


def test_its_score_is_the_metric_of_its_predictions(found):
    search, frame, _ = found
    predicted, truth = search.model.predict(frame.drop(columns="y")), frame["y"].to_numpy()
    if search.model.classes:
        assert search.model.score(frame) == pytest.approx((predicted == truth).mean())
    else:
        expected = np.sqrt(((predicted - truth) ** 2).mean())
        assert search.model.score(frame) == pytest.approx(expected)
    with pytest.raises(UserError, match="must be known"):
        search.model.score(frame.drop(columns="y"))


def test_the_standings_are_of_the_baseline_the_default_one_network_and_the_model(found):
    standings = found[0].model.standings
    assert [standing.name for standing in standings] == ["baseline", "default", "single", "final"]
    assert all(standing.test is not None for standing in standings)
    assert all(standing.error is not None for standing in standings)
    assert all(0 <= standing.test_error < 0.5 for standing in standings)


def test_trials_have_the_values_of_their_folds(found):
    search, _, _ = found
    for trial in search.tuner.trials:
        values = [trial.metrics[f"fold_{fold}"] for fold in range(1, 5)]
        assert trial.value == pytest.approx(np.mean(values))
        assert trial.metrics["standard_error"] == pytest.approx(np.std(values, ddof=1) / 2)
    best = search.tuner.best
    (single,) = [s for s in search.model.standings if s.name == "single"]
    assert single.validation == pytest.approx(best.value)


@pytest.fixture
def copied(found, tmp_path):
    """A copy of a model's folder that may be damaged."""
    import shutil

    shutil.copytree(found[0].path / "model", tmp_path / "model")
    return tmp_path / "model"


def test_a_changed_byte_is_refused(copied):
    (weights,) = copied.glob("weights-*")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(UserError, match="checksum"):
        advisor.load(copied)


def test_a_changed_document_is_refused(copied):
    document = copied / "model.json"
    document.write_text(document.read_text().replace('"share": ', '"share": 0', 1))
    with pytest.raises(UserError, match="damaged"):
        advisor.load(copied)


def _rewritten(folder, change):
    """Change the document and seal it again, as somebody would who knows how."""
    from knowledge_base.checksums import sealed, unsealed

    content = unsealed((folder / "model.json").read_bytes(), "it")
    change(content)
    (folder / "model.json").write_text(sealed(json.dumps(content)))


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "0" * 31, "", None, 7])
def test_weights_outside_are_not_read(copied, name):
    _rewritten(copied, lambda content: content.update(weights=name))
    with pytest.raises(UserError, match="which weights"):
        advisor.load(copied)


def test_a_pickle_instead_of_weights_is_refused(copied):
    import hashlib
    import pickle

    content = pickle.dumps({"a": 1})
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    (copied / f"weights-{digest}.safetensors").write_bytes(content)
    _rewritten(copied, lambda document: document.update(weights=digest))
    with pytest.raises(UserError, match="no file of networks"):
        advisor.load(copied)


def test_a_huge_header_is_refused(copied):
    import hashlib

    content = (2**40).to_bytes(8, "little") + b"{}"
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    (copied / f"weights-{digest}.safetensors").write_bytes(content)
    _rewritten(copied, lambda document: document.update(weights=digest))
    with pytest.raises(UserError, match="header is too large"):
        advisor.load(copied)


def test_weights_of_another_shape_are_refused(copied):
    def other(content):
        content["members"][0]["config"]["units"] = 17

    _rewritten(copied, other)
    with pytest.raises(UserError, match="do not fit"):
        advisor.load(copied)


def test_weights_that_are_no_numbers_are_refused(copied):
    document = json.loads((copied / "model.json").read_text())
    arrays = read_named(copied, document["weights"])
    name = next(name for name in arrays if name.endswith("weight"))
    digest = write_named(copied, {**arrays, name: np.full_like(arrays[name], np.nan)})
    _rewritten(copied, lambda content: content.update(weights=digest))
    with pytest.raises(UserError, match=f"{name.rpartition('/')[2]}' holds what is no number"):
        advisor.load(copied)


@pytest.mark.parametrize("change", [
    lambda content: content.pop("members"),
    lambda content: content.update(members=[]),
    lambda content: content["members"][0].update(share=2),
    lambda content: content["members"][0].update(folds=[9]),
    lambda content: content["members"][0].update(config={"units": "many"}),
    lambda content: content.update(family="other"),
    lambda content: content.update(family_version=99),
    lambda content: content.update(family_version=math.inf),
    lambda content: content.update(format=2),
    lambda content: content.update(preparations=[]),
    lambda content: content.update(preparations=[{"modality": "table"}]),
    lambda content: content.pop("reading"),
    lambda content: content.update(metric="magic"),
    lambda content: content.update(standings=[{"name": "x"}]),
])  # fmt: skip
def test_what_is_no_model_is_refused(copied, change):
    _rewritten(copied, change)
    with pytest.raises(UserError):
        advisor.load(copied)


def test_a_folder_without_a_model_is_told(tmp_path):
    with pytest.raises(UserError, match="no model"):
        advisor.load(tmp_path)


def test_rows_of_the_users_own_are_the_test(tmp_path):
    frame = table("classification", 120)
    known, test = frame.head(90), frame.tail(30)
    advisor_ = Advisor(KnowledgeBase(tmp_path / "kb.duckdb"), family="mlp")
    search = advisor_.tune(
        known, "y", test=test, trials=1, max_epochs=2, root=tmp_path, name="t", final="folds"
    )
    assert sum(len(data.x_valid) for data in search.trainer.folds) in range(86, 94)
    final = search.model.standings[-1]
    assert final.test == pytest.approx(search.model.score(test))
    assert len(search.model.average.members) == 1


def test_bad_test_rows_are_refused_before_anything_is_trained(tmp_path):
    frame = table("classification")
    found = Advisor(KnowledgeBase(tmp_path / "kb.duckdb"), family="mlp")
    for bad, said in ((frame.drop(columns="y"), "must be known"), (frame[["y"]], "'x'")):
        with pytest.raises(UserError, match=said):
            found.search(frame, "y", test=bad, trials=1, root=tmp_path / "studies")
    assert not list((tmp_path / "studies").glob("*/study.json"))

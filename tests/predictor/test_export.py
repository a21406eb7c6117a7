"""Exported models predict what the search's own do, where there is nothing but PyTorch."""

import ast
import json
import math
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from exported import (
    AS,
    agrees,
    agrees_alone,
    imported,
    of_random_networks,
    random_configs,
    records,
    series,
    table,
)

from advisor import UserError
from advisor.data import load_dataset
from advisor.models import ModuleFamily, family_for
from advisor.predictor.average import Average
from advisor.predictor.export.families import EXPORTS
from advisor.predictor.export.source import source_of
from advisor.predictor.predictor import Predictor

MLP_CONFIGS = {
    "plain": {},
    "waves": {"numeric": "periodic", "embedding": "4", "normalisation": "batch"},
    "residual": {"block": "residual", "n_layers": 3, "embedding": "8", "normalisation": "layer"},
}


@pytest.fixture(scope="module", params=["classification", "regression"])
def tabular(request, tmp_path_factory):
    """A model of a table of all kinds of columns, and the folder of its export."""
    folder = tmp_path_factory.mktemp("export") / "exported"
    frame = table(request.param)
    dataset = load_dataset(frame, "y", as_types=AS)
    default = family_for("table").default()
    found = of_random_networks(dataset, [{**default, **c} for c in MLP_CONFIGS.values()])
    found.export(folder)
    return found, frame, folder


def shown(frame: pd.DataFrame) -> list[dict]:
    """Return rows as JSON has them: points in time are marked."""
    rows = records(frame.drop(columns="y", errors="ignore"))
    return [
        {n: {"at": c.isoformat()} if isinstance(c, pd.Timestamp) else c for n, c in row.items()}
        for row in rows
    ]


def test_a_table_of_all_kinds_of_columns(tabular):
    model, frame, folder = tabular
    kinds = {column.reading.kind for column in model.reading.columns}
    assert kinds == {"numbers", "categories", "dates", "texts"}
    agrees_alone(model, folder, frame.drop(columns="y"), shown(frame))


def test_missing_values_new_categories_and_other_types(tabular):
    model, frame, folder = tabular
    new = frame.drop(columns="y").head(9).astype("object").copy()
    new.loc[0, "colour"] = "never seen"
    new.loc[1, "x"] = np.nan
    new.loc[2, "x"] = 1e300
    new.loc[3, "level"] = 17
    new["level"] = new["level"].astype(str)
    new.loc[4, "note"] = None
    new.loc[5, "day"] = "2024-02-03"
    new.loc[6, "price"] = "n/a"
    new.loc[7, "at"] = None
    new["x"] = new["x"].astype(str).where(new["x"].notna(), None)
    agrees(model, folder, new, records(new))


def test_the_folder_holds_code_json_and_weights_alone(tabular):
    model, _, folder = tabular
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md", "configuration.json", "model.py", "preparation.json", "requirements.txt",
        "weights.safetensors",
    ]  # fmt: skip
    code = (folder / "model.py").read_text()
    assert "advisor" not in code
    assert "'ise" not in code
    assert compile(code, "model.py", "exec")
    configuration = json.loads((folder / "configuration.json").read_text())
    assert sum(one["share"] for one in configuration["networks"]) == pytest.approx(1)
    assert len(configuration["networks"]) == sum(len(m.networks) for m in model.average.members)


COLUMN_KINDS = [{"kind": kind} for kind in ("numbers", "categories", "dates", "texts")]


@pytest.mark.parametrize("family", list(EXPORTS))
def test_pieces_of_code_do_not_take_each_others_names(family):
    pieces = EXPORTS[family]().pieces({"columns": COLUMN_KINDS})
    code = source_of(pieces, "It.")
    names: list[str] = []
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names += [alias.asname or alias.name for alias in node.names]
            assert (getattr(node, "module", None) or names[-1]).split(".")[0] in {
                "torch", *sys.stdlib_module_names
            }  # fmt: skip
        elif isinstance(node, ast.Assign):
            names += [t.id for t in node.targets if isinstance(t, ast.Name)]
        elif isinstance(node, ast.AnnAssign):
            names.append(node.target.id)
    assert {"load", "predict", "build_network"} <= set(names)
    assert len(set(names)) == len(names)


def test_a_folder_that_holds_something_is_not_overwritten(tabular):
    model, _, folder = tabular
    before = (folder / "model.py").read_bytes()
    with pytest.raises(UserError, match="exists and is not an empty folder"):
        model.export(folder)
    with pytest.raises(UserError, match="exists and is not an empty folder"):
        model.export(folder / "model.py")
    assert (folder / "model.py").read_bytes() == before
    with pytest.raises(UserError, match="No format of exported models is called 'tensorflow'"):
        model.export(folder.parent / "other", to="tensorflow")
    assert not (folder.parent / "other").exists()


@pytest.mark.parametrize(("change", "says"), [
    (lambda row: row.pop("x"), "lacks the column 'x'"),
    (lambda row: row.update(x="many"), "column 'x' holds 'many'"),
    (lambda row: row.update(x=float("inf")), "column 'x' holds inf"),
    (lambda row: row.update(day="soon"), "column 'day' holds 'soon'"),
    (lambda row: row.update(clock="25:99"), "column 'clock' holds '25:99'"),
])  # fmt: skip
def test_rows_that_cannot_be_read_are_refused(tabular, change, says):
    _, frame, folder = tabular
    exported = imported(folder)
    row = records(frame.drop(columns="y").head(1))[0]
    assert len(exported.predict([row])) == 1
    change(row)
    with pytest.raises(ValueError, match=says):
        exported.predict([row])


def test_columns_by_name_are_rows_too(tabular):
    _, frame, folder = tabular
    rows, exported = records(frame.head(5)), imported(folder)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    assert exported.predict(columns) == exported.predict(rows)


def test_random_configurations_of_a_table(tmp_path):
    frame = table("classification")[["x", "colour", "level", "y"]]
    model = of_random_networks(load_dataset(frame, "y", as_types={"level": "category"}),
                               random_configs("table", 30))  # fmt: skip
    model.export(tmp_path / "out")
    agrees(model, tmp_path / "out", frame.drop(columns="y"), records(frame))


def test_huge_numbers_and_rare_categories(tmp_path):
    drawn = np.random.default_rng(1)
    frame = pd.DataFrame({
        "huge": drawn.normal(size=200) * 1e200,
        "empty": [1.0] * 200,
        "many": [f"c{n}" for n in (drawn.pareto(0.7, 200) * 3).clip(0, 90).astype(int)],
        "y": drawn.normal(size=200),
    })  # fmt: skip
    model = of_random_networks(load_dataset(frame, "y", as_types={"many": "category"}),
                               random_configs("table", 4))  # fmt: skip
    model.export(tmp_path / "out")
    folds = json.loads((tmp_path / "out" / "preparation.json").read_text())["folds"]
    assert any(one["divided"] for one in folds[0]["numbers"])
    assert folds[0]["categories"][0]["rare"]
    new = frame.drop(columns="y").astype("object")
    new.loc[:3, "many"] = ["unknown", None, "c0", "c89"]
    new.loc[4, "huge"] = None
    agrees(model, tmp_path / "out", new, records(new))


def test_cells_of_numpy_and_pandas_are_cells_too(tabular):
    model, frame, folder = tabular
    rows = [dict(row) for _, row in frame.drop(columns="y").head(6).iterrows()]
    rows[0] |= {"at": pd.NaT, "x": np.float32(0.5), "yes": np.bool_(True), "level": np.int64(2)}
    agrees(model, folder, pd.DataFrame(rows).astype("object"), rows)


def test_a_table_of_categories_alone_and_one_of_numbers_alone(tmp_path):
    frame = table("classification")
    for names in (["colour", "yes"], ["x"]):
        model = of_random_networks(load_dataset(frame[[*names, "y"]], "y"),
                                   random_configs("table", 4))  # fmt: skip
        out = tmp_path / names[0]
        model.export(out)
        agrees(model, out, frame[names], records(frame))


def test_images(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (40, 3, 9, 12)).astype(np.uint8)
    np.savez(tmp_path / "images.npz", X=images, y=np.arange(40) % 3)
    model = of_random_networks(load_dataset(tmp_path / "images.npz"), random_configs("image"))
    model.export(tmp_path / "out")
    agrees_alone(model, tmp_path / "out", tmp_path / "images.npz", images.tolist())
    loaded = imported(tmp_path / "out").load()
    as_bytes, rows = torch.from_numpy(images), images.astype(np.float32) / 255
    for other in (torch.from_numpy(rows), list(as_bytes), as_bytes.long()):
        assert torch.allclose(loaded.outputs(other), loaded.outputs(as_bytes))
    with pytest.raises(ValueError, match="trained on"):
        loaded.predict(as_bytes[:, :1])
    with pytest.raises(ValueError, match="bytes from 0 to 255"):
        loaded.predict(as_bytes.long() * 2)


def test_texts(tmp_path):
    texts = [f"Good fine, 日本 {'nice ' * (i % 4)} w{i % 9}" for i in range(80)]
    frame = pd.DataFrame({"text": texts, "label": [i % 2 for i in range(80)]})
    dataset = load_dataset(frame, "label", text="text")
    model = of_random_networks(dataset, random_configs("text"))
    model.export(tmp_path / "out")
    new = ["", "good", "strange words, indeed", "fine " * 600, *texts[:5]]
    agrees_alone(model, tmp_path / "out", pd.DataFrame({"text": new}), new)
    for wrong in ("one text", [None]):
        with pytest.raises(ValueError, match="text"):
            imported(tmp_path / "out").predict(wrong)


def test_series_also_new_ones(tmp_path):
    dataset = load_dataset(series(["a", "b"]), "sales", time="month", series="shop", horizon=15)
    model = of_random_networks(dataset, random_configs("series", 16))
    model.export(tmp_path / "out")
    new = series(["a", "new", "b"])
    rows = {shop: part["sales"].tolist() for shop, part in new.groupby("shop", sort=False)}
    agrees_alone(model, tmp_path / "out", new, rows)
    with pytest.raises(ValueError, match="needs the last"):
        imported(tmp_path / "out").predict({"a": [1.0, 2.0]})
    with pytest.raises(ValueError, match="missing or infinite"):
        imported(tmp_path / "out").predict({"a": [math.nan] * 120})


def test_a_single_series(tmp_path):
    frame = series(["a"]).drop(columns="shop")
    dataset = load_dataset(frame, "sales", time="month", horizon=3)
    model = of_random_networks(dataset, random_configs("series", 3))
    model.export(tmp_path / "out")
    agrees(model, tmp_path / "out", frame, frame["sales"].tolist())


def test_networks_of_the_users_own_are_not_exported(tmp_path):
    frame = table("regression")[["x", "y"]]
    model = of_random_networks(load_dataset(frame, "y"), [family_for("table").default()])
    space = model.average.family.space()
    own = ModuleFamily(lambda config, n_inputs, n_outputs: None, space, name="my-net")
    average = Average(own, model.average.preparations, model.average.members)
    with pytest.raises(UserError, match="your own function"):
        Predictor(average, model.reading, "rmse").export(tmp_path / "out")
    assert not (tmp_path / "out").exists()

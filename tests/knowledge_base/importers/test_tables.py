"""Tables of runs as programs and people write them: every row is right, or rejected by its line."""

import json

import pandas as pd
import pytest

from knowledge_base import ContributionError, KnowledgeBase, SpaceDefinition
from knowledge_base.importers import ImportOptions, find_importer, rows
from knowledge_base.importers.adding import contribute

X = {"type": "float", "low": 0, "high": 1}


def space(**hyperparameters):
    return SpaceDefinition.from_dict({"name": "s", "hyperparameters": hyperparameters or {"x": X}})


def read(file, content, known=None, metric="value"):
    """Return the trials as a frame, and what was rejected as pairs of place and reason."""
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    options = ImportOptions(space=known or space(), metric=metric, direction="minimize")
    found = find_importer(str(file)).read(str(file), options)
    return found.bundle["trials"].to_pandas(), [(r.where, r.reason) for r in found.rejected]


def configs(trials):
    return [json.loads(text) for text in trials["config"]]


def test_rows_of_another_length_are_rejected_and_never_shifted(tmp_path):
    known = space(x=X, y=X)
    content = "x,y,value\n0.11,0.22,0.93,0.5\n0.2,0.3,0.8\n0.2,0.3\n\n0.4,0.5,0.6,\n0.5,0.6,0.7\n"
    trials, rejected = read(tmp_path / "a.csv", content, known)
    assert trials["origin"].tolist() == ["a.csv:3", "a.csv:7"]
    assert configs(trials) == [{"x": 0.2, "y": 0.3}, {"x": 0.5, "y": 0.6}]
    assert rejected == [
        ("a.csv:2", "4 cells under 3 columns"),
        ("a.csv:4", "2 cells under 3 columns"),
        ("a.csv:6", "4 cells under 3 columns"),
    ]


def test_quotes_and_lines_within_cells(tmp_path):
    content = (
        'x,value,error\n0.1,1,"two\nlines, and ""quotes"""\n0.2,2,plain\n0.3,3,"a"b\n0.4,4,x\n'
        '0.5,5,"never\n0.6,6,closed\n'
    )
    trials, rejected = read(tmp_path / "a.csv", content)
    assert trials["origin"].tolist() == ["a.csv:2", "a.csv:4", "a.csv:6"]
    assert trials["error"].tolist() == ['two\nlines, and "quotes"', "plain", "x"]
    assert [where for where, _ in rejected] == ["a.csv:5", "a.csv:7"]
    assert "up to line 8" in rejected[1][1]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_ends_of_lines_of_every_system(tmp_path, end):
    trials, rejected = read(tmp_path / "a.csv", end.join(["\ufeffx,value", "0.5,1", "0.6,2", ""]))
    assert trials["origin"].tolist() == ["a.csv:2", "a.csv:3"]
    assert rejected == []


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("x,x,value", "two columns are called 'x'"),
        (",x,value", "column 1 has no name"),
        ("x,config.y,value", "the column 'config.y' is unknown"),
        ("x,\x1b[1mred,value", r"'\\x1b\[1mred' is unknown"),
        ("x,value," + ",".join(f"c{i}" for i in range(10_001)), "more than 10,000 columns"),
    ],
)
def test_headers_that_are_wrong_are_refused(tmp_path, header, says):
    with pytest.raises(ContributionError, match=says):
        read(tmp_path / "a.csv", header + "\n" + ",".join(["1"] * (header.count(",") + 1)))


def test_a_column_may_be_a_hyperparameter_beside_one_of_the_same_name(tmp_path):
    known = space(x=X, epochs={"type": "int", "low": 1, "high": 50})
    content = "x,config.epochs,epochs,value\n0.1,20,7,0.8\n0.2,30,9,0.9\n"
    trials, rejected = read(tmp_path / "a.csv", content, known)
    assert rejected == []
    assert [config["epochs"] for config in configs(trials)] == [20, 30]
    assert trials["epochs"].tolist() == [7, 9]


@pytest.mark.parametrize("name", ["state", "seed", "number", "error", "started_at", "value"])
def test_hyperparameters_of_any_name_can_be_imported(tmp_path, name):
    known = space(**{name: {"type": "categorical", "choices": ["ny", "ca"]}})
    trials, rejected = read(tmp_path / "a.csv", f"config.{name},value\nny,0.8\nca,0.9\n", known)
    assert rejected == []
    assert configs(trials) == [{name: "ny"}, {name: "ca"}]
    assert set(trials["state"]) == {"complete"}
    line = {"config": {name: "ny"}, "value": 0.8, "state": "complete"}
    trials, rejected = read(tmp_path / "a.jsonl", json.dumps(line), known)
    assert (configs(trials), rejected) == ([{name: "ny"}], [])
    if name != "value":
        trials, rejected = read(tmp_path / "b.csv", f"{name},value\nny,0.8\n", known)
        assert (configs(trials), rejected) == ([{name: "ny"}], [])
    else:
        with pytest.raises(ContributionError, match="'value' is a hyperparameter"):
            read(tmp_path / "b.csv", "value\nny\n", known)


def test_a_seed_that_is_a_hyperparameter_is_no_seed_of_the_trial(tmp_path):
    known = space(seed={"type": "int", "low": -5, "high": 5})
    trials, rejected = read(tmp_path / "a.csv", "seed,value\n-5,1\n5,2\n", known)
    assert rejected == []
    assert trials["seed"].isna().all()
    assert configs(trials) == [{"seed": -5}, {"seed": 5}]


def test_one_hyperparameter_under_two_names_is_rejected_where_both_are_given(tmp_path):
    lines = [{"x": 0.5, "value": 1}, {"config": {"x": 0.6}, "value": 2},
             {"x": 0.7, "config": {"x": 0.8}, "value": 3}]  # fmt: skip
    trials, rejected = read(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)))
    assert configs(trials) == [{"x": 0.5}, {"x": 0.6}]
    assert rejected == [("a.jsonl:3", "x is there twice, as config.x and x")]


def test_only_newlines_divide_json_lines(tmp_path):
    content = (
        '\ufeff{"x":0.5,"value":1,"error":"one\u2028two\u0085three"}\r\n\n{"x":0.25,"value":2}'
    )
    trials, rejected = read(tmp_path / "a.jsonl", content)
    assert rejected == []
    assert trials["origin"].tolist() == ["a.jsonl:1", "a.jsonl:3"]
    assert trials["error"][0] == "one\u2028two\u0085three"


def test_a_json_array_of_objects_is_read(tmp_path):
    frame = pd.DataFrame({"x": [0.5, 0.6], "value": [1.0, None], "state": ["complete", "failed"]})
    for text in (frame.to_json(orient="records"), json.dumps(frame.to_dict("records"), indent=2)):
        trials, rejected = read(tmp_path / "a.json", "\ufeff \n" + text)
        assert rejected == []
        assert trials["origin"].tolist() == ["a.json:1", "a.json:2"]
    trials, rejected = read(tmp_path / "a.json", frame.to_json(orient="columns"))
    assert trials.empty
    assert len(rejected) == 1
    for other in ("[[1, 2]]", "7", '{"x":', "[1", "[" * 10**5, "[" + "9" * 5000 + "]"):
        with pytest.raises(ContributionError, match="cannot be read"):
            read(tmp_path / "a.json", other)


def test_lines_of_json_that_are_wrong_stop_no_other(tmp_path):
    lines = [b'{"x":0.5,"value":1}', b"{", b"[1]", b'{"x":1,"x":0.2,"value":1}', b"\xff", b"7",
             b"[" * 10**6, b'{"x":' + b"9" * 5000 + b',"value":1}', b'{"x":[0.5],"value":1}',
             b'{"x":0.5,"value":[1]}', b'{"x":0.5,"value":true}', b'{"x":0.75,"value":1}',
             b'{"x":NaN,"value":1}', b'{"x":0.5,"value":NaN}', b'{"x":0.5,"value":1e999}',
             b'{"x":0.5,"value":1,"state":["complete"]}', b'{"config":{"x":{"y":1}},"value":1}',
             b'{"x":true,"value":1}', b'{"x":0.125,"value":1,"error":"\\ud800"}']  # fmt: skip
    trials, rejected = read(tmp_path / "a.jsonl", b"\n".join(lines))
    assert trials["origin"].tolist() == ["a.jsonl:1", "a.jsonl:12", "a.jsonl:19"]
    assert trials["error"].tolist()[-1] == "\\ud800"
    assert len(rejected) == len(lines) - 3
    assert all("\n" not in reason and len(reason) < 200 for _, reason in rejected)


def test_sizes_are_looked_at_before_anything_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "MAX_LINE", 1000)
    monkeypatch.setattr(rows, "MAX_ARRAY", 1000)
    long = '{"x":0.5,"value":1,"error":"' + "e" * 5000 + '"}\n{"x":0.5,"value":1}\n'
    trials, rejected = read(tmp_path / "a.jsonl", long)
    assert trials["origin"].tolist() == ["a.jsonl:2"]
    assert "longer than" in rejected[0][1]
    with pytest.raises(ContributionError, match="line 2 is longer than"):
        read(tmp_path / "a.csv", "x,value,error\n0.5,1," + "e" * 5000)
    with pytest.raises(ContributionError, match="one object per line instead"):
        read(tmp_path / "a.json", json.dumps([{"x": 0.5, "value": 1}] * 100))
    monkeypatch.setattr(rows, "MAX_FILE", 10)
    with pytest.raises(ContributionError, match="is larger than"):
        read(tmp_path / "a.csv", "x,value\n0.5,1\n")


def test_lines_with_a_column_each_are_refused_before_a_table_is_made_of_them(tmp_path):
    lines = [json.dumps({"x": 0.5, "value": 1, f"c{i}": 1}) for i in range(30_000)]
    with pytest.raises(ContributionError, match="more than 10,000 columns"):
        read(tmp_path / "a.jsonl", "\n".join(lines))


@pytest.mark.parametrize(
    ("column", "cell"),
    [("epochs", "inf"), ("epochs", "1e30"), ("epochs", "2.5"), ("epochs", "-1"), ("epochs", "x"),
     ("epochs", "1_0"), ("seed", str(2**64)), ("seed", "9" * 5000), ("number", "1e300"),
     ("n_params", "nan"), ("duration", "inf"), ("duration", "-0.5"), ("duration", "1e999"),
     ("duration", "9" * 400), ("started_at", "yesterday"), ("started_at", "1711843200"),
     ("started_at", "2024-02-31")],
)  # fmt: skip
def test_cells_that_are_impossible_are_rejected_by_their_row(tmp_path, column, cell):
    trials, rejected = read(tmp_path / "a.csv", f"x,value,{column}\n0.5,1,{cell}\n0.6,2,\n")
    assert trials["origin"].tolist() == ["a.csv:3"]
    assert rejected[0][0] == "a.csv:2"
    assert rejected[0][1].startswith(f"{column} = ")
    if len(cell) < 300:
        value = json.dumps(float(cell)) if column == "duration" and cell != "x" else None
        line = (
            f'{{"x":0.5,"value":1,"{column}":{value or json.dumps(cell)}}}\n{{"x":0.6,"value":2}}'
        )
        trials, _ = read(tmp_path / "a.jsonl", line)
        assert trials["origin"].tolist() == ["a.jsonl:2"]


def test_whole_numbers_are_exact(tmp_path):
    content = "x,value,seed,epochs\n0.5,1,9007199254740993,7.0\n0.6,2,9223372036854775807,\n"
    trials, _ = read(tmp_path / "a.csv", content)
    # Arrow's table is looked at: a frame with missing cells would have floats.
    assert [str(seed) for seed in trials["seed"]] == ["9007199254740993", "9223372036854775807"]
    lines = '{"x":0.5,"value":1,"seed":9007199254740993}\n{"x":0.6,"value":2,"seed":1}'
    trials, _ = read(tmp_path / "a.jsonl", lines)
    assert [str(seed) for seed in trials["seed"]] == ["9007199254740993", "1"]


def test_started_at_is_stored_in_utc(tmp_path):
    times = ["2024-03-31 02:30:00", "2024-03-31T02:30:00.000001+02:00", "2024-03-31T02:30:00Z"]
    content = "x,value,started_at\n" + "\n".join(f"0.{i + 1},1,{t}" for i, t in enumerate(times))
    trials, rejected = read(tmp_path / "a.csv", content)
    assert rejected == []
    assert [str(time) for time in trials["started_at"]] == [
        "2024-03-31 02:30:00+00:00",
        "2024-03-31 00:30:00.000001+00:00",
        "2024-03-31 02:30:00+00:00",
    ]


def test_values_outside_a_logarithmic_range_are_rejected(tmp_path):
    known = space(lr={"type": "float", "low": 1e-12, "high": 1, "log": True})
    trials, rejected = read(
        tmp_path / "a.csv", "lr,value\n1e-13,1\n0,1\n-1e-11,1\n1e-12,1\n", known
    )
    assert [config["lr"] for config in configs(trials)] == [1e-12]
    assert len(rejected) == 3


def test_imports_of_the_version_before_are_recognised(tmp_path):
    """The identities are those of the version before, hyperparameters called `epochs` as well."""
    known = space(x=X, epochs={"type": "int", "low": 1, "high": 50})
    trials, _ = read(tmp_path / "a.csv", "x,epochs,value,seed\n0.5,7,1.5,3\n", known)
    assert trials["trial_id"].tolist() == [IDENTITY]


IDENTITY = "4805e7171f54d76a768036b2736fbd77"


def test_the_same_file_twice_gives_duplicates(tmp_path):
    kb = KnowledgeBase(tmp_path / "k.duckdb", seed=False)
    (tmp_path / "a.csv").write_text("x,value,seed\n0.5,1,1\n0.5,1,2\n0.5,1,1\n")
    options = ImportOptions(space=space(), direction="minimize")
    for expected in ((2, 1), (0, 3)):
        file = str(tmp_path / "a.csv")
        report = contribute(kb, find_importer(file).read(file, options))
        assert (report.accepted, report.duplicates) == expected


def test_a_file_without_what_came_later_is_of_the_earlier_version(tmp_path):
    kind = {"type": "categorical", "choices": ["a", "b"]}
    spaces = [
        SpaceDefinition.from_dict({"name": "s", "version": number, "hyperparameters": known})
        for number, known in ((3, {"x": X, "y": X, "kind": kind}), (2, {"x": X, "y": X}))
    ]
    options = ImportOptions(space=spaces[0], earlier=spaces[1:], metric="value",
                            direction="minimize")  # fmt: skip
    file = tmp_path / "a.csv"
    for header, row, version in (("x,y", "0.1,0.2", 2), ("x,y,kind", "0.1,0.2,b", 3)):
        file.write_text(f"{header},value\n{row},0.5\n")
        found = find_importer(str(file)).read(str(file), options)
        assert found.bundle["spaces"].to_pandas()["version"].tolist() == [version]
        assert found.bundle["studies"].to_pandas()["space_id"].tolist() == [
            spaces[3 - version].space_id
        ]
        assert not found.rejected
    file.write_text("x,kind,value\n0.1,b,0.5\n")
    with pytest.raises(ContributionError, match="no column for the hyperparameter 'y'"):
        find_importer(str(file)).read(str(file), options)

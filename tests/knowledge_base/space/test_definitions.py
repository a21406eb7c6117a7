"""Definitions as people and programs write them: right in every strategy, or refused when read."""

import datetime
import json
import pickle

import numpy as np
import pandas as pd
import pytest
import yaml

from advisor import Tuner
from advisor.encoding import Encoder, allowed, from_configspace, neighbours, sample, sobol
from advisor.encoding.cube import to_points
from advisor.meta.translation import translate
from knowledge_base import SpaceDefinition, SpaceError
from knowledge_base.columnar import config_json
from knowledge_base.space import restricted

FLOAT = {"type": "float", "low": 0, "high": 1}
INT = {"type": "int", "low": 1, "high": 5}
ASKING = ("bayesian", "random", "sobol", "grid", "evolution")
LETTERS = {"type": "categorical", "choices": ["p", "q"]}


def space(conditions=None, forbiddens=None, **hyperparameters):
    given = {"name": "s", "hyperparameters": hyperparameters}
    given |= {"conditions": conditions} if conditions is not None else {}
    given |= {"forbiddens": forbiddens} if forbiddens is not None else {}
    return SpaceDefinition.from_dict(given, where="s.yaml")


def choices(*values, kind="categorical"):
    return {"type": kind, "choices": list(values)}


def read(tmp_path, text, name="s.yaml"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return SpaceDefinition.read(tmp_path / name)


def drawn(known, strategy, n=16):
    """Return what a strategy asks for; what is told does not matter."""
    tuner = Tuner.create(known, kb=None, name="x", strategy=strategy, n_warm=0)
    found = []
    for number in range(n):
        config = tuner.ask()
        tuner.tell(config, float(number % 3))
        found.append(dict(config))
    return found


DIFFERENT = (
    ["3.1", "3.10"],
    ["A", "a"],
    ["1e3", "1000"],
    ["01", "1", "1.0"],
    [True, False],
    ["True", "true"],
    [0.001, 0.0001],
    [1, 2.5, "1e1"],
    ["", " ", "x\ty"],
    ["no", "yes", "null", "None", "nan"],
    ["x" * 5000, "y"],
    [None, "balanced"],
    [None, True, 2],
)
"""Choices that some program or other takes for the same, or for other ones."""


@pytest.mark.parametrize("strategy", ASKING)
def test_choices_are_drawn_as_they_were_written(strategy):
    known = space(**{f"v{i}": choices(*values) for i, values in enumerate(DIFFERENT)})
    found = drawn(known, strategy, 32)
    for i, values in enumerate(DIFFERENT):
        seen = [config[f"v{i}"] for config in found]
        assert {(type(v), v) for v in seen} == {(type(v), v) for v in values}
    assert SpaceDefinition.from_json(known.to_json()).space_id == known.space_id


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1, 1.0, 2], "1 and 1.0 are one choice that is there twice"),
        ([1, True], "1 and True are one choice"),
        ([0, "a", False], "0 and False are one choice"),
        (["a", "b", "a"], "'a' is a choice that is there twice"),
        ([1, "1"], "1 and '1' are one choice"),
        (["True", True], "'True' and True are one choice"),
        (["balanced", None, "None"], "None and 'None' are one choice"),
        ([None, "x", None], "None is a choice that is there twice"),
        ([[1, 2], [3]], "texts, numbers, booleans or null"),
        ([{"a": 1}], "texts, numbers, booleans or null"),
        ([float("nan"), 1.0], "finite"),
        ([float("inf"), 1.0], "finite"),
        ([datetime.date(2024, 1, 1), "b"], "texts, numbers, booleans or null"),
        ([b"a", "b"], "texts, numbers, booleans or null"),
        ([10**400, 1], "too large"),
        (["x" * 10_001], "too long"),
        (["\ud800"], "no Unicode"),
        ("ab", "must be a list"),
        ({"a": 1}, "must be a list"),
    ],
)
def test_choices_that_cannot_be_told_apart_or_held_are_refused(values, says):
    with pytest.raises(SpaceError, match=says) as caught:
        space(v={"type": "categorical", "choices": values})
    assert "\n" not in str(caught.value)


def test_none_is_a_choice_and_an_empty_cell_is_none():
    known = space(
        [{"type": "NEQ", "child": "x", "parent": "v", "value": None}],
        [{"type": "AND", "clauses": [{"type": "EQUALS", "name": "v", "value": None},
                                     {"type": "EQUALS", "name": "n", "value": 5}]}],
        v={**choices("balanced", None), "default": None}, x=FLOAT, n=INT,
    )  # fmt: skip
    assert known.default() == {"v": None, "n": 3}
    assert SpaceDefinition.from_json(known.to_json()).default() == known.default()
    assert known.complete({"v": None, "n": 1, "x": 0.5}) == {"v": None, "n": 1}
    assert known.complete({"v": "balanced", "n": 1, "x": 0.5})["x"] == 0.5
    with pytest.raises(SpaceError, match="v is missing"):
        known.complete({"n": 1})
    with pytest.raises(SpaceError, match="forbidden"):
        known.complete({"n": 5, "v": None})
    cells = {"v": ["None", "none", None, "balanced"], "n": [1, 1, 1, 1], "x": [0.5] * 4}
    clean, reasons = known.check(pd.DataFrame(cells))
    assert reasons.tolist() == ["", "", "v is missing", ""]
    assert [config["v"] for config in known.records(clean.iloc[[0, 1, 3]])] == [
        None, None, "balanced",
    ]  # fmt: skip
    assert json.loads(config_json(clean.iloc[[0]], known)[0].as_py()) == {"v": None, "n": 1}
    assert space(v=choices("a", None)).default() == {"v": "a"}
    assert restricted(known, fixed={"v": None}).default() == {"v": None, "n": 3}


def test_none_is_encoded_and_read_back_as_any_choice_is():
    known = space(v=choices(None, "a", "b"), o={"type": "ordinal", "choices": [None, 1, 2]})
    configs = known.records(known.every())
    assert len(configs) == 9
    encoder, rng = Encoder(known), np.random.default_rng(0)
    encoded = encoder.encode(configs)
    assert len(np.unique(encoded, axis=0)) == 9
    assert (encoder.encode_frame(known.frame(configs)) == encoded).all()
    assert known.records(allowed(known, to_points(known, configs, rng))) == configs
    (translated,) = translate([[json.dumps(config) for config in configs]], known)
    assert translated.legal == configs
    assert translated.exact.all()


def test_values_of_numpy_are_those_of_python():
    known = space(v=choices(*np.array([1, 2])), x={**FLOAT, "high": np.float32(2)})
    assert known.hyperparameters["v"].choices == (1, 2)
    assert json.loads(known.to_json())["hyperparameters"][1]["upper"] == 2.0


def test_cells_of_a_table_find_their_choice_where_only_one_is_meant():
    known = space(v=choices("3.1", "3.10", 5, True, "A", "a"))
    cells = ["3.1", "3.10", "5.0", 5, "true", True, "a", "A", 3.1, "7"]
    clean, reasons = known.check(pd.DataFrame({"v": pd.Series(cells, dtype=object)}))
    assert clean["v"].tolist()[:8] == ["3.1", "3.10", 5, 5, True, True, "a", "A"]
    assert (reasons[:8] == "").all()
    assert (reasons[8:] != "").all()  # 3.1 may be either text


def test_yaml_is_read_as_people_mean_it(tmp_path):
    known = read(tmp_path, """
hyperparameters:
  lr: {type: categorical, choices: [1e-3, 1e-4]}
  country: {type: categorical, choices: [no, se]}
  wd: {type: constant, value: 1e-3}
  day: {type: categorical, choices: [2024-01-01, 1:30]}
  mask: {type: categorical, choices: [0x10, 0o17, 1_000]}
  flag: {type: bool, default: no}
  no: {type: float, low: 1e-5, high: .1, log: yes}
  quoted: {type: categorical, choices: ["yes", "no", "1e3", "007"]}
""")  # fmt: skip
    found = {name: h.choices for name, h in known.hyperparameters.items()}
    assert found["lr"] == (0.001, 0.0001)
    assert found["country"] == ("no", "se")
    assert found["wd"] == (0.001,)
    assert found["day"] == ("2024-01-01", "1:30")
    assert found["mask"] == (16, 15, 1000)
    assert found["quoted"] == ("yes", "no", "1e3", "007")
    assert known.hyperparameters["flag"].default is False
    assert known.hyperparameters["no"].log
    assert known.hyperparameters["no"].low == 1e-5
    for name in ("again.yaml", "again.json"):
        known.write(tmp_path / name)
        again = SpaceDefinition.read(tmp_path / name)
        assert again.space_id == known.space_id
    # Readers of YAML 1.1, such as ConfigSpace's, read the same texts.
    (plain,) = [
        h for h in yaml.safe_load((tmp_path / "again.yaml").read_text())["hyperparameters"]
        if h["name"] == "quoted"
    ]  # fmt: skip
    assert plain["choices"] == ["yes", "no", "1e3", "007"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hyperparameters: {a: {type: categorical, choices: [yes, no]}}", "texts or booleans"),
        ("hyperparameters: {a: {type: constant, value: on}}", "texts or booleans"),
        ("hyperparameters: {a: {type: categorical, choices: [010, 020]}}", "leading zero"),
        ("hyperparameters: {a: {type: categorical, choices: [.inf, 1]}}", "finite"),
        ("hyperparameters:\n  a: {type: bool}\n  a: {type: bool}", "'a' is there twice"),
        ("hyperparameters: {a: {type: bool, type: bool}}", "'type' is there twice"),
        ("a: &a [*a]\nhyperparameters: {}", "nested too deep|no key"),
        ("hyperparameters: &h {a: *h}", "nested too deep"),
        ("[" * 20_000, "nested too deep"),
        ("hyperparameters: !!python/object/apply:os.system ['true']", "neither YAML"),
        ("hyperparameters: !!timestamp x", "neither YAML"),
        ("hyperparameters: {a: {type: int, low: 0, high: " + "9" * 5000 + "}}", "neither YAML"),
        ("x" * (2**20 + 1), "larger than 1 MiB"),
        ("- 1", "holds no search space"),
        ("", "holds no search space"),
        ("\x00", "neither YAML"),
    ],
)
def test_yaml_that_is_ambiguous_or_hostile_is_refused_in_one_line(tmp_path, text, says):
    with pytest.raises(SpaceError, match=says) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_aliases_that_grow_are_counted_as_they_are_used(tmp_path):
    lines = ["x0: &x0 [a, a, a, a, a, a, a, a, a, a]"]
    lines += [f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(SpaceError, match="more than 100,000 values"):
        read(tmp_path, "\n".join([*lines, "hyperparameters: *x11"]))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"hyperparameters": ' + "[" * 200_000, "nested too deep"),
        ('{"hyperparameters": {"a": {"type": "bool"}, "a": {"type": "bool"}}}', "'a' is there"),
        ('{"hyperparameters": {"a": {"type": "int", "low": 0, "high": Infinity}}}', "finite"),
        ("{", "neither YAML nor JSON"),
    ],
)
def test_json_that_is_wrong_is_refused_in_one_line(tmp_path, text, says):
    with pytest.raises(SpaceError, match=says):
        read(tmp_path, text, "s.json")


def test_a_file_of_json_may_have_a_byte_order_mark(tmp_path):
    text = '\ufeff{"hyperparameters": {"a": {"type": "float", "low": 1e-3, "high": 1}}}'
    assert read(tmp_path, text, "s.json").hyperparameters["a"].low == 1e-3


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"meta": [1]}, "meta"),
        ({"conditions": 3}, "'conditions' must be a list"),
        ({"forbiddens": {"a": 1}}, "'forbiddens' must be a list"),
        ({"conditions": ["a"]}, "expected keys and values"),
        ({"hyperparameters": 5}, "must be a list"),
        ({"hyperparameters": {"a": 5}}, "expected keys and values"),
        ({"hyperparameters": [5]}, "expected keys and values"),
        ({"hyperparameters": {1: FLOAT}}, "has no name"),
        ({"hyperparameters": [{**FLOAT, "name": ["a"]}]}, "has no name"),
        ({"hyperparameters": {"a\x1b[1m": FLOAT}}, "cannot be printed"),
        ({"hyperparameters": {"a": {**FLOAT, "type": ["float"]}}}, "no type"),
        ({"hyperparameters": {"a": {**FLOAT, "type": None}}}, "no type"),
        ({"hyperparameters": {"a": {**FLOAT, "log": "perhaps"}}}, "true or false"),
        ({"hyperparameters": {"a": {**FLOAT, "high": 10**400}}}, "too large"),
        ({"hyperparameters": {"a": {**FLOAT, "high": [1]}}}, "must be a number"),
        ({"hyperparameters": {"a": {**FLOAT, "high": True}}}, "finite number"),
        ({"hyperparameters": {"a": {**FLOAT, "lower": 0.5}}}, "'lower' and 'low' mean the same"),
        ({"hyperparameters": {"a": {"type": "float", "low": -1e308, "high": 1e308}}}, "too wide"),
        ({"hyperparameters": {"a": {**FLOAT, "low": 1, "high": 1e308, "log": True}}}, "too wide"),
        ({"hyperparameters": {"a": {**FLOAT, "low": 1, "high": 1 + 1e-15}}}, "too near"),
        ({"hyperparameters": {"a": {**FLOAT, "low": 5e-324, "log": True}}}, "too near to 0"),
        ({"hyperparameters": {"a": {"type": "int", "low": 0, "high": 2**63 - 1}}}, "2\\*\\*53"),
        ({"hyperparameters": {"a": {"type": "constant", "value": None}}}, "null"),
        ({"hyperparameters": {"a": {"type": "constant", "choices": [1, 2]}}}, "one value"),
        ({"hyperparameters": {"a": {**LETTERS, "value": "p"}}}, "no key 'value'"),
        ({"hyperparameters": {"a": {**LETTERS, "weights": [0.9, 0.1]}}}, "drawn alike"),
        ({"hyperparameters": {"a": {**LETTERS, "default": ["p"]}}}, "not one of"),
        ({"name": ["x"]}, "name must be a text"),
        ({"name": {"a": 1}}, "name must be a text"),
        ({"version": "x"}, "whole number"),
        ({"version": 10**30}, "whole number"),
    ],
)
def test_wrong_types_are_refused_when_the_space_is_read(given, says):
    with pytest.raises(SpaceError, match=says) as caught:
        SpaceDefinition.from_dict({"hyperparameters": {"a": FLOAT}, **given})
    assert "\n" not in str(caught.value)


def test_a_definition_nested_deep_is_refused():
    given = {"hyperparameters": {"a": FLOAT}}
    part = {"type": "EQ", "child": "a", "parent": "a", "value": 1}
    for _ in range(20_000):
        part = {"type": "AND", "conditions": [part]}
    with pytest.raises(SpaceError, match="nested too deep"):
        SpaceDefinition.from_dict({**given, "conditions": [part]})


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ({"type": "AND", "child": "x"}, "needs 'conditions'"),
        ({"type": "OR", "child": "x", "conditions": []}, "needs 'conditions'"),
        ({"type": "AND", "child": "x", "conditions": ["n"]}, "expected keys"),
        ({"type": "IN", "child": "x", "parent": "o", "values": "pq"}, "must be a list"),
        ({"type": "IN", "child": "x", "parent": "o", "value": "p"}, "no key 'value'"),
        ({"type": "EQ", "child": "x", "parent": "o"}, "has no 'value'"),
        ({"type": "EQ", "child": "x", "parent": "o", "value": ["p"]}, "no single value"),
        ({"type": "EQ", "child": "x", "parent": "o", "value": "P"}, "not one of"),
        ({"type": "EQ", "child": "x", "parent": "i", "value": True}, "not one of"),
        ({"type": "EQ", "child": "x", "parent": "n", "value": True}, "no number"),
        ({"type": "EQ", "child": "x", "parent": "n", "value": "two"}, "no number"),
        ({"type": "EQ", "child": "x", "parent": "n", "value": 9}, "outside"),
        ({"type": "GT", "child": "x", "parent": "o", "value": "p"}, "have no order"),
        ({"type": "EQ", "child": "x", "parent": ["n"], "value": 1}, "no hyperparameter"),
        ({"type": "EQ", "child": "x", "parent": "m", "value": 1}, "no hyperparameter 'm'"),
        ({"type": ["EQ"], "child": "x", "parent": "n", "value": 1}, "no condition type"),
        ({"type": "EQ", "child": "x", "parent": "n", "value": 10**400}, "outside"),
        (
            {"type": "AND", "conditions": [
                {"type": "GT", "child": "x", "parent": "n", "value": 2},
                {"type": "EQ", "child": "y", "parent": "o", "value": "p"}]},
            "are about one child, not 'x' and 'y'",
        ),
    ],
)  # fmt: skip
def test_conditions_that_mean_nothing_are_refused(condition, says):
    with pytest.raises(SpaceError, match=says):
        space([condition], n=INT, o=LETTERS, i=choices(1, 2), x=FLOAT, y=FLOAT)


@pytest.mark.parametrize(
    ("clause", "says"),
    [
        ({"type": "EQUALS", "name": "o", "value": "P"}, "'P', which is not one of"),
        ({"type": "EQUALS", "name": "o"}, "has no 'value'"),
        ({"type": "EQUALS", "name": "o", "value": ["q"]}, "no single value"),
        ({"type": "EQUALS", "name": "n", "value": 9}, "outside"),
        ({"type": "EQUALS", "name": "n", "value": float("nan")}, "outside"),
        ({"type": "IN", "name": "n", "values": [1, float("inf")]}, "outside"),
        ({"type": "IN", "name": "o", "values": "pq"}, "must be a list"),
        ({"type": "IN", "name": "o", "values": []}, "at least one"),
        ({"type": "AND"}, "needs 'clauses'"),
        ({"type": "AND", "clauses": ["o"]}, "expected keys"),
        ({"type": "AND", "clauses": "o"}, "needs 'clauses'"),
        ({"type": "AND", "clauses": [{"type": "EQUALS", "name": "m", "value": 1}]}, "'m'"),
        ({"type": "RELATION", "left": "o", "right": "n"}, "not 'RELATION'"),
        ({"type": "IN", "name": "o", "values": ["p", "q"]}, "every configuration is forbidden"),
        (
            {"type": "EQUALS", "name": "o", "value": "p"},
            'give defaults that are, such as {"o":"q"}',
        ),
        ("o", "expected keys"),
    ],
)
def test_forbidden_clauses_that_mean_nothing_are_refused(clause, says):
    with pytest.raises(SpaceError, match=says):
        space(forbiddens=[clause], o=LETTERS, n=INT)


@pytest.mark.parametrize("strategy", ASKING)
def test_ordinals_are_compared_by_their_order(strategy):
    size = choices("low", "medium", "high", kind="ordinal")
    known = space([{"type": "GT", "child": "x", "parent": "size", "value": "low"}],
                  size=size, x=FLOAT)  # fmt: skip
    for config in drawn(known, strategy):
        assert ("x" in config) == (config["size"] != "low")
    assert "x" not in restricted(known, fixed={"size": "low"}).hyperparameters
    assert not restricted(known, fixed={"size": "high"}).conditions
    below = space([{"type": "LT", "child": "x", "parent": "size", "value": "high"}],
                  size=size, x=FLOAT)  # fmt: skip
    assert below.active({"size": "medium", "x": 0.5}) == {"size", "x"}
    assert below.active({"size": "high", "x": 0.5}) == {"size"}


def test_true_is_not_one_in_conditions_and_clauses():
    # Choices such as these come from other tools' files, not from space files.
    given = {
        "hyperparameters": {"v": choices(1, True, 2), "x": FLOAT},
        "conditions": [{"type": "EQ", "child": "x", "parent": "v", "value": True}],
    }
    known = SpaceDefinition.from_dict(given, stored=True)
    assert known.active({"v": True, "x": 0.5}) == {"v", "x"}
    assert known.active({"v": 1, "x": 0.5}) == {"v"}
    assert "x" not in restricted(known, fixed={"v": 1}).hyperparameters
    assert {type(config["v"]) for config in sample(known, 40, 0)} == {int, bool}


@pytest.mark.parametrize("strategy", ASKING)
def test_a_constant_may_be_the_parent_of_a_condition(strategy):
    known = space([{"type": "EQ", "child": "x", "parent": "k", "value": "u"}],
                  k={"type": "constant", "value": "u"}, x=FLOAT)  # fmt: skip
    assert all(set(config) == {"k", "x"} for config in drawn(known, strategy, 5))


def test_clauses_do_not_look_at_inactive_hyperparameters():
    known = space(
        [{"type": "EQ", "child": "x", "parent": "o", "value": "p"}],
        [{"type": "EQUALS", "name": "x", "value": 3}],
        o=LETTERS, x=INT | {"default": 1},
    )  # fmt: skip
    assert known.complete({"o": "q", "x": 3}) == {"o": "q"}
    with pytest.raises(SpaceError, match="forbidden"):
        known.complete({"o": "p", "x": 3})


@pytest.mark.parametrize("strategy", ["bayesian", "random", "sobol", "evolution"])
def test_tight_spaces_are_drawn_from(strategy):
    forbidden = [{"type": "IN", "name": "n", "values": list(range(1, 2000))}]
    known = space(forbiddens=forbidden, n={"type": "int", "low": 0, "high": 2000, "default": 0},
                  o=LETTERS)  # fmt: skip
    assert known.size == 4
    found = {tuple(config.values()) for config in drawn(known, strategy, 6)}
    assert found <= {(n, o) for n in (0, 2000) for o in "pq"}
    assert len(found) > 1


def test_spaces_too_tight_to_be_drawn_from_say_so():
    parts = [{"type": "IN", "name": f"o{i:02}", "values": list(range(1, 10))} for i in range(12)]
    whole = {f"o{i:02}": choices(*range(10)) for i in range(12)}
    known = space(forbiddens=parts, **whole, x=FLOAT)
    for draw in (sample, sobol):
        with pytest.raises(SpaceError, match="hardly any configuration is allowed"):
            draw(known, 3, seed=0)


def test_weights_of_configspace_are_refused_and_its_other_spaces_taken():
    from ConfigSpace import Categorical, ConfigurationSpace

    weighted = ConfigurationSpace()
    weighted.add(Categorical("a", ["x", "y"], weights=[0.99, 0.01]))
    with pytest.raises(SpaceError, match="weights"):
        from_configspace(weighted)
    alike = ConfigurationSpace()
    alike.add(Categorical("a", ["x", "y"], weights=[0.5, 0.5]))
    assert from_configspace(alike).hyperparameters["a"].choices == ("x", "y")


def test_whole_numbers_are_exact_up_to_the_largest():
    known = space(n={"type": "int", "low": 2**53 - 3, "high": 2**53})
    found = [config["n"] for draw in (sample, sobol) for config in draw(known, 30, seed=0)]
    assert set(found) == {2**53 - 3, 2**53 - 2, 2**53 - 1, 2**53}
    assert all(isinstance(n, int) for n in found)
    reasons = known.validate(pd.DataFrame({"n": [2**53 - 4, 2**53 + 2, 2**53]}))
    assert (reasons != "").tolist() == [True, True, False]
    wide = space(n={"type": "int", "low": 1, "high": 10**9})
    assert wide.validate(pd.DataFrame({"n": [10**9 + 1]})).iloc[0]


def test_logarithmic_bounds_have_a_relative_tolerance():
    known = space(lr={"type": "float", "low": 1e-12, "high": 1, "log": True})
    cells = [1e-12 * (1 - 1e-10), 1e-12, 9e-13, -1e-10, 0, 1 + 1e-10, 1 + 1e-8]
    reasons = known.validate(pd.DataFrame({"lr": cells}))
    assert (reasons == "").tolist() == [True, True, False, False, False, True, False]


@pytest.mark.parametrize("cell", [[1], {"a": 1}, 10**400, -(10**30), True, "1_0", object(), "nan"])
def test_cells_that_are_no_numbers_are_illegal(cell):
    frame = pd.DataFrame({"a": pd.Series([cell, 0.5], dtype=object)})
    assert (space(a=FLOAT).validate(frame) != "").tolist() == [True, False]
    frame = pd.DataFrame({"a": pd.Series([cell, "p"], dtype=object)})
    assert (space(a=LETTERS).validate(frame) != "").tolist() == [True, False]


STEPS = {
    "x": {"type": "float", "low": 0, "high": 1, "step": 0.1},
    "n": {"type": "int", "low": 16, "high": 128, "step": 16},
    "q": {"type": "float", "low": -0.5, "high": 1, "q": 0.25},
}


def test_steps_are_kept_and_only_where_they_are_given():
    known = space(**STEPS)
    assert SpaceDefinition.from_json(known.to_json()).space_id == known.space_id
    assert known.hyperparameters["q"].step == 0.25
    assert known.default() == {"n": 80, "q": 0.25, "x": 0.5} | {"n": known.default()["n"]}
    assert known.default()["n"] % 16 == 0
    plain = space(n={"type": "int", "low": 1, "high": 9, "step": 1})
    assert plain.space_id == space(n={"type": "int", "low": 1, "high": 9}).space_id
    assert "step" not in plain.to_json()


def test_values_beside_the_steps_are_illegal_and_those_on_them_exact():
    known = space(**STEPS)
    frame = pd.DataFrame({"x": [0.1 * 3, 0.35, 0.3 + 1e-9, 1.0], "n": [32, 32, 33, 128],
                          "q": [0.0, 0.25, 0.25, -0.5]})  # fmt: skip
    clean, reasons = known.check(frame)
    assert (reasons == "").tolist() == [True, False, False, True]
    assert clean["x"].iloc[0] == 0.3
    assert "in steps of 0.1" in reasons[1]


@pytest.mark.parametrize("strategy", ASKING)
def test_strategies_stay_on_the_steps(strategy):
    known = space(**STEPS)
    grid = {name: set(h.values()) for name, h in known.hyperparameters.items()}
    assert [len(values) for values in grid.values()] == [8, 7, 11]
    assert 0.3 in grid["x"]
    for config in drawn(known, strategy):
        assert all(config[name] in grid[name] for name in config)
        assert isinstance(config["n"], int)


def test_evolution_takes_few_steps_for_choices():
    known = space(n={"type": "int", "low": 32, "high": 96, "step": 32}, x=FLOAT)
    found = [config["n"] for config in drawn(known, "evolution", 24)]
    assert set(found) == {32, 64, 96}


def test_spaces_can_be_pickled():
    known = space(**STEPS, v=choices("a", None))
    again = pickle.loads(pickle.dumps(known))
    assert again.to_json() == known.to_json()
    assert again.default() == known.default()
    part = restricted(known, fixed={"v": None})
    assert pickle.loads(pickle.dumps(part)).whole.space_id == known.space_id


def test_steps_have_coordinates_that_are_as_likely_and_read_back():
    known = space(**STEPS)
    points = np.random.default_rng(0).random((4000, 3))
    found = allowed(known, points)
    assert found["n"].value_counts().min() > 400
    configs = known.records(found[:50])
    rng = np.random.default_rng(1)
    assert known.records(allowed(known, to_points(known, configs, rng))) == configs
    near = known.records(allowed(known, neighbours(known, known.default(), 100, rng)))
    assert len(near) == 100
    encoded = Encoder(known).encode(configs)
    assert encoded.min() >= 0
    assert encoded.max() <= 1


def test_past_values_beside_the_steps_count_as_the_nearest_on_them():
    known = space(**STEPS)
    past = ['{"n":30,"q":0.1,"x":0.33}', '{"n":500,"q":0.25,"x":0.3}']
    (translated,) = translate([past], known)
    assert translated.legal == [{"n": 32, "q": 0.0, "x": 0.3}, {"n": 128, "q": 0.25, "x": 0.3}]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"step": 0}, "greater than 0"),
        ({"step": -0.1}, "greater than 0"),
        ({"step": "x"}, "must be a number"),
        ({"step": 0.3}, "do not reach high 1; take 0.9 or 1.2"),
        ({"step": 3}, "do not reach high 1; take 3"),
        ({"step": 0.1, "default": 0.55}, "steps of 0.1"),
        ({"step": 0.1, "low": 0.1, "log": True}, "not both"),
        ({"step": 1e-12}, "more than"),
        ({"step": 0.1, "q": 0.1}, "mean the same"),
    ],
)
def test_steps_that_do_not_fit_are_refused(change, says):
    with pytest.raises(SpaceError, match=says):
        space(x={**FLOAT, **change})


def test_the_configurations_of_finite_spaces_are_counted():
    assert space(o=LETTERS, n={"type": "int", "low": 1, "high": 2}).size == 4
    assert space(o=LETTERS, x=FLOAT).size is None
    assert space(n={"type": "int", "low": 0, "high": 10**9}).size is None
    assert space(**STEPS).size == 8 * 7 * 11
    condition = [{"type": "EQ", "child": "n", "parent": "o", "value": "p"}]
    assert space(condition, o=LETTERS, n=INT).size == 5 + 1
    forbidden = [{"type": "AND", "clauses": [
        {"type": "EQUALS", "name": "o", "value": "p"},
        {"type": "IN", "name": "n", "values": [1, 2]}]}]  # fmt: skip
    assert space(forbiddens=forbidden, o={**LETTERS, "default": "q"}, n=INT).size == 8
    assert space(k={"type": "constant", "value": 3}).size == 1
    every = space(condition, o=LETTERS, n=INT).every()
    assert every["n"].isna().sum() == 1


OLD = (
    {"hyperparameters": {"v": choices(1, 1.0, 2)}},
    {"hyperparameters": {"v": choices("balanced", None, "None")}},
    {"hyperparameters": {"v": choices("a", "b")},
     "forbiddens": [{"type": "EQUALS", "name": "v", "value": "B"}]},
    {"hyperparameters": {"v": choices("a", "b")},
     "forbiddens": [{"type": "EQUALS", "name": "v", "value": "a"}]},
    {"hyperparameters": {"n": {"type": "int", "low": 0, "high": 2**62}}},
    {"hyperparameters": {"n": INT, "x": FLOAT},
     "conditions": [{"child": "x", "parent": "n", "value": 9}]},
    {"hyperparameters": {"n": INT, "x": FLOAT, "y": FLOAT}, "conditions": [
        {"type": "AND", "conditions": [
            {"type": "GT", "child": "x", "parent": "n", "value": 2},
            {"type": "LT", "child": "y", "parent": "n", "value": 4}]}]},
)  # fmt: skip
"""Definitions that an older version took and stored."""


@pytest.mark.parametrize("given", OLD)
def test_what_was_stored_stays_readable_though_it_is_refused_now(given):
    with pytest.raises(SpaceError):
        SpaceDefinition.from_dict(given)
    stored = SpaceDefinition.from_dict(given, stored=True)
    again = SpaceDefinition.from_json(stored.to_json())
    assert again.space_id == stored.space_id
    assert again.to_dict() == stored.to_dict()
    again.check(again.frame([{name: h.default for name, h in again.hyperparameters.items()}]))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "7",
        '{"hyperparameters": {"a": {"type": "categorical", "choices": ["\\ud800", "b"]}}}',
        '{"hyperparameters": {"a": {"type": "categorical", "choices": [NaN, 1]}}}',
        '{"hyperparameters": {"a": {"type": "categorical", "choices": [1e999, 1]}}}',
        '{"hyperparameters": {"a": {"type": "bool"}},'
        ' "forbiddens": [{"type": "EQUALS", "name": "a", "value": true, "x": NaN}]}',
        '{"hyperparameters": {"a": {"type": "int", "low": 0, "high": ' + "9" * 5000 + "}}}",
    ],
)
def test_stored_definitions_that_no_version_wrote_are_refused_in_one_line(text):
    with pytest.raises(SpaceError) as caught:
        SpaceDefinition.from_json(text, where="space 1")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300

"""Recommendations as YAML and as Python that runs."""

import math

import numpy as np
import pytest

from advisor import Advisor, KnowledgeBase, Recommendation
from advisor.meta.advice import Advice
from advisor.models import FAMILIES, get_family
from advisor.models.meanings import MEANINGS, meanings_of

STRANGE = {
    "learning_rate": 1e-05,
    "huge": 1e20,
    "whole": np.int64(7),
    "tiny": np.float64(3e-300),
    "truth": True,
    "word": "no",
    "number in a text": "1e3",
    "q\"uote's\n- injected: 1": "\u2028'''\"\"\"\n]\nimport os # \\ \U0001f600 ü",
    "nothing": "",
    "~": "null",
}


def advice(*configs, dataset="data", family="own") -> Advice:
    items = tuple(
        Recommendation(place, config, 0.9, (0.7, 1.0), "high", 0.6, 2.5)
        for place, config in enumerate(configs, start=1)
    )
    return Advice(dataset, "classification", "accuracy", "maximize", family, 3, 30, 0, configs[0],
                  items)  # fmt: skip


def test_yaml_is_read_back_as_it_was():
    yaml = pytest.importorskip("yaml")
    text = advice(STRANGE, {"a": 1}, dataset="evil\n- b: 2\u2028\x07").to_yaml()
    assert yaml.safe_load(text) == [STRANGE, {"a": 1}]
    assert yaml.safe_load(text)[0]["truth"] is True
    assert "learning_rate: 1.0e-05" in text
    assert "should beat 90% of random configurations" in text


def test_yaml_is_read_alike_by_parsers_of_versions_1_1_and_1_2():
    text = advice({"momentum": 1e-05, "off": "off", "bidirectional": "no"}).to_yaml()
    assert "momentum: 1.0e-05" in text  # without the point, version 1.1 has a text
    assert "bidirectional: 'no'" in text  # without quotes, version 1.1 has a truth value
    assert "'off': 'off'" in text


def test_python_is_read_back_as_it_was():
    text = advice(STRANGE, {"a": 1}, dataset="evil\nraise SystemExit\u2028\x07").to_python()
    assert text.isascii()
    there: dict[str, object] = {}
    exec(compile(text, "pasted", "exec"), there)
    assert there["configurations"] == [STRANGE, {"a": 1}]
    assert type(there["configurations"][0]["whole"]) is int
    assert "train" not in there  # a network of the user's own has no name to be trained by
    assert "study.enqueue_trial(config)" in text


def test_what_is_pasted_trains(tmp_path):
    wine = Advisor(KnowledgeBase(tmp_path / "kb.duckdb")).recommend("sklearn:wine", n=2)
    there: dict[str, object] = {}
    exec(compile(wine.to_python(), "pasted", "exec"), there)
    configs = [dict(item.config) for item in wine.recommendations]
    assert there["configurations"] == configs
    search = there["train"]("sklearn:wine", None, configs[1], max_epochs=1, root=tmp_path,
                            contribute=False, folds=1)  # fmt: skip
    (trial,) = search.tuner.trials
    assert trial.config == configs[1]
    assert math.isfinite(search.model.score("sklearn:wine"))


def test_a_store_without_history_has_the_default_to_paste(tmp_path):
    config = get_family("mlp").default()
    item = Recommendation(1, config, 0.5, (0.0, 1.0), "none")
    found = Advice("d", "regression", "rmse", "minimize", "mlp", 0, 0, 0, config, (item,))
    there: dict[str, object] = {}
    exec(compile(found.to_python(), "pasted", "exec"), there)
    assert there["configurations"] == [config]


@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_hyperparameter_of_a_family_has_a_meaning(family):
    assert set(meanings_of(family)) == set(get_family(family).space().hyperparameters)
    assert set(MEANINGS) == set(FAMILIES)
    text = advice(get_family(family).default(), family=family).to_yaml()
    for name in get_family(family).default():
        assert f"#   {name}: {meanings_of(family)[name]}" in text


def test_a_family_of_the_users_own_has_no_meanings():
    assert meanings_of("own") == {}
    assert "#   " not in advice({"a": 1}).to_yaml().replace("#    better", "")

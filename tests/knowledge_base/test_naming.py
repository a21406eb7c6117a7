"""Mistyped names are met with the nearest one that exists."""

import pytest

from knowledge_base.naming import did_you_mean, nearest, try_these


def test_the_nearest_of_several_is_meant():
    assert nearest("lable", ["labels", "label", "age"]) == "label"
    assert nearest("zzz", ["labels", "label", "age"]) is None
    assert nearest("label", []) is None


def test_the_least_similarity_can_be_set():
    assert nearest("abxx", ["abcd"], cutoff=0.5) == "abcd"
    assert nearest("abxx", ["abcd"], cutoff=0.6) is None


@pytest.mark.parametrize(
    ("name", "says"), [("lable", "Did you mean 'label'?"), ("zzz", "Known: age, label.")]
)
def test_a_question_or_what_is_known(name, says):
    assert did_you_mean(name, iter(["age", "label"]), otherwise="Known: age, label.") == says


def test_nothing_is_asked_where_nothing_is_near():
    assert did_you_mean("zzz", ["age"]) == ""


def test_what_to_try_is_the_nearest_or_all():
    assert try_these("grd", iter(["random", "grid"])) == "Try grid."
    assert try_these("zzz", iter(["random", "grid"])) == "Try random or grid."

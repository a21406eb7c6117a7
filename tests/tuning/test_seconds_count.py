"""A search that has a time limit prefers what is quick, unless it is told otherwise."""

import pytest

from advisor.settings import Settings
from advisor.tuning.search import resume, start
from knowledge_base import KnowledgeBase, SpaceDefinition
from knowledge_base.studies import StudyDirectory

SPACE = SpaceDefinition.from_dict(
    {"name": "line", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}},
    where="a test",
)


def value(config, report):
    return config["x"]


@pytest.fixture
def kb(tmp_path):
    return KnowledgeBase(tmp_path / "kb.duckdb", seed=False)


@pytest.mark.parametrize(
    ("given", "timeout", "prefers"),
    [(None, None, False), (None, 60.0, True), (False, 60.0, False), (True, None, True)],
)
def test_the_limit_decides_where_nobody_does(kb, given, timeout, prefers):
    settings = Settings(
        objective=value, space=SPACE, per_second=given, trials=2, direction="minimize"
    )
    search = start(settings, kb, name="s", timeout=timeout)
    assert search.tuner.strategy._per_second is prefers
    stored = StudyDirectory.open(search.path).settings
    assert stored["per_second"] is prefers
    assert stored["signature"] == settings.signature
    # It goes on as it began, whatever time it has now.
    again = resume(settings, kb, name="s")
    assert again.tuner.strategy._per_second is prefers


def test_a_study_of_an_earlier_version_goes_on_as_it_was():
    assert Settings.from_dict({"per_second": False}).with_limit(60.0).per_second is False
    plain = {"data": "a.csv", "target": "y"}
    assert Settings(**plain).signature == Settings(**plain, per_second=False).signature
    assert Settings(**plain).signature != Settings(**plain, per_second=True).signature

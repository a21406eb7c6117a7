"""What a search starts from."""

import pytest

from advisor import KnowledgeBase
from advisor.meta import Query, learner_for
from advisor.meta.warm_start import untried, warm_count, warm_start
from advisor.models import get_family
from knowledge_base.space import SpaceDefinition, restricted

SPACE = get_family("mlp").space()


@pytest.fixture(scope="module")
def kb(tmp_path_factory):
    return KnowledgeBase(tmp_path_factory.mktemp("kb") / "kb.duckdb")


@pytest.mark.parametrize(("n", "place"), [(1, None), (2, None), (3, 2), (5, 2)])
def test_the_third_is_the_library_default(kb, n, place):
    warm = warm_start(kb, SPACE, "mlp", Query(), n, default=SPACE.default()).warm
    recommended = [
        dict(item.config) for item in learner_for(kb, SPACE, "mlp").recommend(Query(), n)
    ]
    others = [config for k, config in enumerate(warm) if k != place]
    assert len(warm) == n
    # The second one has another choice of what came after all that ships.
    changed = [{**config, "numeric": "periodic"} for config in recommended[1:2]]
    expected = [recommended[0], *changed, *recommended[2:]]
    assert others == expected[: len(others)]
    if place is not None:
        assert warm[place] == SPACE.default()


def test_of_a_part_it_is_the_default_of_the_part(kb):
    part = restricted(SPACE, only=["learning_rate", "dropout"], fixed={"units": 32})
    warm = warm_start(kb, part, "mlp", Query(), 3, default=part.default()).warm
    assert warm[2] == part.default()
    assert warm[2]["units"] == 32


def test_an_own_space_has_no_library_default():
    kb = KnowledgeBase(seed=False)
    space = SpaceDefinition.from_dict(
        {"name": "own", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
    )
    from advisor import Tuner

    tuner = Tuner.create(space, kb=kb, name="past", strategy="random", n_warm=0)
    for k in range(30):
        tuner.tell({"x": k / 30}, abs(k / 30 - 0.9))
    begun = Tuner.create(space, kb=kb, name="new")
    warm = [begun.ask() for _ in range(3)]
    assert space.default() not in warm


def test_half_of_a_short_search_is_from_the_past():
    assert [warm_count(n) for n in (1, 2, 3, 4, 5, 6, 30)] == [1, 1, 2, 2, 3, 3, 3]


def test_what_came_after_all_that_ships_is_tried_by_the_second(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb")
    space = get_family("mlp").space()
    assert untried(kb.spaces(), space) == {"numeric": "periodic"}
    start = warm_start(kb, space, "mlp", Query(), 3, default=space.default())
    assert [config["numeric"] for config in start.warm] == ["plain", "periodic", "plain"]
    assert start.warm[2] == space.default()
    for config in start.warm:
        assert space.complete(config) == config
    assert untried(kb.spaces(), get_family("mlp").space_in(3)) == {}
    assert untried(KnowledgeBase(tmp_path / "no.duckdb", seed=False).spaces(), space) == {}

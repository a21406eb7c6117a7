"""What does nothing has one value."""

from advisor.encoding import sample
from advisor.encoding.inert import Inert, settled, settled_config
from advisor.models import get_family
from knowledge_base.space import restricted


def rows(space, configs, inert):
    found = space.records(settled(space, space.frame(configs), inert))
    assert [settled_config(space, config, inert) for config in configs] == found
    return found


def test_whatever_does_nothing_gets_the_value_that_stands_for_all():
    space = get_family("mlp").space()
    configs = sample(space, 30, seed=0)
    inert = [Inert("embedding", "off"), Inert("block", "plain", where={"n_layers": 1})]
    found = rows(space, configs, inert)
    assert len({config["embedding"] for config in configs}) > 1
    assert {config["embedding"] for config in found} == {"off"}
    for before, after in zip(configs, found, strict=True):
        assert after["block"] == ("plain" if before["n_layers"] == 1 else before["block"])
        rest = [name for name in before if name not in ("embedding", "block")]
        assert [after[name] for name in rest] == [before[name] for name in rest]


def test_a_part_of_the_space_without_that_value_stays_as_it_is():
    space = restricted(get_family("mlp").space(), fixed={"embedding": "8"})
    configs = sample(space, 5, seed=0)
    assert rows(space, configs, [Inert("embedding", "off")]) == configs
    assert {config["embedding"] for config in configs} == {"8"}

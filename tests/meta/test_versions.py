"""A space that gains a hyperparameter with a default goes on learning from its old trials."""

import numpy as np
import pytest

from advisor import KnowledgeBase, Tuner
from advisor.encoding import sample
from advisor.meta import Query, learner_for
from advisor.models import FAMILIES, get_family
from knowledge_base.space import SpaceDefinition


def smaller(family, without):
    """Return the space of a family before it had some hyperparameter, and its version."""
    plain = get_family(family).space().to_dict()
    plain["hyperparameters"] = [h for h in plain["hyperparameters"] if h["name"] != without]
    version = plain.pop("meta")["version"]
    return SpaceDefinition.from_dict({**plain, "version": version - 1})


ADDED = [("mlp", "block"), ("mlp", "numeric"), ("cnn", "augmentation"), ("rnn", "bidirectional"),
         ("forecaster", "scaling")]  # fmt: skip


def test_every_family_is_looked_at():
    assert {family for family, _ in ADDED} == set(FAMILIES)


@pytest.mark.parametrize(("family", "added"), ADDED)
def test_old_trials_are_evidence_in_the_new_space(family, added):
    old, new = smaller(family, added), get_family(family).space()
    assert set(new.hyperparameters) - set(old.hyperparameters) == {added}
    kb = KnowledgeBase(seed=False)
    for task in range(2):
        tuner = Tuner.create(old, kb=kb, name=f"task {task}", metric="accuracy",
                             direction="maximize", family=family, strategy="random")  # fmt: skip
        for config in sample(old, 12, seed=task):
            tuner.tell(config, -abs(np.log10(config["learning_rate"]) + 2))
    past = learner_for(kb, new, family)
    assert (past.n_tasks, past.n_trials) == (2, 24)
    found = past.recommend(Query(), 3)
    best = max(-abs(np.log10(item.config["learning_rate"]) + 2) for item in found)
    assert best > -0.7
    for item in found:
        assert new.complete(item.config) == item.config
        assert item.config[added] == new.hyperparameters[added].default
        assert {e.task for e in item.evidence} <= {"task 0", "task 1"}
        assert item.evidence


@pytest.mark.slow
def test_old_trials_are_trials_of_their_very_configuration():
    """So that expectations can be compared with outcomes, and intervals be stated."""
    old, new = smaller("mlp", "block"), get_family("mlp").space()
    kb = KnowledgeBase(seed=False)
    for task in range(8):
        tuner = Tuner.create(old, kb=kb, name=f"task {task}", metric="accuracy",
                             direction="maximize", family="mlp", strategy="random")  # fmt: skip
        for config in sample(old, 25, seed=0):
            tuner.tell(config, -abs(np.log10(config["learning_rate"]) + 2))
    first = learner_for(kb, new, "mlp").recommend(Query(), 1)[0]
    assert all(evidence.observed for evidence in first.evidence)
    low, high = first.interval
    assert high - low < 0.5


@pytest.mark.slow
def test_what_ships_of_version_3_is_evidence_for_the_present_space():
    kb = KnowledgeBase()
    before, now = (get_family("mlp").space_in(3), get_family("mlp").space())
    old, new = (learner_for(kb, space, "mlp") for space in (before, now))
    assert new.n_tasks == old.n_tasks == 100
    assert new.n_trials >= old.n_trials == 17_300

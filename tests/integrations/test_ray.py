"""The searcher for Ray Tune, driven as Ray drives it; see also tests/examples."""

import copy
import json
import logging
import pickle

import pytest

tune = pytest.importorskip("ray.tune", reason="pip install 'advisor-automl[ray]'")

from ray.tune.search import Searcher  # noqa: E402

from advisor import KnowledgeBase, UserError  # noqa: E402
from advisor.integrations.ray import AdvisorSearch  # noqa: E402
from advisor.integrations.ray_spaces import RaySpace  # noqa: E402

PARAMS = {
    "lr": tune.loguniform(1e-4, 1e-1),
    "net": {"units": tune.qrandint(16, 64, 16), "act": tune.choice([None, "relu"])},
    "momentum": tune.uniform(0, 1),
    "epochs": 9,
}


@pytest.fixture
def kb(tmp_path):
    return KnowledgeBase(tmp_path / "kb.duckdb", seed=False)


def made(kb=None, params=PARAMS, **options):
    search = AdvisorSearch(kb, epochs=9, **options)
    assert search.set_search_properties("loss", "min", copy.deepcopy(params))
    return search


def ended(search, trial_id, value, epochs=9, **more):
    for epoch in range(1, epochs):
        search.on_trial_result(trial_id, {"loss": value + 1 / epoch, "training_iteration": epoch})
    search.on_trial_complete(
        trial_id, {"loss": value, "training_iteration": epochs, "time_total_s": 2.0}, **more
    )


def test_spaces_are_taken_as_ray_means_them():
    space = RaySpace.of(PARAMS).definition.hyperparameters
    assert (space["lr"].kind, space["lr"].log) == ("float", True)
    units = space["net/units"]
    assert (units.kind, units.low, units.high, units.step) == ("int", 16, 64, 16)
    assert space["net/act"].choices == ("null", '"relu"')
    ends = RaySpace.of({"n": tune.randint(1, 5), "q": tune.quniform(0.25, 1, 0.25)}).definition
    assert ends.hyperparameters["n"].high == 4
    assert (ends.hyperparameters["q"].low, ends.hyperparameters["q"].high) == (0.25, 1.0)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"x": tune.grid_search([1, 2])}, "searches no grid: give 'x'"),
        ({"x": tune.randn()}, "needs bounds for 'x'"),
        ({"x": tune.sample_from(lambda spec: 1)}, "needs bounds for 'x'"),
        ({"x": tune.qloguniform(2, 10, 2)}, "no steps on a logarithmic scale"),
        ({"x": 1}, "nothing to search"),
    ],
)
def test_what_cannot_be_searched_is_refused(params, says):
    with pytest.raises(UserError, match=says):
        RaySpace.of(params)


def test_configurations_have_the_shape_of_rays_space():
    search = made()
    found = [search.suggest(f"t{i}") for i in range(8)]
    assert all(set(c) == {"lr", "net", "momentum", "epochs"} for c in found)
    assert {c["net"]["units"] for c in found} <= {16, 32, 48, 64}
    assert {c["net"]["act"] for c in found} == {None, "relu"}
    assert {c["epochs"] for c in found} == {9}
    assert len({json.dumps(c, sort_keys=True) for c in found}) == 8


def test_each_end_of_a_trial_is_told_as_what_it_is(kb):
    search = made(kb, task="net", family="mlp")
    for name in "abcde":
        search.suggest(name)
    ended(search, "a", 0.5)
    ended(search, "b", 0.7, epochs=1)  # By ASHA, with the state that Ray has for complete.
    search.on_trial_complete("c", error=True)
    ended(search, "d", float("nan"))
    ended(search, "a", 0.1)  # Told twice.
    trials = search.tuner.trials
    assert [str(t.state) for t in trials] == ["complete", "stopped", "failed", "diverged"]
    assert [len(t.curve) for t in trials] == [9, 1, 0, 0]
    assert trials[0].duration == 2.0
    assert search.tuner.best is trials[0]
    assert sorted(kb.trials()["state"]) == ["complete", "diverged", "failed", "stopped"]
    assert search.tuner.strategy.active == [search._live["e"]]


def test_it_goes_on_where_it_was_saved(kb, tmp_path):
    search = made(kb)
    for name in "abcdefgh":
        search.suggest(name)
        if name < "g":
            ended(search, name, float(ord(name)))
    path = str(tmp_path / "search.json")
    search.save(path)
    again = AdvisorSearch(kb, epochs=9)
    again.restore(path)
    assert again.set_search_properties("loss", "min", copy.deepcopy(PARAMS))
    for one in (search, again):
        ended(one, "g", 3.0)
    assert len(again.tuner.trials) == len(search.tuner.trials) == 7
    assert again.suggest("i") == search.suggest("i")
    kb.fold()
    assert len(kb.trials()) == 7  # Nothing was told twice.
    assert len(kb.studies()) == 1


def test_a_saved_search_is_not_taken_for_another(tmp_path):
    path = tmp_path / "search.json"
    search = made()
    search.suggest("a")
    search.save(str(path))
    again = AdvisorSearch()
    again.restore(str(path))
    with pytest.raises(UserError, match="not in another"):
        again.set_search_properties("loss", "min", {"x": tune.uniform(0, 1)})
    path.write_text("{")
    with pytest.raises(UserError, match="is no saved AdvisorSearch"):
        AdvisorSearch().restore(str(path))
    with pytest.raises(UserError, match="is no saved AdvisorSearch"):
        AdvisorSearch().restore(str(tmp_path / "none.json"))


def test_it_can_be_pickled_with_what_it_knows():
    search = made()
    search.suggest("a")
    ended(search, "a", 0.5)
    search.suggest("b")
    other = pickle.loads(pickle.dumps(search))
    assert other.suggest("c") == search.suggest("c")


def test_a_space_that_was_tried_is_finished():
    search = made(params={"x": tune.choice(["a", "b"])}, strategy="grid")
    assert {search.suggest("1")["x"], search.suggest("2")["x"]} == {"a", "b"}
    assert search.suggest("3") == Searcher.FINISHED


def test_the_mode_is_said_or_known_by_the_name_of_the_metric(caplog):
    search = AdvisorSearch()
    with pytest.raises(UserError, match=r"Whether score is .* say `mode=min`, as for a loss"):
        search.set_search_properties("score", None, copy.deepcopy(PARAMS))
    search = AdvisorSearch()
    assert search.set_search_properties("val_accuracy", None, copy.deepcopy(PARAMS))
    search.suggest("a")
    assert search.tuner.study.task.direction == "maximize"
    assert "accuracy" not in caplog.text
    search = AdvisorSearch(metric="accuracy", mode="min")
    assert search.set_search_properties(None, None, copy.deepcopy(PARAMS))
    search.suggest("a")
    assert "accuracy is minimised here" in caplog.text


def test_it_says_where_ray_speaks_what_it_starts_from(kb, caplog):
    search = made(kb)
    speaks = logging.getLogger("ray")
    speaks.addHandler(caplog.handler)
    try:
        search.suggest("a")
    finally:
        speaks.removeHandler(caplog.handler)
    assert [text for text in caplog.messages if text.startswith("This search starts")]


def test_without_a_space_or_a_metric_it_says_so():
    search = AdvisorSearch()
    assert not search.set_search_properties("loss", "min", {})
    with pytest.raises(UserError, match="has no space or no metric"):
        search.suggest("a")
    with pytest.raises(UserError):
        AdvisorSearch(epochs=0)

"""The trials that ship with the package are whole, legal and useful."""

import json

import numpy as np
import pandas as pd
import pytest

from advisor import Advisor, KnowledgeBase
from advisor.data import load_dataset
from advisor.data.images import to_images
from advisor.metafeatures import VERSION, descriptions
from advisor.models import get_family
from knowledge_base.schema import TABLES
from knowledge_base.shipped import BY_FAMILY, read_shipped
from scripts.seed.catalogue import HELD_OUT, shipped_entries
from scripts.seed.further import LATER, further_places
from scripts.seed.portfolio import portfolio_of
from scripts.seed.ship import check
from scripts.seed.work import SHIPPED, drawn_space, trials_of

ALL = shipped_entries()
FAMILIES = sorted({entry.family for entry in ALL})


@pytest.fixture(scope="module")
def bundle():
    return read_shipped(SHIPPED)


@pytest.fixture(scope="module")
def trials(bundle):
    studies = bundle["studies"].to_pandas()[["study_id", "task_id", "strategy", "space_id"]]
    tasks = bundle["tasks"].to_pandas()[["task_id", "metric", "direction", "name", "family"]]
    return bundle["trials"].to_pandas().merge(studies, on="study_id").merge(tasks, on="task_id")


def test_it_passes_the_checks_of_the_build(bundle):
    assert check(bundle, len(bundle)) == []


def test_every_data_set_has_all_its_trials(trials):
    later = trials["strategy"].isin(["further", "variants"])
    found = trials[~later].groupby("name").size().to_dict()
    assert found == {entry.label: trials_of(entry) for entry in ALL}
    wanted = {entry.label: len(further_places(entry)) for entry in ALL}
    further = trials[later].groupby("name").size().to_dict()
    assert further in ({}, {label: count for label, count in wanted.items() if count})


def test_data_sets_of_a_family_have_the_same_configurations(trials):
    assert sorted(set(trials["family"])) == FAMILIES
    shared = trials[~trials["strategy"].isin(["bayesian", "variants"])]
    for _, group in shared.groupby("space_id"):
        configs = group.groupby("name")["config"].apply(set)
        assert all(found == configs.iloc[0] for found in configs)


def test_there_are_at_least_four_data_sets_to_learn_from_whatever_the_modality(trials):
    assert trials.groupby("family")["name"].nunique().min() >= 4


def test_a_search_went_on_after_them(trials):
    found = trials[trials["strategy"] == "bayesian"].groupby("name").size().to_dict()
    assert found == {entry.label: entry.tuned for entry in ALL}


def test_what_the_search_found_is_better_than_what_was_drawn(trials):
    done = trials[trials["state"] == "complete"]
    sign = done["direction"].map({"maximize": 1, "minimize": -1})
    medians = (done["value"] * sign).groupby([done["name"], done["strategy"]]).median().unstack()
    medians = medians.dropna()
    assert (medians["bayesian"] > medians["sobol"]).mean() > 0.9


def test_the_default_is_the_library_default(trials):
    default = trials[trials["strategy"] == "default"]
    assert len(default) == len(ALL)
    for row in default.itertuples():
        config, now = json.loads(row.config), get_family(row.family).default()
        assert config == drawn_space(row.family).default()
        # What came later has for its default what was done before.
        assert now == {**{name: now[name] for name in LATER.get(row.family, {})}, **config}


def test_the_portfolio_was_tried_everywhere(trials):
    tried = trials[trials["strategy"] == "portfolio"]
    assert sorted(set(tried["family"])) == FAMILIES
    everywhere = trials.groupby("family")["name"].nunique()
    assert tried.groupby("family")["name"].nunique().equals(everywhere)
    for family, known in tried.groupby("family"):
        assert set(known["number"]) == set(range(len(portfolio_of(family))))
        for row in known.itertuples():
            assert json.loads(row.config) == portfolio_of(family)[row.number]


def test_it_is_of_the_space_of_the_family(bundle):
    found = set(bundle["spaces"].to_pandas()["space_id"])
    assert {drawn_space(name).space_id for name in FAMILIES} <= found
    assert found <= {
        space.space_id
        for name in FAMILIES
        for space in (get_family(name).space(), drawn_space(name))
    }


def test_all_of_it_teaches(trials):
    space = get_family("mlp").space()
    advice = Advisor(KnowledgeBase()).recommend("sklearn:wine", n=3)
    assert advice.n_trials == (trials["family"] == "mlp").sum()
    assert all(space.complete(item.config) == item.config for item in advice.recommendations)


def some_images():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (40, 12, 12), dtype=np.uint8)
    return {"data": to_images(images, pd.Series(np.arange(40) % 2), "noise", "test")}


def some_texts():
    rows = [("good and fine", 1), ("bad and sad", 0)] * 20
    return {"data": pd.DataFrame(rows, columns=["t", "y"]), "target": "y", "text": "t"}


def some_series():
    time = np.arange(60)
    frame = pd.DataFrame({"time": time, "value": np.sin(time / 3)})
    return {"data": frame, "target": "value", "time": "time"}


@pytest.mark.parametrize("make", [some_images, some_texts, some_series])
def test_it_recommends_for_every_modality(make, trials):
    advice = Advisor(KnowledgeBase()).recommend(**make(), n=3)
    known = trials[trials["family"] == advice.family]
    assert (advice.n_tasks, advice.n_trials) == (known["name"].nunique(), len(known))
    assert len(advice.recommendations) == 3
    for item in advice.recommendations:
        low, high = item.interval
        assert 0 <= low <= item.expected <= high <= 1
        # What is made up at random is like nothing that ships, and nothing is claimed of it.
        assert (low, high, item.confidence) == (0, 1, "low") if item.unlike else high - low < 0.9
        assert item.expected > 0.5
        assert {evidence.task for evidence in item.evidence} <= set(known["name"])


def test_held_out_data_sets_are_not_in_it(bundle):
    known = set(bundle["datasets"].to_pandas()["dataset_id"])
    builtin = [entry.label for entry in HELD_OUT if entry.source == "sklearn"]
    assert len(builtin) >= 4
    assert not known & {load_dataset(label).fingerprint for label in builtin}


def test_every_trial_with_a_value_has_a_curve_that_reaches_it(bundle, trials):
    curves = bundle["curves"].to_pandas()
    best = curves.groupby("trial_id")["val_metric"].agg(["min", "max"])
    joined = trials[trials["value"].notna()].merge(best, left_on="trial_id", right_index=True)
    assert len(joined) == trials["value"].notna().sum()
    reached = joined["max"].where(joined["metric"] == "accuracy", joined["min"])
    pd.testing.assert_series_equal(reached, joined["value"], check_names=False)


def test_test_scores_are_kept_beside_validation_scores(trials):
    for row in trials[trials["state"] == "complete"].groupby("name").head(1).itertuples():
        metrics = json.loads(row.metrics)
        assert metrics[f"val_{row.metric}"] == pytest.approx(row.value)
        assert f"test_{row.metric}" in metrics


def test_all_metafeatures_are_there(bundle):
    frame = bundle["metafeatures"].to_pandas()
    assert set(frame["version"]) == {VERSION}
    known = frame.groupby("dataset_id")["name"].apply(set)
    for row in bundle["datasets"].to_pandas().itertuples():
        assert known[row.dataset_id] == set(descriptions(row.modality))


def test_states_are_mixed_but_most_trials_completed(trials):
    shares = trials["state"].value_counts(normalize=True)
    assert 0.9 < shares["complete"] < 1
    assert set(shares.index) <= {"complete", "diverged"}


def test_only_what_it_should_have_is_in_the_folder():
    files = [path for path in SHIPPED.rglob("*") if path.is_file()]
    whole = {f"{table}.parquet" for table in set(TABLES) - set(BY_FAMILY)}
    whole |= {"README.md", "checksums.json"}
    divided = {f"{table}/{family}.parquet" for table in BY_FAMILY for family in FAMILIES}
    assert {path.relative_to(SHIPPED).as_posix() for path in files} == whole | divided
    assert sum(path.stat().st_size for path in files) < 40e6


def test_the_folder_says_under_which_licence_every_data_set_is():
    card = (SHIPPED / "README.md").read_text(encoding="utf-8")
    sources = card.partition("## Sources")[2].replace("\n", " ")
    assert all(f"{entry.label}," in sources or f"{entry.label}." in sources for entry in ALL)

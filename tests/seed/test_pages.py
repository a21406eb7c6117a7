"""The pages about the shipped trials are made from them, and say what they say."""

import json
import re

import numpy as np
import pytest

from advisor import KnowledgeBase
from advisor.encoding import sobol
from advisor.models import get_family
from scripts import DOCS
from scripts.pages import card, findings
from scripts.pages.card_importance import importances, shares


@pytest.fixture(scope="module")
def kb(tmp_path_factory):
    return KnowledgeBase(tmp_path_factory.mktemp("kb") / "kb.duckdb")


@pytest.fixture(scope="module")
def trials(kb):
    return card.trials_of(kb)


def test_findings_are_those_of_the_shipped_trials(kb):
    page = findings.page(kb)
    kept = (DOCS / "findings.md").read_text(encoding="utf-8")
    assert re.findall("^## .*", page, re.MULTILINE) == re.findall("^## .*", kept, re.MULTILINE)
    frame = kb.query(findings.SHARES + findings.FINDINGS[0].sql)
    assert set(frame["family"]) == {"mlp", "cnn", "rnn", "forecaster"}
    for row in frame.itertuples():
        assert f"| {findings.FAMILIES[row.family]} | {row.data_sets} |" in kept


def test_the_card_is_that_of_the_shipped_trials(trials):
    kept = (DOCS / "knowledge_base.md").read_text(encoding="utf-8")
    assert f"{len(trials):,} trials on {trials['dataset_id'].nunique()} real data sets" in kept
    for name in trials["full_name"].unique():
        assert f"| {name} |" in kept
    for modality in trials["modality"].unique():
        assert (DOCS / card.PLOT.format(modality)).is_file()


def test_shares_count_random_configurations_and_failures_lose(trials):
    random = trials[trials["strategy"] == "sobol"]
    assert random.groupby("task_id")["share"].mean().to_numpy() == pytest.approx(0.5, abs=0.02)
    assert (trials.loc[trials["state"] != "complete", "share"] == 0).all()
    again = shares(trials[trials["task_id"] == trials["task_id"].iloc[0]])
    assert again.to_numpy() == pytest.approx(trials.loc[again.index, "share"].to_numpy())


def test_importance_finds_what_matters(trials):
    pytest.importorskip("optuna")
    space = get_family("mlp").space()
    configs = sobol(space, 128, seed=3)
    frame = trials.head(128).assign(
        task_id="planted", family="mlp", space_id=space.space_id, strategy="sobol",
        config=[json.dumps(config) for config in configs],
        share=[-np.log10(config["learning_rate"]) / 5 for config in configs],
    )  # fmt: skip
    found = importances(frame, {space.space_id: space}).set_index("hyperparameter")["importance"]
    assert found.idxmax() == "learning_rate"
    assert found["learning_rate"] > 0.9
    assert found.sum() == pytest.approx(1)

"""The examples do what their READMEs say: each command is run, on the data it names."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from advisor.cli import main
from knowledge_base import KnowledgeBase
from knowledge_base.studies import StudyDirectory

ROOT = Path(__file__).resolve().parents[2]
NEEDS = {"skorch_estimator": "skorch", "lightning_module": "pytorch_lightning"}
CASES = {"fashion_mnist", "forecast", "review_sentiment"}
"""Studies rather than ways to bring a model; tests/examples/test_cases.py runs them."""
HOSTS = {"huggingface_trainer", "hydra_sweep", "lightning_optuna", "optuna_study", "ray_tune",
         "sklearn_search"}  # fmt: skip
"""Programs around other tools' searches; tests/examples/test_hosts_examples.py runs them."""
EXAMPLES = sorted(
    {readme.parent.name for readme in (ROOT / "examples").glob("*/README.md")} - CASES - HOSTS
)


def commands(example):
    text = (ROOT / "examples" / example / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^advisor (tune .*)$", text, re.MULTILINE)


def tune(command, trials):
    words = [*shlex.split(command), "--trials", str(trials), "--format", "json"]
    if "--module" in words:
        words += ["--max-epochs", "3"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output + repr(result.exception)
    study = json.loads(result.stdout)
    assert [trial["state"] for trial in study["trials"]] == ["complete"] * trials
    return study, StudyDirectory.open(study["path"]).settings["warm"]


def test_every_way_of_bringing_a_model_has_an_example():
    assert EXAMPLES == ["lightning_module", "own_function", "own_network", "skorch_estimator"]


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs_and_the_next_search_starts_from_its_trials(example, monkeypatch):
    if example in NEEDS:
        pytest.importorskip(NEEDS[example])
    monkeypatch.chdir(ROOT)
    first, warm = tune(commands(example)[0], 3)
    assert 1 <= len(warm) <= 3  # from the shipped families, by what hyperparameters are
    configs = [trial["config"] for trial in first["trials"]]
    kb = KnowledgeBase(seed=False)
    curves = kb.curves()
    assert curves.groupby("trial_id").size().min() >= 3
    assert curves["trial_id"].nunique() == 3
    assert curves[["val_metric", "train_loss"]].notna().all().all()

    second, warm = tune(commands(example)[-1], 2)
    assert warm
    assert all(config in configs for config in warm)
    data_sets = len({shlex.split(command)[1] for command in commands(example)})
    if data_sets == 1:  # The very task again: what is known is told, and something new is asked.
        assert [item["config"] for item in second["known"]] == configs
        assert not [trial for trial in second["trials"] if trial["config"] in configs]
    else:
        assert second["trials"][0]["config"] == warm[0]
    assert len(kb.trials()) == 5
    assert len(kb.tasks()) == data_sets

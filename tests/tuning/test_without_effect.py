"""Options that a search cannot follow are told, and only those."""

import json

import pytest
from click.testing import CliRunner

from advisor import Advisor, KnowledgeBase, Settings, UserError
from advisor.cli import main
from advisor.tuning.begin import recommended
from advisor.tuning.without_effect import without_effect
from knowledge_base import SpaceDefinition
from knowledge_base.checksums import sealed, unsealed

SPACE = SpaceDefinition.from_dict(
    {"name": "line", "hyperparameters": {"x": {"type": "float", "low": -1, "high": 1}}}
)


def train(config, report):
    report(config["x"])
    return config["x"]


@pytest.fixture
def advisor(tmp_path):
    return Advisor(KnowledgeBase(tmp_path / "kb.duckdb", seed=False))


def asked(tmp_path, **more):
    return {"objective": train, "direction": "minimize", "space": SPACE, "trials": 2,
            "root": tmp_path / "studies", "name": "s", **more}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"strategy": "random", "stopping": True}, "the strategy random trains each to its end"),
        ({"stopping": True, "workers": 2}, "with several `workers` each is trained to its end"),
        ({"stopping": True}, "has no learning curves of such networks"),
        ({"strategy": "sobol", "per_second": True}, "strategy sobol does not look at seconds"),
    ],
)
def test_what_changes_nothing_is_told(given, told, advisor, tmp_path):
    [note] = advisor.search(**asked(tmp_path, **given)).notes
    assert told in note


@pytest.mark.parametrize(
    "given",
    [
        {}, {"stopping": False}, {"strategy": "halving", "stopping": True}, {"per_second": True},
        {"strategy": "random", "per_second": False}, {"strategy": "random", "timeout": 60.0},
    ],
)  # fmt: skip
def test_what_counts_or_was_not_asked_for_is_not_told(given, advisor, tmp_path):
    assert advisor.search(**asked(tmp_path, **given)).notes == []


def test_a_past_with_curves_is_used_and_not_by_workers(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb")
    known = Advisor(kb).search(
        "sklearn:wine", "target", stopping=True, trials=3, root=tmp_path / "studies"
    )
    assert known.notes == []
    assert known.begin.prior is not None
    assert known.begin.prior.curves
    several = Settings(**{**_given(known.settings), "workers": 2})
    begin = recommended(kb, known.problem, several, None)
    assert begin.prior is not None
    assert not begin.prior.curves
    [note] = without_effect(several, known.tuner.strategy)
    assert "`workers`" in note
    [note] = without_effect(known.settings, known.tuner.strategy, joins=True)
    assert "joins" in note


def _given(settings):
    return {"data": settings.data, "target": settings.target, "stopping": True, "trials": 3}


def test_who_joins_or_goes_on_with_workers_hears_it(advisor, tmp_path):
    advisor.tune(**asked(tmp_path, stopping=True))
    [note] = advisor.search(**asked(tmp_path, stopping=True), resume=True, workers=2).notes
    assert "`workers`" in note
    [note] = advisor.search(**asked(tmp_path, stopping=True), join=True).notes
    assert "joins" in note


def test_the_command_line_says_it_in_options(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "told_of.py").write_text("def train(config, report):\n    return config['x']\n")
    (tmp_path / "space.yaml").write_text(
        "{name: line, hyperparameters: {x: {type: float, low: -1, high: 1}}}"
    )
    base = ["tune", "--objective", "told_of.py:train", "--space", "space.yaml", "--trials", "1",
            "--direction", "minimize"]  # fmt: skip
    done = CliRunner().invoke(main, [*base, "--stopping", "--strategy", "random"])
    assert done.exit_code == 0, done.output
    assert "--stopping changes nothing here" in done.stderr
    for more in (["--max-epochs", "3"], ["--final", "single"]):
        refused = CliRunner().invoke(main, [*base, *more])
        assert refused.exit_code == 2
        assert f"{more[0]} is for data sets" in refused.stderr


@pytest.mark.parametrize("given", [{"max_epochs": 3}, {"final": "folds"}])
def test_functions_have_no_epochs_and_models_of_ours(given, advisor, tmp_path):
    with pytest.raises(UserError, match=f"`{next(iter(given))}` is for data sets"):
        advisor.search(**asked(tmp_path, **given))


def test_studies_of_earlier_versions_that_had_them_go_on(advisor, tmp_path):
    found = advisor.tune(**asked(tmp_path))
    file = found.path / "study.json"
    content = unsealed(file.read_bytes(), "it")
    content["settings"] |= {"max_epochs": 3, "final": "single"}
    file.write_text(sealed(json.dumps(content)))
    again = advisor.tune(**asked(tmp_path), resume=True)
    assert [trial.number for trial in again.tuner.trials] == [0, 1]
    assert again.settings.max_epochs is None
    assert again.settings.final == "ensemble"

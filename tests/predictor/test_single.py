"""One network of the best configuration, trained on all known rows."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import advisor
from advisor import Advisor, KnowledgeBase, UserError
from advisor.cli import main
from advisor.data import load_dataset, prepare
from advisor.predictor.average import ALL_ROWS, AVERAGED, ONE_FOLD
from advisor.predictor.kept import KeptNetworks
from advisor.training.objective import FamilyObjective
from advisor.tuning import runner
from advisor.tuning.final import Final
from advisor.tuning.time_limit import TimeLimit
from knowledge_base.checksums import sealed, unsealed


def table(rows=120, kind="classification"):
    drawn = np.random.default_rng(2)
    x, colour = drawn.normal(size=rows), drawn.choice(["a", "b"], rows)
    y = x + (colour == "b")
    frame = pd.DataFrame({"x": x, "colour": colour})
    return frame.assign(y=np.where(y > 0.5, "high", "low") if kind == "classification" else y)


def texts():
    words = [("good fine " if i % 2 else "bad poor ") * (1 + i % 3) for i in range(80)]
    return pd.DataFrame({"text": words, "y": [i % 2 for i in range(80)]})


def sales():
    times = pd.date_range("2015-01-01", periods=90, freq="MS").strftime("%Y-%m-%d")
    return pd.DataFrame({"month": times, "y": 10 + np.sin(np.arange(90) * np.pi / 6)})


@pytest.fixture
def tune(tmp_path):
    """Return a function that searches and returns the search."""
    kb = KnowledgeBase(tmp_path / "kb.duckdb")

    def search(data, target="y", **settings):
        few = {"trials": 2, "max_epochs": 3, "n_warm": 1, "contribute": False, "final": "single"}
        return Advisor(kb).tune(data, target, root=tmp_path / "studies", **{**few, **settings})

    return search


def same_again(search, new, **options):
    """Assert that the saved model predicts what the search's own does; return it."""
    model = advisor.load(search.path, **options)
    assert np.array_equal(model.raw(model.read(new)), search.model.raw(search.model.read(new)))
    assert model.average.made == search.model.average.made == ALL_ROWS
    assert [len(member.networks) for member in model.average.members] == [1]
    return model


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_tables(tune, kind):
    search = tune(table(kind=kind), family="mlp")
    model = same_again(search, table(kind=kind).drop(columns="y"))
    final, single = model.standings[-1], model.standings[-2]
    assert (final.name, single.name) == ("final", "single")
    assert final.validation == pytest.approx(search.tuner.best.value)
    assert final.error == single.error is not None
    assert final.test is not None
    assert any("not this network" in remark for remark in model.remarks())


def test_all_known_rows_are_trained_on_and_no_test_row(tune):
    search = tune(table(), family="mlp")
    whole = search.problem.whole(search.settings)
    fold = search.trainer.folds[0]
    assert len(whole.x_train) == len(fold.x_train) + len(fold.x_valid) == 96
    assert np.array_equal(whole.y_test, fold.y_test)
    own = tune(table(), family="mlp", test=table(50))
    assert len(own.problem.whole(own.settings).x_train) == 120
    standing = own.model.standings[-1]
    predicted = own.model.predict(table(50).drop(columns="y"))
    assert standing.test == pytest.approx((predicted == table(50)["y"].to_numpy()).mean())


def test_its_test_value_is_its_own(tune):
    search = tune(table(), family="mlp")
    rows = np.setdiff1d(np.arange(120), _known(search))
    frame = table().iloc[rows]
    predicted = search.model.predict(frame.drop(columns="y"))
    assert search.model.standings[-1].test == pytest.approx((predicted == frame["y"]).mean())


def _known(search):
    return np.unique(np.concatenate([fold.valid_rows for fold in search.trainer.folds]))


def test_texts_and_series_and_grouped_rows(tune):
    same_again(tune(texts(), text="text"), texts())
    same_again(tune(sales(), time="month", horizon=3), sales())
    grouped = table().assign(who=np.arange(120) % 12)
    search = tune(grouped, family="mlp", group="who")
    same_again(search, table())
    whole, folds = search.problem.whole(search.settings), search.trainer.folds
    assert len(whole.x_train) == 120 - len(folds[0].x_test)


def test_series_are_trained_up_to_the_test_part_in_the_windows_of_the_folds():
    data = load_dataset(sales(), "y", time="month", horizon=3)
    whole, first = prepare(data, 0, None), prepare(data, 0, 0)
    assert whole.bounds[0][0] == (0, first.bounds[0][1][1])
    assert whole.bounds[0][2] == first.bounds[0][2]
    assert whole.preparation.room == first.preparation.room


def test_own_networks(tune, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("single_net.py").write_text(
        "import torch\n"
        "def build(config, n_inputs, n_outputs):\n    return torch.nn.Linear(n_inputs, n_outputs)\n"
    )
    Path("space.yaml").write_text(
        "{name: single-net, hyperparameters: {learning_rate: {type: float, low: 0.001, high: 0.1}}}"
    )
    search = tune(table(), module="single_net.py:build", space="space.yaml")
    same_again(search, table(), module="single_net.py:build")


def test_it_is_trained_for_the_epochs_that_were_best_on_the_folds_and_to_the_last(tune):
    search = tune(table(), family="mlp", max_epochs=6)
    networks = search.tuner.study.networks
    best, kept = networks.candidates()[0], networks.load("refitted")
    expected = round(np.mean([network.epochs for network in best.networks]))
    assert kept.networks[0].epochs == expected
    assert "refitted" not in [one.name for one in networks.candidates()]
    outcome = search.trainer.refit(best.config, search.problem.whole(search.settings), 2, None)
    assert [epoch.epoch for epoch in outcome.curve] == [1, 2]
    assert outcome.fitted[0].epochs == 2
    # No schedule goes on behind its end.
    longer = search.trainer.refit(best.config, search.problem.whole(search.settings), 99, None)
    assert longer.epochs == longer.fitted[0].epochs == 6


def test_without_time_it_is_the_network_of_the_first_fold_which_is_said(tune, monkeypatch):
    trained = FamilyObjective.refit

    def slow(self, *given):
        raise TimeoutError

    monkeypatch.setattr(FamilyObjective, "refit", slow)
    search = tune(table(), family="mlp", name="s")
    model = advisor.load(search.path)
    assert model.average.made == ONE_FOLD
    assert any("No network was trained on all known rows" in line for line in model.remarks())
    assert model.standings[-1].validation == pytest.approx(search.tuner.best.value)
    assert np.array_equal(model.raw(model.read(table())), search.model.raw(model.read(table())))
    monkeypatch.setattr(FamilyObjective, "refit", trained)
    again = tune(table(), family="mlp", name="s", resume=True)  # It is made up for.
    assert again.model.average.made == ALL_ROWS


def test_time_is_left_for_it(tune, monkeypatch):
    def share_left(search, seconds):
        """Return what the runner hears to be left for it, beside the model itself."""
        heard = []

        def noting(tuner, objective, trials, timeout, on_trial, kept, crew):
            heard.append(kept())
            return runner.run(tuner, objective, trials, timeout, on_trial, kept, crew)

        monkeypatch.setattr("advisor.tuning.search.run", noting)
        search.run(seconds)
        return heard[0] - TimeLimit(seconds).for_final

    search = tune(table(), family="mlp")
    best = search.tuner.best.duration
    assert share_left(search, 1000 * best) == pytest.approx(0.0015)
    assert share_left(search, best) == pytest.approx(0.3)
    averaged = tune(table(), family="mlp", final="folds")
    assert share_left(averaged, best) == 0.0


def test_the_kept_networks_are_read_once(tune, monkeypatch):
    read, reading = [], KeptNetworks.candidates

    def noting(networks, check):
        read.append(networks)
        return reading(networks, check)

    monkeypatch.setattr(KeptNetworks, "candidates", noting)
    search = tune(table(), family="mlp")
    assert search.model.average.made == ALL_ROWS
    assert len(read) == 1


def test_a_study_that_goes_on_may_end_otherwise(tune, tmp_path):
    data = tmp_path / "d.csv"
    table().to_csv(data, index=False)
    search = tune(data, family="mlp", name="s", final="ensemble")
    assert search.model.average.made == AVERAGED
    again = tune(data, family="mlp", name="s", resume=True)
    same_again(again, data)
    words = ["tune", "--resume", "--study", "s", "--studies-dir", str(tmp_path / "studies"),
             "--kb", str(tmp_path / "kb.duckdb")]  # fmt: skip
    found = CliRunner().invoke(main, [*words, "--final", "single"])
    assert "The final model is one network of the best configuration" in found.output
    found = CliRunner().invoke(main, words)  # as it was begun
    assert "The final model averages" in found.output


def test_it_is_refitted_once_and_again_when_another_is_the_best(tune):
    search = tune(table(), family="mlp")
    final, networks = search._left_model.final, search.tuner.study.networks
    before = networks.load("refitted").networks[0]
    assert isinstance(final, Final)
    networks.keep("refitted", networks.load("refitted").config, 7.0, [before])
    assert final.predictor("single").average.made == ONE_FOLD
    final.refit(None)
    after = networks.load("refitted")
    assert after.value == search.tuner.best.value
    for name, array in before.weights.items():
        assert np.array_equal(array, after.networks[0].weights[name])


def test_a_document_that_says_another_way_is_refused(tune):
    search = tune(table(), family="mlp")
    document = search.path / "model" / "model.json"
    content = unsealed(document.read_bytes(), "it")
    document.write_text(sealed(json.dumps({**content, "made": "by hand"})))
    with pytest.raises(UserError, match="by hand"):
        advisor.load(search.path)
    del content["made"]  # as earlier versions wrote it
    document.write_text(sealed(json.dumps(content)))
    assert advisor.load(search.path).average.made == AVERAGED

import importlib.util
import itertools
import json
import queue

import click
import numpy as np
import pandas as pd
import pytest
import torch

from advisor.models import get_family
from knowledge_base.shipped import read_shipped
from scripts import ROOT
from scripts.seed import build, packages
from scripts.seed import portfolio as portfolio_file
from scripts.seed.images import ImageEntry, shrink
from scripts.seed.ship import ship_seed
from scripts.seed.tables import HELD_OUT, SEED, TableEntry
from scripts.seed.work import drawn_space

WINE = TableEntry("wine", "sklearn", "classification", "BSD")
DIABETES = TableEntry("diabetes", "sklearn", "regression", "BSD")
DIGITS = ImageEntry("some digits", "sklearn", "BSD", first=0, rows=120, side=8)


class TunedImages(ImageEntry):
    """A data set that a search goes on with after two shared configurations."""

    configurations = 2
    tuned = 2


TRIALS = 3
SHORT = {"max_epochs": 2, "device": "cpu"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the folder of a build of three short trials on two data sets."""
    folder = tmp_path_factory.mktemp("build")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "WORK", folder)
        torch.set_num_threads(1)
        for entry in (WINE, DIABETES):
            build.build_one(entry, TRIALS, SHORT, queue.Queue())
    return folder


@pytest.fixture
def work(built, tmp_path, monkeypatch):
    """Return a copy of the build that a test may change."""
    folder = tmp_path / "work"
    folder.mkdir()
    for path in built.glob("*.jsonl"):
        (folder / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(build, "WORK", folder)
    return folder


@pytest.fixture
def shipped(tmp_path):
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / "README.md").write_text("what shipped before")
    return folder


PLACES = [("default", 0), ("sobol", 0), ("sobol", 1)]


def lines_of(work):
    return (work / "sklearn-wine.jsonl").read_bytes().splitlines(keepends=True)


def retrain():
    done = queue.Queue()
    build.build_one(WINE, TRIALS, SHORT, done)
    return done.qsize()


def test_the_configurations_are_the_default_and_a_fixed_sample():
    first = build.configurations(WINE)
    assert first == build.configurations(DIABETES)
    assert len(first) == 129
    assert len({json.dumps(config, sort_keys=True) for config in first}) == 129
    assert first[0] == drawn_space("mlp").default()
    assert {**first[0], "numeric": "plain"} == get_family("mlp").default()


def test_a_finished_build_trains_nothing_again(work):
    before = lines_of(work)
    assert retrain() == 0
    assert lines_of(work) == before


def test_a_killed_build_goes_on_after_its_last_whole_trial(work):
    before = lines_of(work)
    (work / "sklearn-wine.jsonl").write_bytes(before[0] + before[1][: len(before[1]) // 2])
    assert retrain() == 2
    again = [json.loads(line) for line in lines_of(work)]
    assert [(row["strategy"], row["number"]) for row in again] == PLACES
    old = [json.loads(line) for line in before]
    assert [row["curve"] for row in again] == [row["curve"] for row in old]


def test_trials_of_other_configurations_are_not_mixed_in(work):
    first, *others = lines_of(work)
    row = json.loads(first)
    row["config"]["units"] = 77
    (work / "sklearn-wine.jsonl").write_bytes(json.dumps(row).encode() + b"\n" + b"".join(others))
    assert retrain() == 1
    again = json.loads(lines_of(work)[-1])
    assert (again["strategy"], again["number"], again["config"]["units"]) == ("default", 0, 128)


def test_trials_of_fewer_epochs_are_not_those_of_all(work, shipped):
    with pytest.raises(click.ClickException, match="No data set is complete"):
        ship_seed([WINE, DIABETES], work, 0, shipped, TRIALS)


def test_a_fresh_clone_does_not_train_what_shipped(work, shipped, tmp_path, monkeypatch):
    path = work / "sklearn-wine.jsonl"
    whole = [{**json.loads(line), "max_epochs": None} for line in lines_of(work)]
    path.write_text("".join(json.dumps(row) + "\n" for row in whole))
    ship_seed([WINE], work, 0, shipped, TRIALS)
    path.unlink()
    monkeypatch.setattr(build, "SHIPPED", shipped)
    done = queue.Queue()
    build.build_one(WINE, TRIALS, {"max_epochs": None, "device": "cpu"}, done)
    assert done.qsize() == 0
    again = [json.loads(line) for line in lines_of(work)]
    for key in ("config", "value", "curve", "metrics", "strategy", "number", "epochs", "state"):
        assert [row[key] for row in again] == [row[key] for row in whole]
    before = read_shipped(shipped)
    ship_seed([WINE], work, 0, shipped, TRIALS)
    assert read_shipped(shipped)["trials"].equals(before["trials"])
    assert read_shipped(shipped)["curves"].equals(before["curves"])


def test_a_trial_that_raises_is_a_failed_trial(monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("out of memory")

    monkeypatch.setattr("advisor.training.loop.train", broken)
    row = build.trial(WINE, {"units": 16}, None, SHORT)
    assert (row["state"], row["value"]) == ("failed", None)
    assert row["error"] == "RuntimeError: out of memory"


def test_what_is_shipped_can_be_read_and_is_complete(work, shipped):
    said = ship_seed([WINE, DIABETES], work, 0, shipped, TRIALS, 2)
    assert "6 trials on 2 data sets" in said
    bundle = read_shipped(shipped)
    trials, curves = bundle["trials"].to_pandas(), bundle["curves"].to_pandas()
    assert len(trials) == 6
    assert set(curves["trial_id"]) == set(trials["trial_id"])
    assert curves["epoch"].max() == 2
    assert sorted(bundle["studies"].to_pandas()["strategy"]) == ["default"] * 2 + ["sobol"] * 2
    assert bundle["spaces"].num_rows == 1
    kinds = bundle["tasks"].to_pandas().set_index("metric")["direction"].to_dict()
    assert kinds == {"accuracy": "maximize", "rmse": "minimize"}
    assert bundle["metafeatures"].to_pandas().groupby("dataset_id").size().min() > 20


def test_shipping_twice_gives_the_same_rows(work, shipped):
    ship_seed([WINE, DIABETES], work, 0, shipped, TRIALS, 2)
    first = read_shipped(shipped)
    ship_seed([WINE, DIABETES], work, 0, shipped, TRIALS, 2)
    again = read_shipped(shipped)
    assert all(first[name].equals(again[name]) for name in ("trials", "curves", "studies"))


def test_the_card_names_data_sets_scores_and_licences(work, shipped):
    ship_seed([WINE, DIABETES], work, 0, shipped, TRIALS, 2)
    card = (shipped / "README.md").read_text(encoding="utf-8")
    assert "6 trials on 2 real data sets" in card
    assert "- Tables: 6 trials of the `mlp` family on 2 data sets" in card
    assert "BSD-3-Clause (distribution): sklearn:diabetes, sklearn:wine" in card


def test_a_data_set_that_is_not_complete_stays_as_it_shipped(work, shipped):
    ship_seed([WINE, DIABETES], work, 0, shipped, TRIALS, 2)
    before = read_shipped(shipped)
    (work / "sklearn-wine.jsonl").write_bytes(b"".join(lines_of(work)[:2]))
    said = ship_seed([WINE, DIABETES], work, 0, shipped, TRIALS, 2)
    assert "6 trials on 2 data sets" in said
    assert "Not complete, left as they were: sklearn:wine." in said
    after = read_shipped(shipped)
    for name in ("trials", "curves", "metafeatures"):
        rows = [bundle[name].to_pandas().to_numpy().tolist() for bundle in (before, after)]
        assert sorted(map(repr, rows[0])) == sorted(map(repr, rows[1]))


def test_inconsistent_trials_are_not_shipped(work, shipped):
    first, *others = lines_of(work)
    row = json.loads(first)
    row["config"]["units"] = 99_999
    (work / "sklearn-wine.jsonl").write_bytes(json.dumps(row).encode() + b"\n" + b"".join(others))
    with pytest.raises(click.ClickException, match="configurations outside the space: units"):
        ship_seed([WINE], work, 0, shipped, TRIALS, 2)
    assert (shipped / "README.md").read_text() == "what shipped before"


def test_no_data_set_is_both_shipped_and_held_out():
    labels = [entry.label for entry in SEED]
    assert len(set(labels)) == len(labels) >= 24
    assert not set(labels) & {entry.label for entry in HELD_OUT}
    assert "sklearn" not in {entry.source for entry in SEED}


def test_shipping_more_data_sets_keeps_the_others(work, shipped):
    ship_seed([WINE, DIABETES], work, 0, shipped, TRIALS, 2)
    before = read_shipped(shipped)
    build.build_one(DIGITS, TRIALS, SHORT, queue.Queue())
    for path in work.glob("sklearn-[wd]i[na]*.jsonl"):
        path.unlink()
    said = ship_seed([WINE, DIABETES, DIGITS], work, 0, shipped, TRIALS, 2)
    assert "9 trials on 3 data sets" in said
    after = read_shipped(shipped)
    for name in ("trials", "curves", "studies", "tasks", "datasets", "metafeatures"):
        rows = [set(map(repr, bundle[name].to_pylist())) for bundle in (before, after)]
        assert rows[0] < rows[1]
    assert sorted(after["spaces"]["name"].to_pylist()) == ["cnn", "mlp"]
    assert sorted(after["datasets"]["modality"].to_pylist()) == ["image", "table", "table"]
    assert {path.name for path in (shipped / "trials").iterdir()} == {"cnn.parquet", "mlp.parquet"}
    assert len(read_shipped(shipped, ["cnn"])) == 3
    card = (shipped / "README.md").read_text(encoding="utf-8")
    assert "- Images: 3 trials of the `cnn` family on 1 data sets, 2 Sobol" in card
    assert "- BSD: sklearn:some digits." in card


def test_what_is_no_longer_to_ship_goes(work, shipped):
    ship_seed([WINE, DIABETES], work, 0, shipped, TRIALS, 2)
    ship_seed([WINE], work, 0, shipped, TRIALS, 2)
    assert read_shipped(shipped)["datasets"]["name"].to_pylist() == ["sklearn:wine"]


def test_names_are_unique_and_nothing_is_what_an_example_tunes_on():
    entries = [entry for entries in build.ENTRIES.values() for entry in entries]
    names = [entry.label for entry in entries]
    assert len(set(names)) == len(names)
    assert not {"co2", "CO2"} & {entry.name for entry in build.ENTRIES["series"]}


@pytest.mark.parametrize(
    ("name", "modality", "source"),
    [("fashion_mnist", "image", "fashion"), ("review_sentiment", "text", "tomatoes")],
)
def test_subsets_share_nothing_with_each_other_or_with_an_example(name, modality, source, tmp_path):
    where = ROOT / "examples" / name / "run.py"
    spec = importlib.util.spec_from_file_location(f"rows_of_{name}", where)
    case = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(case)
    entries = [e for e in build.ENTRIES[modality] if e.source == source]
    try:
        path = case.write(tmp_path)
        loaded = [entry.load() for entry in entries]
    except (click.ClickException, packages.MissingPackageError) as missing:
        pytest.skip(str(missing))
    if modality == "text":
        parts = [set(pd.read_csv(path)["text"]), *(set(d.texts) for d in loaded)]
    else:
        with np.load(path) as file:
            fine = file["images"]
        same = [d for d in loaded if d.images.shape[-2:] == fine.shape[-2:]]
        parts = [{i.tobytes() for i in fine}, *({i.tobytes() for i in d.images} for d in same)]
    for one, other in itertools.combinations(parts, 2):
        assert not one & other


def test_images_shrink_to_means_of_blocks():
    image = np.array([[[0, 4, 8, 8], [8, 4, 8, 8], [1, 1, 255, 255], [1, 1, 255, 255]]], np.uint8)
    assert shrink(image, 2).tolist() == [[[4, 8], [1, 255]]]


def test_a_package_that_was_not_fetched_is_said_to_be_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "PACKAGES", tmp_path)
    for entries in ("text", "series"):
        with pytest.raises(packages.MissingPackageError, match="fetch_data"):
            build.ENTRIES[entries][0].load()


@pytest.fixture
def portfolio(tmp_path, monkeypatch):
    """Return the two configurations that every data set is trained with in a test."""
    path = tmp_path / "portfolio.json"
    monkeypatch.setattr(portfolio_file, "PORTFOLIO", path)
    default = get_family("cnn").default()
    configs = [{**default, "units": 20}, {**default, "units": 30}]
    portfolio_file.write_portfolio({"cnn": configs, "rnn": configs[:1]})
    return configs


def test_a_portfolio_is_read_as_it_was_written(portfolio):
    assert portfolio_file.portfolio_of("cnn") == portfolio
    assert portfolio_file.portfolio_of("rnn") == portfolio[:1]
    assert portfolio_file.portfolio_of("mlp") == []


def test_a_search_and_the_portfolio_follow_and_can_be_cut_off(work, shipped, portfolio):
    entry = TunedImages("few digits", "sklearn", "BSD", first=0, rows=120, side=8)
    path = work / "sklearn-few digits.jsonl"
    build.build_one(entry, None, SHORT, queue.Queue())
    whole = path.read_bytes().splitlines(keepends=True)
    configs = [json.loads(line)["config"] for line in whole]
    assert configs[:3] == build.configurations(entry)
    assert len({json.dumps(config, sort_keys=True) for config in configs}) == 7
    assert configs[5:] == portfolio
    path.write_bytes(b"".join(whole[:4]))
    again = queue.Queue()
    build.build_one(entry, None, SHORT, again)
    assert again.qsize() == 3
    assert [json.loads(line)["config"] for line in path.read_bytes().splitlines()] == configs
    assert "7 trials on 1 data sets" in ship_seed([entry], work, 0, shipped, epochs=2)
    bundle = read_shipped(shipped)
    studies = bundle["studies"].to_pandas().merge(bundle["trials"].to_pandas(), on="study_id")
    found = studies.groupby("strategy").size().to_dict()
    assert found == {"default": 1, "sobol": 2, "bayesian": 2, "portfolio": 2}

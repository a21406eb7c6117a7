"""What came later into a space is trained beside what ships, and what ships stays as it is."""

import json
import queue
import shutil
from pathlib import Path

import click
import pytest
import torch

from advisor.models import get_family
from advisor.training import train
from knowledge_base.shipped import read_shipped
from scripts.seed import build, further
from scripts.seed.catalogue import shipped_entries
from scripts.seed.further import further_places, shared_of, train_further
from scripts.seed.ship import check, ship_seed
from scripts.seed.ship_further import ship_further
from scripts.seed.tables import TableEntry
from scripts.seed.work import drawn_space

WINE = TableEntry("wine", "sklearn", "classification", "BSD")
TRIALS = 4
BRIEF = {"max_epochs": 2, "device": "cpu"}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """Return a folder in which short trials of one data set ship."""
    work, folder = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("shipped")
    (folder / "README.md").write_text("what shipped before")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "WORK", work)
        torch.set_num_threads(1)
        build.build_one(WINE, TRIALS, BRIEF, queue.Queue())
    ship_seed([WINE], work, 0, folder, TRIALS, 2)
    return folder


@pytest.fixture
def work(shipped, tmp_path, monkeypatch):
    """Return an empty folder for further trials, all of them short."""
    monkeypatch.setattr(further, "SHIPPED", shipped)
    monkeypatch.setattr(further, "WHOLE", BRIEF)
    return tmp_path


@pytest.fixture
def copy(shipped, tmp_path):
    """Return a copy of what ships that a test may change."""
    return Path(shutil.copytree(shipped, tmp_path / "copy"))


def lines_of(work):
    return [json.loads(line) for line in (work / "sklearn-wine.jsonl").read_text().splitlines()]


def test_shared_ones_are_legal_and_begin_with_the_default():
    space, shared = get_family("mlp").space(), shared_of("mlp")
    assert all(space.complete(config) == config for config in shared)
    assert shared[0] == {**space.default(), "numeric": "periodic"}
    assert len({json.dumps(config, sort_keys=True) for config in shared}) == len(shared)


def test_families_whose_space_is_as_it_was_get_nothing_further():
    for entry in shipped_entries():
        later = drawn_space(entry.family).space_id != get_family(entry.family).space().space_id
        assert bool(further_places(entry)) == later


def test_variants_are_the_best_of_its_own_with_what_came_later(shipped, work):
    assert train_further(WINE, work) == len(further_places(WINE))
    rows = [row for row in lines_of(work) if row["strategy"] == "variants"]
    trials = read_shipped(shipped)["trials"].to_pandas().sort_values("value", ascending=False)
    default = drawn_space("mlp").default()
    own = [json.loads(text) for text in trials["config"]]
    own = [config for config in own if config != default]
    assert len(rows) == len(own) == TRIALS - 1
    assert all({**config, "numeric": "periodic"} in [r["config"] for r in rows] for config in own)
    assert [row["number"] for row in rows] == [0, 1, 2]
    values = {json.dumps(json.loads(c), sort_keys=True): v
              for c, v in zip(trials["config"], trials["value"], strict=True)}  # fmt: skip
    plain = [{n: v for n, v in row["config"].items() if n != "numeric"} for row in rows]
    before = [values[json.dumps(config, sort_keys=True)] for config in plain]
    assert before == sorted(before, reverse=True)


def test_a_run_that_was_cut_off_goes_on(work, monkeypatch):
    assert train_further(WINE, work, limit=2) == 2
    first = lines_of(work)
    file = work / "sklearn-wine.jsonl"
    file.write_bytes(file.read_bytes() + b'{"half a li')
    assert train_further(WINE, work) == len(further_places(WINE)) - 2
    assert train_further(WINE, work) == 0
    rows = lines_of(work)
    assert rows[:2] == first
    assert [(r["strategy"], r["number"], r["told"]) for r in rows] == further_places(WINE)
    assert all(row["duration"] > 0 for row in rows)


def test_what_shipped_stays_row_by_row_and_shipping_twice_changes_nothing(copy, work):
    before = read_shipped(copy)
    train_further(WINE, work)
    count = len(further_places(WINE))
    for _ in range(2):
        said = ship_further([WINE], work, 0, copy)
        assert said == f"Shipped {count} further trials on 1 data sets."
        after = read_shipped(copy)
        assert len(after) == len(before) + count
        for table in ("trials", "studies", "curves", "datasets", "tasks", "metafeatures"):
            rows, old = after[table].to_pylist(), before[table].to_pylist()
            assert all(row in rows for row in old)
        assert check(after, len(after)) == []
    spaces = after["spaces"].to_pandas().set_index("version")["space_id"].to_dict()
    assert spaces == {3: drawn_space("mlp").space_id, 4: get_family("mlp").space().space_id}


def test_they_are_what_training_gives(work):
    from advisor.data import prepare

    train_further(WINE, work, limit=1)
    (row,) = lines_of(work)
    again = train(get_family("mlp"), row["config"], prepare(WINE.load(), 0), metric="accuracy",
                  seed=0, **BRIEF)  # fmt: skip
    assert again.value == row["value"]


def test_nothing_is_shipped_of_a_data_set_that_is_not_complete(shipped, work):
    train_further(WINE, work, limit=2)
    before = {path: path.read_bytes() for path in shipped.rglob("*") if path.is_file()}
    with pytest.raises(click.ClickException, match="No data set is complete"):
        ship_further([WINE], work, 0, shipped)
    assert before == {path: path.read_bytes() for path in shipped.rglob("*") if path.is_file()}

"""Shipped trials can be trained again, and what differs is said."""

import json
import os
import queue
import subprocess
import sys

import pyarrow as pa
import pytest
import torch
from click.testing import CliRunner

import advisor.rerun
from advisor import KnowledgeBase
from advisor.cli.group import main
from advisor.data import load_dataset
from advisor.rerun import Rerun, rerun
from knowledge_base.bundle import write_table
from knowledge_base.checksums import CHECKSUMS
from knowledge_base.errors import UserError
from knowledge_base.shipped import read_shipped
from scripts import ROOT
from scripts.seed import build, recipes
from scripts.seed.ship import ship_seed
from scripts.seed.tables import TableEntry

WINE = TableEntry("wine", "sklearn", "classification", "BSD")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    work, folder = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("shipped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "WORK", work)
        torch.set_num_threads(1)
        build.build_one(WINE, 3, build.WHOLE, queue.Queue())
    ship_seed([WINE], work, 0, folder, 3)
    return folder


@pytest.fixture
def kb(shipped, tmp_path):
    return KnowledgeBase(tmp_path / "kb.duckdb", seed_path=shipped)


def with_built_in_data(kb, n, load=None, seed=0):
    """Train again with the data sets of scikit-learn, whatever the command line would load."""
    return rerun(kb, n, load_dataset, seed)


def test_trials_come_out_equal(kb):
    again = rerun(kb, 20, load_dataset)
    assert len(again) == 3
    assert {item.verdict for item in again} == {"equal"}
    assert len({item.trial_id for item in again}) == 3


def test_another_value_is_named(kb, shipped, monkeypatch):
    path = shipped / "trials" / "mlp.parquet"
    before = path.read_bytes()
    (shipped / CHECKSUMS).unlink()  # They would tell first that the file was changed.
    trials = read_shipped(shipped)["trials"]
    values = [value - 0.9 for value in trials["value"].to_pylist()]
    place = trials.column_names.index("value")
    write_table(trials.set_column(place, "value", pa.array(values)), path)
    monkeypatch.setattr(advisor.rerun, "rerun", with_built_in_data)
    monkeypatch.setattr("advisor.cli.kb._open", lambda path: kb)
    result = CliRunner().invoke(main, ["kb", "verify", "--rerun", "2", "--format", "json"])
    path.write_bytes(before)
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["problems"] == []
    assert [item["verdict"] for item in found["reruns"]] == ["different"] * 2


@pytest.mark.parametrize(
    ("stored", "again", "verdict"),
    [(0.5, 0.5, "equal"), (0.5, 0.58, "close"), (0.5, 0.62, "different"), (None, None, "equal"),
     (0.5, None, "different"), (None, 0.5, "different")],
)  # fmt: skip
def test_verdicts(stored, again, verdict):
    assert Rerun("t", "id", "accuracy", stored, again, 0.1).verdict == verdict


def test_data_that_are_not_there_or_not_the_same_are_one_clear_line(kb):
    def nothing(name):
        raise KeyError(name)

    with pytest.raises(UserError, match=r"sklearn:wine .* cannot be read .*fetch_data"):
        rerun(kb, 1, nothing)
    with pytest.raises(UserError, match="is not the data set that the shipped trials are of"):
        rerun(kb, 1, lambda name: load_dataset("sklearn:iris"))


def test_an_installed_package_says_that_it_needs_a_clone(monkeypatch, tmp_path):
    monkeypatch.setattr("advisor.cli.kb.RECIPES", tmp_path / "recipes.py")
    result = CliRunner().invoke(main, ["kb", "verify", "--rerun", "2"])
    assert result.exit_code == 2
    assert "run this in a clone" in result.stderr


def test_recipes_know_what_ships():
    with pytest.raises(KeyError):
        recipes.load("nothing of the kind")


READ = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("recipes", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
try:
    module.load("nothing of the kind")
except KeyError:
    print("read")
"""


def test_recipes_are_read_from_their_file_wherever_one_is(tmp_path):
    for name in ("advisor", "knowledge_base"):  # an installed package has no scripts
        (tmp_path / name).symlink_to(ROOT / name)
    command = [sys.executable, "-P", "-c", READ, recipes.__file__]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout == "read\n", done.stderr

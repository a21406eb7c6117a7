"""Who contributed is listed with how far the meta-learner believes him."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from advisor.cli import main
from advisor.encoding import sample
from advisor.meta import cache
from advisor.meta.standing import MAX_UNCONFIRMED
from advisor.meta.trusting import contributors, trust_of
from knowledge_base import Bundle, KnowledgeBase
from knowledge_base.columnar import trials_table
from knowledge_base.records import DatasetRecord, StudyRecord, TaskRecord
from knowledge_base.schema import TABLES
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict(
    {
        "name": "toy",
        "hyperparameters": {
            "x": {"type": "float", "low": 0.0, "high": 1.0},
            "y": {"type": "float", "low": 0.0, "high": 1.0},
        },
    }
)


def of(contributor, numbers, sign=1.0, trials=20):
    bundles = []
    for number in numbers:
        name = f"{contributor} {number}"
        configs = sample(SPACE, trials, seed=number)
        frame = pd.DataFrame(configs)
        frame["value"] = [
            sign * (c["x"] * (1 + 0.5 * np.sin(7 * number)) - abs(c["y"] - 0.15 * (number % 6)))
            for c in configs
        ]
        dataset = DatasetRecord(name, name, n_rows=100, n_features=3)
        task = TaskRecord(name, "accuracy", "maximize", "toy", name, "y")
        study = StudyRecord(name, task.task_id, SPACE.space_id, "s", "random",
                            contributor=contributor)  # fmt: skip
        context = Bundle.from_records([dataset, task, SPACE, study])
        tables = {table: context[table] for table in TABLES}
        bundles.append(Bundle({**tables, "trials": trials_table(frame, SPACE, study.study_id)}))
    return bundles


@pytest.fixture
def kb(tmp_path, monkeypatch):
    monkeypatch.setenv("ADVISOR_CONTRIBUTOR", "alice")
    cache._recent.clear()
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    first, *rest = [
        *of("alice", range(12)),
        *of("bob", range(20, 26)),
        *of("carol", [30]),
        *of("mallory", range(40, 45), sign=-1.0),
        *of("dora", [50], trials=2),
    ]
    kb.append(first.merge(*rest))
    return kb


def test_each_contributor_has_a_word_and_a_weight(kb):
    found = trust_of(kb)
    words = {name: trust.word for name, trust in found.items()}
    assert words == {"bob": "confirmed", "carol": "unconfirmed", "mallory": "refuted"}
    assert found["mallory"].weight == 0
    assert 0 < found["carol"].weight <= MAX_UNCONFIRMED < found["bob"].weight


def test_the_list_joins_it_to_what_is_stored(kb):
    rows = {row["name"]: row for row in contributors(kb)}
    assert (rows["alice"]["trust"], rows["alice"]["weight"]) == ("trusted", None)
    assert (rows["dora"]["trust"], rows["dora"]["weight"]) == ("too few trials", 0)
    stored = kb.contributors().set_index("name")["trials"]
    assert {name: row["trials"] for name, row in rows.items()} == stored.to_dict()


def test_the_command_shows_it(kb):
    asked = ["kb", "contributors", "--kb", str(kb.path)]
    done = CliRunner().invoke(main, [*asked, "--format", "json"])
    rows = {(row["name"], row["layer"]): row for row in json.loads(done.stdout)}
    assert rows["mallory", "user"]["trust"] == "refuted"
    assert rows["alice", "user"]["trust"] == "trusted"
    shown = CliRunner().invoke(main, asked)
    (line,) = [line for line in shown.output.splitlines() if line.startswith("mallory")]
    assert "refuted" in line

"""Large knowledge bases with made trials, by SQL: ten million take minutes.

Every file holds what the public format says (`knowledge_base.schema`), as a version that is
released would have written it. Tasks, data sets and spaces are made as records, trials by SQL
from a pool of configurations. What is good depends on the metafeatures of a task, as it does on
true data: past tasks that are alike agree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import duckdb
import numpy as np
import pyarrow as pa

from advisor.encoding import sample
from advisor.metafeatures import VERSION
from advisor.models import get_family
from knowledge_base import Bundle, KnowledgeBase
from knowledge_base.connection import quoted
from knowledge_base.identity import canonical_json, digest
from knowledge_base.migration import create
from knowledge_base.records import DatasetRecord, StudyRecord, TaskRecord
from knowledge_base.schema import TABLES
from knowledge_base.space import SpaceDefinition
from scripts import BUILD

WORK = BUILD / "scale"

TRIALS_OF_TASK = 500
"""Trials of each task: a study of random ones and one of a search, half each."""

OTHER_EVERY = 5
"""Every fifth task is of another family, in one of `OWN_SPACES` spaces of somebody's own."""

OWN_SPACES = 10
POOL = 4_000
"""Configurations that trials are made of; their learning rates are drawn anew."""

STUDIES_AT_ONCE = 2_000
CONTRIBUTORS = 40
CURVES_OF = 50
"""The trials of every fiftieth study have learning curves, of `EPOCHS` epochs."""

EPOCHS = 12
RATE = "learning_rate"
_CENTRE, _WIDTH = -2.5, 0.05
"""Where the best learning rate of a task lies (a power of ten), and what missing it costs."""


@dataclass(frozen=True)
class Subject:
    """A family with its space and its pool.

    Attributes:
        pool: arrays `head` and `tail`, the JSON before and after the learning rate, and
            `effect`, what all else is worth.
    """

    family: str
    space: SpaceDefinition
    pool: pa.Table


def path_of(trials: int) -> Path:
    """Return where the knowledge base with so many trials lies."""
    return WORK / f"{trials}.duckdb"


def build(trials: int) -> Path:
    """Make the knowledge base with so many trials, unless it is there.

    Args:
        trials: a multiple of `TRIALS_OF_TASK`.
    """
    path = path_of(trials)
    if path.exists():
        return path
    WORK.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"making-{path.name}")
    made.unlink(missing_ok=True)
    create(made)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {quoted(made)} AS db")
        connection.execute("SET GLOBAL TimeZone = 'UTC'; SET preserve_insertion_order = true")
        _fill(connection, trials // TRIALS_OF_TASK)
        connection.execute("CHECKPOINT db")
    made.with_name(f"{made.name}.journal").rmdir()
    made.rename(path)
    return path


def _fill(connection: duckdb.DuckDBPyConnection, tasks: int) -> None:
    subjects = [_built_in("mlp"), *(_own(number) for number in range(OWN_SPACES))]
    connection.register("pool", pa.concat_tables([
        one.pool.append_column("subject", pa.array([place] * len(one.pool)))
        for place, one in enumerate(subjects)
    ]))  # fmt: skip
    connection.execute("CREATE TEMP TABLE configs AS SELECT * FROM pool")
    context, rows = _context(tasks, subjects)
    for name in TABLES:
        if context[name].num_rows:
            connection.register("made", context[name])
            connection.execute(f"INSERT INTO db.{name} BY NAME SELECT * FROM made")
    connection.register("rows", rows)
    connection.execute("CREATE TEMP TABLE made_studies AS SELECT * FROM rows")
    places = range(0, rows.num_rows, STUDIES_AT_ONCE)
    with click.progressbar(places, label="Building", file=click.get_text_stream("stderr")) as bar:
        for first in bar:
            connection.execute(TRIALS, {"first": first, "last": first + STUDIES_AT_ONCE})
    connection.execute(CURVES)


TRIALS = f"""
INSERT INTO db.trials BY NAME
WITH drawn AS (
    SELECT s.*, n.number, hash(study_id, n.number) AS h, s.started + n.number AS second,
        (hash(study_id, n.number, 1) % 1000003) / 1000003.0 AS u,
        (hash(study_id, n.number, 2) % 1000003) / 1000003.0 AS noise,
        (hash(study_id, n.number, 3) % 1000003) / 1000003.0 AS luck
    FROM made_studies s, range({TRIALS_OF_TASK // 2}) AS n(number)
    WHERE place >= $first AND place < $last
), valued AS (
    SELECT *, CASE WHEN random THEN 1e-5 * pow(1e5, u)
        ELSE least(greatest(pow(10, best + 1.2 * (u + noise - 1.0)), 1e-5), 0.99) END AS rate
    FROM drawn JOIN configs USING (subject)
    WHERE configs.place = h % {POOL}
), scored AS (
    SELECT *, least(top - {_WIDTH} * pow(log10(rate) - best, 2) + effect * 0.03
        + 0.01 * (noise - 0.5), 0.9999) AS reached,
        CASE WHEN luck < 0.012 THEN 'diverged' WHEN luck < 0.02 THEN 'failed'
             WHEN luck < 0.04 THEN 'stopped' ELSE 'complete' END AS state
    FROM valued
)
SELECT md5(study_id || number) AS trial_id, study_id, number,
    head || to_json(rate)::VARCHAR || tail AS config, state,
    CASE WHEN state IN ('complete', 'stopped') THEN reached END AS value,
    CASE WHEN state = 'complete' THEN '{{"best_epoch":' || (1 + h % 20) || '.0,"test_accuracy":'
        || (reached - 0.004) || ',"val_balanced_accuracy":' || (reached - 0.003 * noise)
        || ',"val_f1_macro":' || (reached - 0.002 * luck) || ',"val_log_loss":'
        || (1.1 - reached) || '}}' ELSE '{{}}' END AS metrics,
    0.2 + 3 * luck + noise AS duration, 20 AS epochs, 1000 + h % 100000 AS n_params,
    0 AS seed,
    CASE state WHEN 'diverged' THEN 'the training loss became non-finite in epoch ' || (1 + h % 3)
        WHEN 'failed' THEN 'RuntimeError: out of memory' END AS error,
    TIMESTAMPTZ '2026-01-01' + to_seconds(second) AS started_at,
    CASE WHEN luck > 0.7 THEN '["not_enough_epochs"]' ELSE '[]' END AS labels
FROM scored ORDER BY place, number
"""
"""Trials of studies by their places; complete JSON, an eighth of them with something wrong."""

CURVES = f"""
INSERT INTO db.curves BY NAME
SELECT trial_id, epoch, 1.0 / epoch + 0.1 AS train_loss, 1.0 / epoch + 0.2 AS val_loss,
    value * (1 - 0.5 / epoch) AS train_metric, value * (1 - 0.6 / epoch) AS val_metric,
    0.001 AS learning_rate, 1.0 / epoch AS gradient_norm
FROM db.trials JOIN made_studies USING (study_id), range(1, {EPOCHS + 1}) AS e(epoch)
WHERE place % {CURVES_OF} = 0 AND state = 'complete'
"""


def _built_in(family: str) -> Subject:
    space = get_family(family).space()
    return Subject(family, space, _pool(space))


def _own(number: int) -> Subject:
    """Return a space of somebody's own, under a name of its own."""
    space = SpaceDefinition.from_dict({"name": f"boosting-{number}", "hyperparameters": {
        RATE: {"type": "float", "low": 1e-5, "high": 1.0, "log": True},
        f"depth_{number}": {"type": "int", "low": 1, "high": 12},
        "subsample": {"type": "float", "low": 0.2, "high": 1.0},
    }})  # fmt: skip
    return Subject(space.name, space, _pool(space))


def _pool(space: SpaceDefinition) -> pa.Table:
    heads, tails = [], []
    for config in sample(space, POOL, seed=0):
        marked = canonical_json({**config, RATE: "HERE"})
        head, tail = marked.split('"HERE"')
        heads.append(head)
        tails.append(tail)
    effect = np.random.default_rng(0).normal(size=POOL)
    columns = {"place": np.arange(POOL), "head": heads, "tail": tails, "effect": effect}
    return pa.table(columns)


def _context(tasks: int, subjects: list[Subject]) -> tuple[Bundle, pa.Table]:
    """Return everything but the trials, and a row for each study with what its trials are like."""
    rng = np.random.default_rng(1)
    known = list(_shipped_metafeatures())
    records: list[DatasetRecord | TaskRecord | StudyRecord | SpaceDefinition] = [
        subject.space for subject in subjects
    ]
    metafeatures, rows = {}, list[dict[str, object]]()
    for number in range(tasks):
        place = 0 if number % OTHER_EVERY else 1 + number // OTHER_EVERY % OWN_SPACES
        subject = subjects[place]
        dataset = DatasetRecord(digest("made", number), f"made {number}", n_rows=500)
        task = TaskRecord(f"made {number}", "accuracy", "maximize", subject.family,
                          dataset.dataset_id, "y")  # fmt: skip
        values = dict(known[rng.integers(len(known))])
        values = {name: value * float(rng.normal(1, 0.1)) for name, value in values.items()}
        metafeatures[dataset.dataset_id, "y", VERSION] = values
        records += [dataset, task]
        best = _CENTRE + 0.3 * np.log10(1 + abs(values.get("simple.log_n_rows", 0.0)))
        for strategy in ("random", "bayesian"):
            study = StudyRecord(digest("study", number, strategy), task.task_id,
                                subject.space.space_id, f"{task.name} {strategy}", strategy,
                                seed=0, source="advisor tune",
                                contributor=f"colleague-{number % CONTRIBUTORS}",
                                versions={"torch": "2.13.0"}, machine={"cores": 8})  # fmt: skip
            records.append(study)
            rows.append({"place": len(rows), "study_id": study.study_id, "subject": place,
                         "random": strategy == "random", "started": 600 * len(rows),
                         "best": best + float(rng.normal(0, 0.2)), "top": 0.9})  # fmt: skip
    return Bundle.from_records(records, metafeatures), pa.Table.from_pylist(rows)


def _shipped_metafeatures() -> Iterator[dict[str, float]]:
    """Yield the metafeatures of the data sets that ship."""
    kb = KnowledgeBase(WORK / "nothing.duckdb")
    frame = kb.metafeatures()
    frame = frame[(frame["version"] == VERSION) & frame["value"].notna()]
    for _, group in frame.groupby("dataset_id"):
        yield dict(zip(group["name"], group["value"], strict=True))

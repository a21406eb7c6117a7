"""A browser, a study that was trained, and a study of 500 trials with curves."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from opened_page import Opened

from advisor import Advisor, Tuner
from advisor.models import get_family
from advisor.report.content import study_content
from advisor.report.page import study_page
from knowledge_base import KnowledgeBase
from knowledge_base.records import EpochRecord, StudyRecord, TaskRecord, TrialRecord
from knowledge_base.studies import StudyDirectory

TRIALS = 500


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="session")
def search(home):
    """A search of a few trials on tiny data, some of which were paused."""
    rng = np.random.default_rng(0)
    lines = ["width,height,colour,label"]
    for row in range(90):
        x, y = rng.normal(size=2)
        kind = "yes" if x + y > 0 else "no"
        lines.append(f"{x:.3f},{y:.3f},{'red' if row % 3 else 'blue'},{kind}")
    data = home / "flowers.csv"
    data.write_text("\n".join(lines) + "\n")
    return Advisor(home / "kb.duckdb").tune(
        data, "label", trials=11, max_epochs=8, stopping=True, name="flowers"
    )


@pytest.fixture(scope="session")
def content(search):
    return study_content(search.path)


@pytest.fixture(scope="session")
def page(content):
    return study_page(content)


def trial(study_id, number, config, value, epochs=20, stopped=False, began=None):
    """Return a trial with a curve that rises to its value."""
    ends = 6 if stopped else epochs
    curve = tuple(
        EpochRecord(
            epoch,
            train_loss=1.2 * float(np.exp(-epoch / 5)) + 0.1,
            val_loss=1.2 * float(np.exp(-epoch / 6)) + 0.2,
            train_metric=value,
            val_metric=value * (1 - float(np.exp(-epoch / 4))),
        )
        for epoch in range(1, ends + 1)
    )
    return TrialRecord(
        study_id,
        number,
        config,
        "stopped" if stopped else "complete",
        value=curve[-1].val_metric if stopped else value,
        metrics={"fold_1": value - 0.01, "fold_2": value + 0.01} if not stopped else {},
        duration=1.0,
        epochs=ends,
        error="behind half of the others after 6 epochs" if stopped else None,
        started_at=(began or datetime(2026, 1, 1, tzinfo=UTC)) + timedelta(seconds=1.5 * number),
        curve=curve,
    )


@pytest.fixture(scope="session")
def large(home):
    """The folder of a study of 500 trials with curves, a fifth of them stopped early."""
    space, path = get_family("mlp").space(), home / "large"
    tuner = Tuner.create(
        space, kb=KnowledgeBase(home / "kb.duckdb"), name="synthetic", metric="accuracy",
        direction="maximize", family="mlp", strategy="random", contribute=False, directory=path,
    )  # fmt: skip
    configs = [tuner.ask() for _ in range(3)]
    tuner.close()
    directory, rng = StudyDirectory.open(path), np.random.default_rng(0)
    from advisor.encoding import sobol

    configs += sobol(space, TRIALS - 3, seed=1)
    for number, config in enumerate(configs):
        far = abs(np.log10(config["learning_rate"]) + 2.5)
        value = float(0.9 - 0.05 * far**1.5 + rng.normal(0, 0.01))
        directory.append(
            trial(directory.study.study_id, number, config, value, stopped=number % 5 == 4)
        )
    return path


@pytest.fixture
def made(tmp_path):
    """Return what makes a study of a space and trials, without anything that trains."""

    def make(space, trials=(), name="study", **more):
        given = {"metric": "accuracy", "direction": "maximize", "family": "own", **more}
        record = {key: given.pop(key) for key in ("contributor", "strategy") if key in given}
        dataset, settings = given.pop("dataset", None), given.pop("settings", None)
        task = TaskRecord(name=given.pop("task", "task"), **given)
        study = StudyRecord("s" * 32, task.task_id, space.space_id, name, **record)
        directory = StudyDirectory.create(
            tmp_path / name, study=study, task=task, space=space, dataset=dataset,
            settings=settings,
        )  # fmt: skip
        for one in trials:
            directory.append(one)
        return directory.path

    return make


@pytest.fixture
def opened(browser):
    found = []

    def open_page(*given, **more):
        found.append(Opened(browser, *given, **more))
        return found[-1]

    yield open_page
    for one in found:
        one.close()

"""Curves of a running search for TensorBoard."""

import importlib.util
import sys

import pytest
from click.testing import CliRunner

from advisor import Advisor, KnowledgeBase
from advisor.cli import main

EXTRA = "pip install 'advisor-automl[tensorboard]'"


@pytest.fixture
def data(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("x,y\n" + "".join(f"{i / 9},{'no' if i % 3 else 'yes'}\n" for i in range(90)))
    return file


def tune(data, *more):
    words = ["tune", str(data), "--target", "y", "--trials", "2", "--max-epochs", "3", *more]
    return CliRunner().invoke(main, words, catch_exceptions=False)


def test_without_tensorboard_it_says_what_to_install(data, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    done = tune(data, "--tensorboard", str(tmp_path / "runs"))
    assert done.exit_code == 2
    assert done.output == f"Error: TensorBoard is not installed; run: {EXTRA}\n"
    assert not (tmp_path / "runs").exists()


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason=EXTRA)
def test_each_trial_is_a_run_with_its_curves(data, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    runs = tmp_path / "runs"
    done = tune(data, "--tensorboard", str(runs), "--study", "mine")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (runs / "mine").iterdir()) == ["trial-0", "trial-1"]
    kb = KnowledgeBase(seed=False)
    stored = kb.trials().set_index("number")
    for number in (0, 1):
        board = EventAccumulator(str(runs / "mine" / f"trial-{number}"))
        board.Reload()
        curve = [event.value for event in board.Scalars("val_accuracy")]
        known = kb.curves(trial=stored["trial_id"][number])["val_metric"]
        assert curve == pytest.approx(known.tolist())
        assert board.Scalars("best/accuracy")[0].value == pytest.approx(stored["value"][number])
        assert {"train_loss", "val_loss", "learning_rate"} <= set(board.Tags()["scalars"])
    report = Advisor(kb).contribute(runs / "mine", metric="val_accuracy")
    assert (report.accepted, report.duplicates, report.rejected) == (0, 2, ())

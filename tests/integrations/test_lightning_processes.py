"""Trials that Lightning trains in two processes (gloo, on the processor)."""

import os
from pathlib import Path

import pytest

pytest.importorskip("pytorch_lightning")
from advisor.training.loading import load_function
from advisor.training.objective import FunctionObjective
from advisor.training.report import StopTrial

pytestmark = pytest.mark.slow

FUNCTION = """
import os
import warnings
from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader, TensorDataset

from advisor.integrations.lightning import LightningReport

HERE = Path(__file__).parent


class Line(pl.LightningModule):
    def __init__(self, rate, fault):
        super().__init__()
        self.layer, self.rate, self.fault = torch.nn.Linear(3, 1), rate, fault

    def loss(self, batch):
        return torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])

    def training_step(self, batch, number):
        if self.fault == 9 and self.global_rank:
            os.kill(os.getpid(), 9)
        if self.fault == self.global_rank:
            raise ValueError(f"the reason of {self.global_rank}")
        return self.loss(batch)

    def validation_step(self, batch, number):
        self.log("val_loss", self.loss(batch), sync_dist=True)

    def on_train_epoch_start(self):
        with open(HERE / f"epochs-{self.global_rank}", "a") as file:
            print(self.current_epoch, file=file)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.rate)


def train(config, report):
    pl.seed_everything(0, verbose=False)
    x = torch.randn(40, 3)
    data = TensorDataset(x, x.sum(1, keepdim=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = pl.Trainer(
            accelerator="cpu", devices=2, strategy=config.get("strategy", "ddp"), max_epochs=4,
            logger=False, enable_progress_bar=False, enable_model_summary=False,
            num_sanity_val_steps=0,
            callbacks=[
                LightningReport(report),
                ModelCheckpoint(report.folder, "best", monitor="val_loss"),
            ],
        )
        module = Line(config["x"], config.get("fault", -1))
        trainer.fit(module, DataLoader(data, 10), DataLoader(data, 10))
    with open(HERE / f"ended-{trainer.global_rank}", "a") as file:
        print(config["x"], os.environ["LOCAL_RANK"], file=file)
"""


class Watching:
    """Keeps what is reported, stops after some epochs, and has a folder for files."""

    def __init__(self, folder, epochs=99):
        self.folder, self.epochs, self.told = folder, epochs, []

    def __call__(self, epoch):
        self.told.append(epoch)
        if len(self.told) == self.epochs:
            raise StopTrial("the time limit is over")

    def check_time(self):
        return None

    def make_folder(self):
        self.folder.mkdir(exist_ok=True)
        return self.folder


@pytest.fixture
def objective(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    file = tmp_path / f"own_{tmp_path.name.replace('-', '_')}.py"
    file.write_text(FUNCTION)
    return FunctionObjective(load_function(f"{file}:train"), "minimize")


def lines(file: Path):
    return file.read_text().splitlines()


def test_two_processes_train_each_trial_and_one_of_them_reports(objective, tmp_path):
    before = dict(os.environ)
    for rate in (0.1, 0.2):
        watch = Watching(tmp_path / "files")
        outcome = objective.evaluate({"x": rate}, watch)
        assert (outcome.state, outcome.epochs) == ("complete", 4)
        assert [epoch.epoch for epoch in watch.told] == [1, 2, 3, 4]
        assert outcome.value == min(epoch.val_metric for epoch in outcome.curve)
        assert dict(os.environ) == before | {"PL_GLOBAL_SEED": "0", "PL_SEED_WORKERS": "0"}
    for rank in (0, 1):
        assert lines(tmp_path / f"ended-{rank}") == [f"0.1 {rank}", f"0.2 {rank}"]
    assert (tmp_path / "files" / "best.ckpt").is_file()


def test_all_processes_stop_together_once_the_best_is_saved(objective, tmp_path):
    import torch

    outcome = objective.evaluate({"x": 0.1}, Watching(tmp_path / "files", epochs=2))
    assert (outcome.state, outcome.error) == ("stopped", "the time limit is over")
    assert outcome.value == min(epoch.val_metric for epoch in outcome.curve)
    for rank in (0, 1):
        assert lines(tmp_path / f"epochs-{rank}") == ["0", "1"]
        assert not (tmp_path / f"ended-{rank}").exists()
    saved = torch.load(tmp_path / "files" / "best.ckpt", weights_only=True)
    (state,) = saved["callbacks"].values()
    assert float(state["best_model_score"]) == pytest.approx(outcome.value)


def test_what_went_wrong_in_the_other_process_is_told(objective, tmp_path):
    with pytest.raises(RuntimeError, match=r"another process .*ValueError: the reason of 1"):
        objective.evaluate({"x": 0.1, "fault": 1}, Watching(tmp_path / "files"))


def test_an_error_of_one_process_ends_both_and_the_next_trial_trains(objective, tmp_path):
    with pytest.raises(RuntimeError, match=r"another process .* ended with code -9"):
        objective.evaluate({"x": 0.1, "fault": 9}, Watching(tmp_path / "files"))
    with pytest.raises(ValueError, match="the reason of 0"):
        objective.evaluate({"x": 0.1, "fault": 0}, Watching(tmp_path / "files"))
    outcome = objective.evaluate({"x": 0.1}, Watching(tmp_path / "files", epochs=1))
    assert outcome.state == "stopped"


def test_processes_that_cannot_report_are_refused(objective, tmp_path):
    with pytest.raises(Exception, match="in 2 processes needs strategy='ddp'"):
        objective.evaluate({"x": 0.1, "strategy": "ddp_fork"}, Watching(tmp_path / "files"))

"""A Lightning module: a regression of scikit-learn's diabetes patients."""

import logging

import pytorch_lightning as pl
import torch
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, TensorDataset

from advisor.integrations.lightning import LightningReport

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

x, y = load_diabetes(return_X_y=True)
x_train, x_valid, y_train, y_valid = (
    torch.as_tensor(part.astype("float32"))
    for part in train_test_split(x * 20, (y - y.mean()) / y.std(), random_state=0)
)


class Regression(pl.LightningModule):
    def __init__(self, units, learning_rate, weight_decay):
        super().__init__()
        self.save_hyperparameters()
        self.layers = nn.Sequential(nn.Linear(10, units), nn.ReLU(), nn.Linear(units, 1))

    def forward(self, rows):
        return self.layers(rows).squeeze(1)

    def training_step(self, batch, number):
        loss = mse_loss(self(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, number):
        self.log("val_loss", mse_loss(self(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.AdamW(
            self.parameters(), self.hparams.learning_rate, weight_decay=self.hparams.weight_decay
        )


def train(config, report):
    pl.seed_everything(0, verbose=False)
    size = config["batch_size"]
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=10,
        callbacks=[LightningReport(report, "val_loss")],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(
        Regression(config["units"], config["learning_rate"], config["weight_decay"]),
        DataLoader(TensorDataset(x_train, y_train), size, shuffle=True),
        DataLoader(TensorDataset(x_valid, y_valid), 256),
    )
    # Returning nothing counts the lowest loss that was reported.

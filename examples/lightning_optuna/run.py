"""Lightning trains what Optuna asks for: the advisor samples, and ends what promises nothing."""

import lightning
import optuna
import torch
from optuna_integration import PyTorchLightningPruningCallback
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from advisor.integrations.optuna import AdvisorPruner, AdvisorSampler

EPOCHS = 6


class Net(lightning.LightningModule):
    def __init__(self, units: int, rate: float, decay: float) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, units), nn.ReLU(), nn.Linear(units, 1))
        self.rate, self.decay = rate, decay

    def _loss(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        inputs, targets = batch
        return nn.functional.mse_loss(self.net(inputs).squeeze(1), targets)

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        return self._loss(batch)

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> None:
        self.log("val_loss", self._loss(batch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), self.rate, weight_decay=self.decay)


def loader(rows: int, seed: int) -> DataLoader:
    inputs = torch.randn(rows, 4, generator=torch.Generator().manual_seed(seed))
    return DataLoader(TensorDataset(inputs, inputs[:, 0] * inputs[:, 1]), batch_size=32)


def objective(trial: optuna.Trial) -> float:
    torch.manual_seed(0)
    net = Net(
        trial.suggest_int("units", 8, 64, step=8),
        trial.suggest_float("learning_rate", 1e-4, 1, log=True),
        trial.suggest_float("weight_decay", 1e-6, 1e-1, log=True),
    )
    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        callbacks=[PyTorchLightningPruningCallback(trial, "val_loss")],
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(net, loader(256, 0), loader(128, 1))
    return float(trainer.callback_metrics["val_loss"])


def main(trials: int = 20) -> optuna.Study:
    study = optuna.create_study(
        sampler=AdvisorSampler(family="mlp", epochs=EPOCHS), pruner=AdvisorPruner(epochs=EPOCHS)
    )
    study.optimize(objective, n_trials=trials)
    return study


if __name__ == "__main__":
    found = main()
    print(found.best_value, found.best_params)

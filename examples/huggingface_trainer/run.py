"""Hugging Face's Trainer searches with the advisor, through its Optuna backend."""

import tempfile

import optuna
import torch
from torch.utils.data import Dataset
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedModel,
    Trainer,
    TrainingArguments,
)
from transformers.trainer_utils import BestRun

from advisor.integrations.optuna import AdvisorSampler

CONFIG = BertConfig(
    vocab_size=32,
    hidden_size=16,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=16,
    max_position_embeddings=16,
)


class Tokens(Dataset):
    """Sentences whose class is whether their first token is a large one."""

    def __init__(self, rows: int, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.tokens = torch.randint(0, 32, (rows, 8), generator=generator)

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, row: int) -> dict[str, torch.Tensor]:
        tokens = self.tokens[row]
        return {"input_ids": tokens, "labels": (tokens[0] >= 16).long()}


def space(trial: optuna.Trial) -> dict[str, float | int]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 1e-5, 1e-1, log=True),
        "per_device_train_batch_size": trial.suggest_categorical(
            "per_device_train_batch_size", [8, 16, 32]
        ),
        "weight_decay": trial.suggest_float("weight_decay", 0, 0.1),
    }


def model(trial: optuna.Trial | None) -> PreTrainedModel:
    torch.manual_seed(0)
    return BertForSequenceClassification(CONFIG)


def made(folder: str) -> Trainer:
    arguments = TrainingArguments(
        output_dir=folder,
        num_train_epochs=2,
        eval_strategy="epoch",
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    return Trainer(
        args=arguments, model_init=model, train_dataset=Tokens(128, 0), eval_dataset=Tokens(64, 1)
    )


def main(trials: int = 10, folder: str | None = None) -> BestRun:
    return made(folder or tempfile.mkdtemp()).hyperparameter_search(
        space,
        n_trials=trials,
        direction="minimize",
        backend="optuna",
        sampler=AdvisorSampler(family="bert"),
        study_name="tokens",
    )


if __name__ == "__main__":
    found = main()
    print(found.objective, found.hyperparameters)

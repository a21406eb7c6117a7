"""A study of Optuna that starts from past tasks, and adds its trials to them."""

import sys

import numpy as np
import optuna
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from advisor import KnowledgeBase
from advisor.integrations.optuna import AdvisorPruner, AdvisorSampler

EPOCHS = 12


def objective(trial: optuna.Trial) -> float:
    inputs, labels = load_digits(return_X_y=True)
    split = train_test_split(inputs / 16, labels, random_state=0, stratify=labels)
    x_train, x_valid, y_train, y_valid = split
    layers = trial.suggest_int("n_layers", 1, 3)
    net = MLPClassifier(
        [trial.suggest_int(f"units_l{i}", 16, 128, step=16) for i in range(layers)],
        learning_rate_init=trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
        batch_size=trial.suggest_categorical("batch_size", [32, 64, 128]),
        random_state=0,
    )
    accuracy = 0.0
    for epoch in range(EPOCHS):
        net.partial_fit(x_train, y_train, classes=np.arange(10))
        accuracy = float(net.score(x_valid, y_valid))
        trial.report(accuracy, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return accuracy


def main(trials: int = 20, storage: str | None = None, seed: bool = True) -> optuna.Study:
    kb = KnowledgeBase(seed=seed)
    study = optuna.create_study(
        study_name="digits",
        storage=storage,
        load_if_exists=True,
        direction="maximize",
        sampler=AdvisorSampler(kb, family="mlp", epochs=EPOCHS, metric="accuracy"),
        pruner=AdvisorPruner(epochs=EPOCHS),
    )
    study.optimize(objective, n_trials=trials, callbacks=[study.sampler.contribute])
    return study


if __name__ == "__main__":
    # Started several times with one storage, the processes are one search.
    found = main(storage=sys.argv[1] if len(sys.argv) > 1 else None)
    print(found.best_value, found.best_params)

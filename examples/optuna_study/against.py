"""`AdvisorSampler` without a past beside Optuna's own samplers, on a space that grows.

Prints for each the mean of the best values after 10, 20 and 40 trials, and the processor time that
a question took: `python examples/optuna_study/against.py [SEEDS]`.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import optuna

from advisor.integrations.optuna import AdvisorSampler

COUNTS = (10, 20, 40)


def objective(trial: optuna.Trial) -> float:
    layers = trial.suggest_int("n_layers", 1, 3)
    rate = trial.suggest_float("learning_rate", 1e-5, 1, log=True)
    units = [trial.suggest_int(f"units_l{i}", 16, 256, step=16) for i in range(layers)]
    activation = trial.suggest_categorical("activation", [None, "relu", "tanh"])
    wrong = 0.2 * (np.log10(rate) + 2.5) ** 2 + 0.3 * (layers - 2) ** 2
    wrong += 0.3 * sum((u - 128) ** 2 for u in units) / 128**2
    return float(wrong + 0.3 * (activation is None))


def main(seeds: int = 3) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers: dict[str, Callable[[int], optuna.samplers.BaseSampler]] = {
        "AdvisorSampler": lambda seed: AdvisorSampler(seed=seed),
        "TPESampler": lambda seed: optuna.samplers.TPESampler(seed=seed),
        "GPSampler": lambda seed: optuna.samplers.GPSampler(
            seed=seed, warn_independent_sampling=False
        ),
    }
    for name, make in samplers.items():
        best, begin = [], time.process_time()
        for seed in range(seeds):
            study = optuna.create_study(sampler=make(seed))
            study.optimize(objective, n_trials=COUNTS[-1])
            so_far = np.minimum.accumulate([trial.value for trial in study.trials])
            best.append([so_far[count - 1] for count in COUNTS])
        per_question = (time.process_time() - begin) / seeds / COUNTS[-1]
        values = " ".join(f"{value:.3f}" for value in np.mean(best, 0))
        print(f"{name:16} {values}  {1000 * per_question:.0f} ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

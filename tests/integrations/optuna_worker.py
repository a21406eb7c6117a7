"""A process that works on a study of Optuna; run by tests as a program.

    python optuna_worker.py STORAGE STUDY TRIALS [hang]

With `hang` its second trial never ends: it says so, and waits to be killed.
"""

import sys
import time

import optuna

from advisor.integrations.optuna import AdvisorSampler


def value(params):
    return (params["x"] - 0.3) ** 2 + 0.1 * (params["kind"] == "b")


def opened(storage):
    """Return a storage as Optuna takes it: an address, or a journal as "journal:FILE"."""
    if not storage.startswith("journal:"):
        return storage
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    return JournalStorage(JournalFileBackend(storage.removeprefix("journal:")))


def main():
    storage, name, trials, *hangs = sys.argv[1:]
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(study_name=name, storage=opened(storage), sampler=AdvisorSampler())
    done = 0

    def objective(trial):
        nonlocal done
        params = {
            "x": trial.suggest_float("x", 0, 1),
            "kind": trial.suggest_categorical("kind", ["a", "b"]),
        }
        if hangs and done == 1:
            print("hanging", trial.number, flush=True)
            time.sleep(600)
        done += 1
        time.sleep(0.05)  # So that trials of two processes overlap.
        return value(params)

    study.optimize(objective, n_trials=int(trials))


if __name__ == "__main__":
    main()

"""A process, or several, that work on a study of Optuna; run by tests as a program.

    python optuna_worker.py STORAGE STUDY TRIALS [hang | PROCESSES]

With `hang` its second trial never ends: it says so, and waits to be killed. Several processes
are forks of one that has imported everything and done nothing: what each of them would otherwise
do for nearly all of its time is to import the same.
"""

import importlib
import os
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


def forked(function):
    """Start a process that runs a function; it exits with 0 if that comes to its end."""
    child = os.fork()
    if not child:
        code = 1
        try:
            function()
            code = 0
        finally:
            os._exit(code)
    return child


def import_all():
    """Import what a study imports, which another process finds out."""
    reading, writing = os.pipe()

    def try_out():
        optuna.create_study(sampler=AdvisorSampler()).optimize(
            lambda trial: value({"x": trial.suggest_float("x", 0, 1), "kind": "a"}), n_trials=2
        )
        os.write(writing, "\n".join(sys.modules).encode())

    child = forked(try_out)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        names = pipe.read().split()
    os.waitpid(child, 0)
    for name in names:
        if name.partition(".")[0] in ("advisor", "knowledge_base", "optuna", "scipy", "duckdb"):
            importlib.import_module(name)


def main():
    storage, name, trials, *more = sys.argv[1:]
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if not more or more == ["hang"]:
        work(storage, name, int(trials), more)
        return
    import_all()
    children = [forked(lambda: work(storage, name, int(trials))) for _ in range(int(more[0]))]
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.exit(int(any(ends)))


def work(storage, name, trials, hangs=()):
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

    study.optimize(objective, n_trials=trials)


if __name__ == "__main__":
    main()

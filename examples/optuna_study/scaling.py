"""What several processes on one study gain: `python scaling.py PROCESSES [TRIALS] [SECONDS]`.

A trial sleeps instead of training, so that what is measured is the search and its storage, not
the cores of the machine. Prints one row of docs/scaling.md.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna

from advisor.integrations.optuna import AdvisorSampler


def value(params: dict[str, float]) -> float:
    return (params["x"] - 0.3) ** 2 + (params["y"] - 0.6) ** 2 + 0.2 * (params["z"] - 0.5) ** 2


def work(storage: str, trials: int, seconds: float) -> None:
    study = optuna.load_study(study_name="scaling", storage=storage, sampler=AdvisorSampler())

    def objective(trial: optuna.Trial) -> float:
        params = {name: trial.suggest_float(name, 0, 1) for name in "xyz"}
        time.sleep(seconds)
        return value(params)

    limit = optuna.study.MaxTrialsCallback(trials, states=None)
    study.optimize(objective, callbacks=[limit])


def measure(processes: int, trials: int, seconds: float, folder: Path) -> str:
    storage = f"sqlite:///{folder / 'study.db'}"
    optuna.create_study(study_name="scaling", storage=storage)
    command = [sys.executable, __file__, "work", storage, str(trials), str(seconds)]
    crowd = [subprocess.Popen(command) for _ in range(processes)]
    for process in crowd:
        process.wait()
    done = optuna.load_study(study_name="scaling", storage=storage).get_trials(
        states=[optuna.trial.TrialState.COMPLETE]
    )
    span = max(t.datetime_complete for t in done) - min(t.datetime_start for t in done)
    asked = len({str(sorted(trial.params.items())) for trial in done})
    best = min(trial.value for trial in done)
    took = span.total_seconds()
    cells = [processes, len(done), asked, f"{took:.0f} s", f"{len(done) * seconds / took:.1f}",
             f"{best:.4f}"]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if sys.argv[1] == "work":
        work(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
        return
    processes, trials, seconds = (*sys.argv[1:], *("2", "32", "4")[len(sys.argv) - 1 :])
    with tempfile.TemporaryDirectory() as folder:
        print(measure(int(processes), int(trials), float(seconds), Path(folder)))


if __name__ == "__main__":
    main()

"""The main job on a real data set that is not in the shipped knowledge base.

Every command it runs is printed, and can be run by hand. It works in a knowledge base of
its own (.demo/), so that your own stays as it is.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from knowledge_base.records import TrialRecord

if TYPE_CHECKING:
    from advisor.training import Outcome

DATA = "sklearn:digits"
TRIALS = 10
HOME = Path(".demo")
KB = HOME / "knowledge_base.duckdb"
STUDIES = HOME / "studies"


def title(text: str) -> None:
    click.secho(f"\n== {text}", bold=True)


def advisor(*arguments: str, show: bool = True) -> str:
    """Run an `advisor` command as a user would; its standard output comes back."""
    command = ["advisor", *arguments, "--kb", str(KB)]
    if show:
        click.secho("$ " + " ".join(command), fg="cyan")
    program = str(Path(sys.executable).with_name("advisor"))
    done = subprocess.run([program, *command[1:]], check=True, stdout=subprocess.PIPE, text=True)
    if show:
        click.echo(done.stdout)
    return done.stdout


def tune(study: str, *more: str) -> tuple[TrialRecord, list[TrialRecord]]:
    """Run a search into the study directory and return what it found."""
    options = ["--trials", str(TRIALS), "--study", study, "--studies-dir", str(STUDIES)]
    advisor("tune", DATA, *options, "--no-contribute", *more)
    from knowledge_base.studies import StudyDirectory

    trials = [trial for trial in StudyDirectory.open(STUDIES / study).trials() if trial.value]
    return max(trials, key=lambda trial: trial.value or 0.0), trials


def library_default() -> "Outcome":
    """Train the library default once, on the same split with the same seed."""
    from advisor.data import load_dataset, prepare
    from advisor.models import get_family
    from advisor.training import train

    family = get_family("mlp")
    data = prepare(load_dataset(DATA), 0)
    return train(family, family.default(), data, metric="accuracy", seed=0)


def compare(default: "Outcome", cold: TrialRecord, warm: TrialRecord) -> None:
    """Print validation and test accuracy side by side."""
    title(f"Best of {TRIALS} trials, validation and test accuracy")
    rows: dict[str, Outcome | TrialRecord] = {
        "library default": default, "cold search": cold, "warm search": warm,
    }  # fmt: skip
    for name, trial in rows.items():
        click.echo(f"{name:<16} {trial.value:.4f}   {trial.metrics['test_accuracy']:.4f}")


def first_to_reach(trials: list[TrialRecord], value: float | None) -> int | None:
    """Return the number of trials until `value` was reached, None if never."""
    reached = [t.number + 1 for t in trials if t.value and value and t.value >= value]
    return min(reached, default=None)


def trial_count() -> int:
    return sum(json.loads(advisor("kb", "info", "--format", "json", show=False))["trials"].values())


def main() -> None:
    started = time.monotonic()
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir()
    title(f"1. Recommended configurations for {DATA}; nothing is trained")
    advisor("recommend", DATA, "-n", "3")
    title("2. A warm search: recommendations first, then Bayesian")
    warm, warm_trials = tune("warm")
    title("3. A cold search of the same length, and the library default")
    cold, _ = tune("cold", "--warm", "0")
    compare(library_default(), cold, warm)
    reached = first_to_reach(warm_trials, cold.value)
    click.echo(f"The warm search reached the cold search's best after: {reached or 'never'} trials")
    title("4. The finished run goes into the knowledge base")
    before = trial_count()
    advisor("contribute", str(STUDIES / "warm"))
    click.echo(f"Trials in the knowledge base: {before} before, {trial_count()} after")
    title("5. The next answer uses it")
    advisor("recommend", DATA, "-n", "3")
    click.echo(f"Done in {time.monotonic() - started:.0f} s.")


if __name__ == "__main__":
    main()

"""`advisor tune`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.cli.after_tune import print_best_trials
from advisor.cli.common import (
    Failures,
    data_options,
    device_options,
    end_interrupted,
    objective_options,
    part_options,
    print_intake,
    prints_to_stderr,
    progress_of,
    progress_options,
    resume_command,
    spelled,
    standard_options,
    study_options,
    task_options,
    typed,
)
from advisor.cli.output import config_text, print_json, say
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from advisor.tuning import RunResult, Search, Tuner
    from advisor.tuning.runner import OnTrial
    from knowledge_base.records import TrialRecord


@click.command(name="tune")
@click.argument("data", required=False)
@click.option("--target", help="Column to predict.")
@data_options
@objective_options
@click.option("--trials", type=click.IntRange(min=1),
              help="Length of the whole study.  [default: 30; with "
              "--timeout as many as it allows]")  # fmt: skip
@click.option("--timeout", metavar="TIME", help="Stop after 90s, 10m or 1h30m.")
@click.option("--strategy", default="bayesian", show_default=True,
              help="bayesian, random, sobol, grid, evolution, halving, hyperband or gradient."
              )  # fmt: skip
@part_options
@click.option("--warm", "n_warm", type=click.IntRange(min=0),
              help="Configurations from the past; 0 is a cold search.  [default: by --trials]"
              )  # fmt: skip
@click.option("--per-second/--no-per-second", default=None,
              help="Expected improvement per second: prefer what is quick.  [default: with "
              "--timeout]")  # fmt: skip
@click.option("--stopping/--no-stopping", default=None,
              help="Whether bayesian may pause trials by their curves, and go on with what "
              "promises most.  [default: no]")  # fmt: skip
@click.option("--folds", type=click.IntRange(min=1),
              help="Splits that a configuration is judged on.  [default: by the rows]"
              )  # fmt: skip
@click.option("--test", metavar="FILE",
              help="Rows that the final model is measured on.  [default: a fifth of DATA]"
              )  # fmt: skip
@click.option("--final", metavar="HOW",
              help="ensemble averages several configurations, folds only the best one; single is "
              "one network of it, trained on all known rows.  [default: ensemble]"
              )  # fmt: skip
@task_options
@device_options
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True,
              help="Trials that are trained at once, each in a process of its own."
              )  # fmt: skip
@study_options("study", "studies")
@click.option("--join", "joining", is_flag=True,
              help="Go on with a study that another process is running: both work on it."
              )  # fmt: skip
@click.option("--contribute/--no-contribute", "contributing", default=True, show_default=True,
              help="Whether finished trials go into the knowledge base.")  # fmt: skip
@click.option("--tensorboard", metavar="FOLDER",
              help="Curves of each trial for TensorBoard, as it ends.")  # fmt: skip
@progress_options
@standard_options
def command(
    data: str | None,
    quiet: bool,
    verbose: bool,
    tensorboard: str | None,
    name: str | None,
    resuming: bool,
    joining: bool,
    timeout: str | None,
    studies_dir: Path | None,
    contributing: bool,
    kb_path: str | None,
    output: str,
    trials: int | None,
    final: str | None,
    **options: object,
) -> None:
    """Search hyperparameters for DATA: recommended configurations first, then Bayesian.

    \b
    Examples:
      advisor tune data.csv --target label --trials 30 --timeout 10m
      advisor tune data.csv --target label --module net.py:build --space space.yaml
      advisor tune --objective train.py:train --space space.yaml --metric accuracy
      advisor tune data.csv --target label --resume
      advisor tune data.csv --target label --workers 2
      advisor tune images/ --trials 20
      advisor tune reviews.csv --text review --target stars
      advisor tune sales.csv --time month --target sales --horizon 12
    """
    from advisor.facade import Advisor
    from advisor.units import parse_duration

    seconds = parse_duration(timeout) if timeout else None
    given = {"trials": trials, "final": final}
    chosen = {name: value for name, value in given.items() if value is not None}
    asked = typed(options, data) | chosen
    watching = () if tensorboard is None else (_tensorboard(tensorboard),)
    with prints_to_stderr():
        search = Advisor(kb_path).search(
            data, name=name, root=studies_dir, contribute=contributing, resume=resuming,
            join=joining, timeout=seconds, **asked,
        )  # fmt: skip
    for note in search.notes:
        say(spelled(note), err=True)
    if search.begin.told:
        say(f"This search {search.begin.told}", err=True)
    print_intake(search.intake, output)
    if search.split is not None and output != "json":
        say(search.split, err=True)
    if search.known:
        say(f"Known already: {_known(search)}.", err=True)
    _run(search, seconds, output, watching)


def _tensorboard(folder: str) -> "OnTrial":
    from advisor.integrations.others.tensorboard import TensorBoard

    return TensorBoard(folder)


def _run(
    search: "Search", timeout: float | None, output: str, watching: "Sequence[OnTrial]"
) -> None:
    try:
        result = _watched(search, timeout, watching)
    except KeyboardInterrupt:
        end_interrupted(lambda: _count(len(search.stored)), _resume_command(search, timeout))
    _print_result(search, result, timeout, output)
    if result.reason in ("failures", "budget"):
        raise SystemExit(1)


def _watched(search: "Search", timeout: float | None, watching: "Sequence[OnTrial]") -> "RunResult":
    """Run a search with a progress bar, and tell why trials fail, and others of each trial."""
    failures = Failures(search.path)

    def on_trial(trial: "TrialRecord", tuner: "Tuner") -> None:
        progress.update(trial, tuner)
        failures(trial, tuner)
        for each in watching:
            each(trial, tuner)

    with prints_to_stderr(), progress_of(search) as progress:
        return search.run(timeout, on_trial)


def _print_result(
    search: "Search", result: "RunResult", timeout: float | None, output: str
) -> None:
    best = search.tuner.best
    if output == "json":
        print_json(_summary(search, result))
        return
    if result.message:
        say(spelled(result.message), err=True)
    say(f"Study {search.path.name}: {_finished(search)} in {search.path}")
    if search.known:
        say(_told(search))
    if taken := sum(trial.taken for trial in search.tuner.trials):
        say(f"Taken from the store: {taken} of these trials; they were trained before.")
    if best is None:
        say("No trial completed.")
    else:
        say(f"Best {search.tuner.study.task.metric}: {best.value:.6g} (trial {best.number})")
        say(f"  {config_text(best.config)}")
        for metric, value in sorted(best.metrics.items()):
            say(f"  {metric}: {value:.4g}")
        if (folder := search.folder()) is not None:
            say(f"  Its folder: {folder}")
        print_best_trials(search)
        _print_model(search)
    if not search.leaves_model and search.settings.objective is None:
        say("Another process is on this study; that one makes its model.")
    if len(search.tuner.trials) < search.settings.length and result.reason != "exhausted":
        say("Go on with:")
        say(f"  {_resume_command(search, timeout)}")


TITLES = {
    "baseline": "trivial baseline",
    "default": "library default",
    "single": "best single network",
    "final": "final model",
}


def _print_model(search: "Search") -> None:
    """Say what the model is worth beside what is easier to have, and how it is used."""
    model = search.saved_model
    if model is None:
        return
    rows = [("", "validation", "test")]
    for standing in model.standings:
        valid = _around(standing.validation, standing.error)
        rows.append((TITLES[standing.name], valid, _around(standing.test, standing.test_error)))
    width = max(len(valid) for _, valid, _ in rows)
    say()
    for name, valid, test in rows:
        say(f"  {name:<20} {valid:<{width}}  {test}".rstrip())
    say(f"  The final model {model.average.described()}.")
    for remark in model.remarks():
        say(f"  {spelled(remark)}")
    say("Predict new rows with:")
    say(f"  advisor predict {shlex.quote(str(search.path))} NEW")


def _around(value: float | None, error: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if error is None else f"{value:.4g} ± {error:.2g}"


def _summary(search: "Search", result: "RunResult") -> JsonObject:
    best = search.tuner.best
    return {
        "study": search.path.name,
        "path": str(search.path),
        "reason": result.reason,
        "message": spelled(result.message),
        "data": None if search.intake is None else search.intake.to_dict(),
        "split": search.split,
        "trials": [_trial(search, trial) for trial in search.tuner.trials],
        "best": None if best is None else _trial(search, best),
        "known": list(search.known),
        "model": None if search.saved_model is None else search.saved_model.described(),
    }


def _trial(search: "Search", trial: "TrialRecord") -> JsonObject:
    folder = search.folder(trial)
    return {
        "number": trial.number,
        "state": trial.state,
        "value": trial.value,
        "config": dict(trial.config),
        "metrics": dict(trial.metrics),
        "duration": trial.duration,
        **({"error": trial.error} if trial.error else {}),
        **({"folder": str(folder)} if folder else {}),
    }


def _told(search: "Search") -> str:
    """Say what the search knew of this very task without training it again."""
    task = search.tuner.study.task
    choose = min if task.direction == "minimize" else max
    best = choose(search.known, key=lambda item: item["value"])
    return (
        f"Taken from the store: {_known(search)}; their best {task.metric}: "
        f"{best['value']:.6g} with {config_text(best['config'])}"
    )


def _known(search: "Search") -> str:
    count = len(search.known)
    return f"{count} trial{'' if count == 1 else 's'} of this very task, not trained again"


def _finished(search: "Search") -> str:
    trials = search.tuner.trials
    paused = sum(trial.paused for trial in trials)
    return _count(len(trials)) + (f", {paused} of which stand paused," if paused else "")


def _count(count: int) -> str:
    return f"{count} finished trial{'' if count == 1 else 's'}"


def _resume_command(search: "Search", timeout: float | None) -> str:
    from advisor.tuning.code import named_again
    from knowledge_base.studies import StudyDirectory

    directory = StudyDirectory.open(search.path)
    more = ["--no-contribute"] if search.tuner.study.kb is None else []
    if search.settings.trials != directory.settings.get("trials"):
        more += ["--trials", str(search.settings.trials)]
    if search.settings.trials is None and timeout is not None:
        more += ["--timeout", f"{timeout:g}s"]
    if search.settings.final != directory.settings.get("final", search.settings.final):
        more += ["--final", search.settings.final]
    if search.settings.workers > 1:
        more += ["--workers", str(search.settings.workers)]
    for name in ("device", "precision"):
        given = getattr(search.settings, name)
        if given not in (None, directory.settings.get(name)):
            more += [f"--{name}", given]
    code = named_again(search.settings, directory)
    return resume_command(search.path, search.kb.where, code, *more)

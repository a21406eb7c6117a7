"""`advisor tune`."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from advisor.cli.common import data_options, standard_options
from advisor.cli.output import config_text, print_json


@click.command(name="tune")
@click.argument("data", required=False)
@click.option("--target", help="Column to predict.")
@data_options
@click.option("--module", metavar="FILE.py:FUNCTION",
              help="Builds your own network for DATA: build(config, n_inputs, n_outputs)."
              )  # fmt: skip
@click.option("--objective", metavar="FILE.py:FUNCTION",
              help="Your own training function instead of DATA.")  # fmt: skip
@click.option("--space", metavar="FILE", help="Search space of either (ConfigSpace JSON or YAML).")
@click.option("--trials", type=click.IntRange(min=1),
              help="Length of the whole study.  [default: 30]")  # fmt: skip
@click.option("--timeout", metavar="TIME", help="Stop after 90s, 10m or 1h30m.")
@click.option("--strategy", default="bayesian", show_default=True,
              help="bayesian, random, sobol, grid, evolution, halving, hyperband or gradient."
              )  # fmt: skip
@click.option("--only", metavar="NAMES",
              help="Search these hyperparameters, such as learning_rate,dropout.  [default: all]"
              )  # fmt: skip
@click.option("--fix", multiple=True, metavar="NAME=VALUE",
              help="Fix another one; may be repeated.  [default: each one's default]"
              )  # fmt: skip
@click.option("--warm", "n_warm", type=click.IntRange(min=0),
              help="Configurations from the past; 0 is a cold search.  [default: by --trials]"
              )  # fmt: skip
@click.option("--per-second", is_flag=True,
              help="Expected improvement per second: prefer what is quick.")  # fmt: skip
@click.option("--metric", help="What to optimise.  [default: accuracy, rmse or mase]")
@click.option("--direction", type=click.Choice(["minimize", "maximize"]),
              help="For your own objective.  [default: minimize]")  # fmt: skip
@click.option("--kind", type=click.Choice(["classification", "regression"]),
              help="Kind of task.  [default: by the target's values]")  # fmt: skip
@click.option("--family", help="Model family.  [default: by the data, or the name of your space]"
              )  # fmt: skip
@click.option("--max-epochs", type=click.IntRange(min=1), help="Per trial; not with --objective.")
@click.option("--study", "name", help="Name of the study.  [default: from the data set]")
@click.option("--resume", "resuming", is_flag=True, help="Go on with a study that was cut off.")
@click.option("--studies-dir", type=click.Path(path_type=Path),
              help="Where studies are kept.  [default: beside the knowledge base]")  # fmt: skip
@click.option("--contribute/--no-contribute", "contributing", default=True, show_default=True,
              help="Whether finished trials go into the knowledge base.")  # fmt: skip
@standard_options
def command(
    data: str | None,
    name: str | None,
    resuming: bool,
    timeout: str | None,
    studies_dir: Path | None,
    contributing: bool,
    kb_path: str | None,
    output: str,
    trials: int | None,
    **options: Any,
) -> None:
    """Search hyperparameters for DATA: recommended configurations first, then Bayesian.

    \b
    Examples:
      advisor tune data.csv --target label --trials 30 --timeout 10m
      advisor tune data.csv --target label --module net.py:build --space space.yaml
      advisor tune --objective train.py:train --space space.yaml
      advisor tune data.csv --target label --resume
      advisor tune images/ --trials 20
      advisor tune reviews.csv --text review --target stars
      advisor tune sales.csv --time month --target sales --horizon 12
    """
    from advisor.duration import parse_duration
    from advisor.tuning.search import resume, start
    from advisor.tuning.settings import TuneSettings
    from knowledge_base import KnowledgeBase

    seconds = parse_duration(timeout) if timeout else None
    settings = TuneSettings(data=data, **options)
    if trials is not None:
        settings = TuneSettings(data=data, trials=trials, **options)
    kb = KnowledgeBase(kb_path)
    if resuming:
        search = resume(settings, kb, name, studies_dir, contributing, trials)
    else:
        search = start(settings, kb, name, studies_dir, contributing)
    _run(search, seconds, output)


def _run(search: Any, timeout: float | None, output: str) -> None:
    try:
        with _progress(search, output) as bar:
            result = search.run(timeout, lambda trial, tuner: bar.update(1, trial))
    except KeyboardInterrupt:
        click.echo(f"\nInterrupted; {_finished(search)} kept. Go on with:", err=True)
        click.echo(f"  {_resume_command(search)}", err=True)
        # Threads of a training that was cut off must not hold up or abort the exit.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(130)
    _print_result(search, result, output)
    if result.reason == "failures":
        raise SystemExit(1)


def _progress(search: Any, output: str) -> Any:
    def best(trial: Any) -> str:
        found = search.tuner.best
        return "" if found is None else f"best {search.tuner.context.task.metric} {found.value:.4g}"

    bar = click.progressbar(
        length=search.settings.trials,
        label="Trials",
        item_show_func=best,
        file=sys.stderr,
        show_pos=True,
    )
    bar.update(len(search.tuner.trials), None)
    return bar


def _print_result(search: Any, result: Any, output: str) -> None:
    best = search.tuner.best
    if output == "json":
        print_json(_summary(search, result))
        return
    if result.message:
        click.echo(result.message, err=True)
    click.echo(f"Study {search.path.name}: {_finished(search)} in {search.path}")
    if best is None:
        click.echo("No trial completed.")
    else:
        click.echo(
            f"Best {search.tuner.context.task.metric}: {best.value:.6g} (trial {best.number})"
        )
        click.echo(f"  {config_text(best.config)}")
        for metric, value in sorted(best.metrics.items()):
            click.echo(f"  {metric}: {value:.4g}")
    if len(search.tuner.trials) < search.settings.trials:
        click.echo(f"Go on with:\n  {_resume_command(search)}")


def _summary(search: Any, result: Any) -> dict[str, Any]:
    best = search.tuner.best
    return {
        "study": search.path.name,
        "path": str(search.path),
        "reason": result.reason,
        "message": result.message,
        "trials": [_trial(trial) for trial in search.tuner.trials],
        "best": None if best is None else _trial(best),
    }


def _trial(trial: Any) -> dict[str, Any]:
    return {
        "number": trial.number,
        "state": trial.state,
        "value": trial.value,
        "config": dict(trial.config),
        "metrics": dict(trial.metrics),
        "duration": trial.duration,
    }


def _finished(search: Any) -> str:
    count = len(search.tuner.trials)
    return f"{count} finished trial{'' if count == 1 else 's'}"


def _resume_command(search: Any) -> str:
    where = f"--studies-dir {search.path.parent} --kb {search.kb.path}"
    return f"advisor tune --study {search.path.name} {where} --resume"

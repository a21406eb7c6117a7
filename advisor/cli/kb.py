"""`advisor kb`: look into, export, import and verify the knowledge base."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.cli.common import (
    Command,
    format_option,
    kb_option,
    print_report,
    prints_to_stderr,
    seed_option,
    speaks_to_the_user,
)
from advisor.cli.kb_server import grant, init_server
from advisor.cli.output import print_json, print_table, say
from knowledge_base.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from advisor.rerun import Rerun
    from knowledge_base import KnowledgeBase

LISTED = 50

RECIPES = Path(__file__).resolve().parents[2] / "scripts" / "seed" / "recipes.py"
"""What loads the shipped data sets, in a clone of the repository."""


@click.group(name="kb")
def command() -> None:
    """Look into, export, import and verify the knowledge base.

    \b
    Example:
      advisor kb info
    """


def _options(function: Command) -> Command:
    return kb_option(seed_option(format_option(speaks_to_the_user(function))))


def _open(path: str | None) -> "KnowledgeBase":
    from knowledge_base import KnowledgeBase

    return KnowledgeBase(path)


def _print_frame(
    frame: "pd.DataFrame", columns: list[str], output: str, limit: int | None = LISTED
) -> None:
    if output == "json":
        print_json(frame.to_dict("records"))
        return
    print_table(
        frame.head(limit).to_dict("records") if limit else frame.to_dict("records"), columns
    )
    if limit and len(frame) > limit:
        say(f"... {len(frame) - limit} more; --limit 0 shows all.")


def _limit_option(function: Command) -> Command:
    return click.option("--limit", type=click.IntRange(min=0), default=LISTED, show_default=True,
                        help="Rows of the table; 0 for all.")(function)  # fmt: skip


@command.command()
@_options
def info(kb_path: str | None, output: str, seed: int) -> None:
    """Show where the knowledge base is and what it holds.

    \b
    Example:
      advisor kb info --format json
    """
    found = _open(kb_path).info()
    if output == "json":
        print_json(found)
        return
    for name, value in found.items():
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        say(f"{name + ':':<16}{'' if text is None else text}")


@command.command()
@_limit_option
@_options
def tasks(kb_path: str | None, output: str, seed: int, limit: int) -> None:
    """List the tasks: data set, target, metric and family.

    \b
    Example:
      advisor kb tasks
    """
    kb = _open(kb_path)
    frame = kb.tasks()
    counts = kb.trials()["task_id"].value_counts()
    frame = frame.assign(trials=frame["task_id"].map(counts).fillna(0).astype(int))
    columns = ["task_id", "name", "target", "metric", "direction", "family", "trials", "layer"]
    _print_frame(frame, columns, output, limit)


@command.command()
@_limit_option
@_options
def studies(kb_path: str | None, output: str, seed: int, limit: int) -> None:
    """List the studies: who ran which strategy, and when.

    \b
    Example:
      advisor kb studies --limit 0
    """
    columns = ["study_id", "name", "strategy", "source", "contributor", "created_at", "layer"]
    _print_frame(_open(kb_path).studies(), columns, output, limit)


@command.command()
@click.option("--task", help="Only this task (first characters of its identity).")
@click.option("--study", help="Only this study (first characters of its identity).")
@click.option("--state", type=click.Choice(["complete", "failed", "diverged", "stopped"]),
              help="Only trials that ended so.")  # fmt: skip
@_limit_option
@_options
def trials(
    kb_path: str | None,
    output: str,
    seed: int,
    limit: int,
    task: str | None,
    study: str | None,
    state: str | None,
) -> None:
    """List trials with their configurations and values.

    \b
    Example:
      advisor kb trials --state diverged --format json
    """
    frame = _open(kb_path).trials(task=task, study=study, state=state)
    columns = ["trial_id", "study_id", "number", "state", "value", "duration", "config"]
    _print_frame(frame, columns, output, limit)


@command.command(name="export")
@click.argument("directory")
@click.option("--all", "everything", is_flag=True, help="The shipped trials too.")
@_options
def export_(directory: str, everything: bool, kb_path: str | None, output: str, seed: int) -> None:
    """Write the knowledge base into DIRECTORY as Parquet files.

    \b
    Example:
      advisor kb export my-trials/
    """
    layers = ("seed", "user") if everything else ("user",)
    count = len(_open(kb_path).export(directory, layers=layers))
    if output == "json":
        print_json({"directory": directory, "trials": count})
    else:
        say(f"Exported {count} trials to {directory}.")


@command.command(name="import")
@click.argument("source")
@click.option("--dry-run", is_flag=True, help="Report only; write nothing.")
@_options
def import_(source: str, dry_run: bool, kb_path: str | None, output: str, seed: int) -> None:
    """Add the trials of another knowledge base: its file, or a directory that it exported.

    \b
    Example:
      advisor kb import colleague.duckdb --dry-run
    """
    from advisor.facade import Advisor

    report = Advisor(kb_path).contribute(source, importer="knowledge_base", dry_run=dry_run)
    if output == "json":
        print_json(report.to_dict())
    else:
        print_report(report)
    if report.useless:
        raise UserError(f"No trial of {source} could be used; nothing was changed.")


@command.command()
@click.option(
    "--rerun",
    metavar="N",
    type=click.IntRange(min=1),
    help="Also train N shipped trials again and compare (in a clone).",
)
@click.option(
    "--recipes",
    metavar="FILE.py:FUNCTION",
    help="Loads the data sets of --rerun by name.  [default: that of the clone]",
)
@_options
def verify(
    kb_path: str | None, output: str, seed: int, rerun: int | None, recipes: str | None
) -> None:
    """Check that everything stored is whole; exit code 1 if something is not.

    With --rerun, shipped trials drawn at random are trained again. On the same processor with
    the same versions they come out equal; elsewhere within half of the interquartile range of
    their task's values ("close"). Exit code 1 if one is "different".

    \b
    Example:
      advisor kb verify
    """
    kb = _open(kb_path)
    problems = kb.verify()
    again = _rerun(kb, rerun, seed, recipes) if rerun else []
    if output == "json":
        print_json({"problems": problems, "reruns": [item.to_dict() for item in again]})
    else:
        for line in problems or ["The knowledge base is whole."]:
            say(line)
        _print_reruns(again)
    if problems or any(item.verdict == "different" for item in again):
        raise SystemExit(1)


command.add_command(init_server)
command.add_command(grant)


def _rerun(kb: "KnowledgeBase", n: int, seed: int, recipes: str | None) -> "list[Rerun]":
    from advisor.rerun import rerun
    from advisor.training.loading import load_function

    if recipes is None and not RECIPES.is_file():
        raise UserError(
            "The shipped data sets are read by scripts/ of the repository, which an installed "
            "package lacks: run this in a clone (pip install -e .), after scripts/fetch_data.sh."
        )
    with prints_to_stderr():
        return rerun(kb, n, load_function(recipes or f"{RECIPES}:load", "recipes"), seed=seed)


def _print_reruns(again: "list[Rerun]") -> None:
    if not again:
        return
    columns = ["task", "trial_id", "metric", "stored", "again", "verdict"]
    print_table([item.to_dict() for item in again], columns)
    verdicts = [item.verdict for item in again]
    counts = ", ".join(f"{verdicts.count(v)} {v}" for v in ("equal", "close", "different"))
    say(f"Trained {len(again)} shipped trials again: {counts}.")

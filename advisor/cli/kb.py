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
from advisor.cli.kb_elsewhere import check_alone, elsewhere_options, export_elsewhere
from advisor.cli.kb_filters import (
    as_objects,
    check_family,
    chosen_studies,
    conditions,
    filter_options,
    own_first,
)
from advisor.cli.kb_server import grant, init_server
from advisor.cli.kb_trust import COMMANDS
from advisor.cli.output import print_json, print_json_rows, print_table, say
from advisor.cli.suggesting import SuggestingGroup
from knowledge_base.errors import UserError
from knowledge_base.paging import ORDER

if TYPE_CHECKING:
    import pandas as pd

    from advisor.rerun import Rerun
    from knowledge_base import KnowledgeBase

LISTED = 50
JSON_ROWS = 1000
"""Rows whose JSON is in memory at once."""

_DEFAULT = click.core.ParameterSource.DEFAULT

RECIPES = Path(__file__).resolve().parents[2] / "scripts" / "seed" / "recipes.py"
"""What loads the shipped data sets, in a clone of the repository."""


@click.group(name="kb", cls=SuggestingGroup)
def command() -> None:
    """Look into, export, import and verify the knowledge base.

    \b
    Example:
      advisor kb info
    """


for _one in COMMANDS:
    command.add_command(_one)


def _options(function: Command) -> Command:
    return kb_option(seed_option(format_option(speaks_to_the_user(function))))


def _open(path: str | None) -> "KnowledgeBase":
    from knowledge_base import KnowledgeBase

    return KnowledgeBase(path)


def _print_frame(
    frame: "pd.DataFrame", columns: list[str], output: str, limit: int, whole: int | None = None
) -> None:
    """Print the first rows of a frame, and how many more there are of the `whole`."""
    rows = _rows(output, limit)
    shown = frame if rows is None else frame.head(rows)
    if output == "json":
        starts = range(0, len(shown), JSON_ROWS)
        parts = (as_objects(shown.iloc[start : start + JSON_ROWS]) for start in starts)
        print_json_rows(part.to_dict("records") for part in parts)
        return
    print_table(shown.to_dict("records"), columns)
    left = (len(frame) if whole is None else whole) - len(shown)
    if left:
        say(f"... {left} more; --limit 0 shows all.")


def _rows(output: str, limit: int) -> int | None:
    """Return how many rows are shown, None for all: JSON has all unless the user said otherwise."""
    asked = click.get_current_context().get_parameter_source("limit") is not _DEFAULT
    return limit or None if output != "json" or asked else None


def _limit_option(function: Command) -> Command:
    return click.option("--limit", type=click.IntRange(min=0), default=LISTED, show_default=True,
                        help="Rows that are shown; 0 for all. JSON has all unless it is "
                             "given.")(function)  # fmt: skip


@command.command()
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE",
              help="Write what it holds as one HTML page, too.")  # fmt: skip
@_options
def info(kb_path: str | None, output: str, seed: int, html: Path | None) -> None:
    """Show where the knowledge base is and what it holds.

    \b
    Examples:
      advisor kb info --format json
      advisor kb info --html knowledge.html
    """
    kb = _open(kb_path)
    found = kb.info()
    if html is not None:
        from advisor.report.content.store import store_content
        from advisor.report.page import store_page, write_page

        say(f"The page is {write_page(html, store_page(store_content(kb)))}", err=True)
    if output == "json":
        print_json(found)
        return
    for name, value in found.items():
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        say(f"{name + ':':<16}{'' if text is None else text}")


@command.command()
@filter_options
@_limit_option
@_options
def tasks(
    kb_path: str | None, output: str, seed: int, limit: int, mine: bool, family: str | None
) -> None:
    """List the tasks, your own first: data set, target, metric and family.

    \b
    Examples:
      advisor kb tasks --mine
      advisor kb tasks --family cnn
    """
    kb = _open(kb_path)
    frame = own_first(kb, kb.tasks(), mine, family)
    columns = ["task_id", "name", "target", "metric", "direction", "family", "trials", "mine"]
    _print_frame(frame, columns, output, limit)


@command.command()
@filter_options
@_limit_option
@_options
def studies(
    kb_path: str | None, output: str, seed: int, limit: int, mine: bool, family: str | None
) -> None:
    """List the studies, the newest first: who ran which strategy, and when.

    \b
    Examples:
      advisor kb studies --mine
      advisor kb studies --family cnn --limit 0
    """
    kb = _open(kb_path)
    columns = ["study_id", "name", "strategy", "source", "contributor", "created_at", "layer"]
    _print_frame(chosen_studies(kb, mine, family), columns, output, limit)


@command.command()
@click.option("--task", help="Only this task (first characters of its identity).")
@click.option("--study", metavar="NAME",
              help="Only this study: the name that tune printed, or the first characters of its "
                   "identity.")  # fmt: skip
@click.option("--state", type=click.Choice(["complete", "failed", "diverged", "stopped"]),
              help="Only trials that ended so.")  # fmt: skip
@click.option("--sort", metavar="COLUMN",
              help="Such as duration or config.NAME; -value for the largest first.")  # fmt: skip
@filter_options
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
    sort: str | None,
    mine: bool,
    family: str | None,
) -> None:
    """List trials with their configurations and values.

    \b
    Examples:
      advisor kb trials --state diverged --format json
      advisor kb trials --study digits-1 --sort -value
      advisor kb trials --task 5c01cf --sort -value --limit 5
    """
    kb, rows = _open(kb_path), _rows(output, limit)
    order = [sort, *ORDER] if sort else ORDER
    where = conditions(kb, study, mine)
    if family is not None:
        check_family(kb.tasks(), family)
    frame = kb.trials(task=task, state=state, family=family, where=where, order_by=order,
                      limit=rows)  # fmt: skip
    whole = len(frame)
    if output != "json" and whole == rows:
        whole = kb.count_trials(task=task, state=state, family=family, where=where)
    if output != "json":  # One list holds trials of many tasks, whose values are in other units.
        frame = kb.with_studies(frame).rename(columns={"study_name": "study"})
    columns = ["trial_id", "study", "number", "state", "metric", "value", "duration", "config"]
    _print_frame(frame, columns, output, limit, whole)


@command.command(name="export")
@click.argument("directory", metavar="TARGET")
@elsewhere_options
@click.option("--all", "everything", is_flag=True, help="The shipped trials too.")
@click.option("--anonymous", is_flag=True,
              help="Leave out who, when, where, and names of data sets and studies.")  # fmt: skip
@click.option("--contributor", metavar="NAME",
              help="What your own studies say of who ran them.  "
                   "[default: ADVISOR_CONTRIBUTOR, or nobody]")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would leave the machine; write nothing.")
@_options
def export_(
    directory: str,
    everything: bool,
    anonymous: bool,
    contributor: str | None,
    dry_run: bool,
    to: str | None,
    task: str | None,
    study: str | None,
    kb_path: str | None,
    output: str,
    seed: int,
) -> None:
    """Write the knowledge base into a folder TARGET as Parquet files, for others.

    What leaves the machine is printed before it is written: no path, no traceback, of errors
    their kind and the first line without quotations and numbers, of your name what you chose.

    \b
    Examples:
      advisor kb export my-trials/ --dry-run
      advisor kb export my-trials/ --anonymous
      advisor kb export --to optuna --study digits-1 sqlite:///x.db
      advisor kb export --to mlflow sqlite:///mlflow.db
    """
    if to is not None:
        check_alone(everything, anonymous, contributor is not None, dry_run)
        export_elsewhere(_open(kb_path), to, directory, task, study, output)
        return
    if task is not None or study is not None:
        raise UserError("`task` and `study` choose what is shown elsewhere; say where with `to`.")
    from knowledge_base.bundle import check_free

    layers = ("seed", "user") if everything else ("user",)
    if not dry_run:
        check_free(Path(directory))
    passed = _open(kb_path).passed_on(layers, anonymous=anonymous, contributor=contributor)
    count = len(passed.bundle)
    if output != "json":
        say(f"This {'would leave' if dry_run else 'leaves'} the machine:")
        for line in passed.told:
            say(f"  {line}")
        for line in passed.left_out:
            say(f"Left out: {line}")
    if not dry_run:
        passed.bundle.export(Path(directory))
    if output == "json":
        print_json({"directory": None if dry_run else directory, "trials": count,
                    "told": passed.told, "left_out": passed.left_out})  # fmt: skip
    elif not dry_run:
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

"""`advisor kb export --to`: trials for the eyes of other tools."""

from typing import TYPE_CHECKING

import click

from advisor.cli.common import Command, prints_to_stderr
from advisor.cli.output import print_json, say
from knowledge_base.errors import UserError

if TYPE_CHECKING:
    from knowledge_base import KnowledgeBase

TOOLS = ("optuna", "mlflow")


def elsewhere_options(function: Command) -> Command:
    """Add the options of another tool to `advisor kb export`."""
    function = click.option("--task", help="With --to: this task, as one study.")(function)
    function = click.option("--study", help="With --to: this study, by its name or "
                                            "identity.")(function)  # fmt: skip
    return click.option("--to", type=click.Choice(TOOLS),
                        help="Add trials to a storage of Optuna or a store of MLflow at that "
                             "address instead.")(function)  # fmt: skip


def export_elsewhere(
    kb: "KnowledgeBase", to: str, address: str, task: str | None, study: str | None, output: str
) -> None:
    """Add trials to the store of another tool, and say how many."""
    from advisor.integrations.others import to_mlflow, to_optuna
    from advisor.integrations.others.chosen import shown

    if task is not None and study is not None:
        raise UserError("Give `task` or `study`: a study has one task.")
    export = {"optuna": to_optuna.export, "mlflow": to_mlflow.export}[to]
    studies = list(shown(kb, task, study))
    with prints_to_stderr():
        added = export(studies, address)
    names = list(dict.fromkeys(one.name for one in studies))
    known = sum(len(one.trials) for one in studies) - added
    if output == "json":
        print_json({"to": to, "address": address, "studies": names, "trials": added,
                    "known": known})  # fmt: skip
        return
    say(f"Added {added} trials of {', '.join(names[:5])}"
        f"{f' and {len(names) - 5} more' if len(names) > 5 else ''} to {address}; {known} were "
        "there.")  # fmt: skip
    if to == "optuna":
        say(f"Look at them with: optuna-dashboard {address}")
    else:
        say(f"Look at them with: mlflow ui --backend-store-uri {address}")


def check_alone(*others: bool) -> None:
    """Refuse what only an export for others takes.

    Raises:
        UserError: some of it was given.
    """
    if any(others):
        raise UserError(
            "`to` shows trials to your own tools, with whose address it goes; `all`, `anonymous`, "
            "`contributor` and `dry_run` are for exports into a folder."
        )

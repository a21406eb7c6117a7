"""What of the knowledge base is listed, in which order, and how its JSON looks."""

import json
from typing import TYPE_CHECKING

import click

from advisor.cli.common import Command
from knowledge_base.errors import UserError
from knowledge_base.naming import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from knowledge_base import KnowledgeBase
    from knowledge_base.paging import Condition

OBJECTS = ("config", "metrics", "labels", "versions", "machine", "definition")
"""Columns that hold JSON."""


def filter_options(function: Command) -> Command:
    """Add the options that leave out what is not wanted."""
    function = click.option("--family", help="Only this model family.")(function)
    return click.option("--mine", is_flag=True,
                        help="Only your own, not what ships.")(function)  # fmt: skip


def conditions(kb: "KnowledgeBase", study: str | None, mine: bool) -> "list[Condition]":
    """Return the conditions on trials that options mean; the database checks them.

    Raises:
        UserError: no study is called so.
    """
    from knowledge_base.chosen import studies_called

    found: list[Condition] = [("layer", "=", "user")] if mine else []
    if study is not None:
        found.append(("study_id", "in", studies_called(kb, study)))
    return found


def own_first(
    kb: "KnowledgeBase", tasks: "pd.DataFrame", mine: bool, family: str | None
) -> "pd.DataFrame":
    """Return tasks with the count of their trials, those that the user tried himself first.

    Raises:
        UserError: no task is of that family.
    """
    from knowledge_base.chosen import own_trials

    own, every = own_trials(kb), kb.trials_of_tasks()
    counts = own if mine else every
    check_family(tasks, family)
    if family is not None:
        tasks = tasks[tasks["family"] == family]
    tasks = tasks.assign(trials=[counts.get(task, 0) for task in tasks["task_id"]],
                         mine=[own.get(task, 0) for task in tasks["task_id"]])  # fmt: skip
    if mine:
        tasks = tasks[tasks["mine"] > 0]
    return tasks.iloc[(tasks["mine"] == 0).argsort(kind="stable")]


def chosen_studies(kb: "KnowledgeBase", mine: bool, family: str | None) -> "pd.DataFrame":
    """Return the studies that the user has himself, or whose tasks are of a family.

    Raises:
        UserError: no task is of that family.
    """
    studies = kb.studies()
    if family is not None:
        tasks = kb.tasks()
        check_family(tasks, family)
        studies = studies[studies["task_id"].isin(tasks["task_id"][tasks["family"] == family])]
    return studies[studies["layer"] == "user"] if mine else studies


def check_family(tasks: "pd.DataFrame", family: str | None) -> None:
    """Refuse a family that no task has.

    Raises:
        UserError: names the nearest, or all.
    """
    known = sorted(set(tasks["family"]))
    if family is not None and family not in known:
        hint = did_you_mean(family, known, f"There are: {', '.join(known) or 'none'}.")
        raise UserError(f"No task is of the family '{family}'. {hint}")


def as_objects(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return rows whose columns of JSON are objects and lists, for a document of JSON."""
    made = {name: frame[name].map(_object).astype(object) for name in OBJECTS if name in frame}
    return frame.assign(**made)


def _object(cell: object) -> object:
    if not isinstance(cell, str):
        return None
    try:
        found: object = json.loads(cell)
    except ValueError:  # Somebody else wrote it; `verify` says so.
        return cell
    return found

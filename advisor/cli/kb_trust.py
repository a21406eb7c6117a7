"""`advisor kb contributors, quarantine, drop, log`: whose the trials are, and taking them back."""

from typing import TYPE_CHECKING

import click

from advisor.cli.common import Command, format_option, kb_option, seed_option, speaks_to_the_user
from advisor.cli.output import print_json, print_table, say
from knowledge_base.errors import UserError

if TYPE_CHECKING:
    from knowledge_base import KnowledgeBase
    from knowledge_base.contributions import TakenBack

DONE = {
    "quarantine": "Hidden from every answer",
    "lift": "Seen again",
    "drop": "Dropped",
}


def _options(function: Command) -> Command:
    return kb_option(seed_option(format_option(speaks_to_the_user(function))))


def _criteria(function: Command) -> Command:
    study = click.option("--study", metavar="ID", help="Of this study (first characters).")
    since = click.option("--since", metavar="DATE", help="Contributed from then on (UTC).")
    return study(since(function))


def _reason(function: Command) -> Command:
    return click.option("--reason", metavar="TEXT", default="", help="Why, for the log.")(function)


def _open(path: str | None) -> "KnowledgeBase":
    from knowledge_base import KnowledgeBase

    return KnowledgeBase(path)


def _print(done: "TakenBack", output: str) -> None:
    if output == "json":
        print_json(done.to_dict())
        return
    how_many = (
        "what is like it (how much that is cannot be seen while another program has the database)"
        if done.trials is None
        else f"{done.trials} trials of {done.studies} studies"
    )
    say(f"{DONE[done.action]}: {how_many}.")
    if not done.stored:
        say("It waits beside the database, which is in use, and is in force from now on.")


@click.command()
@_options
def contributors(kb_path: str | None, output: str, seed: int) -> None:
    """List who contributed how much, what is in quarantine, and how far it counts.

    Others are "confirmed", "unconfirmed" or "refuted" by how their trials agree with what ships,
    your own and each other's; "weight" is the most that theirs count among those of a family.

    \b
    Example:
      advisor kb contributors
    """
    from advisor.meta.trusting import contributors as contributors_of

    rows = contributors_of(_open(kb_path))
    if output == "json":
        print_json(rows)
        return
    columns = ["name", "layer", "trials", "tasks", "studies", "first", "last", "quarantined",
               "trust", "weight"]  # fmt: skip
    print_table(rows, columns)


@click.command()
@click.option("--contributor", metavar="NAME", help="Contributed by this name.")
@_criteria
@_reason
@click.option("--lift", is_flag=True, help="Bring it back.")
@_options
def quarantine(
    kb_path: str | None,
    output: str,
    seed: int,
    contributor: str | None,
    study: str | None,
    since: str | None,
    reason: str,
    lift: bool,
) -> None:
    """Hide trials from every answer; they are kept, and --lift brings them back.

    Hidden is what all of the options hold of that are given. The shipped trials never are.

    \b
    Examples:
      advisor kb quarantine --contributor mallory --reason "values above 1"
      advisor kb quarantine --contributor mallory --lift
    """
    kb = _open(kb_path)
    change = kb.lift if lift else kb.quarantine
    _print(change(contributor, study, since, reason=reason), output)


@click.command()
@_criteria
@click.option("--all", "everything", is_flag=True, help="Everything of your own.")
@_reason
@click.option("--yes", is_flag=True, help="Do not ask.")
@_options
def drop(
    kb_path: str | None,
    output: str,
    seed: int,
    study: str | None,
    since: str | None,
    everything: bool,
    reason: str,
    yes: bool,
) -> None:
    """Delete trials that you contributed yourself; what others did goes into quarantine.

    The folders of studies stay, and so does what others have copied.

    \b
    Examples:
      advisor kb drop --study 1f0c9e2b
      advisor kb drop --since 2026-11-26 --yes
    """
    kb = _open(kb_path)
    if not yes:
        found = kb.drop(study, since, everything=everything, dry_run=True)
        question = f"Delete {found.trials} trials of {found.studies} studies for good?"
        if not click.confirm(question, err=True):
            raise UserError("Nothing was dropped.")
    _print(kb.drop(study, since, everything=everything, reason=reason), output)


@click.command()
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True,
              help="Rows of the table; 0 for all.")  # fmt: skip
@_options
def log(kb_path: str | None, output: str, seed: int, limit: int) -> None:
    """Show who changed what and when: contributions, imports, quarantine, lift and drop.

    \b
    Example:
      advisor kb log --limit 20
    """
    rows = _open(kb_path).log().to_dict("records")
    if output == "json":
        print_json(rows)
        return
    columns = ["logged_at", "who", "action", "contributor", "study_id", "trials", "detail"]
    print_table(rows[:limit] if limit else rows, columns)
    if limit and len(rows) > limit:
        say(f"... {len(rows) - limit} more; --limit 0 shows all.")


COMMANDS = (contributors, quarantine, drop, log)

"""`advisor kb init-server` and `advisor kb grant`: a team's knowledge base on PostgreSQL."""

import click

from advisor.cli.common import format_option, speaks_to_the_user
from advisor.cli.output import print_json, say


@click.command(name="init-server")
@click.argument("url")
@format_option
@speaks_to_the_user
def init_server(url: str, output: str) -> None:
    """Make a team's knowledge base in the PostgreSQL database at URL, or bring it up to date.

    The login must own the database and may make roles. It makes the schema `advisor` and the
    roles advisor_reader, advisor_writer and advisor_curator. Running it again changes nothing.

    \b
    Example:
      advisor kb init-server postgresql://postgres@db.example.org/team
    """
    from knowledge_base.server.address import masked
    from knowledge_base.server.administration import init_server as init

    version = init(url)
    if output == "json":
        print_json({"server": masked(url), "schema_version": version})
    else:
        say(f"{masked(url)} holds a knowledge base, version {version} of the schema.")


@click.command()
@click.argument("url")
@click.argument("user")
@click.option(
    "--role",
    type=click.Choice(["reader", "writer", "curator"]),
    default="writer",
    show_default=True,
    help="What the login may do.",
)
@format_option
@speaks_to_the_user
def grant(url: str, user: str, role: str, output: str) -> None:
    """Let the login USER read, write to or curate the team's knowledge base at URL.

    A writer adds under its own name, and changes and deletes nothing; a curator hides what others
    added, and takes that back.

    \b
    Example:
      advisor kb grant postgresql://postgres@db.example.org/team anna --role writer
    """
    from knowledge_base.server.address import masked
    from knowledge_base.server.administration import grant as give

    give(url, user, role)
    if output == "json":
        print_json({"server": masked(url), "user": user, "role": role})
    else:
        say(f"'{user}' is a {role} of {masked(url)}.")

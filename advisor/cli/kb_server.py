"""`advisor kb init-server`, `advisor kb grant`: what the keeper of a team's server does."""

import click

from advisor.cli.common import prints_to_stderr, speaks_to_the_user
from advisor.cli.output import say


@click.command(name="init-server")
@click.argument("address")
@speaks_to_the_user
def init_server(address: str) -> None:
    """Make a team's knowledge base on the PostgreSQL server at ADDRESS, or bring it up to date.

    \b
    Example:
      advisor kb init-server postgresql://keeper@db.example.org/team
    """
    from knowledge_base.server import Address
    from knowledge_base.server import init_server as make

    given = Address(address)
    with prints_to_stderr():
        done = make(given)
    if done:
        say(f"{given.shown} is a team's knowledge base now ({', '.join(done)}).")
    else:
        say(f"{given.shown} is up to date.")


@click.command(name="grant")
@click.argument("address")
@click.argument("login")
@click.option("--role", required=True, help="reader, writer or curator.")
@speaks_to_the_user
def grant(address: str, login: str, role: str) -> None:
    """Let LOGIN of the server at ADDRESS read, write, or curate the team's knowledge base."""
    from knowledge_base.server import Address
    from knowledge_base.server import grant as let

    given = Address(address)
    with prints_to_stderr():
        let(given, login, role)
    say(f"{login} is a {role} of {given.shown} now.")


COMMANDS = (init_server, grant)

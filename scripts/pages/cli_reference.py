"""The reference of the command line, docs/cli.md, from the help texts."""

from collections.abc import Iterator

import click

from advisor.cli import main


def commands(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    """Return the path and the help text of a command and everything below it."""
    settings = {"terminal_width": 90, "max_content_width": 90, **main.context_settings}
    context = click.Context(command, info_name=path, **settings)
    yield path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, f"{path} {name}")


def reference() -> str:
    """Return the page."""
    parts = ["# Command line reference", "", "Made by `python -m scripts.pages cli`.", ""]
    for path, text in commands(main, "advisor"):
        parts += [f"## {path}", "", "```", text.rstrip(), "```", ""]
    return "\n".join(parts)

"""The `advisor` command; subcommands are imported only when they are used."""

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module

import click

from advisor.cli.scarcity import NOT_ENOUGH, refusal, spare_memory
from advisor.cli.suggesting import SuggestingGroup

COMMANDS = {
    "recommend": ("advisor.cli.recommend", "Recommend starting hyperparameters; trains nothing."),
    "tune": ("advisor.cli.tune", "Search hyperparameters from a warm start."),
    "predict": ("advisor.cli.predict", "Predict new rows with the model that a search left."),
    "export": ("advisor.cli.export", "Write that model as code that needs PyTorch alone."),
    "compare": ("advisor.cli.compare", "Run several strategies on equal budgets."),
    "report": ("advisor.cli.report", "Write what a study shows as one HTML page."),
    "diagnose": ("advisor.cli.diagnose", "Say what went wrong in a study, and what to change."),
    "contribute": ("advisor.cli.contribute", "Add finished runs to the knowledge base."),
    "view": ("advisor.cli.view", "Show the knowledge base and studies in the browser."),
    "kb": ("advisor.cli.kb", "Look into, export, import and verify the knowledge base."),
    "plugins": ("advisor.cli.plugins", "List what installed packages add."),
}


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Let click's own errors hold what was typed on one line, as people may safely see it."""
    try:
        yield
    except click.ClickException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # Its text is the help, line by line.
            raise
        from advisor.cli.output import plain  # `--help` does without what it imports.

        said = plain(error.format_message())
        setattr(error, "format_message", lambda: said)  # noqa: B010 - mypy knows it as a method
        raise


class LazyGroup(SuggestingGroup):
    """A group whose commands live in modules that `--help` does not import."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: object,
    ) -> click.Context:
        """Read the options before the command."""
        with _plain_errors():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Find and run the command; what the system refuses is one line, and exit code 2."""
        try:
            with _plain_errors():
                return super().invoke(ctx)
        except Exception as error:
            if isinstance(error, click.ClickException | click.exceptions.Exit):
                raise
            line = refusal(error)
            if line is None:
                raise
            # What escapes text imports much, for which there may be no room.
            shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
            click.echo(f"Error: {shown}", err=True)
            raise SystemExit(2) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


COMPLETION = """\b
Tab completes commands and options after this line in ~/.bashrc (or zsh in ~/.zshrc):
  eval "$(_ADVISOR_COMPLETE=bash_source advisor)"
"""


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog=COMPLETION
)
@click.version_option(package_name="advisor-automl", prog_name="advisor")
def main() -> None:
    """Hyperparameters from experience.

    \b
    Example:
      advisor recommend data.csv --target label -n 5
    """


def run() -> None:
    """Run the command and end the process at once.

    Tearing the interpreter down would take longer than some commands do, and DuckDB 2 prints
    pages about leaked references when PyTorch is loaded, too. Everything is stored by then.
    """
    code: str | int | None = 0
    try:
        spare_memory()
        main()
    except MemoryError:
        print(f"Error: {NOT_ENOUGH}", file=sys.stderr)
        code = 2
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    with suppress(OSError):  # What users' code prints at the end must not follow a JSON document.
        os.dup2(2, 1)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)

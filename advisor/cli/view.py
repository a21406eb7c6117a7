"""`advisor view`."""

from pathlib import Path

import click

from advisor.cli.common import kb_option, speaks_to_the_user
from advisor.cli.output import say


@click.command(name="view")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N",
              help="Port to listen on.  [default: any that is free]")  # fmt: skip
@click.option("--no-browser", is_flag=True, help="Print the address only.")
@click.option("--studies-dir", type=click.Path(path_type=Path),
              help="Where studies are kept.  [default: beside the knowledge base]")  # fmt: skip
@kb_option
@speaks_to_the_user
def command(kb_path: str | None, studies_dir: Path | None, no_browser: bool, port: int) -> None:
    """Show the knowledge base and the studies as a page in the browser, until Ctrl-C.

    The page is served to this computer only, and needs the token in the address that is printed.

    \b
    Examples:
      advisor view
      advisor view --port 8765 --no-browser
    """
    import webbrowser

    from advisor.facade import Advisor
    from advisor.view.server import view_server

    server = view_server(Advisor(kb_path), studies_dir, port)
    say(f"The view is at {server.address}")
    say("Ctrl-C ends it.", err=True)
    if not no_browser:
        webbrowser.open(server.address)
    server.run()

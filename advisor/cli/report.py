"""`advisor report`."""

from pathlib import Path

import click

from advisor.cli.common import kb_option, speaks_to_the_user
from advisor.cli.output import say


@click.command(name="report")
@click.argument("study")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
              help="Where the page is written.  [default: STUDY.html]")  # fmt: skip
@click.option("--studies-dir", type=click.Path(path_type=Path),
              help="Where studies are kept.  [default: beside the knowledge base]")  # fmt: skip
@kb_option
@speaks_to_the_user
def command(study: str, output: Path | None, studies_dir: Path | None, kb_path: str | None) -> None:
    """Write what STUDY shows as one HTML page that opens anywhere, without a network.

    STUDY is a name that `advisor tune` prints, or a study's folder. It may still be running.

    \b
    Examples:
      advisor report digits-1
      advisor report digits-1 -o digits.html
    """
    from advisor.facade import Advisor

    path = Advisor(kb_path).report(study, output, studies_dir)
    say(f"The report is in {path}")

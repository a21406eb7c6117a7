"""`advisor report`."""

from pathlib import Path

import click

from advisor.cli.common import standard_options
from advisor.cli.output import print_json, say


@click.command(name="report")
@click.argument("study")
@click.option("-o", "--output", "page", type=click.Path(path_type=Path), metavar="FILE",
              help="Where the page is written.  [default: STUDY.html]")  # fmt: skip
@click.option("--studies-dir", type=click.Path(path_type=Path),
              help="Where studies are kept.  [default: beside the knowledge base]")  # fmt: skip
@standard_options
def command(
    study: str, page: Path | None, studies_dir: Path | None, kb_path: str | None, seed: int,
    output: str,
) -> None:  # fmt: skip
    """Write what STUDY shows as one HTML page that opens anywhere, without a network.

    STUDY is a name that `advisor tune` prints, or a study's folder. It may still be running.

    \b
    Examples:
      advisor report digits-1
      advisor report digits-1 -o digits.html
    """
    from advisor.facade import Advisor

    path = Advisor(kb_path).report(study, page, studies_dir, seed)
    if output == "json":
        print_json({"report": str(path), "bytes": path.stat().st_size})
        return
    say(f"The report is in {path}")

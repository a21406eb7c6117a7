"""`advisor export`."""

from pathlib import Path

import click

from advisor.cli.common import kb_option, speaks_to_the_user
from advisor.cli.output import say


@click.command(name="export")
@click.argument("study")
@click.option("--to", default="torch", show_default=True, type=click.Choice(["torch", "onnx"]),
              help="What the model becomes; onnx adds a graph for ONNX runtimes.")  # fmt: skip
@click.option("-o", "--output", "folder", metavar="FOLDER", required=True,
              type=click.Path(path_type=Path), help="A new or empty folder.")  # fmt: skip
@click.option("--studies-dir", type=click.Path(path_type=Path),
              help="Where studies are kept.  [default: beside the knowledge base]")  # fmt: skip
@kb_option
@speaks_to_the_user
def command(
    study: str, to: str, folder: Path, studies_dir: Path | None, kb_path: str | None
) -> None:
    """Write the model that a search left to a folder that needs PyTorch alone.

    STUDY is a name that `advisor tune` prints, a study's folder or a model's. The folder holds
    the networks as a plain module in readable code, what prepares new rows for them, and the
    weights; its README.md says how they are used.

    \b
    Example:
      advisor export digits-1 -o digits_model
    """
    from advisor.facade import Advisor

    Advisor(kb_path).export(study, folder, to, root=studies_dir)
    say(f"Wrote {folder}; its README.md says how it is used.")

"""Writes the pages of docs/benchmarks, each with the command that makes it."""

import importlib.metadata
import os
import platform
from collections.abc import Sequence

import click

from knowledge_base.durable import write_text
from scripts import DOCS
from scripts.pages.markdown import mean_and_error, table

__all__ = [
    "FOLDER",
    "made_by",
    "mean_and_error",
    "measured_on",
    "measured_under",
    "nothing_finished",
    "page",
    "publish",
    "report_only_option",
    "table",
    "workers_option",
    "write_option",
]  # fmt: skip

FOLDER = DOCS / "benchmarks"

write_option = click.option(
    "--write/--no-write", default=True, help="Replace the page in docs/benchmarks/."
)
workers_option = click.option("--workers", default=2, help="Processes of one thread each.")
report_only_option = click.option(
    "--report-only", is_flag=True, help="Run nothing; report what is finished."
)


def nothing_finished() -> click.ClickException:
    """Return the error of a report without any run."""
    return click.ClickException("Nothing is finished yet; run it without --report-only.")


def made_by(name: str, options: str = "") -> str:
    """Return the line that says by which command a page is made."""
    return f"Made by `python -m scripts.benchmarks.{name}{options}`; do not edit by hand."


def page(title: str, name: str, parts: Sequence[str], options: str = "") -> str:
    """Return a page.

    Args:
        title: its heading.
        name: of the benchmark, and of the page's file.
        parts: paragraphs, tables and sections, in order.
        options: of the command, with a space first.
    """
    whole = [f"# {title}", made_by(name, options), *parts]
    return "\n\n".join(part.strip("\n") for part in whole) + "\n"


def measured_on(*packages: str, note: str = "") -> str:
    """Return the line about the machine and the versions; what is not installed is left out."""
    known = []
    for name in packages:
        try:
            known.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    versions = ", ".join([f"Python {platform.python_version()}", *known])
    return f"{versions}; {platform.machine()}, {os.cpu_count()} cores{note}."


def measured_under(load: float, *packages: str) -> str:
    """Return the same line with the load at the start, as of `os.getloadavg()`."""
    note = f"; load of other work at the start {load:.1f} (mean over a minute)"
    return measured_on(*packages, note=note)


def written(name: str) -> str:
    """Return a page as it is; an empty one if there is none."""
    path = FOLDER / f"{name}.md"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def publish(name: str, text: str, write: bool = True) -> None:
    """Print a page, and write it."""
    if write:
        FOLDER.mkdir(parents=True, exist_ok=True)
        write_text(FOLDER / f"{name}.md", text)
    click.echo(text)

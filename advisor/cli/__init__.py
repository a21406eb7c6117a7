"""The command line: parses, calls one Python function, prints. No logic of its own."""

from advisor.cli.group import main, run

__all__ = ["main", "run"]

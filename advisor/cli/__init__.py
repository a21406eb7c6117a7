"""The command line: parses, calls one Python function, prints. No logic of its own."""

from advisor.cli.main import main

__all__ = ["main"]

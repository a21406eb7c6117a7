"""`python -m advisor`: the command line, where the command itself is not on the path."""

from advisor.cli.group import run

if __name__ == "__main__":
    run()

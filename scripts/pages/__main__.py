"""Writes the pages that are made from the program and from what ships.

python -m pip install optuna matplotlib     # for the card
python -m scripts.pages [NAME ...]
"""

import click

from scripts import ROOT
from scripts.pages.generated import PAGES


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(PAGES)))
def main(names: tuple[str, ...]) -> None:
    """Write the pages of these names; without one, all of them (the card takes two minutes)."""
    for name in names or PAGES:
        PAGES[name].write()
        click.echo(f"Wrote {PAGES[name].path.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()

"""Trains shipped trials again and compares: are the stored results repeatable?

    scripts/fetch_data.sh
    python -m scripts.seed.rerun 20

`advisor kb verify --rerun 20` does the same in a clone, and says more on the whole store.
"""

import click

from advisor.rerun import rerun
from knowledge_base.errors import UserError
from scripts.pages.generated import shipped
from scripts.pages.markdown import table
from scripts.seed.recipes import load


@click.command()
@click.argument("n", type=click.IntRange(min=1))
@click.option("--seed", default=0, help="Seed of the draw.")
def main(n: int, seed: int) -> None:
    """Train N shipped trials, drawn at random, again."""
    try:
        again = rerun(shipped(), n, load, seed)
    except UserError as error:
        raise click.ClickException(str(error)) from error
    columns = ("task", "trial", "metric", "stored", "again", "verdict")
    rows = [(i.task, i.trial_id, i.metric, i.stored, i.again, i.verdict) for i in again]
    click.echo(table(columns, rows))
    raise SystemExit(any(item.verdict == "different" for item in again))


if __name__ == "__main__":
    main()

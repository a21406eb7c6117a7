"""`advisor predict`."""

from pathlib import Path

import click

from advisor.cli.common import kb_option, speaks_to_the_user
from advisor.cli.output import say


@click.command(name="predict")
@click.argument("study")
@click.argument("new", metavar="NEW")
@click.option("-o", "--output", "out", metavar="FILE",
              type=click.Path(dir_okay=False, path_type=Path),
              help="CSV, JSON Lines or Parquet file.  [default: CSV on standard output]"
              )  # fmt: skip
@click.option("--proba", is_flag=True, help="Add the probability of every class.")
@click.option("--interval", "level", type=float, metavar="LEVEL",
              help="Add `lower` and `upper`, between which this share of new values lies.  "
              "[default: 0.8 for forecasts]")  # fmt: skip
@click.option("--module", metavar="FILE.py:FUNCTION",
              help="Builds the network of a model of your own.")  # fmt: skip
@click.option("--studies-dir", type=click.Path(path_type=Path),
              help="Where studies are kept.  [default: beside the knowledge base]")  # fmt: skip
@kb_option
@speaks_to_the_user
def command(
    study: str,
    new: str,
    out: Path | None,
    proba: bool,
    level: float | None,
    module: str | None,
    studies_dir: Path | None,
    kb_path: str | None,
) -> None:
    """Predict NEW rows with the model that a search left.

    STUDY is a name that `advisor tune` prints, a study's folder or a model's. NEW has the columns
    that the model was trained on: a table, texts, a folder of images, or the history of series,
    whose next points are forecast.

    \b
    Examples:
      advisor predict digits-1 new.csv -o predictions.csv
      advisor predict digits-1 new.csv --proba
      advisor predict sales-1 sales.csv --interval 0.9
    """
    from advisor.facade import Advisor
    from advisor.predictor.intervals import USUAL
    from advisor.predictor.tables import check_format, table_of, write_table

    if out is not None:
        check_format(out)
    predictor = Advisor(kb_path).model(study, root=studies_dir, module=module)
    rows = predictor.read(new)
    for line in rows.intake.lines():
        say(line, err=True)
    if level is None and predictor.reading.target.kind == "forecasting":
        if predictor.intervals is None:
            say("The model has no intervals: an earlier version made it.", err=True)
        else:
            level = USUAL
    table = table_of(predictor, rows, proba, level)
    write_table(table, out)
    if out is not None:
        say(f"Wrote {out}: {len(table)} rows.", err=True)

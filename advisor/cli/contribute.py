"""`advisor contribute`."""

import click

from advisor.cli.common import print_report, standard_options
from advisor.cli.output import print_json
from knowledge_base.errors import UserError


@click.command(name="contribute")
@click.argument("source")
@click.option("--from", "importer", metavar="NAME",
              help="table, study, knowledge_base, optuna, mlflow, ray, hydra, tensorboard, "
                   "wandb or smac.  [default: by SOURCE]")  # fmt: skip
@click.option("--dataset", help="CSV, Parquet or built-in name of the data behind the trials.")
@click.option("--target", help="Its column to predict.")
@click.option("--group", metavar="NAME",
              help="Its column of rows that were not split apart.")  # fmt: skip
@click.option("--space", metavar="FILE",
              help="Search space of a table of trials, or of the runs of a tool that keeps none.  "
                   "[default: that of --family; what was tried]")  # fmt: skip
@click.option("--metric", help="Column with the metric, and its name.")
@click.option("--direction", type=click.Choice(["minimize", "maximize"]),
              help="Of the metric.  [default: as known for it]")  # fmt: skip
@click.option("--family", help="Model family.  [default: mlp, or the name of the space]")
@click.option("--task", "task_name", help="Name of the task, where there is no data set.")
@click.option(
    "--study", "study_name", help="Which study of an Optuna storage, or which experiment."
)
@click.option("--metrics-file", metavar="NAME",
              help="File with the metrics in each folder of a job of Hydra.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Report only; write nothing.")
@standard_options
def command(
    source: str,
    output: str,
    kb_path: str | None,
    dry_run: bool,
    seed: int,
    **options: str | None,
) -> None:
    """Add finished runs to the knowledge base: your own or another tool's.

    SOURCE is a CSV or JSON Lines file, a study directory, a knowledge base file, an
    Optuna storage (sqlite:///study.db, a journal file or the address of a server), a store of
    MLflow (sqlite:///mlflow.db or mlruns), or a folder of Ray Tune, Hydra,
    TensorBoard, Weights & Biases (offline runs) or SMAC.

    \b
    Examples:
      advisor contribute runs.csv --dataset data.csv --target label
      advisor contribute --from optuna sqlite:///study.db --study svm
      advisor contribute mlruns --study digits --metric val_loss
      advisor contribute multirun/2026-11-26/10-00-00 --metrics-file metrics.json
    """
    from advisor.facade import Advisor

    report = Advisor(kb_path).contribute(source, dry_run=dry_run, seed=seed, **options)
    if output == "json":
        print_json(report.to_dict())
    else:
        print_report(report)
    if report.useless:
        raise UserError(f"No row of {source} could be used; nothing was changed.")

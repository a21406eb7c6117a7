"""`advisor recommend`."""

from typing import TYPE_CHECKING

import click

from advisor.cli.common import (
    data_arguments,
    data_options,
    formats,
    kb_option,
    print_intake,
    seed_option,
    speaks_to_the_user,
)
from advisor.cli.output import config_text, print_json, say
from advisor.meta import Recommendation
from advisor.meta.advice import Advice
from advisor.meta.pasting import expectation
from knowledge_base.types import JsonObject

if TYPE_CHECKING:
    from advisor.data import Intake
    from advisor.facade import Advisor


@click.command(name="recommend")
@click.argument("data", required=False)
@click.option("--target", help="Column to predict.")
@data_options
@click.option("-n", "number", type=click.IntRange(min=1), default=5, show_default=True,
              help="How many configurations.")  # fmt: skip
@click.option("--metric", help="What to optimise.  [default: accuracy, rmse or mase]")
@click.option("--kind", type=click.Choice(["classification", "regression"]),
              help="Kind of task.  [default: by the target's values]")  # fmt: skip
@click.option("--family", help="Model family.  [default: by the data]")
@click.option("--space", metavar="FILE",
              help="Search space of your own network, to recommend in; DATA may be left out."
              )  # fmt: skip
@click.option("--probe", metavar="TIME",
              help="Train a few configurations shortly, at most 20s or 2m, and choose by them."
              )  # fmt: skip
@kb_option
@seed_option
@formats("yaml", "python")
@speaks_to_the_user
def command(
    data: str | None,
    target: str | None,
    number: int,
    metric: str | None,
    kind: str | None,
    family: str | None,
    space: str | None,
    probe: str | None,
    kb_path: str | None,
    seed: int,
    output: str,
    text: str | None,
    time: str | None,
    series: str | None,
    horizon: int | None,
    group: str | None,
    **reading: object,
) -> None:
    """Recommend starting hyperparameters for DATA; trains nothing without --probe.

    DATA is a file of a table (CSV, JSON, Parquet, Feather, Excel), - for standard input, a
    folder with a folder of images per class, an npz or idx file of images, or a built-in
    name such as sklearn:digits. What was read as what is said on standard error.

    \b
    Examples:
      advisor recommend data.csv --target label -n 5
      advisor recommend data.csv --target label --probe 20s
      advisor recommend --space space.yaml
      advisor recommend data.csv --target label --format python > start.py
      advisor recommend sales.xlsx --target price --drop note --as zip=category
      advisor recommend reviews.csv --text review --target stars
    """
    from advisor.facade import Advisor
    from advisor.units import parse_duration

    seconds = parse_duration(probe) if probe else None
    advisor = Advisor(kb_path, family)
    advice, intake = _advised(
        advisor,
        data,
        {"target": target, "metric": metric, "kind": kind, "text": text, "time": time,
         "series": series, "horizon": horizon, "group": group, **data_arguments(reading)},
        {"n": number, "seed": seed, "probe": seconds, "space": space},
    )  # fmt: skip
    print_intake(intake, output)  # an error is to be the only line
    if output == "json":
        print_json({**advice.to_dict(), "data": None if intake is None else intake.to_dict()})
    elif output == "yaml":
        click.echo(advice.to_yaml(), nl=False)
    elif output == "python":
        click.echo(advice.to_python(), nl=False)
    else:
        print_advice(advice)


def _advised(
    advisor: "Advisor", data: str | None, about: JsonObject, asked: JsonObject
) -> "tuple[Advice, Intake | None]":
    """Return the advice, and how the data were read, if there are any."""
    if data is None:
        return advisor.recommend(**about, **asked), None
    problem = advisor.problem(data, seed=asked["seed"], **about)
    return advisor.recommend(problem, **asked), problem.intake


def print_advice(advice: Advice) -> None:
    """Print the recommendations with what they expect and what speaks for them."""
    say(f"{advice.about}; consulted {advice.n_tasks} past tasks, {advice.n_trials} trials.")
    if advice.told:
        say(f"This {advice.told}")
    for line in advice.remarks:
        say(line)
    for item in advice.recommendations:
        _print_recommendation(item)


def _print_recommendation(item: Recommendation) -> None:
    say()
    say(f"#{item.rank}  {expectation(item)}")
    say(f"    {config_text(item.config)}")
    about = [text for text in (item.against_default, item.takes) if text is not None]
    if about:
        say(f"    {'; '.join(about)}")
    if item.risk is not None:
        say(f"    risk: {item.risk}")
    for evidence in item.evidence[:3]:
        say(f"    - {evidence.task} ({evidence.standing}): {evidence.said}")

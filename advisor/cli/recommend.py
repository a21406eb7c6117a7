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

SHIPPED_BY = "advisor"
"""The contributor of what ships, who is not named each time."""

LIKELY = 0.6
"""Probability of beating the library default from which it is said to be likely."""


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
    if advice.n_probed:
        say(f"Tried {advice.n_probed} configurations shortly on these data.")
    if advice.recommendations[0].confidence == "none" and not advice.told:
        say("No past trials of this family: the library default is all there is to say.")
    if advice.recommendations[0].unlike:
        say(
            "These data are unlike anything in the store: what follows did well on other data, "
            "and may not on these."
        )
    elif not advice.recommendations[0].told_apart:
        say(
            "What is known of these data does not say which past tasks are like them: all count "
            "evenly, and any data would get these configurations."
        )
    if not advice.recommendations[0].predictable:
        what = "columns" if advice.family == "mlp" else "data"
        say(
            f"As far as the simplest learners see, nothing in these {what} predicts the target "
            "better than a constant."
        )
    for item in advice.recommendations:
        _print_recommendation(item)


def _against_default(probability: float) -> str:
    """Say how it compares with the default, which the word for confidence is not about."""
    word = "likely better" if probability >= LIKELY else "about even"
    word = "likely worse" if probability <= 1 - LIKELY else word
    return f"against the library default: {word} (better with probability {probability:.0%})"


def _print_recommendation(item: Recommendation) -> None:
    say()
    say(f"#{item.rank}  {expectation(item)}")
    say(f"    {config_text(item.config)}")
    about = []
    if item.beats_default is not None:
        about.append(_against_default(item.beats_default))
    if item.takes is not None:
        about.append(item.takes)
    if about:
        say(f"    {'; '.join(about)}")
    if item.risk is not None:
        say(f"    risk: {item.risk}")
    for evidence in item.evidence[:3]:
        same = "this very data set, " if evidence.same_dataset else ""
        how = "beat" if evidence.observed else "is predicted to beat"
        others = [name for name in evidence.contributors if name != SHIPPED_BY]
        whose = f"by {', '.join(others)}, " if others else ""
        where = f"{evidence.task} ({same}{whose}weight {evidence.weight:.0%})"
        say(f"    - {where}: {how} {evidence.score:.0%}")

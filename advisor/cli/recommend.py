"""`advisor recommend`."""

import click

from advisor.advice import Advice
from advisor.cli.common import standard_options
from advisor.cli.output import config_text, print_json
from advisor.meta import Recommendation


@click.command(name="recommend")
@click.argument("data")
@click.option("--target", help="Column to predict.")
@click.option("-n", "number", type=click.IntRange(min=1), default=5, show_default=True,
              help="How many configurations.")  # fmt: skip
@click.option("--metric", help="What to optimise.  [default: accuracy or rmse]")
@click.option("--kind", type=click.Choice(["classification", "regression"]),
              help="Kind of task.  [default: by the target's values]")  # fmt: skip
@click.option("--family", default="mlp", show_default=True, help="Model family.")
@standard_options
def command(
    data: str,
    target: str | None,
    number: int,
    metric: str | None,
    kind: str | None,
    family: str,
    kb_path: str | None,
    seed: int,
    output: str,
) -> None:
    """Recommend starting hyperparameters for DATA; trains nothing.

    DATA is a CSV or Parquet file, or a built-in name such as sklearn:digits.

    \b
    Example:
      advisor recommend data.csv --target label -n 5
    """
    from advisor.advisor import Advisor

    advice = Advisor(kb_path, family).recommend(data, target, number, metric, kind, seed)
    if output == "json":
        print_json(advice.to_dict())
    else:
        print_advice(advice)


def print_advice(advice: Advice) -> None:
    """Print the recommendations with what they expect and what speaks for them."""
    click.echo(
        f"{advice.dataset}: {advice.kind}, {advice.metric} ({advice.direction}), "
        f"family {advice.family}; consulted {advice.n_tasks} past tasks, "
        f"{advice.n_trials} configurations."
    )
    if advice.recommendations[0].confidence == "none":
        click.echo("No past trials of this family: the library default is all there is to say.")
    for item in advice.recommendations:
        _print_recommendation(item)


def _print_recommendation(item: Recommendation) -> None:
    low, high = item.interval
    click.echo(
        f"\n#{item.rank}  should beat {item.expected:.0%} of random configurations "
        f"(80% interval {low:.0%} to {high:.0%}), confidence {item.confidence}"
    )
    click.echo(f"    {config_text(item.config)}")
    for evidence in item.evidence[:3]:
        same = "this very data set, " if evidence.same_dataset else ""
        how = "beat" if evidence.observed else "is predicted to beat"
        where = f"{evidence.task} ({same}weight {evidence.weight:.0%})"
        click.echo(f"    - {where}: {how} {evidence.score:.0%}")

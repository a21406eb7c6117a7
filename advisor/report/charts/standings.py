"""What a model is worth beside what is easier to have."""

from collections.abc import Mapping, Sequence

from advisor.predictor.summary import Standing
from advisor.report.charts.figure import LEGEND, Chart, axis, label
from knowledge_base.types import JsonObject


def standings_chart(
    standings: Sequence[Standing], metric: str, direction: str, titles: Mapping[str, str]
) -> Chart | None:
    """Return the standings as marks with their standard errors, None for fewer than two.

    Args:
        standings: in the order in which they are read.
        metric, direction: what is measured.
        titles: what people read for their names.
    """
    if len(standings) < 2:
        return None
    names = [label(titles.get(one.name, one.name)) for one in standings]
    traces: list[JsonObject] = [
        {"type": "scatter", "mode": "markers", "name": "validation", "y": names,
         "x": [one.validation for one in standings],
         "error_x": {"array": [one.error or 0.0 for one in standings], "color": "@first"},
         "marker": {"color": "@first", "size": 10}}
    ]  # fmt: skip
    if any(one.test is not None for one in standings):
        traces.append(
            {"type": "scatter", "mode": "markers", "name": "test", "y": names,
             "x": [one.test for one in standings],
             "error_x": {"array": [one.test_error or 0.0 for one in standings],
                         "color": "@second"},
             "marker": {"color": "@second", "size": 10, "symbol": "diamond"}}
        )  # fmt: skip
    told = "; ".join(
        f"{titles.get(one.name, one.name)} {one.validation:.4g}"
        for one in standings
        if one.validation is not None
    )
    return Chart(
        "standings",
        f"{metric} of the model beside what is easier to have",
        f"Validation {metric} ({direction}): {told}.",
        traces,
        {
            "xaxis": axis(f"{metric} ({direction})"),
            "yaxis": axis("", autorange="reversed", type="category"),
            "legend": LEGEND,
        },
        height=120 + 34 * len(names),
    )

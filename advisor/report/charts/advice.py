"""What recommendations are expected to do."""

from collections.abc import Sequence

from advisor.report.charts.figure import Chart, axis, label
from knowledge_base.types import Config


def advice_chart(
    about: str, recommendations: Sequence[tuple[Config, float, tuple[float, float], str]]
) -> Chart:
    """Return the share of random configurations that each recommendation should beat.

    Args:
        about: what they are for.
        recommendations: best first: configuration, expected share, its 80% interval, confidence.
    """
    names = [f"{rank}." for rank in range(1, len(recommendations) + 1)]
    expected = [share for _, share, _, _ in recommendations]
    texts = [
        "<br>".join(
            [label(f"confidence: {word}"),
             *(label(f"{n} = {v:.4g}" if isinstance(v, float) else f"{n} = {v}")
               for n, v in sorted(config.items()))]
        )
        for config, _, _, word in recommendations
    ]  # fmt: skip
    return Chart(
        "advice",
        f"Recommendations for {about}",
        "The share of random configurations that each recommendation should beat, with its 80% "
        "interval.",
        [
            {"type": "scatter", "mode": "markers", "y": names, "x": expected, "text": texts,
             "hovertemplate": "%{text}<extra></extra>",
             "error_x": {
                 "array": [e[1] - x for (_, x, e, _) in recommendations],
                 "arrayminus": [x - e[0] for (_, x, e, _) in recommendations],
                 "symmetric": False, "color": "@first"},
             "marker": {"color": "@first", "size": 11}}
        ],
        {
            "xaxis": axis("expected to beat (share of random configurations)",
                          range=[-0.02, 1.02], tickformat=".0%"),
            "yaxis": axis("", autorange="reversed", type="category"),
        },
        height=140 + 40 * len(names),
    )  # fmt: skip

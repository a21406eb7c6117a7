"""A comparison by trial and by seconds; what a store holds."""

from collections.abc import Mapping, Sequence

from advisor.report.charts.figure import FEW, LEGEND, SERIES, Chart, axis, counting_axis, label
from advisor.report.content.comparison import ComparisonContent
from advisor.report.content.history import History
from knowledge_base.types import JsonObject

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def comparison_charts(content: ComparisonContent) -> list[Chart]:
    """Return the best value so far of every strategy, by trial and by seconds."""
    return [_by_trial(content), *_by_seconds(content)]


def _style(place: int) -> JsonObject:
    return {"color": SERIES[place % len(SERIES)], "dash": DASHES[place % len(DASHES)], "width": 2}


def _mode(points: Sequence[object]) -> str:
    """Return how a line is drawn: of few points, some may lie on the edge or alone."""
    return "lines+markers" if len(points) <= FEW else "lines"


def _by_trial(content: ComparisonContent) -> Chart:
    traces: list[JsonObject] = []
    for place, one in enumerate(content.contestants):
        x = list(range(1, len(one.curve) + 1))
        if one.errors is not None:
            known = [k for k, value in enumerate(one.curve)
                     if value is not None and one.errors[k] is not None]  # fmt: skip
            ends = [(x[k], one.curve[k] or 0.0, one.errors[k] or 0.0) for k in known]
            traces.append(
                {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False,
                 "x": [e[0] for e in ends] + [e[0] for e in reversed(ends)],
                 "y": [e[1] + e[2] for e in ends] + [e[1] - e[2] for e in reversed(ends)],
                 "fill": "toself", "line": {"width": 0}, "fillcolor": SERIES[place % len(SERIES)],
                 "opacity": 0.15}
            )  # fmt: skip
        traces.append(
            {"type": "scatter", "mode": _mode(x), "name": label(one.name), "x": x,
             "y": list(one.curve), "line": {**_style(place), "shape": "hv"}}
        )  # fmt: skip
    names = ", ".join(one.name for one in content.contestants)
    longest = max((len(one.curve) for one in content.contestants), default=0)
    rows = [
        (n + 1, *(one.curve[n] if n < len(one.curve) else None for one in content.contestants))
        for n in range(longest)
    ]
    return Chart(
        "by-trial",
        f"Best {content.metric} so far by trial",
        f"{names}, mean of {content.seeds} seeds each. {content.sentence}",
        traces,
        {
            "xaxis": counting_axis("trial", traces),
            "yaxis": axis(f"{content.metric} ({content.direction})"),
            "legend": LEGEND,
        },
        ["trial", *(one.name for one in content.contestants)],
        rows,
        height=420,
    )


def _by_seconds(content: ComparisonContent) -> list[Chart]:
    traces: list[JsonObject] = []
    for place, one in enumerate(content.contestants):
        for number, (study, history) in enumerate(one.histories):
            steps = _timed(history)
            if steps:
                traces.append(
                    {"type": "scatter", "mode": _mode(steps), "name": label(one.name),
                     "legendgroup": str(place), "showlegend": number == 0,
                     "x": [s[0] for s in steps], "y": [s[1] for s in steps],
                     "text": [label(study)] * len(steps), "opacity": 0.8,
                     "hovertemplate": "%{text}: %{y:.4g} after %{x:.3g} s<extra></extra>",
                     "line": {**_style(place), "shape": "hv", "width": 1.5}}
                )  # fmt: skip
    if not traces:
        return []
    return [
        Chart(
            "by-seconds",
            f"Best {content.metric} so far by seconds",
            "Every study of every strategy by the seconds in which its trials ran.",
            traces,
            {
                "xaxis": axis("seconds of the search"),
                "yaxis": axis(f"{content.metric} ({content.direction})"),
                "legend": LEGEND,
                "hovermode": "closest",
            },
            height=420,
            table="standings",
        )
    ]


def _timed(history: History) -> list[tuple[float, float]]:
    return sorted(
        (step.seconds, step.best)
        for step in history.steps
        if step.seconds is not None and step.best is not None
    )


def families_chart(families: Mapping[str, Mapping[str, int]]) -> Chart:
    """Return how many trials of each family are shipped and one's own."""
    names = sorted(families, key=lambda name: -sum(families[name].values()))
    shown = [label(name) for name in names]
    layers = (("seed", "shipped", "@first"), ("user", "your own", "@second"))
    traces: list[JsonObject] = [
        {"type": "bar", "orientation": "h", "name": title, "y": shown,
         "x": [families[name].get(layer, 0) for name in names], "marker": {"color": colour}}
        for layer, title, colour in layers
    ]  # fmt: skip
    return Chart(
        "families",
        "Trials by model family",
        "; ".join(f"{name}: {sum(families[name].values())} trials" for name in names),
        traces,
        {
            "barmode": "stack",
            "xaxis": axis("trials"),
            "yaxis": axis("", autorange="reversed", type="category"),
            "legend": LEGEND,
        },
        ["family", "shipped", "your own"],
        [(name, families[name].get("seed", 0), families[name].get("user", 0)) for name in names],
        height=140 + 34 * len(names),
    )

"""The past tasks that spoke: a map of them, and whether they were right."""

from advisor.report.charts.figure import SCALE, Chart, axis, label
from advisor.report.content.evidence import Evidence
from knowledge_base.types import JsonObject

MOST_BARS = 20
"""Past tasks whose weights are drawn."""


def evidence_charts(evidence: Evidence) -> list[Chart]:
    """Return a map of past tasks by agreement, and how heavy and how right they were."""
    return [_map(evidence), _weights(evidence)]


def _map(evidence: Evidence) -> Chart:
    tasks = evidence.tasks
    most = max(task.weight for task in tasks)
    known = [task.agreement for task in tasks]
    coloured = any(value is not None for value in known)
    marker: JsonObject = {
        "size": [8 + 22 * (task.weight / most) ** 0.5 for task in tasks],
        "color": [0.0 if value is None else value for value in known] if coloured else "@first",
        "line": {"color": "@paper", "width": 1},
        "opacity": 0.85,
    }
    if coloured:
        marker |= {"colorscale": SCALE, "cmin": -1, "cmax": 1, "showscale": True,
                   "colorbar": {"title": {"text": "agreement"}, "thickness": 12}}  # fmt: skip
    traces: list[JsonObject] = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "past tasks",
            "x": [task.place[0] for task in tasks],
            "y": [task.place[1] for task in tasks],
            "marker": marker,
            "text": [
                f"{label(task.name)}<br>weight {task.weight:.1%}<br>{task.verdict}"
                + ("" if task.agreement is None else f" (agreement {task.agreement:.2f})")
                for task in tasks
            ],
            "hovertemplate": "%{text}<extra></extra>",
        }
    ]
    if evidence.here is not None:
        traces.append(
            {"type": "scatter", "mode": "markers+text", "name": "this task",
             "x": [evidence.here[0]], "y": [evidence.here[1]], "text": ["this task"],
             "textposition": "top center", "hoverinfo": "skip",
             "marker": {"symbol": "star", "size": 16, "color": "@second",
                        "line": {"color": "@ink", "width": 1}}}
        )  # fmt: skip
    right = sum(task.verdict == "right" for task in tasks)
    blank = {"showticklabels": False, "zeroline": False}
    return Chart(
        "map",
        "A map of past tasks: near each other where the same configurations are good",
        f"{len(tasks)} past tasks by how far they agree; the larger, the more they weighed. "
        f"{right} of them were right about this task.",
        traces,
        {
            "xaxis": {**axis("agreement, first direction"), **blank},
            "yaxis": {**axis("second direction"), **blank, "scaleanchor": "x"},
            "showlegend": False,
            "hovermode": "closest",
        },
        ["past task", "weight", "agreement", "in the end"],
        [(task.name, task.weight, task.agreement, task.verdict) for task in tasks],
        height=420,
    )


def _weights(evidence: Evidence) -> Chart:
    shown = evidence.tasks[:MOST_BARS]
    names = [label(task.name) for task in shown]
    traces: list[JsonObject] = [
        {"type": "bar", "orientation": "h", "name": "weight", "y": names,
         "x": [task.weight for task in shown], "marker": {"color": "@first"}},
        {"type": "scatter", "mode": "markers", "name": "agreement in the end", "y": names,
         "x": [task.agreement for task in shown], "xaxis": "x2",
         "marker": {"symbol": "diamond", "color": "@second", "size": 9}},
    ]  # fmt: skip
    return Chart(
        "weights",
        "How much each past task weighed, and how far it was right",
        f"The heaviest past task is {shown[0].name} with {shown[0].weight:.0%}; all "
        f"{len(evidence.tasks)} together are trusted with {evidence.trust:.0%}.",
        traces,
        {
            "xaxis": axis("weight", tickformat=".0%", rangemode="tozero"),
            "xaxis2": {**axis("agreement (rank correlation)"), "overlaying": "x", "side": "top",
                       "range": [-1.05, 1.05], "showgrid": False,
                       "tickvals": [-1, -0.5, 0, 0.5, 1]},
            "yaxis": axis("", autorange="reversed"),
            "legend": {"orientation": "h", "y": -0.15},
            "margin": {"l": 64, "r": 16, "t": 56, "b": 48},
        },
        height=200 + 24 * len(shown),
    )  # fmt: skip

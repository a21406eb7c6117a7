"""Figures as plain data: from the content of a report to what Plotly draws.

`Chart.to_dict` is JSON for a page (`Plotly.newPlot(element, data, layout)`), `Chart.figure` a
figure for a notebook; `alt` and the table say the same without a picture.
"""

from advisor.report.charts.comparison import comparison_charts, families_chart
from advisor.report.charts.evidence import evidence_charts
from advisor.report.charts.figure import PALETTES, Chart
from advisor.report.charts.history import history_charts
from advisor.report.charts.judgement import judgement_charts
from advisor.report.charts.space import (
    contour_charts,
    importance_chart,
    parallel_chart,
    slice_charts,
)
from advisor.report.charts.standings import standings_chart
from advisor.report.charts.training import curves_chart, diagnosis_charts

__all__ = [
    "PALETTES",
    "Chart",
    "comparison_charts",
    "contour_charts",
    "curves_chart",
    "diagnosis_charts",
    "evidence_charts",
    "families_chart",
    "history_charts",
    "importance_chart",
    "judgement_charts",
    "parallel_chart",
    "slice_charts",
    "standings_chart",
]

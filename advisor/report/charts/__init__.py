"""Figures as plain data: from the content of a report to what Plotly draws.

`Chart.to_dict` is JSON for a page (`Plotly.newPlot(element, data, layout)`), `Chart.figure` a
figure for a notebook; `alt` and the table say the same without a picture.
"""

from advisor.report.charts.figure import PALETTES, Chart
from advisor.report.charts.history import history_charts

__all__ = ["PALETTES", "Chart", "history_charts"]

"""Pictures for docs/: the same for the same numbers, letters as letters."""

from pathlib import Path
from typing import Any


def pyplot() -> Any:
    """Return matplotlib's pyplot, set to draw SVG."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "advisor", "svg.fonttype": "none"})
    import matplotlib.pyplot as plt

    return plt


def save(plt: Any, figure: Any, path: Path) -> None:
    """Write a figure and close it."""
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)

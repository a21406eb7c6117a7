"""Tiny data of every modality, made in the test."""

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

from advisor.data import load_dataset, prepare
from advisor.data.images import to_images
from advisor.testing.families import table

DAYS = 7
WORDS = {
    "good": ["superb", "wonderful", "moving", "loved", "charming", "brilliant", "joy", "fresh"],
    "bad": ["dull", "awful", "boring", "hated", "tedious", "weak", "mess", "stale"],
}
FILLER = ["the", "film", "was", "a", "story", "of", "some", "people", "we", "saw", "last", "week"]


def digits(n=300):
    found = load_digits()
    return to_images(found.images[:n] / 16, pd.Series(found.target[:n]), "digits", "scikit-learn")


def texts(n=240, seed=0):
    """Return sentences of filler with two telling words somewhere."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(list(WORDS), n)
    rows = []
    for label in labels:
        words = [*rng.choice(FILLER, 10), *rng.choice(WORDS[label], 2)]
        rows.append(" ".join(rng.permutation(words)))
    return load_dataset(pd.DataFrame({"text": rows, "y": labels}), "y", text="text")


def series(n=400, horizon=7, seed=0):
    """Return a weekly season on a slow walk."""
    rng = np.random.default_rng(seed)
    season = np.array([0.0, 1, 4, 2, 8, 3, 1])[np.arange(n) % DAYS]
    values = 50 + season + rng.normal(scale=0.02, size=n).cumsum() + rng.normal(scale=0.3, size=n)
    frame = pd.DataFrame({"day": pd.date_range("2020", periods=n), "visits": values})
    return load_dataset(frame, "visits", time="day", horizon=horizon)


TINY = {
    "mlp": lambda: table(60),
    "cnn": lambda: digits(40),
    "rnn": lambda: texts(40),
    "forecaster": lambda: series(60, 3),
}


def monthly(values):
    """Return a series of months, prepared for forecasts of four."""
    frame = pd.DataFrame({
        "month": pd.date_range("2000-01-01", periods=len(values), freq="MS"), "y": values,
    })  # fmt: skip
    return prepare(load_dataset(frame, "y", time="month", horizon=4))


def tiny(family):
    return prepare(TINY[family]())

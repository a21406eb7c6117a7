"""The page of the benchmark of advice."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from knowledge_base.types import JsonObject
from scripts.benchmarks.advice.answers import Answers
from scripts.benchmarks.advice.searches import TRIALS, HeldSearch
from scripts.benchmarks.report import made_by, mean_and_error, table
from scripts.pages.svg import pyplot, save
from scripts.seed.work import Entry

COUNTS = (1, 3, 5, 10, 15, 20, 40, 60)
"""Numbers of trials at which searches are compared."""
MODALITIES = {"mlp": "tables", "cnn": "images", "rnn": "texts", "forecaster": "series"}
NAMES = {"advisor": "advisor", "tpe": "Optuna TPE", "gp": "Optuna GPSampler"}

PAGE = """# What the shipped trials are worth

{made_by}

## First answers

Each of {n} data sets was left out in turn, together with all that are near-copies of it or cut
from the same source. Five recommendations were made from the others and trained; "random" are
50 Sobol configurations. Splits and trainings of seed 0, nothing of the held-out data set in the
past. The tables that never ship and the data sets that came later had no part in the choice of the
defaults and of the portfolio that all data sets were trained with; the others had theirs, one of
many.

{answers}

Standard errors over data sets in brackets. "Earlier default" is the one before the defaults
were set from these trials ([findings](../findings.md)). "top tenth" is to beat 90% of the random
configurations; "best of 5" is at least as good as the best of the 50 random ones. The targets
are 80% for the default, 75% for the top tenth, 70% for the best of five.

{test}

### What was said

80% intervals of the share of random configurations beaten, and the words for confidence:

{said}

Said to beat the default, on average: {told:.0%}; did: {true:.0%}.

### What limits it

The default was set from these trials, so that it is itself among the best configurations that
serve all data sets of a family; no single one is much better ([findings](../findings.md)). To
beat it more often needs knowledge of the very data set. Metafeatures give some of it for tables
and hardly any for series, which agree least on what is good (sixteen more and longer ones did not
change that); and where both are good, one training on a small validation part decides by chance
("or equals it" counts the ties). Where nearly all that is recommended is near the top, as on
images, intervals are narrow and hold less often. What would mend it: several splits per shipped
trial, so that the best few are known; scores that tell apart what all random configurations are
behind; metafeatures of series that say which differencing and scaling suits; and a look at the
data, as `recommend --probe` takes it (not counted here, it trains).
"""

SEARCHES = """
## Searches

On {n} data sets with up to {seeds} seeds of split, training and search, {pairs} pairs in all:
{names}. `advisor` has
15 trials and the shipped trials without the data set's group as its past; Optuna's samplers
have 60 and 40 trials, from nothing, with their own defaults. Regret is (best - reached) /
(best - median of 50 random configurations) with the best that anybody found on that data set
and seed.

{table}

{verdict}

Regret on the validation part by the number of trials ("failed" where one search had nothing but
failures by then):

{by_count}

By data set, mean regret of the best trial by validation:

{by_data}
"""


def report(
    first: Mapping[Entry, JsonObject],
    unseen: Collection[str],
    later: Collection[str],
    searched: Collection[tuple[Entry, int]],
    folder: Path | None,
) -> str:
    """Return the page.

    Args:
        first: answers by data set.
        unseen: labels of those that never ship.
        later: labels of those that came after the defaults had been set.
        searched: data sets and seeds with searches.
        folder: for plots, None for nowhere.
    """
    frame = pd.DataFrame([_answer(entry, found) for entry, found in first.items()])
    frame.loc[frame["data"].isin(list(unseen)), "modality"] = "tables, never shipped"
    said = pd.DataFrame([row for entry, found in first.items() for row in _said(entry, found)])
    page = PAGE.format(
        made_by=made_by("advice"),
        n=len(frame),
        answers=_answers_table(frame, frame["data"].isin(list(later))),
        test=_test_text(frame),
        said=_said_table(said),
        told=said["told"].mean(),
        true=said["true"].mean(),
    )
    if folder is not None:
        _plot(frame, folder)
        page = page.replace("### What was said", "![Shares](advice.svg)\n\n### What was said")
    return page + (_searches(searched) if searched else "")


def _answer(entry: Entry, found: JsonObject) -> JsonObject:
    row: JsonObject = {"data": entry.label, "modality": MODALITIES[entry.family]}
    for part in ("val", "test"):
        good, random = np.array(found[part]["recommended"]), np.array(found[part]["random"])
        default = found[part]["default"]
        row |= {
            f"{part}_ahead": good[0] > default,
            f"{part}_level": good[0] >= default,
            f"{part}_earlier": good[0] > found[part]["earlier"],
            f"{part}_top": found[part]["shares"][0] >= 0.9,
            f"{part}_share": found[part]["shares"][0],
            f"{part}_default_share": _share(default, random),
        }
    # On the test part the best by validation counts: a user has nothing else to choose by.
    chosen = int(np.argmax(found["val"]["recommended"]))
    of_random = int(np.argmax(found["val"]["random"]))
    row["val_five"] = found["val"]["recommended"][chosen] >= found["val"]["random"][of_random]
    row["test_five"] = found["test"]["recommended"][chosen] >= found["test"]["random"][of_random]
    return row


def _share(value: float, random: np.ndarray) -> float:
    return float(((random < value) + 0.5 * (random == value)).mean())


def _said(entry: Entry, found: JsonObject) -> list[JsonObject]:
    rows = []
    parts = zip(found["said"], found["val"]["shares"], found["val"]["recommended"], strict=True)
    for told, share, good in parts:
        low, high = told["interval"]
        rows.append(
            {
                "modality": MODALITIES[entry.family],
                "within": low - 1e-9 <= share <= high + 1e-9,
                "width": high - low,
                "confidence": told["confidence"],
                "share": share,
                "expected": told["expected"],
                "told": told["beats_default"],
                "true": good > found["val"]["default"],
            }
        )
    return rows


def _answers_table(frame: pd.DataFrame, later: pd.Series) -> str:
    columns = {
        "val_ahead": "beats default",
        "val_level": "or equals it",
        "val_earlier": "beats earlier default",
        "val_top": "top tenth",
        "val_five": "best of 5",
        "val_share": "mean share beaten",
        "val_default_share": "default's",
    }
    groups = [("all", frame), *frame.groupby("modality", sort=False)]
    groups += [("images, texts, series that came later", frame[later])] if later.any() else []
    rows = [
        (name, len(group), *(_percent(group[column].astype(float)) for column in columns))
        for name, group in groups
    ]
    return table(("", "data sets", *columns.values()), rows)


def _percent(column: pd.Series) -> str:
    error = column.std(ddof=1) / np.sqrt(len(column)) if len(column) > 1 else 0.0
    return f"{column.mean():.0%} ({error:.0%})"


def _test_text(frame: pd.DataFrame) -> str:
    mean = frame[[c for c in frame if c.startswith(("val_", "test_"))]].astype(float).mean()
    return (
        f"On the test part, which nothing was chosen by: the first recommendation beats the "
        f"default on {mean['test_ahead']:.0%} of the data sets (equals or beats it on "
        f"{mean['test_level']:.0%}), is in the top tenth on {mean['test_top']:.0%}, and the best "
        f"of five by validation is at least as good as the best of 50 by validation on "
        f"{mean['test_five']:.0%}. It beats {mean['test_share']:.0%} of the random "
        f"configurations, the default {mean['test_default_share']:.0%}."
    )


def _said_table(said: pd.DataFrame) -> str:
    groups = [("all", said), *said.groupby("modality", sort=False)]
    groups += [(f"confidence {word}", g) for word, g in said.groupby("confidence")]
    rows = []
    for name, group in groups:
        within, width = f"{group['within'].mean():.0%}", f"{group['width'].mean():.2f}"
        shares = [f"{group[column].mean():.0%}" for column in ("share", "expected")]
        rows.append((name, len(group), within, width, *shares))
    columns = ("", "recommendations", "within", "width", "share beaten", "expected")
    return table(columns, rows)


def _searches(searched: Collection[tuple[Entry, int]]) -> str:
    frame = pd.DataFrame([row for entry, seed in searched for row in _runs(entry, seed)])
    rows = []
    for method in TRIALS:
        own = frame[frame["method"] == method]
        by_data = own.groupby("data")[["val", "test"]].mean()
        cells = [mean_and_error(by_data[part]) for part in ("val", "test")]
        spent = [f"{own[c].mean():.1f}" for c in ("training", "overhead")]
        rows.append((NAMES[method], TRIALS[method], *cells, *spent))
    columns = ("", "trials", "regret", "regret on test", "training, s", "overhead, s")
    names = sorted({entry.label for entry, _ in searched})
    return SEARCHES.format(
        n=len(names),
        seeds=len({seed for _, seed in searched}),
        pairs=len(searched),
        names=", ".join(names),
        table=table(columns, rows),
        verdict=_verdict(frame),
        by_count=by_count(frame),
        by_data=_by_data(frame),
    )


def _runs(entry: Entry, seed: int) -> list[JsonObject]:
    found = {method: HeldSearch(entry, seed, method).result() for method in TRIALS}
    first = Answers(entry, seed).result()
    rows = []
    for method, run in found.items():
        row = {"data": entry.label, "seed": seed, "method": method, "overhead": run["overhead"]}
        row["training"] = sum(run["training"])
        chosen = int(np.argmax(run["val"]))
        for part in ("val", "test"):
            known = [r[part] for r in found.values()] + [first[part]["random"]]
            known += [first[part]["recommended"]]
            best, median = max(map(max, known)), np.median(_finite(first[part]["random"]))
            row[part] = (best - run[part][chosen]) / max(best - median, 1e-12)
            if part == "val":
                for count in [count for count in COUNTS if count <= len(run[part])]:
                    row[f"@{count}"] = (best - max(run[part][:count])) / max(best - median, 1e-12)
        rows.append(row)
    return rows


def _finite(values: Sequence[float]) -> list[float]:
    return [value for value in values if np.isfinite(value)]


def _verdict(frame: pd.DataFrame) -> str:
    wide = frame.pivot_table(index=["data", "seed"], columns="method", values="val")
    said = []
    for method in ("tpe", "gp"):
        difference = (wide["advisor"] - wide[method]).groupby("data").mean()
        word = "reaches" if difference.mean() <= 0 else "does not reach"
        level = (wide["advisor"] <= wide[method] + 1e-12).mean()
        said.append(
            f"With 15 trials it {word} what {NAMES[method]} reaches with {TRIALS[method]}: a "
            f"difference in regret of {difference.mean():+.3f} ± {difference.sem():.3f}, level or "
            f"ahead in {level:.0%} of the pairs."
        )
    return " ".join(said)


def _regret(value: float) -> str:
    if np.isinf(value):
        return "failed"
    return "" if np.isnan(value) else f"{value:.3f}"


def by_count(frame: pd.DataFrame) -> str:
    """Return the mean regret of each method after some numbers of trials, as a table."""
    names = [f"@{count}" for count in COUNTS]
    means = frame.groupby(["method", "data"])[names].mean().groupby("method").mean()
    rows = [(NAMES[m], *(_regret(value) for value in means.loc[m])) for m in TRIALS]
    return table(("", *names), rows)


def _by_data(frame: pd.DataFrame) -> str:
    wide = frame.pivot_table(index="data", columns="method", values="val")[list(TRIALS)]
    rows = [(name, *(f"{value:.3f}" for value in row)) for name, row in wide.iterrows()]
    return table(("data set", *(NAMES[method] for method in TRIALS)), rows)


def _plot(frame: pd.DataFrame, folder: Path) -> None:
    """Draw the share of random configurations that the first answer and the default beat."""
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(6, 4.5))
    for name, group in frame.groupby("modality", sort=False):
        axes.scatter(group["val_default_share"], group["val_share"], s=14, label=name)
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    axes.set(xlabel="default: share of random configurations beaten",
             ylabel="first recommendation: the same")  # fmt: skip
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    save(plt, figure, folder / "advice.svg")

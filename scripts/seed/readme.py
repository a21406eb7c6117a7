"""The README of the folder of shipped trials; docs/knowledge_base.md is by `scripts.pages.card`."""

import pandas as pd

from knowledge_base.bundle import Bundle

INTRODUCTION = """# Shipped knowledge base

{trials:,} trials on {datasets} real data sets, each with its learning curve: the library default,
scrambled Sobol configurations, the same for every data set of a modality, some that a cold
Bayesian search asked for after these, and a portfolio that is the same for all again.

{counts}

Parquet files of the tables of `knowledge_base/schema.py`, trials and learning curves divided by
model family; written by `scripts/seed/build.py`, not by hand. No row of any data set is in it: a
data set is a fingerprint, metafeatures and scores. What was found in it, data set by data set,
how it was made and what is missing: docs/knowledge_base.md in the repository.

## Sources

{licences}

J. Alcala-Fdez et al. (2011). KEEL Data-Mining Software Tool: Data Set Repository, Integration
of Algorithms and Experimental Analysis Framework. Journal of Multiple-Valued Logic and Soft
Computing 17(2-3), 255-287. D. Dua and E. Karra Taniskidou (2017). UCI Machine Learning
Repository. University of California, Irvine.
"""

MODALITIES = {"table": "Tables", "image": "Images", "text": "Texts", "series": "Time series"}


def readme(bundle: Bundle) -> str:
    """Return what a folder of shipped trials says of itself, as Markdown."""
    trials = _joined(bundle)
    groups = {m: trials[trials["modality"] == m] for m in MODALITIES}
    groups = {modality: group for modality, group in groups.items() if len(group)}
    return INTRODUCTION.format(
        trials=len(trials),
        datasets=bundle["datasets"].num_rows,
        counts="\n".join(_count(group) for group in groups.values()),
        licences=_licences(bundle["datasets"].to_pandas()),
    )


def _joined(bundle: Bundle) -> pd.DataFrame:
    """Return the trials with their study, task and data set."""
    studies = bundle["studies"].to_pandas()[["study_id", "task_id", "strategy"]]
    tasks = bundle["tasks"].to_pandas()[["task_id", "dataset_id", "metric", "direction", "family"]]
    joined = bundle["trials"].to_pandas().merge(studies, on="study_id").merge(tasks, on="task_id")
    return joined.merge(bundle["datasets"].to_pandas(), on="dataset_id")


def _count(group: pd.DataFrame) -> str:
    """Return the trials of one modality in a line."""
    title = MODALITIES[group["modality"].iloc[0]]
    sampled = group[group["strategy"] == "sobol"]["number"].nunique()
    tuned = group[group["strategy"] == "bayesian"].groupby("dataset_id").size()
    asked = f", {tuned.max()} of a search" if len(tuned) else ""
    known = group[group["strategy"] == "portfolio"]["number"].nunique()
    return (
        f"- {title}: {len(group):,} trials of the `{group['family'].iloc[0]}` family on "
        f"{group['dataset_id'].nunique()} data sets, {sampled} Sobol configurations{asked}, "
        f"{known} of a portfolio, "
        f"at most {group['epochs'].max():.0f} epochs, {group['duration'].sum() / 3600:.2f} hours."
    )


def _licences(datasets: pd.DataFrame) -> str:
    names = datasets["name"].str.replace(r" \((?:subset of|last \d+) .*", "", regex=True)
    return "\n".join(
        f"- {licence}: {', '.join(sorted(names[group.index]))}."
        for licence, group in datasets.groupby("licence", sort=True)
    )

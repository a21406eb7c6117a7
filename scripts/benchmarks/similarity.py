"""Which past tasks should count? Recommendations for shipped data sets, each left out in turn.

    python scripts/evaluate_similarity.py

Nothing is trained: what a recommendation reaches on the left-out data set is looked up in its
own trials, and a probe's outcomes in their learning curves. Compares weighting all past tasks
evenly, by the plain distance of metafeatures, by learned agreement, by a simulated probe, and
by the true agreement, which nobody knows beforehand; and checks the stated intervals.
"""

import json
import sys
from pathlib import Path

import click
import numpy as np
import pandas as pd

from advisor.meta import Experience, PortfolioLearner, Query
from advisor.meta.past_task import from_source
from advisor.meta.portfolio import greedy_portfolio
from advisor.meta.reading import load_history
from advisor.models import get_family
from advisor.training.probe import PROBE_CONFIGS, PROBE_EPOCHS
from knowledge_base import KnowledgeBase
from knowledge_base.identity import canonical_json

SURPLUS = 4
"""Recommendations to look among for some that were tried on the left-out data set."""

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "similarity.md"
AFTER = (1, 3, 5)


def main():
    """Evaluate, then write docs/benchmarks/similarity.md."""
    kb = KnowledgeBase("/nonexistent/none.duckdb")  # the shipped trials alone
    space = get_family("mlp").space()
    sources = load_history(kb, space, "mlp")
    curves = _early_values(kb)
    regrets, checks = [], []
    with click.progressbar(list(enumerate(sources)), label="Left out", file=sys.stderr) as bar:
        for place, held in bar:
            others = [s for s in sources if s.dataset_id != held.dataset_id]
            experience = Experience.learn([from_source(s, "") for s in others], space)
            found, check = _left_out(held, experience, space, curves, place)
            regrets.append(found)
            checks += check
    page = _page(pd.DataFrame(regrets), pd.DataFrame(checks), len(sources))
    PAGE.write_text(page, encoding="utf-8")
    click.echo(page)


def _early_values(kb):
    """Return the best validation metric of the first epochs by task and configuration."""
    frame = kb.query(
        "SELECT task_id, config, max(val_metric) AS high, min(val_metric) AS low, "
        "any_value(direction) AS direction FROM curves JOIN trials USING (trial_id) "
        "JOIN studies USING (study_id) JOIN tasks USING (task_id) "
        f"WHERE epoch <= {PROBE_EPOCHS} GROUP BY task_id, config"
    )
    best = np.where(frame["direction"] == "maximize", frame["high"], -frame["low"])
    keys = [canonical_json(json.loads(text)) for text in frame["config"]]
    return dict(zip(zip(frame["task_id"], keys, strict=True), best.tolist(), strict=True))


def _left_out(held, experience, space, curves, place):
    good = dict(zip(held.keys, held.good, strict=True))
    finite = held.good[np.isfinite(held.good)]
    best, median = finite.max(), np.median(finite)

    def regret(configs):
        values = [good.get(canonical_json(config), -np.inf) for config in configs]
        reached = np.maximum.accumulate(np.where(np.isfinite(values), values, finite.min()))
        return np.minimum((best - reached) / (best - median), 5.0)

    # Only what was tried on the left-out data set can be looked up.
    columns = [c for c, key in enumerate(experience.keys) if key in good]
    learner = PortfolioLearner(experience, space)
    metafeatures = [task.metafeatures for task in experience.tasks]
    expected = experience.agreement.predict(held.metafeatures, metafeatures)
    plain = np.full(len(experience), 1 / len(experience))
    scores = learner._scores(experience)[:, columns]
    agreement = _agreement(experience, held)

    def portfolio(weights):
        return [experience.config(columns[c]) for c in greedy_portfolio(scores, weights, 5)]

    query = Query(metafeatures=held.metafeatures)
    learned, _ = learner._weights(experience, query)

    def known(query, count):
        told = [item.config for item in learner.recommend(query, SURPLUS * count)]
        return [config for config in told if canonical_json(config) in good][:count]

    tried = known(query, PROBE_CONFIGS)
    outcomes = [(c, curves.get((held.task_id, canonical_json(c)))) for c in tried]
    probed = known(Query(held.metafeatures, outcomes=outcomes), 5)
    answers = {
        "all past tasks evenly": portfolio(plain),
        "plain distance of metafeatures": portfolio(_by_distance(experience, held)),
        "learned agreement, sharpness 15": portfolio(_softmax(expected)),
        "what `recommend` does": portfolio(learned),
        "`recommend --probe`": probed,
        "true agreement (known to nobody)": portfolio(_softmax(agreement)),
    }
    distance = -np.log(_by_distance(experience, held))
    row = {
        "task": held.name,
        "sharpness": experience.calibration.sharpness,
        "learned": np.corrcoef(expected, agreement)[0, 1],
        "plain": np.corrcoef(-distance, agreement)[0, 1],
    }
    for name, configs in answers.items():
        row.update({(name, k): regret(configs)[min(k, len(configs)) - 1] for k in AFTER})
    return row, _checks(held, learner.recommend(query, 5), good, space)


def _checks(held, recommendations, good, space):
    shares = dict(zip(held.keys, held.shares, strict=True))
    default = canonical_json(space.default())
    found = []
    for item in recommendations:
        key = canonical_json(item.config)
        if key in shares:
            low, high = item.interval
            found.append({
                "rank": item.rank, "inside": low <= shares[key] <= high, "width": high - low,
                "error": shares[key] - item.expected, "said": item.beats_default,
                "beats": good[key] > good[default], "confidence": item.confidence,
                "share": shares[key],
            })  # fmt: skip
    return found


def _agreement(experience, held):
    """Return the rank correlation of each past task with the left-out one, shape (t,)."""
    actual = dict(zip(held.keys, held.shares, strict=True))
    columns = [c for c, key in enumerate(experience.keys) if key in actual]
    truth = pd.Series([actual[experience.keys[c]] for c in columns]).rank()
    table = pd.DataFrame(experience.scores[:, columns].T).rank()
    return table.corrwith(truth).to_numpy()


def _softmax(agreement):
    weights = np.exp(15 * (agreement - agreement.max()))
    return weights / weights.sum()


def _by_distance(experience, held):
    """Return weights by a Gaussian kernel on the distance of standardised metafeatures."""
    names = sorted(held.metafeatures)
    rows = [[(task.metafeatures or {}).get(n, np.nan) for n in names] for task in experience.tasks]
    table = pd.DataFrame(rows, columns=names)
    centre, scale = table.median(), table.std().replace(0, 1).fillna(1)
    point = pd.Series(held.metafeatures)[names]
    difference = ((table - centre) / scale).clip(-3, 3) - ((point - centre) / scale).clip(-3, 3)
    distance = np.sqrt((difference.fillna(0) ** 2).mean(axis=1).to_numpy())
    bandwidth = np.sort(distance)[max(int(np.sqrt(len(distance))), 1) - 1]
    weights = np.exp(-0.5 * (distance / bandwidth) ** 2) + 1e-6
    return weights / weights.sum()


def _page(frame, checks, n_tasks):
    names = dict.fromkeys(column[0] for column in frame.columns if isinstance(column, tuple))
    lines = [
        "# Which past tasks should count", "",
        "Made by `python scripts/evaluate_similarity.py`; do not edit by hand.", "",
        f"The {n_tasks} shipped data sets (family `mlp`), each left out in turn with everything on",
        "the same data. Regret after k recommendations: (best trial - best so far) / (best trial -",
        "median trial) on the left-out data set's own trials; mean and standard error.",
        f"The probe is simulated: {PROBE_CONFIGS} recommended configurations, the best validation",
        f"metric of their first {PROBE_EPOCHS} epochs.", "",
        "| past tasks weighted by | " + " | ".join(f"@{k}" for k in AFTER) + " |",
        "|---|" + "---:|" * len(AFTER),
    ]  # fmt: skip
    for name in names:
        cells = [f"{frame[name, k].mean():.3f} ± {frame[name, k].sem():.3f}" for k in AFTER]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += [
        "", "Correlation of the expected with the true agreement, over the past tasks of each",
        f"left-out one: {frame['learned'].mean():.2f} learned,",
        f"{frame['plain'].mean():.2f} by plain distance. How much the learned agreement counts",
        "(its sharpness) is chosen by leaving out the other data sets in turn: "
        + ", ".join(f"{int(k)} for {v}" for k, v in frame["sharpness"].value_counts().items())
        + " of them.", "",
        "## Do the statements hold?", "",
        f"{len(checks)} recommendations whose outcome is known.", "",
        f"- 80% intervals contain {checks['inside'].mean():.0%} of the outcomes; their mean width "
        f"is {checks['width'].mean():.2f}.",
        f"- Expectations are off by {checks['error'].mean():+.3f} on average.",
        f"- Said to beat the default with probability {checks['said'].mean():.2f} on average; "
        f"{checks['beats'].mean():.0%} do.",
    ]  # fmt: skip
    for word in ("high", "medium", "low"):
        group = checks[checks["confidence"] == word]
        if len(group):
            beaten = f"beat {group['share'].mean():.0%} of random configurations on average"
            lines.append(f"- Confidence {word}: {len(group)} recommendations {beaten}.")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()

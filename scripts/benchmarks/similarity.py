"""Which past tasks should count? Recommendations for shipped data sets, each left out in turn.

    python -m scripts.benchmarks.similarity

Nothing is trained: what a recommendation reaches on the left-out data set is looked up in its
own trials, and a probe's outcomes in their learning curves. Compares weighting all past tasks
evenly, by the plain distance of metafeatures, by learned agreement, by a simulated probe, and
by the true agreement, which nobody knows beforehand; and checks the stated intervals.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import click
import numpy as np
import pandas as pd

from advisor.meta import Experience, PortfolioLearner, Query
from advisor.meta.past_task import PastTask, mark
from advisor.meta.portfolio import greedy_portfolio
from advisor.meta.reading import read_past
from advisor.meta.recommendation import Recommendation
from advisor.models import get_family
from advisor.training.probe import PROBE_CONFIGS, PROBE_EPOCHS
from knowledge_base import KnowledgeBase
from knowledge_base.identity import canonical_json
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, JsonObject
from scripts.benchmarks import report
from scripts.benchmarks.experiment import Contender, Evaluation, Experimenter, compete
from scripts.pages.generated import shipped

SURPLUS = 4
"""Recommendations to look among for some that were tried on the left-out data set."""

AFTER = (1, 3, 5)

Curves = Mapping[tuple[str, str], float]
"""The best validation metric of the first epochs by task and configuration."""


@dataclass
class LeftOut(Experimenter[Config]):
    """A shipped data set that is left out; what was tried on it is looked up.

    Attributes:
        held: the data set's task.
        space: of the configurations.
        keys: configurations that may be looked up, as canonical JSON.
        sign: what values are multiplied with so that larger is better.
        good: what each of them that was tried reached, larger is better, by its key.
        shares: share of random configurations that it beat, by its key.
        every: what all of its trials reached, -inf without a value, shape (n,).
    """

    held: PastTask
    space: SpaceDefinition
    keys: Sequence[str]
    sign: float
    good: dict[str, float] = field(init=False)
    shares: dict[str, float] = field(init=False)
    every: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Note what is known."""
        values = self.held.values
        self.every = np.where(np.isfinite(values), self.sign * values, -np.inf)
        rows = self.held.tried(np.array([mark(key) for key in self.keys], dtype=np.uint64))
        tried = {key: row for key, row in zip(self.keys, rows, strict=True) if row >= 0}
        self.good = {key: float(self.every[row]) for key, row in tried.items()}
        self.shares = {key: float(self.held.shares[row]) for key, row in tried.items()}

    def evaluate(self, point: Config) -> Evaluation:
        """Return what a configuration reached, -inf if it was not tried."""
        return Evaluation(self.good.get(canonical_json(point), -np.inf))

    def regret(self, configs: Sequence[Config]) -> np.ndarray:
        """Return the regret after each of some configurations, shape (n,)."""
        finite = self.every[np.isfinite(self.every)]
        best, median = finite.max(), np.median(finite)
        values = np.array(compete(lambda: Listed(configs), self, len(configs)).val)
        reached = np.maximum.accumulate(np.where(np.isfinite(values), values, finite.min()))
        return np.minimum((best - reached) / (best - median), 5.0)


class Listed(Contender[Config]):
    """Goes through a list, whatever comes of it: advice that is given at once."""

    def __init__(self, configs: Sequence[Config]) -> None:
        self._left: Iterator[Config] = iter(configs)

    def ask(self) -> Config:
        return next(self._left)

    def tell(self, point: Config, evaluation: Evaluation) -> None:
        return


@click.command()
@click.option("--limit", default=None, type=int, help="Data sets to leave out; fewer, no page.")
@report.write_option
def main(limit: int | None, write: bool) -> None:
    """Evaluate, then write the page; it takes ten minutes."""
    kb, space = shipped(), get_family("mlp").space()
    tasks, default = read_past(kb, space, "mlp"), canonical_json(space.default())
    signs = np.where(kb.tasks().set_index("task_id")["direction"] == "maximize", 1.0, -1.0)
    sign_of = dict(zip(kb.tasks()["task_id"], signs, strict=True))
    curves = _early_values(kb)
    regrets, checks = [], []
    with click.progressbar(tasks[:limit], label="Left out", file=sys.stderr) as bar:
        for held in bar:
            others = [task for task in tasks if task.dataset_id != held.dataset_id]
            experience = Experience.learn(others, space)
            left_out = LeftOut(held, space, [*experience.keys, default], sign_of[held.task_id])
            found, check = _left_out(left_out, experience, curves)
            regrets.append(found)
            checks += check
    text = page(pd.DataFrame(regrets), pd.DataFrame(checks), len(regrets))
    report.publish("similarity", text, write and limit is None)


def _early_values(kb: KnowledgeBase) -> Curves:
    frame = kb.query(
        "SELECT task_id, config, max(val_metric) AS high, min(val_metric) AS low, "
        "any_value(direction) AS direction FROM curves JOIN trials USING (trial_id) "
        "JOIN studies USING (study_id) JOIN tasks USING (task_id) "
        f"WHERE epoch <= {PROBE_EPOCHS} GROUP BY task_id, config"
    )
    best = np.where(frame["direction"] == "maximize", frame["high"], -frame["low"])
    keys = [canonical_json(json.loads(text)) for text in frame["config"]]
    return dict(zip(zip(frame["task_id"], keys, strict=True), best.tolist(), strict=True))


def _left_out(
    task: LeftOut, experience: Experience, curves: Curves
) -> tuple[dict[object, object], list[JsonObject]]:
    """Return the regret of every way to weight, and what came of what was said."""
    held, learner = task.held, PortfolioLearner(experience, task.space)
    metafeatures = [one.metafeatures for one in experience.tasks]
    expected = experience.agreement.predict(held.metafeatures, metafeatures)
    agreement, by_distance = _agreement(experience, task), _by_distance(experience, held)
    query = Query(metafeatures=held.metafeatures)
    learned, _ = learner._weights(experience, query)

    def portfolio(weights: np.ndarray) -> list[Config]:
        """Return a portfolio of what was tried on the left-out data set: it can be looked up."""
        columns = [c for c, key in enumerate(experience.keys) if key in task.good]
        scores = learner._scores(experience)[:, columns]
        return [experience.config(columns[c]) for c in greedy_portfolio(scores, weights, 5)]

    advice = {
        "all past tasks evenly": portfolio(np.full(len(experience), 1 / len(experience))),
        "plain distance of metafeatures": portfolio(by_distance),
        "learned agreement, sharpness 15": portfolio(_softmax(expected)),
        "what `recommend` does": portfolio(learned),
        "`recommend --probe`": _probed(learner, task, curves),
        "true agreement (known to nobody)": portfolio(_softmax(agreement)),
    }
    row: dict[object, object] = {
        "task": held.name,
        "sharpness": experience.calibration.sharpness,
        "learned": np.corrcoef(expected, agreement)[0, 1],
        "plain": np.corrcoef(np.log(by_distance), agreement)[0, 1],
    }
    for name, configs in advice.items():
        regret = task.regret(configs)
        row.update({(name, k): regret[min(k, len(configs)) - 1] for k in AFTER})
    return row, _checks(task, learner.recommend(query, 5))


def _probed(learner: PortfolioLearner, task: LeftOut, curves: Curves) -> list[Config]:
    """Return what is recommended after a probe, whose outcomes are those of the kept curves."""
    held = task.held

    def known(query: Query, count: int) -> list[Config]:
        told = [item.config for item in learner.recommend(query, SURPLUS * count)]
        return [config for config in told if canonical_json(config) in task.good][:count]

    tried = known(Query(metafeatures=held.metafeatures), PROBE_CONFIGS)
    outcomes = [(c, curves.get((held.task_id, canonical_json(c)))) for c in tried]
    return known(Query(held.metafeatures, outcomes=outcomes), 5)


def _checks(task: LeftOut, recommendations: Sequence[Recommendation]) -> list[JsonObject]:
    """Return what was said of each recommendation whose outcome is known, and what came of it."""
    good, shares = task.good, task.shares
    default = canonical_json(task.space.default())
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


def _agreement(experience: Experience, task: LeftOut) -> np.ndarray:
    """Return the rank correlation of each past task with the left-out one, shape (t,)."""
    actual = task.shares
    columns = [c for c, key in enumerate(experience.keys) if key in actual]
    truth = pd.Series([actual[experience.keys[c]] for c in columns]).rank()
    table = pd.DataFrame(experience.scores[:, columns].T).rank()
    return table.corrwith(truth).to_numpy()


def _softmax(agreement: np.ndarray) -> np.ndarray:
    weights = np.exp(15 * (agreement - agreement.max()))
    return weights / weights.sum()


def _by_distance(experience: Experience, held: PastTask) -> np.ndarray:
    """Return weights by a Gaussian kernel on the distance of standardised metafeatures."""
    names = sorted(held.metafeatures or {})
    rows = [[(task.metafeatures or {}).get(n, np.nan) for n in names] for task in experience.tasks]
    table = pd.DataFrame(rows, columns=names)
    centre, scale = table.median(), table.std().replace(0, 1).fillna(1)
    point = pd.Series(held.metafeatures)[names]
    difference = ((table - centre) / scale).clip(-3, 3) - ((point - centre) / scale).clip(-3, 3)
    distance = np.sqrt((difference.fillna(0) ** 2).mean(axis=1).to_numpy())
    bandwidth = np.sort(distance)[max(int(np.sqrt(len(distance))), 1) - 1]
    weights = np.exp(-0.5 * (distance / bandwidth) ** 2) + 1e-6
    return weights / weights.sum()


INTRODUCTION = """
The {n} shipped data sets (family `mlp`), each left out in turn with everything on
the same data. Regret after k recommendations: (best trial - best so far) / (best trial -
median trial) on the left-out data set's own trials; mean and standard error.
The probe is simulated: {configs} recommended configurations, the best validation
metric of their first {epochs} epochs."""

CORRELATION = """
Correlation of the expected with the true agreement, over the past tasks of each
left-out one: {learned:.2f} learned,
{plain:.2f} by plain distance. How much the learned agreement counts
(its sharpness) is chosen by leaving out the other data sets in turn: {chosen} of them."""

STATEMENTS = """
- 80% intervals contain {inside:.0%} of the outcomes; their mean width is {width:.2f}.
- Expectations are off by {error:+.3f} on average.
- Said to beat the default with probability {said:.2f} on average; {beats:.0%} do.
{confidence}"""


def page(frame: pd.DataFrame, checks: pd.DataFrame, n_tasks: int) -> str:
    """Return the page.

    Args:
        frame: a row for each left-out task, of `_left_out`.
        checks: what was said and what came of it, of `_checks`.
        n_tasks: how many were left out.
    """
    names = dict.fromkeys(column[0] for column in frame.columns if isinstance(column, tuple))
    rows = [(n, *(report.mean_and_error(frame[n, k]) for k in AFTER)) for n in names]
    chosen = ", ".join(f"{int(k)} for {v}" for k, v in frame["sharpness"].value_counts().items())
    means = checks[["inside", "width", "error", "said", "beats"]].astype(float).mean()
    parts = [
        INTRODUCTION.format(n=n_tasks, configs=PROBE_CONFIGS, epochs=PROBE_EPOCHS),
        report.table(("past tasks weighted by", *(f"@{k}" for k in AFTER)), rows),
        CORRELATION.format(
            learned=frame["learned"].mean(), plain=frame["plain"].mean(), chosen=chosen
        ),
        "## Do the statements hold?",
        f"{len(checks)} recommendations whose outcome is known.",
        STATEMENTS.format(confidence=_by_confidence(checks), **means),
    ]
    return report.page("Which past tasks should count", "similarity", parts)


def _by_confidence(checks: pd.DataFrame) -> str:
    lines = []
    for word in ("high", "medium", "low"):
        group = checks[checks["confidence"] == word]
        if len(group):
            beaten = f"beat {group['share'].mean():.0%} of random configurations on average"
            lines.append(f"- Confidence {word}: {len(group)} recommendations {beaten}.")
    return "\n".join(lines)


if __name__ == "__main__":
    main()

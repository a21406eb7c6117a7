"""Searches on a held-out data set: ours with its past, and Optuna's samplers."""

import json
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.seed.past_without import shipped_mark
from scripts.seed.work import Row

from scripts.benchmarks.advice.held import WORK, Held
from advisor.meta.warm_start import warm_count
from advisor.models import get_family
from advisor.training import Outcome
from advisor.tuning import Tuner
from knowledge_base.records import EpochRecord
from knowledge_base.space import SpaceDefinition

TRIALS = {"advisor": 15, "tpe": 60, "gp": 40}


def search_path(held: Held, method: str) -> Path:
    """Return where a search is kept; only ours depends on what ships."""
    mark = shipped_mark() if method == "advisor" else "alone"
    return WORK / "searches" / mark / f"{held.name}-{method}.json"


def search(held: Held, method: str) -> dict[str, Any]:
    """Run a search, or return what it came to before.

    Returns:
        `val` and `test`: metrics of each trial, larger is better, -inf for failures;
        `training`: seconds of each; `overhead`: seconds of all that was not training.
    """
    path = search_path(held, method)
    if path.exists():
        return dict(json.loads(path.read_text()))
    if method == "advisor":
        _ = held.past  # to leave the group out is the evaluation's work, not the search's
    began = time.perf_counter()
    rows, waited = _SEARCHES[method](held, TRIALS[method])
    overhead = time.perf_counter() - began - waited
    found = {
        "val": [held.good(row) for row in rows],
        "test": [held.good(row, "test") for row in rows],
        "training": [row["duration"] or 0.0 for row in rows],
        "overhead": overhead,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found))
    return found


def _timed(held: Held, config: dict[str, Any]) -> tuple[Row, float]:
    began = time.perf_counter()
    row = held.row(config)
    return row, time.perf_counter() - began


def _ours(held: Held, trials: int) -> tuple[list[Row], float]:
    """Search as `advisor tune` does: recommendations, then the search with its past."""
    return asked(held, trials, kb=held.past, n_warm=warm_count(trials))


def asked(held: Held, trials: int, **options: Any) -> tuple[list[Row], float]:
    """Run a search of ours; `options` are those of `Tuner.create`.

    Returns:
        Its trials, and the seconds that went into training them.
    """
    family, metric = get_family(held.entry.family), held.metric
    tuner = Tuner.create(
        family.space(), name=held.entry.label, metric=metric.name, direction=metric.direction,
        family=family.name, query=held.query, seed=held.seed, contribute=False, **options,
    )  # fmt: skip
    rows, waited = [], 0.0
    for _ in range(trials):
        config = tuner.ask()
        row, seconds = _timed(held, config)
        rows.append(row)
        waited += seconds
        tuner.tell(config, outcome_of(row))
    return rows, waited


def outcome_of(row: Row) -> Outcome:
    """Return a kept trial as what training returned."""
    plain = ("state", "value", "metrics", "epochs", "n_params", "error", "duration")
    curve = tuple(EpochRecord(**epoch) for epoch in row["curve"])
    return Outcome(curve=curve, **{name: row[name] for name in plain})


def _optuna(sampler: str) -> Callable[[Held, int], tuple[list[Row], float]]:
    def run(held: Held, trials: int) -> tuple[list[Row], float]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")
        space = get_family(held.entry.family).space()
        kind = getattr(optuna.samplers, sampler)
        study = optuna.create_study(direction="maximize", sampler=kind(seed=held.seed))
        rows, waited = [], 0.0
        for _ in range(trials):
            asked = study.ask()
            row, seconds = _timed(held, suggested(asked, space))
            rows.append(row)
            waited += seconds
            value = held.good(row)
            failed = value == float("-inf")
            state = optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE
            study.tell(asked, None if failed else value, state=state)
        return rows, waited

    return run


def suggested(trial: Any, space: SpaceDefinition) -> dict[str, Any]:
    """Return the configuration that an Optuna trial suggests, conditions respected.

    Raises:
        ValueError: a condition that is not an equality.
    """
    conditions = {condition["child"]: condition for condition in space.conditions}
    config: dict[str, Any] = {}
    # What others depend on comes first.
    for name in sorted(space.hyperparameters, key=lambda name: name in conditions):
        h = space.hyperparameters[name]
        if name in conditions and not _active(conditions[name], config):
            continue
        if h.choices:
            config[name] = trial.suggest_categorical(name, list(h.choices))
        elif h.kind == "int":
            config[name] = trial.suggest_int(name, h.low, h.high, log=h.log)
        else:
            config[name] = trial.suggest_float(name, h.low, h.high, log=h.log)
    return space.complete(config)


def _active(condition: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    if condition["type"] != "EQ":
        raise ValueError(f"cannot translate the condition {condition}")
    return bool(config.get(condition["parent"]) == condition["value"])


_SEARCHES: dict[str, Callable[[Held, int], tuple[list[Row], float]]] = {
    "advisor": _ours,
    "tpe": _optuna("TPESampler"),
    "gp": _optuna("GPSampler"),
}

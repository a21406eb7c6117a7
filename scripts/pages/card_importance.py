"""Which hyperparameters matter: functional ANOVA of random configurations, task by task.

Hutter, Hoos and Leyton-Brown (2014), "An Efficient Approach for Assessing Hyperparameter
Importance"; computed by Optuna's evaluator.
"""

import json
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

from advisor.integrations.others.to_optuna import distribution
from knowledge_base.space import SpaceDefinition

MIN_TRIALS = 40
TREES = 32


def importances(trials: pd.DataFrame, spaces: Mapping[str, SpaceDefinition]) -> pd.DataFrame:
    """Return the importance of each hyperparameter on each task.

    What is looked at is the share of random configurations that a configuration beats, so that
    one diverged trial does not stand for everything.

    Args:
        trials: random ones, with `task_id`, `family`, `space_id`, `config` (JSON) and `share`.
        spaces: by identity.

    Returns:
        `task_id`, `family`, `hyperparameter`, `importance` (summing to 1 over a task).
    """
    rows = []
    for (task, family, space_id), group in trials.groupby(["task_id", "family", "space_id"]):
        if len(group) < MIN_TRIALS:
            continue
        found = _of_task(group, spaces[str(space_id)])
        rows += [{"task_id": task, "family": family, "hyperparameter": name, "importance": value}
                 for name, value in found.items()]  # fmt: skip
    return pd.DataFrame(rows)


def _of_task(group: pd.DataFrame, space: SpaceDefinition) -> dict[str, float]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    conditional = {condition["child"] for condition in space.conditions}
    known = {n: distribution(h) for n, h in space.hyperparameters.items() if n not in conditional}
    study = optuna.create_study(direction="maximize")
    for config, share in zip(group["config"].map(json.loads), group["share"], strict=True):
        params = {name: config[name] for name in known}
        study.add_trial(optuna.create_trial(params=params, distributions=known, value=float(share)))
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=TREES, seed=0)
    found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    total = sum(found.values())
    return {name: value / total for name, value in found.items()} if total > 0 else {}


def shares(trials: pd.DataFrame) -> pd.Series:
    """Return the share of a task's random configurations that each of its trials beats.

    Args:
        trials: of any tasks, with `task_id`, `strategy`, `state`, `value` and `direction`.

    Returns:
        In [0, 1], with the index of `trials`; ties count half, failures are beaten by all.
    """
    from advisor.meta.scores import goodness, share_beaten

    parts = []
    for _, group in trials.groupby("task_id"):
        completed = (group["state"] == "complete").to_numpy()
        values = group["value"].to_numpy(dtype=float)
        good = goodness(values, completed, str(group["direction"].iloc[0]))
        random = good[(group["strategy"] == "sobol").to_numpy()]
        parts.append(pd.Series(share_beaten(good, np.sort(random)), index=group.index))
    return pd.concat(parts).reindex(trials.index)

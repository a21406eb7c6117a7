"""What the store holds of the very task that a search begins: told to it, not trained again."""

import json
from collections.abc import Sequence

from advisor.models import FAMILIES
from advisor.problem import Problem
from advisor.settings import Settings
from advisor.strategies import Observation
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.types import Config, JsonObject


def known_trials(kb: KnowledgeBase, problem: Problem, settings: Settings) -> list[JsonObject]:
    """Return the user's own whole trials of the same task, space and seed, for the study's record.

    Training them again would give the same values. That holds of built-in families alone: the
    user's own function may be another by now. With `max_epochs` nothing stored is of the same
    fidelity.

    Args:
        kb: where finished trials are.
        problem: what is searched.
        settings: how; the seed says which split and which training.

    Returns:
        A mapping per configuration with its `config`, `value` and `seconds`, in stored order.
    """
    task = problem.task
    if task.family not in FAMILIES or settings.max_epochs is not None:
        return []
    if settings.module is not None or task.dataset_id in settings.exclude_datasets:
        return []
    try:
        frame = kb.trials(task=task.task_id, state="complete")
    except UserError:
        return []  # The store does not know the task.
    same = frame[
        (frame["space_id"] == problem.space.space_id)
        & (frame["seed"] == settings.seed)
        & (frame["layer"] == "user")
        & frame["value"].notna()
    ]
    found: dict[str, JsonObject] = {}
    for row in same.to_dict("records"):
        config, metrics = json.loads(row["config"]), json.loads(row["metrics"])
        if _whole(config, metrics, row["epochs"]):
            seconds = row["duration"]
            found.setdefault(
                row["config"],
                {
                    "config": config,
                    "value": float(row["value"]),
                    "seconds": float(seconds) if seconds == seconds else None,
                },
            )
    return list(found.values())


def observations(known: Sequence[JsonObject]) -> list[Observation]:
    """Return what `known_trials` found as a strategy hears it."""
    return [Observation(item["config"], item["value"], item["seconds"]) for item in known]


def _whole(config: Config, metrics: Config, epochs: float) -> bool:
    """Return whether a training ended by itself: after all its epochs, or out of patience."""
    if "epochs" not in config or "best_epoch" not in metrics:
        return False
    patience = config.get("patience", 0)
    return bool(epochs >= config["epochs"] or epochs - metrics["best_epoch"] >= patience)

"""What the store holds of the very task that a search begins: told to it, not trained again."""

import json
from collections.abc import Sequence
from contextlib import suppress

from advisor.models import FAMILIES, get_family
from advisor.problem import Problem
from advisor.settings import Settings
from advisor.strategies import Observation
from knowledge_base import KnowledgeBase
from knowledge_base.errors import SpaceError, UserError
from knowledge_base.identity import canonical_json
from knowledge_base.types import Config, ConfigDict, JsonObject


def known_trials(kb: KnowledgeBase, problem: Problem, settings: Settings) -> list[JsonObject]:
    """Return the user's own whole trials of the same task, space and seed, for the study's record.

    Training them again would give the same values, also where the space was an earlier version
    of its family. That holds of built-in families alone: the user's own function may be another
    by now. With `max_epochs` nothing stored is of the same
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
    lacking = _lacking(problem, settings)
    same = frame[
        frame["space_id"].isin(list(lacking))
        & (frame["seed"] == settings.seed)
        & (frame["layer"] == "user")
        & frame["value"].notna()
    ]
    found: dict[str, JsonObject] = {}
    for row in same.to_dict("records"):
        config = {**lacking[row["space_id"]], **json.loads(row["config"])}
        metrics = json.loads(row["metrics"])
        if _whole(config, metrics, row["epochs"]):
            seconds = row["duration"]
            found.setdefault(
                canonical_json(config),
                {
                    "config": config,
                    "value": float(row["value"]),
                    "seconds": float(seconds) if seconds == seconds else None,
                },
            )
    return list(found.values())


def _lacking(problem: Problem, settings: Settings) -> dict[str, ConfigDict]:
    """Return what configurations lack beside those that are searched, by the space they are of.

    Those of an earlier version lack what came later, whose defaults are what was done before.
    """
    family, searched = get_family(problem.task.family), problem.space
    found: dict[str, ConfigDict] = {searched.space_id: {}}
    for version in family.earlier:
        with suppress(SpaceError):  # What is searched or fixed was not there yet.
            space = problem.in_version(version, settings).space
            found[space.space_id] = {
                name: h.default
                for name, h in family.space().hyperparameters.items()
                if name in searched.hyperparameters and name not in space.hyperparameters
            }
    return found


def observations(known: Sequence[JsonObject]) -> list[Observation]:
    """Return what `known_trials` found as a strategy hears it."""
    return [Observation(item["config"], item["value"], item["seconds"]) for item in known]


def _whole(config: Config, metrics: Config, epochs: float) -> bool:
    """Return whether a training ended by itself: after all its epochs, or out of patience."""
    if "epochs" not in config or "best_epoch" not in metrics:
        return False
    patience = config.get("patience", 0)
    return bool(epochs >= config["epochs"] or epochs - metrics["best_epoch"] >= patience)

"""Search spaces in Optuna's terms."""

from typing import TYPE_CHECKING

from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, ConfigDict, JsonObject

if TYPE_CHECKING:
    import optuna


def suggested(trial: "optuna.trial.BaseTrial", space: SpaceDefinition) -> ConfigDict:
    """Return the configuration that an Optuna trial suggests, conditions respected.

    Raises:
        ValueError: a condition that is not an equality.
    """
    conditions = {condition["child"]: condition for condition in space.conditions}
    config: ConfigDict = {}
    # What others depend on comes first.
    for name in sorted(space.hyperparameters, key=lambda name: name in conditions):
        h = space.hyperparameters[name]
        if name in conditions and not _active(conditions[name], config):
            continue
        if h.choices:
            config[name] = trial.suggest_categorical(name, list(h.choices))
            continue
        assert h.low is not None
        assert h.high is not None
        if h.kind == "int":
            config[name] = trial.suggest_int(name, int(h.low), int(h.high), log=h.log)
        else:
            config[name] = trial.suggest_float(name, h.low, h.high, log=h.log)
    return space.complete(config)


def _active(condition: JsonObject, config: Config) -> bool:
    if condition["type"] != "EQ":
        raise ValueError(f"cannot translate the condition {condition}")
    return bool(config.get(condition["parent"]) == condition["value"])

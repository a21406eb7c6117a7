"""What the store holds of the very task that a search begins: not trained again.

A warm search is told it before it asks for anything, and asks for something new. A cold search
asks what it would ask of an empty store, and hears at once what is stored of that.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pandas as pd

from advisor.models import FAMILIES, ModuleFamily, get_family
from advisor.problem import DataProblem, Problem
from advisor.settings import Settings
from advisor.strategies import Observation, SearchStrategy
from advisor.training.objective import Objective
from advisor.training.outcome import Outcome
from advisor.training.paused import Paused
from advisor.training.report import Report
from advisor.tuning.code import same_code
from knowledge_base import KnowledgeBase
from knowledge_base.errors import SpaceError, UserError
from knowledge_base.identity import canonical_json
from knowledge_base.records import FOLD, EpochRecord, TrialRecord, fold_values
from knowledge_base.states import TrialState
from knowledge_base.types import Config, ConfigDict, JsonObject


def known_trials(
    kb: KnowledgeBase, problem: Problem, settings: Settings, code: JsonObject, root: Path
) -> list[JsonObject]:
    """Return the user's own trials of the same task, space, seed and fidelity, for the record.

    Training them again would give the same values. With code of the user's that holds where it
    is what it was, which the folders of the studies say; objects from Python leave no digest.
    His own function may still be random, or read what changed. Its values are what it gave then,
    as those of any noisy search are, so that the strategy hears them and asks for something new.

    Args:
        kb: where finished trials are.
        problem: what is searched.
        settings: how; the seed says which split and which training.
        code: what `code_kept` says of the user's code.
        root: folder of studies.

    Returns:
        A mapping per configuration with its `config`, `value`, `seconds`, and `folds` as its
            metrics name them if there are any; in stored order.
    """
    return [
        {
            "config": json.loads(config),
            "value": float(row["value"]),
            "seconds": _number(row["duration"]),
            **_folds(row),
        }
        for config, row in _known(kb, problem, settings, code, root).items()
    ]


def _lacking(problem: Problem, settings: Settings) -> dict[str, ConfigDict]:
    """Return what configurations lack beside those that are searched, by the space they are of.

    Those of an earlier version lack what came later, whose defaults are what was done before.
    """
    searched = problem.space
    found: dict[str, ConfigDict] = {searched.space_id: {}}
    if problem.task.family not in FAMILIES:
        return found
    family = get_family(problem.task.family)
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
    return [
        Observation(
            item["config"],
            item["value"],
            item["seconds"],
            folds=fold_values(item.get("folds", {})),  # Earlier versions did not write them.
        )
        for item in known
    ]


def _folds(row: JsonObject) -> JsonObject:
    """Return the metrics of a stored trial that are values of its folds, if it has any."""
    found = fold_values(json.loads(str(row["metrics"])))
    named = {f"{FOLD}{number}": value for number, value in found.items()}
    return {"folds": named} if named else {}


def remembering(
    objective: Objective,
    strategy: SearchStrategy,
    kb: KnowledgeBase,
    problem: Problem,
    settings: Settings,
    code: JsonObject,
    root: Path,
) -> Objective:
    """Return an objective for a cold search that trains nothing again that is stored.

    Strategies that end trials early or need gradients train all: a whole stored trial is not
    what they would have seen. So does a search of the user's own function, which may be random:
    who asks for a cold search of it wants to know how it comes out this time.
    """
    if strategy.stops_early() or strategy.needs_gradients or not isinstance(problem, DataProblem):
        return objective
    known = _known(kb, problem, settings, code, root)
    return _Remembering(objective, kb, known) if known else objective


class _Remembering(Objective):
    """Evaluates what is stored by looking it up, and all else as another objective does."""

    def __init__(
        self, objective: Objective, kb: KnowledgeBase, known: Mapping[str, JsonObject]
    ) -> None:
        """Take stored trials by their configurations as canonical JSON."""
        self._objective, self._kb, self._known = objective, kb, known
        self.at_once, self.brief = objective.at_once, objective.brief
        self.pausable, self.shapeless = objective.pausable, objective.shapeless

    def at_hand(self, config: Config) -> bool:
        """Return whether a configuration is stored."""
        return canonical_json(dict(config)) in self._known

    def need(self, configs: Sequence[Config]) -> int | None:
        """Return what a group needs, none of which is stored."""
        return self._objective.need(configs)

    def room(self) -> int | None:
        """Return what there is for trainings."""
        return self._objective.room()

    def recall(self, trials: Sequence[TrialRecord]) -> None:
        """Let what trains learn of what it trained."""
        self._objective.recall([trial for trial in trials if not trial.taken])

    def evaluate(self, config: Config, report: Report) -> Outcome:
        """Return the stored outcome of a configuration, or evaluate it."""
        row = self._known.get(canonical_json(dict(config)))
        if row is None:
            return self._objective.evaluate(config, report)
        trial = str(row["trial_id"])
        curve = self._kb.curves(trial=trial).drop(columns="trial_id")
        epochs, n_params = _number(row["epochs"]), _number(row["n_params"])
        return Outcome(
            TrialState.COMPLETE,
            value=_number(row["value"]),
            metrics=json.loads(str(row["metrics"])),
            curve=tuple(_epoch(epoch) for epoch in curve.to_dict("records")),
            epochs=None if epochs is None else int(epochs),
            n_params=None if n_params is None else int(n_params),
            duration=_number(row["duration"]),
            taken_from=trial,
        )

    def go_on(self, config: Config, report: Report, paused: Paused) -> Outcome:
        """Go on with what is not stored."""
        return self._objective.go_on(config, report, paused)

    def conclude(self, config: Config, paused: Paused, reason: str) -> Outcome:
        """Return what something reached that is not stored."""
        return self._objective.conclude(config, paused, reason)

    def companions(self, config: Config) -> int:
        """Return what trains well with what is not stored."""
        return 0 if self.at_hand(config) else self._objective.companions(config)

    def groups_of(self, configs: Sequence[Config]) -> list[list[int]]:
        """Return what is stored one by one, then the groups of the others."""
        keys = [canonical_json(dict(config)) for config in configs]
        known = [[place] for place, key in enumerate(keys) if key in self._known]
        others = [place for place, key in enumerate(keys) if key not in self._known]
        groups = self._objective.groups_of([configs[place] for place in others]) if others else []
        return known + [[others[place] for place in group] for group in groups]

    def evaluate_many(
        self, configs: Sequence[Config], reports: Sequence[Report]
    ) -> Iterator[tuple[int, Outcome]]:
        """Evaluate a group, none of which is stored."""
        return self._objective.evaluate_many(configs, reports)


def _known(
    kb: KnowledgeBase, problem: Problem, settings: Settings, code: JsonObject, root: Path
) -> dict[str, JsonObject]:
    """Return stored trials by their configurations as canonical JSON; see `known_trials`."""
    task = problem.task
    if task.dataset_id is not None and task.dataset_id in settings.exclude_datasets:
        return {}
    try:
        frame = kb.trials(task=task.task_id, state="complete")
    except UserError:
        return {}  # The store does not know the task.
    lacking = _lacking(problem, settings)
    same = frame[
        frame["space_id"].isin(list(lacking))
        & (frame["seed"] == settings.seed)
        & (frame["layer"] == "user")
        & frame["value"].notna()
    ]
    if len(same) and (code or settings.objective is not None or settings.module is not None):
        studies = kb.studies().set_index("study_id")["name"]
        named = {study: str(studies[study]) for study in same["study_id"].unique()}
        made = {study for study, name in named.items() if same_code(root / name, study, code)}
        same = same[same["study_id"].isin(made)]
    found: dict[str, JsonObject] = {}
    for record in same.to_dict("records"):
        row: JsonObject = {str(name): cell for name, cell in record.items()}
        row["config"] = canonical_json({**lacking[row["space_id"]], **json.loads(row["config"])})
        if _as_asked(problem, settings, row):
            found.setdefault(row["config"], row)
    return found


def _as_asked(problem: Problem, settings: Settings, row: JsonObject) -> bool:
    """Return whether a stored training is what a training of the same configuration would be.

    Args:
        problem: what is searched; what the user's function does is its own matter.
        settings: of the search; these say how many folds and epochs there would be.
        row: of the stored trial, which does not say what `max_epochs` was then.
    """
    if not isinstance(problem, DataProblem):
        return True
    most = settings.max_epochs
    config, metrics = json.loads(str(row["config"])), json.loads(str(row["metrics"]))
    # What was spared the other folds would be spared them again.
    if (problem.n_folds(settings) > 1) != bool(fold_values(metrics)):
        return False
    # Without a part that is held out, the splits are others.
    parts = {name.partition("_")[0] for name in metrics}
    if "val" in parts and ("test" in parts) != settings.holds_out:
        return False
    if isinstance(problem.family, ModuleFamily):
        config = problem.family.over_defaults(config, problem.dataset.modality)
    epochs = _number(row["epochs"])
    if "epochs" not in config or "best_epoch" not in metrics or epochs is None:
        return False
    impatient = epochs - metrics["best_epoch"] >= config.get("patience", 0)
    if most is None or config["epochs"] <= most:
        return bool(epochs >= config["epochs"] or impatient)
    if impatient:  # It may have been on the way to more epochs, which only schedules tell.
        steady = config.get("schedule", "constant") == "constant"
        return bool(steady and not config.get("warmup_epochs") and epochs <= most)
    return bool(epochs == most)  # It was cut there.


def _number(given: object) -> float | None:
    """Return a cell of a frame as a number, None where it is missing."""
    return None if given is None or pd.isna(given) else float(given)  # type: ignore


def _epoch(row: Mapping[object, object]) -> EpochRecord:
    known = {str(name): _number(value) for name, value in row.items() if name != "layer"}
    return EpochRecord(**{**known, "epoch": int(known["epoch"] or 0)})  # type: ignore[arg-type]

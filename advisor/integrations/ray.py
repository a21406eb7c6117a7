"""Ray Tune: a searcher that starts from past tasks. Extra: `advisor-automl[ray]`.

>>> search = AdvisorSearch(kb=KnowledgeBase(), family="mlp", epochs=50)
>>> tune.Tuner(train, param_space=space, tune_config=tune.TuneConfig(
...     metric="loss", mode="min", search_alg=ConcurrencyLimiter(search, 8), num_samples=100))
"""

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any  # Configurations and results of Ray are of any kind.

from advisor.directions import against_the_name, said_direction
from advisor.integrations.given import check_numbers, given_space, given_store
from advisor.keywords import known_keywords
from advisor.meta import Query
from advisor.meta.warm_start import MAX_WARM
from advisor.strategies import Exhausted, get_strategy
from advisor.training.outcome import Outcome
from advisor.tuning.tuner import Tuner
from knowledge_base import KnowledgeBase
from knowledge_base.durable import write_text
from knowledge_base.errors import LOG, UserError
from knowledge_base.records import EpochRecord
from knowledge_base.space import SpaceDefinition
from knowledge_base.states import TrialState
from knowledge_base.types import ConfigDict, JsonObject

try:
    from ray.tune.result import TRAINING_ITERATION
    from ray.tune.search import Searcher
    from ray.tune.utils.util import unflatten_dict
except ImportError as error:
    raise UserError("Ray Tune is not installed: pip install 'advisor-automl[ray]'.") from error

from advisor.integrations.ray_spaces import RaySpace

RAY = logging.getLogger("ray.tune.advisor")
"""Says what Ray says, where it does."""

FORMAT = 1
"""Version of what `save` writes."""


class AdvisorSearch(Searcher):  # type: ignore[misc]  # Ray has no types.
    """Suggests what Ray trains, on one machine or a cluster; it lives in the driver.

    Trials that run are left to their workers, and so are those that a scheduler stopped: they
    count with what they reached, never as complete. A trial that failed counts as a failure.

    Attributes:
        tuner: what it asks, None before the space and the metric are known.
    """

    @known_keywords
    def __init__(
        self,
        kb: KnowledgeBase | str | Path | None = None,
        family: str | None = None,
        space: SpaceDefinition | str | Path | None = None,
        *,
        metric: str | None = None,
        mode: str | None = None,
        task: str = "ray",
        query: Query | None = None,
        strategy: str = "bayesian",
        n_warm: int = MAX_WARM,
        seed: int = 0,
        epochs: int | None = None,
        contribute: bool = True,
        per_second: bool = False,
    ) -> None:
        """Prepare a searcher; nothing is read before Ray asks.

        Args:
            kb: past trials to start from, and where finished ones go; a path names its file.
            family: model family; past tasks of the same family count.
            space: the search space, or its file. Default: the `param_space` of Ray's tuner.
            metric: that is reported, and `mode`, "min" or "max". Default: those of Ray's tuner;
                of a metric whose name is known, such as loss or accuracy, the mode is known.
            task: name of the task in `kb`.
            query: what is known about the task, such as metafeatures.
            strategy, n_warm, seed: as for `Tuner.create`.
            epochs: iterations of a whole training. A trial that ended before them was stopped.
                Default: what trials say that end complete is believed.
            contribute: whether finished trials go into `kb`.
            per_second: prefer what is quick.

        Raises:
            UserError: the strategy does not exist, a number is impossible, or the file of the
                space is wrong.
        """
        super().__init__(metric=metric, mode=mode)
        self._metric: str | None = metric
        self._mode: str | None = mode
        check_numbers(n_warm, seed, epochs)
        get_strategy(strategy)
        given = given_space(space)
        self._space: RaySpace | None = None if given is None else RaySpace(given)
        self._kb = given_store(kb)
        self._options: dict[str, Any] = {
            "name": task, "family": family, "query": query, "strategy": strategy,
            "n_warm": n_warm, "seed": seed, "contribute": contribute, "per_second": per_second,
        }  # fmt: skip
        self._epochs = epochs
        self._study, self._restored = "", False
        self._live: dict[str, ConfigDict] = {}
        self._curves: dict[str, list[float]] = {}
        self._told: list[JsonObject] = []
        self.tuner: Tuner | None = None

    def set_search_properties(
        self, metric: str | None, mode: str | None, config: dict[str, Any], **spec: Any
    ) -> bool:
        """Take what Ray's tuner was given; return whether it could be taken.

        Raises:
            UserError: the space holds what cannot be searched, such as a grid, or whether the
                metric is to be small or large is neither said nor known by its name.
        """
        if config:
            given = RaySpace.of(config)
            if self._space is not None and not self._restored:
                return False
            self._space = given if self._space is None else self._space.with_objects_of(given)
        self._metric = metric or self._metric
        self._mode = mode or self._mode
        if self._metric and not self._mode:
            choices = "`mode=min`, as for a loss or an error, or `mode=max`, as for an accuracy"
            self._mode = {"minimize": "min", "maximize": "max"}[
                said_direction(self._metric, None, choices=choices)
            ]
        return self._space is not None

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Return the configuration of a new trial, or that the space is exhausted.

        Raises:
            UserError: Ray's tuner was given neither a space nor a metric and its mode.
        """
        try:
            config = self._asking().ask()
        except Exhausted:
            return str(Searcher.FINISHED)
        self._live[trial_id] = config
        assert self._space is not None
        found: dict[str, Any] = unflatten_dict(self._space.params(config), "/")
        return found

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Note what a trial reported."""
        value = result.get(str(self._metric))
        if value is not None and trial_id in self._live:
            self._curves.setdefault(trial_id, []).append(float(value))

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Learn from a trial that ended, however it did; each counts once."""
        config = self._live.pop(trial_id, None)
        curve = self._curves.pop(trial_id, [])
        if config is None:
            return
        told = self._said(config, curve, result or {}, error)
        self._told.append({**told, "trial_id": trial_id})
        self._asking().tell(config, _outcome(told), trial_id=trial_id)

    def save(self, checkpoint_path: str) -> None:
        """Write what the search knows as JSON; whole or not at all."""
        state = {
            "format": FORMAT,
            "study": self._study,
            "study_id": None if self.tuner is None else self.tuner.study.record.study_id,
            "metric": self._metric,
            "mode": self._mode,
            "space": None if self._space is None else self._space.to_json(),
            "told": self._told,
            "live": self._live,
            "curves": self._curves,
        }
        write_text(Path(checkpoint_path), json.dumps(state))

    def restore(self, checkpoint_path: str) -> None:
        """Go on where `save` was called; trials that ran then are awaited.

        Raises:
            UserError: the file is missing, or was not written by `save`.
        """
        try:
            state = json.loads(Path(checkpoint_path).read_text(encoding="utf-8"))
            if state["format"] != FORMAT:
                raise ValueError(f"format {state['format']}")
            self._study, self._metric, self._mode = state["study"], state["metric"], state["mode"]
            given = state["space"]
            self._space = None if given is None else RaySpace.from_json(given)
            self._told, self._live = list(state["told"]), dict(state["live"])
            self._curves = {name: list(values) for name, values in state["curves"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = type(error).__name__ if not str(error) else str(error)
            raise UserError(f"{checkpoint_path} is no saved AdvisorSearch: {reason}.") from error
        self.tuner, self._restored = None, True
        if self._space is not None and self._metric and self._mode:
            self._asking()

    def _asking(self) -> Tuner:
        """Return the tuner; a new one knows all that was told."""
        if self.tuner is not None:
            return self.tuner
        if self._space is None or not self._metric or not self._mode:
            raise UserError(
                "AdvisorSearch has no space or no metric: give Ray's tuner `param_space`, "
                "`metric` and `mode`, or AdvisorSearch `space`, `metric` and `mode`."
            )
        self._study = self._study or uuid.uuid4().hex
        direction = "maximize" if self._mode == "max" else "minimize"
        word = against_the_name(str(self._metric), direction)
        if word is not None:
            LOG.warning(word)
        tuner = Tuner.create(
            self._space.definition, kb=self._kb, metric=str(self._metric), direction=direction,
            study_id=self._study, **self._options,
        )  # fmt: skip
        if tuner.told:
            RAY.info(f"This search {tuner.told}")
        for told in self._told:
            tuner.tell(told["config"], _outcome(told), trial_id=told["trial_id"])
        if self._live:
            tuner.pending(list(self._live.values()))
        self.tuner = tuner
        return tuner

    def _said(
        self, config: ConfigDict, curve: Sequence[float], result: Mapping[str, Any], error: bool
    ) -> JsonObject:
        """Return how a trial ended, as it is kept."""
        value: Any = result.get(str(self._metric))
        iterations = int(result.get(TRAINING_ITERATION) or len(curve))
        values = [*curve] if len(curve) >= iterations or value is None else [*curve, float(value)]
        state = TrialState.COMPLETE
        if error or value is None:
            state = TrialState.FAILED
        elif not isfinite(float(value)):
            state = TrialState.DIVERGED
        elif self._epochs is not None and iterations < self._epochs:
            state = TrialState.STOPPED
        seconds = result.get("time_total_s")
        return {
            "config": dict(config),
            "state": str(state),
            "value": float(value) if state in (TrialState.COMPLETE, TrialState.STOPPED) else None,
            "values": [v if isfinite(v) else None for v in values],
            "seconds": None if seconds is None else float(seconds),
        }


def _outcome(told: JsonObject) -> Outcome:
    values = enumerate(told["values"], 1)
    return Outcome(
        told["state"],
        told["value"],
        curve=tuple(EpochRecord(e, val_metric=v) for e, v in values if v is not None),
        epochs=len(told["values"]) or None,
        duration=told["seconds"],
        error="Ray says that the trial failed" if told["state"] == TrialState.FAILED else None,
    )

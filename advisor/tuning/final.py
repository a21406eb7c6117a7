"""From a search to the model that its user takes away, and what that is worth."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from advisor.metrics import Metric, get_metric
from advisor.predictor.assembly import assemble
from advisor.predictor.average import Average, Member
from advisor.predictor.baseline import baseline, baseline_data
from advisor.predictor.predictor import Predictor, truth_of
from advisor.predictor.summary import BASELINE, DEFAULT, FINAL, SINGLE, Standing, standing
from advisor.training.objective import FamilyObjective
from advisor.training.outcome import Fitted
from knowledge_base.records import TrialRecord
from knowledge_base.states import Direction
from knowledge_base.types import Config

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.data.preparation import Preparation
    from advisor.data.preparation.base import Features
    from advisor.data.reading import NewRows, Reading
    from advisor.tuning.study import Study

Judged = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""Truth, prediction and naive errors of the same rows."""


@dataclass(frozen=True)
class Final:
    """Makes the model of a search.

    Attributes:
        objective: what trained its networks.
        study: where the search belongs; its kept networks are averaged.
        trials: of the search.
        reading: how the data were read.
        test: rows of the user's own that nothing was chosen by; None takes the part of the data
            that was held out.
    """

    objective: FamilyObjective
    study: "Study"
    trials: Sequence[TrialRecord]
    reading: "Reading[object]"
    test: "NewRows[object] | None" = None

    @property
    def metric(self) -> Metric:
        """What the model is chosen and measured by."""
        return get_metric(self.study.task.metric)

    def predictor(self, how: str) -> Predictor:
        """Return the model with its standings.

        Args:
            how: one of `advisor.predictor.assembly.FINAL`.

        Raises:
            UserError: no network is kept.
        """
        networks = self.study.networks
        kept = networks.whole() if networks is not None else {}
        family, folds = self.objective.family, self.objective.folds
        average = assemble(
            family, folds, self.trials, kept, self.metric, self.study.task.direction, how
        )
        return Predictor(
            average, self.reading, self.metric.name, tuple(self._standings(average, kept))
        )

    def _standings(
        self, average: Average, kept: Mapping[int, Sequence[Fitted]]
    ) -> Iterator[Standing]:
        places = [network.fold for network in average.members[0].networks]
        yield self._baseline(places)
        sign = -1.0 if self.study.task.direction == Direction.MAXIMIZE else 1.0
        whole = [t for t in self.trials if len(kept.get(t.number, ())) == len(places)]
        default = self._default(kept)
        if len(default) == len(places):
            member = Member(0, self.objective.family.default(), 1.0, default)
            yield self._standing(DEFAULT, self._one(member), places)
        best = min(whole, key=lambda trial: (sign * (trial.value or 0.0), trial.number))
        member = Member(best.number, dict(best.config), 1.0, kept[best.number])
        yield self._standing(SINGLE, self._one(member), places)
        yield self._standing(FINAL, average, places)

    def _default(self, kept: Mapping[int, Sequence[Fitted]]) -> Sequence[Fitted]:
        """Return the networks of the library default, from its trial or as it was measured."""
        default = self.objective.family.default()
        for trial in self.trials:
            if trial.config == default and kept.get(trial.number):
                return kept[trial.number]
        networks = self.study.default_networks
        return networks.load(0) if networks is not None else []

    def _one(self, member: Member) -> Average:
        """Return one configuration with the networks of its folds."""
        return Average(self.objective.family, self._preparations, [member])

    def _standing(self, name: str, average: Average, places: Sequence[int]) -> Standing:
        folds = [self._judged(average, place) for place in places]
        if name != FINAL:  # One network is what a search without averages leaves.
            first = [replace(m, networks=m.networks[:1]) for m in average.members]
            average = replace(average, members=first)
        return standing(name, self.metric, folds, self._tested(average))

    def _judged(self, average: Average, place: int) -> Judged:
        seen = self._seen(average.members[0].config, place)
        return seen.truth("valid"), average.validated(place), seen.naive_error("valid")

    def _tested(self, average: Average) -> Judged | None:
        if self.test is not None:
            return self._own(average.raw(cast("Features", self.test.features)))
        seen = self._seen(average.members[0].config, 0)
        if not len(seen.x("test")):
            return None
        prediction = average.on_test(self.objective.folds)
        return seen.truth("test"), prediction, seen.naive_error("test")

    def _own(self, prediction: np.ndarray) -> Judged:
        """Return predictions for the user's own test rows beside what they should be."""
        assert self.test is not None
        return truth_of(self.test, self.reading), prediction, None

    def _baseline(self, places: Sequence[int]) -> Standing:
        seen = [baseline_data(data) for data in self.objective.folds]
        folds = [_trivial(seen[place], "valid") for place in places]
        if self.test is None:
            test = _trivial(seen[0], "test") if len(seen[0].x("test")) else None
        else:
            rows = len(truth_of(self.test, self.reading))
            test = self._own(np.repeat(baseline(seen[0], "valid")[:1], rows, axis=0))
        return standing(BASELINE, self.metric, folds, test)

    def _seen(self, config: Config, place: int) -> "PreparedData":
        family, data = self.objective.family, self.objective.folds[place]
        return family.adapt(family.complete(config, data), data)

    @property
    def _preparations(self) -> "list[Preparation]":
        found = [data.preparation for data in self.objective.folds]
        return [preparation for preparation in found if preparation is not None]


def _trivial(data: "PreparedData", part: str) -> Judged:
    return data.truth(part), baseline(data, part), data.naive_error(part)

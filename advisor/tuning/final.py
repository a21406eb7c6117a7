"""From a search to the model that its user takes away, and what that is worth."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from advisor.metrics import Metric
from advisor.predictor import summary
from advisor.predictor.assembly import assemble
from advisor.predictor.average import Average, Member
from advisor.predictor.baseline import baseline, baseline_data
from advisor.predictor.kept import DEFAULT, Candidate, KeptNetworks
from advisor.predictor.predictor import Predictor, features_of, truth_of
from advisor.predictor.summary import Standing, standing
from advisor.problem import DataProblem, Problem
from advisor.settings import Settings
from advisor.training.objective import FamilyObjective
from knowledge_base.errors import UserError
from knowledge_base.types import Config

if TYPE_CHECKING:
    from advisor.data import PreparedData
    from advisor.data.preparation import Preparation
    from advisor.data.reading import NewRows, Reading

Judged = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""Truth, prediction and naive errors of the same rows."""


def test_rows(problem: Problem, settings: Settings) -> "NewRows[object] | None":
    """Return the user's own test rows, looked at before anything is trained; None without any.

    Raises:
        UserError: they are not of the data's form, lack a target, or nothing can be measured on
            them.
    """
    if settings.test is None or not isinstance(problem, DataProblem):
        return None
    reading = problem.dataset.reading
    if reading is None or problem.dataset.modality == "series":
        what = "time series" if reading is not None else "a data set that was made in Python"
        raise UserError(f"`test` is not for {what}; a fifth of the data is held out instead.")
    rows = reading.read(settings.test)
    truth_of(rows, reading)
    return rows


@dataclass(frozen=True)
class Final:
    """Makes the model of a search.

    Attributes:
        objective: what trained its networks.
        networks: those that were kept.
        metric: what the model is chosen and measured by.
        reading: how the data were read.
        test: rows of the user's own that nothing was chosen by; None takes the part of the data
            that was held out.
        over: whether the time for choosing what is averaged is over.
    """

    objective: FamilyObjective
    networks: KeptNetworks
    metric: Metric
    reading: "Reading[object]"
    test: "NewRows[object] | None" = None
    over: Callable[[], bool] = lambda: False

    def predictor(self, how: str) -> Predictor:
        """Return the model with its standings.

        Args:
            how: "ensemble" or "folds".

        Raises:
            UserError: no network is kept.
        """
        candidates = self.networks.candidates()
        family, folds = self.objective.family, self.objective.folds
        average = assemble(family, folds, candidates, self.metric, how, self.over)
        standings = tuple(self._standings(average, candidates))
        return Predictor(average, self.reading, self.metric.name, standings)

    def _standings(self, average: Average, candidates: Sequence[Candidate]) -> Iterator[Standing]:
        places = [network.fold for network in average.members[0].networks]
        yield self._baseline(places)
        whole = [one for one in candidates if len(one.networks) == len(places)]
        usual = self.objective.family.default()
        default = next((one for one in whole if one.config == usual), None)
        if default is not None:
            yield self._standing(summary.DEFAULT, self._one(default), places)
        tried = next((one for one in whole if one.name != DEFAULT), whole[0])
        yield self._standing(summary.SINGLE, self._one(tried), places)
        yield self._standing(summary.FINAL, average, places)

    def _one(self, candidate: Candidate) -> Average:
        """Return one configuration with the networks of its folds."""
        member = Member(candidate.name, dict(candidate.config), 1.0, candidate.networks)
        return Average(self.objective.family, self._preparations, [member])

    def _standing(self, name: str, average: Average, places: Sequence[int]) -> Standing:
        folds = [self._judged(average, place) for place in places]
        if name != summary.FINAL:  # One network is what a search without averages leaves.
            first = [replace(m, networks=m.networks[:1]) for m in average.members]
            average = replace(average, members=first)
        return standing(name, self.metric, folds, self._tested(average))

    def _judged(self, average: Average, place: int) -> Judged:
        seen = self._seen(average.members[0].config, place)
        return seen.truth("valid"), average.validated(place), seen.naive_error("valid")

    def _tested(self, average: Average) -> Judged | None:
        if self.test is not None:
            return self._own(average.raw(features_of(self.test)))
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
        return standing(summary.BASELINE, self.metric, folds, test)

    def _seen(self, config: Config, place: int) -> "PreparedData":
        family, data = self.objective.family, self.objective.folds[place]
        return family.adapt(family.complete(config, data), data)

    @property
    def _preparations(self) -> "list[Preparation]":
        found = [data.preparation for data in self.objective.folds]
        return [preparation for preparation in found if preparation is not None]


def _trivial(data: "PreparedData", part: str) -> Judged:
    return data.truth(part), baseline(data, part), data.naive_error(part)

"""From a search to the model that its user takes away, and what that is worth."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from advisor.metrics import Metric
from advisor.predictor import summary
from advisor.predictor.assembly import assemble, refitted, with_all_folds
from advisor.predictor.average import ALL_ROWS, AVERAGED, Average, Member
from advisor.predictor.baseline import baseline, baseline_data
from advisor.predictor.intervals import Intervals, errors_of, joined
from advisor.predictor.judged import JudgedRows, forecasts_of, rows_of
from advisor.predictor.kept import DEFAULT, REFITTED, Candidate, KeptNetworks
from advisor.predictor.predictor import Predictor, features_of, truth_of
from advisor.predictor.summary import Standing, standing
from advisor.problem import DataProblem, Problem
from advisor.settings import Settings
from advisor.training.objective import FamilyObjective
from advisor.training.outcome import Fitted
from advisor.training.report import Report
from knowledge_base.errors import LOG, UserError
from knowledge_base.states import TrialState
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
        whole: the data set with all known rows to train on, if one network of them is wanted.
        further: folds that nothing was trained on, by which networks that a formula gives are
            judged, too.
        over: whether the time for choosing what is averaged is over.
    """

    objective: FamilyObjective
    networks: KeptNetworks
    metric: Metric
    reading: "Reading[object]"
    test: "NewRows[object] | None" = None
    whole: "PreparedData | None" = None
    further: "Sequence[PreparedData]" = ()
    over: Callable[[], bool] = lambda: False

    def predictor(self, how: str, read: Sequence[Candidate] | None = None) -> Predictor:
        """Return the model with its standings.

        Args:
            how: "ensemble", "folds" or "single".
            read: the candidates among the kept networks, where they were read already.

        Raises:
            UserError: no network is kept.
        """
        candidates = self.candidates() if read is None else read
        family, folds = self.objective.family, self.objective.folds
        best = with_all_folds(candidates)[0]
        network = None if self.whole is None else self._refitted(best)
        if self.whole is not None and network is not None:
            average = refitted(family, self.whole, best, network)
        else:
            average = assemble(family, folds, candidates, self.metric, how, self.further, self.over)
        standings = tuple(self._standings(average, candidates))
        judged = average if average.made == AVERAGED else self._one(best)
        intervals = self._intervals(judged, [network.fold for network in best.networks])
        seconds = average.seconds_per_thousand(self.objective.folds[0])
        return Predictor(average, self.reading, self.metric.name, standings, intervals, seconds)

    def candidates(self) -> list[Candidate]:
        """Return the kept networks, best first; what does not fit is left out with a word."""
        return self.networks.candidates(self._check)

    def _check(self, kept: Candidate) -> None:
        """Refuse networks that are none of their configuration on the folds of this search.

        Raises:
            UserError: names what does not fit.
        """
        where = f"What is kept of {kept.name} in {self.networks.folder} does not fit this search"
        objective = self.objective
        objective.family.checked(dict(kept.config))
        for network in kept.networks:
            if not 0 <= network.fold < len(objective.folds):
                raise UserError(f"{where}: there is no fold {network.fold}.")
            said = {"valid": network.prediction, "test": network.tested}
            for part, wanted in self._shapes[network.fold].items():
                prediction = said[part]
                if prediction is not None and prediction.shape != wanted:
                    raise UserError(f"{where}: its predictions have the shape {prediction.shape}.")
        self._one(kept).check()

    @cached_property
    def _shapes(self) -> list[dict[str, tuple[int, ...]]]:
        """What predictions for the validation and the test rows of each fold have."""
        found = []
        for place, data in enumerate(self.objective.folds):
            seen = self._seen(self.objective.family.default(), place)
            more = (data.n_outputs,) if data.kind == "classification" else ()
            found.append({part: (*seen.y(part).shape, *more) for part in ("valid", "test")})
        return found

    def judged(self, model: Predictor, read: Sequence[Candidate]) -> JudgedRows:
        """Return what the networks of a model said of validation rows: of all folds, or forecasts.

        Args:
            model: as `predictor` made it; one network stands for those of its folds.
            read: the candidates among the kept networks that it was made of.
        """
        best = with_all_folds(read)[0]
        average = model.average if model.average.made == AVERAGED else self._one(best)
        places = [network.fold for network in best.networks]
        if self.reading.target.kind == "forecasting":
            first = places[0]
            seen = self._seen(average.members[0].config, first)
            data = self.objective.folds[first]
            return forecasts_of(seen, data, average.validated(first), model.intervals)
        truth, prediction, _ = zip(*(self._judged(average, p) for p in places), strict=True)
        classes = [str(label) for label in model.classes or ()]
        return rows_of(np.concatenate(truth), np.concatenate(prediction), classes, model.intervals)

    def _intervals(self, average: Average, places: Sequence[int]) -> Intervals | None:
        """Return the intervals that the errors on the validation rows make; none of classes."""
        if self.reading.target.kind == "classification":
            return None
        config, folds = average.members[0].config, self.objective.folds
        return joined(
            [
                errors_of(self._seen(config, place), folds[place], average.validated(place))
                for place in places
            ],
            average,
        )

    def refit(self, report: Report, read: Sequence[Candidate] | None = None) -> None:
        """Train the best configuration once on all known rows, and keep its network.

        It is trained for as many epochs as the networks of its folds were best after, on average:
        there are no rows left that could say when to stop. An epoch goes over more rows than
        those of a fold, so that there are more steps, as there are more rows to learn from.

        Args:
            report: ends the training when the time is over; nothing is kept then.
            read: as for `predictor`.

        Raises:
            UserError: no network is kept.
            Exception: whatever the training raises.
        """
        best = with_all_folds(self.candidates() if read is None else read)[0]
        if self.whole is None or self._refitted(best) is not None:
            return
        epochs = max(round(fmean(network.epochs for network in best.networks)), 1)
        outcome = self.objective.refit(best.config, self.whole, epochs, report)
        if outcome.state == TrialState.COMPLETE and outcome.fitted:
            self.networks.keep(REFITTED, best.config, best.value, outcome.fitted)

    def _refitted(self, best: Candidate) -> Fitted | None:
        """Return the network that was trained on all known rows, if it is one of the best."""
        try:
            kept = self.networks.load(REFITTED)
        except UserError as error:
            LOG.warning("%s It is not taken for the model.", error)
            return None
        if kept is None or kept.config != best.config or kept.value != best.value:
            return None
        return kept.networks[0]

    def _standings(self, average: Average, candidates: Sequence[Candidate]) -> Iterator[Standing]:
        whole = with_all_folds(candidates)
        places = [network.fold for network in whole[0].networks]
        yield self._baseline(places)
        usual = self.objective.family.default()
        default = next((one for one in whole if one.config == usual), None)
        if default is not None:
            yield self._standing(summary.DEFAULT, self._one(default), places, True)
        tried = next((one for one in whole if one.name != DEFAULT), whole[0])
        yield self._standing(summary.SINGLE, self._one(tried), places, True)
        if average.made == AVERAGED:
            yield self._standing(summary.FINAL, average, places)
            return
        # One network is as good on rows that it did not see as those of the folds of the same
        # configuration, as far as one knows; only on test rows it is measured itself.
        found = self._standing(summary.FINAL, self._one(whole[0]), places, True)
        seen: Sequence[PreparedData] = self.objective.folds
        if self.whole is not None and average.made == ALL_ROWS:
            seen = [self.whole]
        tested = standing(summary.FINAL, self.metric, (), self._tested(average, seen))
        yield replace(found, test=tested.test, test_error=tested.test_error)

    def _one(self, candidate: Candidate) -> Average:
        """Return one configuration with the networks of its folds."""
        member = Member(candidate.name, dict(candidate.config), 1.0, candidate.networks)
        return Average(self.objective.family, self._preparations, [member])

    def _standing(
        self, name: str, average: Average, places: Sequence[int], first_only: bool = False
    ) -> Standing:
        folds = [self._judged(average, place) for place in places]
        if first_only:  # One network is what a search without averages leaves.
            first = [replace(m, networks=m.networks[:1]) for m in average.members]
            average = replace(average, members=first)
        return standing(name, self.metric, folds, self._tested(average, self.objective.folds))

    def _judged(self, average: Average, place: int) -> Judged:
        seen = self._seen(average.members[0].config, place)
        return seen.truth("valid"), average.validated(place), seen.naive_error("valid")

    def _tested(self, average: Average, folds: "Sequence[PreparedData]") -> Judged | None:
        """Return the predictions for the test rows beside what they should be.

        Args:
            average: makes them.
            folds: the data set, prepared as each network saw it.
        """
        if self.test is not None:
            return self._own(average.raw(features_of(self.test)))
        seen = self._seen(average.members[0].config, 0)
        if not len(seen.x("test")):
            return None
        prediction = average.on_test(folds)
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

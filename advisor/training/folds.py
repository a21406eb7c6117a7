"""One configuration trained on several folds of a data set."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from math import isfinite, nan, sqrt
from statistics import fmean, stdev

from advisor.data import PreparedData
from advisor.models.base import ModelFamily
from advisor.training.loop import conclude
from advisor.training.outcome import Outcome
from advisor.training.paused import Paused, StateLost
from advisor.training.race import Race
from advisor.training.report import PauseTrial, Report, StopTrial, seconds_left
from advisor.training.terms import Terms
from advisor.training.together import groups_of, train_group
from knowledge_base.records import FOLD, STANDARD_ERROR, EpochRecord, fold_values
from knowledge_base.states import TrialState
from knowledge_base.types import Config

AT_ONCE = "all_folds"
"""Whether a paused training began with all its folds, among its facts."""

REACHED = (TrialState.COMPLETE, TrialState.STOPPED)


def train_folds(
    family: ModelFamily,
    config: Config,
    folds: Sequence[PreparedData],
    seed: int,
    terms: Terms,
    report: Report,
    race: Race,
    paused: Paused | None = None,
) -> Outcome:
    """Train `family` with `config` on the first fold, and on the others if that promises enough.

    The networks of several folds are trained together where they have one shape. Where nothing
    can be judged yet, all folds are trained at once.

    Args:
        family, config, seed, terms: as for `train_on`; every fold has the same seed.
        folds: prepared parts of each.
        report: is told of the epochs of the first fold only, and asked for the time in all.
        race: says what is promising; it is told the values of those that have all folds.
        paused: where to go on; None begins.

    Returns:
        One outcome: its value is the mean over the folds. A configuration that was spared the
        others has the value of its first fold less what that fold is usually ahead, so that
        all values of a study are of one kind. `fold_1` and so on, among its metrics, are the
        values as they came; `standard_error` is that of the mean. What ended early or
        diverged in one of the folds did so as a whole; where the time ended in a later fold,
        those before it count. It can be put aside while the first fold trains.

    Raises:
        StateLost: `paused` is that of another training, or damaged.
        UserError, RuntimeError: as `train`.
    """
    lead = Lead(report)
    parts = None if paused is None else paused.parts()
    # What began with all folds goes on with them, whatever is known by now.
    at_once = race.open if paused is None else bool(paused.facts.get(AT_ONCE))
    begun = folds if at_once else folds[:1]
    found = _train(family, config, begun, seed, terms, lead, paused=parts)
    standing = {place: o.paused for place, o in found.items() if o.paused is not None}
    if standing:
        together = _offset(_in_all(_in_order(found), standing=True), race)
        return replace(together, paused=Paused.of_parts({AT_ONCE: at_once}, standing))
    if not at_once:
        first = found[0]
        promising = first.state == TrialState.COMPLETE and first.value is not None
        if promising and race.worth(first.value or 0.0):
            others = _train(family, config, folds[1:], seed, terms, lead, leading=False)
            found |= {1 + place: outcome for place, outcome in others.items()}
    return judged(_in_order(found), len(folds), race)


def judged(outcomes: Sequence[Outcome], n_folds: int, race: Race) -> Outcome:
    """Return the outcome of a configuration from those of its folds; the race hears of a whole one.

    Args:
        outcomes: of its folds, in their order, as many as it was trained on.
        n_folds: how many there are.
        race: as for `train_folds`.
    """
    together = _in_all(outcomes)
    values = fold_values(together.metrics)
    if together.state == TrialState.COMPLETE and len(values) == n_folds:
        race.tell(list(values.values()))
    return _offset(together, race)


def conclude_folds(
    family: ModelFamily,
    config: Config,
    folds: Sequence[PreparedData],
    seed: int,
    terms: Terms,
    race: Race,
    paused: Paused,
    reason: str,
) -> Outcome:
    """Return what a paused training on folds reached, as of one that is stopped for that reason.

    Raises:
        StateLost: `paused` is that of another training, or damaged.
    """
    parts = paused.parts()
    if 0 not in parts or max(parts) >= len(folds):
        raise StateLost("The state of a paused training is that of other folds.")
    outcomes = [
        conclude(family, config, folds[place], seed, terms, parts[place], reason)
        for place in sorted(parts)
    ]
    return _offset(_in_all(outcomes, standing=True), race)


def train_rest(
    family: ModelFamily,
    configs: Mapping[int, Config],
    folds: Sequence[PreparedData],
    seed: int,
    terms: Terms,
    leads: "Mapping[int, Lead]",
) -> Iterator[tuple[int, list[Outcome]]]:
    """Train configurations of one shape on all folds but the first one.

    Many of them train fold by fold, so that they share its data; few train each on all its folds.

    Args:
        family, folds, seed, terms: as for `train_folds`.
        configs: active hyperparameters by place.
        leads: the report of each in the first fold, which ended.

    Yields:
        The place of each, and its outcomes in the order of the folds.
    """
    if len(configs) < len(folds):
        for place, config in configs.items():
            others = _train(family, config, folds[1:], seed, terms, leads[place], leading=False)
            yield place, _in_order(others)
        return
    places, found = list(configs), {place: list[Outcome]() for place in configs}
    each = [configs[place] for place in places]
    for fold in folds[1:]:
        reports = [leads[place].followed() for place in places]
        for group in groups_of(family, each, fold, terms.device):
            for number, outcome in train_group(family, each, fold, group, seed, terms, reports):
                found[places[number]].append(outcome)
    yield from found.items()


def _in_order(found: Mapping[int, Outcome]) -> list[Outcome]:
    return [found[place] for place in sorted(found)]


def _offset(together: Outcome, race: Race) -> Outcome:
    """Return an outcome whose value is of the kind of all others of the study."""
    if together.value is None or list(fold_values(together.metrics)) != [1]:
        return together
    return replace(together, value=together.value - race.offset)


def _train(
    family: ModelFamily,
    config: Config,
    folds: Sequence[PreparedData],
    seed: int,
    terms: Terms,
    lead: "Lead",
    leading: bool = True,
    paused: Mapping[int, Paused] | None = None,
) -> dict[int, Outcome]:
    """Train folds, those of one shape together; return outcomes by their places.

    The first of them leads, or, where not `leading`, another one that has ended.

    Where the first one is put aside, those that do not train with it have not begun.
    """
    configs = [config] * len(folds)
    reports = [lead if leading and not place else lead.followed() for place in range(len(folds))]
    found: dict[int, Outcome] = {}
    for group in groups_of(family, configs, folds, terms.device):
        if any(outcome.paused is not None for outcome in found.values()):
            return found
        reason = lead.ended() if found or not leading else None
        cut = next((o for o in found.values() if o.state == TrialState.STOPPED), None)
        reason = reason if cut is None else cut.error
        if reason is not None:  # What has not begun is not begun any more, and does not count.
            found.update({place: Outcome(TrialState.STOPPED, error=reason) for place in group})
            continue
        standing = None if found else paused
        found.update(train_group(family, configs, folds, group, seed, terms, reports, standing))
    return found


def _in_all(outcomes: Sequence[Outcome], standing: bool = False) -> Outcome:
    """Return the outcome of a configuration from those of its folds.

    Args:
        outcomes: of its folds, in their order.
        standing: whether they were put aside, so that what each reached counts.
    """
    first = outcomes[0]
    duration = sum(outcome.duration or 0.0 for outcome in outcomes)
    bad = next((o for o in outcomes if o.state not in REACHED), None)
    if bad is not None:
        where = f"fold {outcomes.index(bad) + 1}: " if bad is not first else ""
        return replace(
            bad, error=f"{where}{bad.error}", duration=duration, curve=first.curve, fitted=()
        )
    valued = {place: o for place, o in enumerate(outcomes) if o.value is not None}
    ended = {place: o for place, o in valued.items() if o.state == TrialState.COMPLETE}
    whole = {} if standing else ended
    # Folds that were cut off say less than those that ended; without any of these they count.
    counted = whole or valued
    if not counted:
        return replace(first, duration=duration, fitted=())
    values = [outcome.value or 0.0 for outcome in counted.values()]
    known = [outcome.metrics for outcome in counted.values()]
    # What is not a metric, such as the best epoch, is the first fold's, as the curve is.
    metrics = dict(known[0]) | {
        name: fmean(each.get(name, nan) for each in known)
        for name in known[0]
        if name.startswith(("val_", "test_"))
    }
    metrics = {name: value for name, value in metrics.items() if isfinite(value)}
    metrics |= {f"{FOLD}{place + 1}": outcome.value or 0.0 for place, outcome in counted.items()}
    if len(values) > 1:
        metrics[STANDARD_ERROR] = stdev(values) / sqrt(len(values))
    return replace(
        first,
        state=TrialState.COMPLETE if whole else TrialState.STOPPED,
        value=fmean(values),
        metrics=metrics,
        error=None if whole else first.error,
        duration=duration,
        fitted=tuple(
            replace(fitted, fold=place)
            for place, outcome in counted.items()
            for fitted in outcome.fitted
        ),
    )


class Lead:
    """The report of the first fold; the others end where it is ended from outside.

    Attributes:
        stopped: what ended the first fold, if something did.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        self.stopped: StopTrial | None = None

    def __call__(self, epoch: EpochRecord) -> None:
        """Pass on an epoch of the first fold."""
        with self._noting():
            self.report(epoch)

    def check_time(self) -> None:
        """End the fold that asks if the time is over."""
        with self._noting():
            self.report.check_time()

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Take note of what ends the first fold, for the others."""
        try:
            yield
        except PauseTrial:  # The others end the epoch, too.
            raise
        except StopTrial as stop:
            self.stopped = stop
            raise

    def ended(self) -> str | None:
        """Return why nothing else is to begin, None where it may."""
        with suppress(StopTrial):
            self.check_time()
        return None if self.stopped is None else str(self.stopped)

    def seconds_left(self) -> float:
        """Return how many seconds all folds still have."""
        return seconds_left(self.report)

    def followed(self) -> Report:
        """Return the report of another fold."""
        return _Follower(self)


class _Follower:
    def __init__(self, lead: Lead) -> None:
        self._lead = lead

    def __call__(self, epoch: EpochRecord) -> None:
        self.check_time()

    def check_time(self) -> None:
        if self._lead.stopped is not None:
            raise StopTrial(str(self._lead.stopped))
        self._lead.report.check_time()

    def seconds_left(self) -> float:
        return self._lead.seconds_left()

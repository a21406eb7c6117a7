"""Several configurations of one shape on several folds: heats of a race, run together.

All train on the first fold together. Those that may be the best by that, of the study and of
their heat, go on to the other folds.
"""

from collections.abc import Iterator, Sequence

from advisor.data import PreparedData
from advisor.models.base import ModelFamily
from advisor.training.folds import Lead, judged, train_rest
from advisor.training.outcome import Outcome
from advisor.training.race import Race
from advisor.training.report import Report
from advisor.training.terms import Terms
from advisor.training.together import train_group
from knowledge_base.states import TrialState
from knowledge_base.types import Config


def train_heat(
    family: ModelFamily,
    configs: Sequence[Config],
    folds: Sequence[PreparedData],
    seed: int,
    terms: Terms,
    reports: Sequence[Report],
    race: Race,
) -> Iterator[tuple[int, Outcome]]:
    """Train configurations of one shape; yield place and outcome of each as soon as it is known.

    Args:
        family, folds, seed, terms, race: as for `train_folds`.
        configs: active hyperparameters of each, one group of `groups_of`.
        reports: one for each; told of the epochs of the first fold.

    Yields:
        What `train_folds` returns of each configuration.

    Raises:
        UserError, RuntimeError: as `train`.
    """
    leads = [Lead(report) for report in reports]
    places = range(len(configs))
    firsts = dict(train_group(family, configs, folds[0], places, seed, terms, leads))
    values = {
        place: outcome.value
        for place, outcome in firsts.items()
        if outcome.state == TrialState.COMPLETE and outcome.value is not None
    }
    ahead = [place for place, value in values.items() if race.worth(value, list(values.values()))]
    for place in places:
        if place not in ahead:
            yield place, judged([firsts[place]], len(folds), race)
    rest = train_rest(
        family, {place: configs[place] for place in ahead}, folds, seed, terms,
        {place: leads[place] for place in ahead},
    )  # fmt: skip
    for place, others in rest:
        yield place, judged([firsts[place], *others], len(folds), race)

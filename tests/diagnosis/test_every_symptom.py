"""What every symptom promises, one that is added later included."""

import math
import re

import pytest
from curves import CLASSES, SPACE, trial

from advisor.diagnosis import SYMPTOMS, Remedy, Symptom, remedies_for
from advisor.diagnosis.curve import Curve
from advisor.models import FAMILIES, get_family
from advisor.models.own import TRAINING
from knowledge_base.records import EpochRecord, TrialRecord

NAMES = [symptom.name for symptom in SYMPTOMS]
EVERY = pytest.mark.parametrize("symptom", SYMPTOMS, ids=NAMES)


def test_names_and_titles_are_its_own():
    assert len(set(NAMES)) == len(SYMPTOMS)
    assert len({symptom.title for symptom in SYMPTOMS}) == len(SYMPTOMS)


@EVERY
def test_it_says_what_it_needs(symptom):
    assert isinstance(symptom, Symptom)
    assert symptom.name.isidentifier()
    assert symptom.title
    assert type(symptom).__doc__
    assert type(symptom).__module__.endswith(f".{symptom.name}")
    assert set(symptom.needs) <= set(EpochRecord.__dataclass_fields__)
    assert symptom.shortest >= 0


@EVERY
def test_what_it_hides_are_later_symptoms(symptom):
    """What is hidden itself hides nothing, so that causes have to come first."""
    assert set(symptom.hides) <= set(NAMES) - {symptom.name}


@EVERY
@pytest.mark.parametrize("best", [None, 0.96])
def test_a_healthy_curve_gives_none(symptom, best):
    curve = Curve(trial(), CLASSES, 10, best)
    assert symptom.missing(curve) is None
    assert symptom.see(curve) is None


@EVERY
def test_columns_that_are_missing_are_said(symptom):
    for name in symptom.needs:
        lacking = symptom.missing(Curve(trial(**{name: None}), CLASSES, 10))
        assert lacking is not None
        assert name in lacking


@EVERY
def test_a_curve_that_is_too_short_is_said(symptom):
    if symptom.shortest > 1:
        lacking = symptom.missing(Curve(trial(symptom.shortest - 1), CLASSES, 10))
        assert lacking is not None
        assert f"at least {symptom.shortest} epochs" in lacking


@EVERY
def test_no_curve_at_all_raises_nothing(symptom):
    curve = Curve(TrialRecord("s", 0, {}, "complete", 1.0), CLASSES)
    if symptom.missing(curve) is None:
        assert symptom.see(curve) is None


@EVERY
def test_a_curve_of_nothing_but_nan_is_not_described_by_nan(symptom):
    nothing = dict.fromkeys(("train_loss", "val_loss", "train_metric", "val_metric"), math.nan)
    curve = Curve(trial(state="diverged", value=None, **nothing), CLASSES, 10)
    if symptom.missing(curve) is None:
        found = symptom.see(curve)
        assert found is None or not re.search(r"\bnan\b", found)


@EVERY
def test_remedies_name_known_hyperparameters(symptom):
    spaces = [get_family(name).space().hyperparameters for name in FAMILIES]
    known = set(TRAINING).union(*spaces)
    assert symptom.remedies
    for remedy in symptom.remedies:
        assert remedy.hyperparameter in known
        assert remedy.text
        assert (remedy.direction in ("more", "less")) != bool(remedy.choices)
        for space in spaces:
            if remedy.hyperparameter in space and remedy.choices:
                assert set(remedy.choices) & set(map(str, space[remedy.hyperparameter].choices))


@EVERY
def test_remedies_are_found_by_its_label(symptom):
    offered = remedies_for(symptom.name, SPACE, SPACE.default())
    assert all(isinstance(remedy, Remedy) for remedy in offered)
    assert {remedy.hyperparameter for remedy in offered} <= set(SPACE.hyperparameters)

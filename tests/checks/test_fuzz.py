"""Damaged files of every kind, for a minute; `python -m scripts.checks.fuzz` goes on for longer."""

import pytest

from scripts.checks.fuzz import run
from scripts.checks.fuzz_targets import TARGETS, Data, Export, Segment, Study

pytestmark = pytest.mark.slow

EXACT = [target for target in TARGETS.values() if target.exact]


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_no_damage_ends_in_a_traceback_or_invents_a_trial(target):
    found = run([target], each=400, seed=1, seconds=6)[target.name]
    assert found.read + found.refused > 0
    assert found.faults == []


@pytest.mark.parametrize("target", EXACT, ids=lambda target: target.name)
def test_no_flipped_bit_is_read_as_other_data(target):
    found = run([target], each=200, seed=2, flips=True, seconds=6)[target.name]
    assert found.faults == []


def test_files_with_checksums_are_held_to_be_unchanged():
    assert {Segment.name, Export.name, Study.name} == {target.name for target in EXACT}


def test_a_reader_that_fails_is_found(tmp_path, monkeypatch):
    from scripts.checks import fuzz

    class Broken(Data):
        def read(self, folder):
            raise KeyError("value")

    (tmp_path / "whole").mkdir()
    kind, text = fuzz._answer(Broken(), tmp_path / "whole", {}, "data.csv after cut")
    assert kind == "fault"
    assert text.startswith("KeyError at test_fuzz.py")

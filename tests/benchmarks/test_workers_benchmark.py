"""What the page on several workers says of what was measured."""

import pytest

from scripts.benchmarks.workers import VARIANTS, text_of


def run(wall, configs=("a", "b")):
    return {
        "reason": "finished", "wall": wall, "trained": 2 * wall, "at_once": 1.5,
        "processor": wall, "folds": 4, "configs": list(configs),
    }  # fmt: skip


@pytest.mark.parametrize("same", [True, False])
def test_ratios_are_those_of_one_round(same):
    walls = [(100.0, 90.0, 50.0), (200.0, 100.0, 120.0), (10.0, 10.0, 7.0)]
    rounds = [
        {variant.name: run(wall) for variant, wall in zip(VARIANTS, each, strict=True)}
        for each in walls
    ]
    if not same:
        rounds[0]["two workers"]["configs"] = ["a", "c"]
    text = text_of(rounds, 14, 2000, 0.5)
    assert "| two workers | 50.0 | 0.60 | 0.50 to 0.70 | 100.0 | 1.50 | 50.0 |" in text
    assert "| one worker | 100.0 | 1.00 | 1.00 to 1.00 |" in text
    assert ("did not try the same" in text) != same
    assert "load of other work at the start 0.5" in text

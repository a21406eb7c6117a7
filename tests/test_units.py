import pytest

from advisor.units import parse_duration
from knowledge_base.errors import UserError


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400)]
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-5s", "ten", "10x", "5m2"[:1] + "y"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(UserError, match="not a duration"):
        parse_duration(text)

"""Trials and epochs are whole numbers, and so are their ticks."""

import pytest

from advisor.report.charts.figure import FEW, counting_axis
from advisor.report.content import study_content
from advisor.report.page import study_page
from knowledge_base import SpaceDefinition
from knowledge_base.records import TrialRecord

SPACE = SpaceDefinition.from_dict(
    {"name": "s", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
)

TICKS = r"""(name) => [...document.querySelectorAll(
  `[data-chart='${name}'] .xtick text`)].map((one) => one.textContent.replace("\u2212", "-"))"""


@pytest.mark.parametrize(
    ("numbers", "each"),
    [([[0, 1, 2], [1, None]], True), ([[5]], True), ([range(FEW)], True),
     ([range(FEW + 1)], False), ([], False), ([[None]], False)],
)  # fmt: skip
def test_each_of_few_numbers_has_its_tick(numbers, each):
    found = counting_axis("trial", [{"x": list(one)} for one in numbers], rangemode="tozero")
    assert found.get("dtick") == (1 if each else None)
    assert found["rangemode"] == "tozero"


@pytest.mark.parametrize("count", [1, 3])
def test_a_study_of_few_trials_has_whole_ticks(opened, made, tmp_path, count):
    trials = [TrialRecord("s" * 32, number, {"x": number / 10}, "complete", value=number / 4)
              for number in range(count)]  # fmt: skip
    path = tmp_path / "few.html"
    path.write_text(study_page(study_content(made(SPACE, trials))), "utf-8")
    one = opened(path)
    one.draw_all()
    ticks = one.page.evaluate(TICKS, "history-by-trial")
    assert set(map(str, range(count))) <= set(ticks)
    assert all(float(text).is_integer() for text in ticks)


@pytest.mark.slow
def test_a_study_of_some_trials_has_whole_ticks(opened, home, page):
    """The search of these tests has 11 trials of at most 8 epochs."""
    (path := home / "ticks.html").write_text(page, "utf-8")
    one = opened(path)
    one.draw_all()
    for name in ("history-by-trial", "curves"):
        ticks = one.page.evaluate(TICKS, name)
        assert len(ticks) >= 5
        assert all(float(text).is_integer() for text in ticks)

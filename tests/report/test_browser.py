"""Pages in a real browser: wide and narrow, light and dark, by mouse and by keyboard."""

import numpy as np
import pytest
from drawn_contrast import poor_texts
from hostile_names import HOSTILE
from kept_pictures import keep_picture
from opened_page import WIDE

from advisor.predictor.judged import JudgedRows
from advisor.report.content import study_content
from advisor.report.content.store import store_content
from advisor.report.page import store_page, study_page
from knowledge_base import KnowledgeBase, SpaceDefinition
from knowledge_base.records import TrialRecord

pytestmark = pytest.mark.slow

NARROW = (360, 740)

CONTRAST = """() => {
  const colour = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const found = colour(getComputedStyle(e).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const e of document.querySelectorAll("body *:not(script):not(svg *)")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility()) continue;
    const [a, b] = [light(colour(getComputedStyle(e).color)), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${e.tagName} ${ratio.toFixed(2)}: ${e.textContent.slice(0, 40)}`);
  }
  return poor;
}"""


@pytest.fixture(scope="module")
def files(home, page, large, search):
    """The main pages as files."""
    made = {
        "study": page,
        "large": study_page(study_content(large)),
        "store": store_page(store_content(KnowledgeBase(search.kb.path))),
    }
    for name, text in made.items():
        (home / f"{name}.html").write_text(text, "utf-8")
    return {name: home / f"{name}.html" for name in made}


LOOKS = {"wide, first light": (WIDE, ("light", "dark")),
         "narrow, first dark": (NARROW, ("dark", "light"))}  # fmt: skip
"""How pages are opened, and the scheme that they are then changed to."""

PAPER = "document.querySelector('.plot svg.main-svg').style.background"


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", ["study", "store"])
def test_pages_open_without_a_complaint_or_a_request(opened, files, name, look):
    """And their charts follow the scheme."""
    size, (first, second) = LOOKS[look]
    one = opened(files[name], size=size, scheme=first)
    one.draw_all()
    assert_shown(one, size, 20 if name == "study" else 1)
    paper = one.page.evaluate(PAPER)
    one.page.evaluate("window.scrollTo(0, 0)")
    keep_picture(one.page, f"report-{name}-{look.split(',')[0]}-{first}")
    one.page.emulate_media(color_scheme=second)
    one.wait_until(f"({PAPER}) !== {paper!r}")
    one.draw_all()
    assert_shown(one, size, 20 if name == "study" else 1)
    one.assert_quiet()


def assert_shown(one, size, least):
    """Assert that a page fits, that its texts can be read, and that its charts are drawn."""
    assert one.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert one.page.evaluate(CONTRAST) == []
    poor, seen = poor_texts(one.page, ".plot")
    assert poor == []
    assert seen >= 5 * least
    charts = one.page.locator(".plot")
    assert charts.count() >= least
    for place in range(charts.count()):
        assert charts.nth(place).locator("svg.main-svg").count() >= 1
        assert charts.nth(place).get_attribute("aria-label")


def test_a_box_over_an_axis_brushes_trials(opened, files):
    one = opened(files["large"])
    assert one.shown_rows() == 500
    chart = one.page.locator("#chart-parallel .plot")
    chart.scroll_into_view_if_needed()
    one.page.wait_for_selector("#chart-parallel .plot[data-drawn]")
    keep_picture(one.page, "report-parallel")
    box = one.page.locator("#chart-parallel .nsewdrag").first.bounding_box()
    axes = one.page.evaluate("document.querySelector('#chart-parallel .plot').layout.xaxis.range")
    # The first axis is at 0; its upper half is brushed.
    at = box["x"] + box["width"] * (0 - axes[0]) / (axes[1] - axes[0])
    one.page.mouse.move(at - 12, box["y"] + 45)
    one.page.mouse.down()
    one.page.mouse.move(at + 12, box["y"] + box["height"] * 0.5, steps=8)
    one.page.mouse.up()
    one.page.wait_for_selector("#brush-status:not(:empty)")
    status = one.page.locator("#brush-status").inner_text()
    shown = one.shown_rows()
    assert 0 < shown < 500
    assert status.startswith(f"{shown} of 400 trials")
    faded = one.page.evaluate(
        "document.querySelector('#chart-history-by-trial .plot').data[1].selectedpoints.length"
    )
    assert 0 < faded < 400
    one.page.get_by_role("button", name="Show all").click()
    assert one.shown_rows() == 500
    one.assert_quiet()


def test_trials_are_brushed_with_the_keyboard(opened, files):
    one = opened(files["large"])
    one.page.locator("#chart-parallel").scroll_into_view_if_needed()
    one.page.wait_for_selector("#brush-axis")
    one.page.locator("#brush-axis").select_option(label="learning_rate")
    one.page.locator("#brush-axis").focus()
    one.page.keyboard.press("Tab")
    one.page.keyboard.type("0.001")
    one.page.keyboard.press("Tab")
    one.page.keyboard.type("0.01")
    one.page.keyboard.press("Tab")
    assert one.page.evaluate("document.activeElement.textContent") == "Brush"
    one.page.keyboard.press("Enter")
    one.page.wait_for_selector("#brush-status:not(:empty)")
    rows = one.page.locator("#all-trials tbody tr:not(.away)")
    texts = rows.evaluate_all("rows => rows.map((r) => r.textContent)")
    rates = [float(text.split("learning_rate=")[1].split()[0]) for text in texts]
    assert rates
    assert all(0.00099 <= rate <= 0.0101 for rate in rates)
    one.assert_quiet()


def test_tables_are_sorted_by_their_headings(opened, files):
    one = opened(files["large"])
    heading = one.page.locator("#all-trials th").nth(1)
    heading.get_by_role("button").focus()
    one.page.keyboard.press("Enter")
    values = (
        "[...document.querySelectorAll('#all-trials tbody tr')].map((r) => r.cells[1].textContent)"
    )
    found = [float(text) for text in one.page.evaluate(values) if text]
    assert found == sorted(found)
    assert heading.get_attribute("aria-sort") == "ascending"
    one.page.keyboard.press("Enter")
    found = [float(text) for text in one.page.evaluate(values) if text]
    assert found == sorted(found, reverse=True)
    one.assert_quiet()


def test_every_chart_is_reached_by_keyboard_as_a_table_or_a_link(opened, files):
    one = opened(files["study"])
    without = one.page.evaluate(
        """[...document.querySelectorAll('figure.chart')].filter((f) =>
        !f.querySelector('details, .also') && !f.querySelector('.plot').ariaLabel).length"""
    )
    assert without == 0
    one.page.keyboard.press("Tab")
    assert one.page.evaluate("document.activeElement.textContent") == "Skip to the report"
    one.page.locator("#chart-importance summary, #chart-map summary").first.press("Enter")
    assert one.page.locator("details[open] table").count() == 1
    one.assert_quiet()


def test_hostile_names_stay_names(opened, made):
    space = SpaceDefinition.from_dict(
        {"name": "s", "hyperparameters": [
            {"type": "categorical", "name": HOSTILE, "choices": [HOSTILE, "b"],
             "default_value": "b"},
            {"type": "uniform_float", "name": "<a href='x'>y</a>", "lower": 0.0, "upper": 1.0,
             "default_value": 0.5}]}
    )  # fmt: skip
    found = [
        TrialRecord("s" * 32, n, {HOSTILE: [HOSTILE, "b"][n % 2], "<a href='x'>y</a>": n / 12},
                    "complete", value=n / 12)
        for n in range(12)
    ]  # fmt: skip
    path = made(space, found, "hostile", task=HOSTILE, metric=HOSTILE)
    file = path.parent / "hostile.html"
    file.write_text(study_page(study_content(path)), "utf-8")
    one = opened(file)
    one.draw_all()
    assert one.page.title() == "Study hostile"
    assert one.page.locator("img").count() == 0
    assert one.page.locator("svg a").count() == 0
    assert (
        "<script>document.title"
        in one.page.locator("#chart-slice-0, #chart-slice-1").first.inner_text()
    )
    one.assert_quiet()


NUMBERS = JudgedRows(
    "regression", np.arange(9.0), np.arange(9.0) + 0.5, (), np.arange(9.0), np.arange(9.0) + 1
)
SERIES = JudgedRows(
    "forecasting", np.ones((2, 3)), np.ones((2, 3)), (), np.zeros((2, 3)), np.full((2, 3), 2.0),
    np.full((2, 6), 1.5), [HOSTILE, "b"], 7,
)  # fmt: skip


CLASSES = JudgedRows(
    "classification", np.arange(40) // 10, np.eye(4)[(np.arange(40) * 7) % 40 // 10] * 0.9 + 0.025,
    [HOSTILE, "b", "c", "d"],
)  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("judged", "charts"), [(CLASSES, 2), (NUMBERS, 2), (SERIES, 2)])
def test_predictions_of_rows_are_drawn(opened, made, judged, charts, scheme):
    space = SpaceDefinition.from_dict(
        {"name": "s", "hyperparameters": [
            {"type": "uniform_float", "name": "x", "lower": 0.0, "upper": 1.0,
             "default_value": 0.5}]}
    )  # fmt: skip
    path = made(space, [TrialRecord("s" * 32, 0, {"x": 0.5}, "complete", value=1.0)])
    judged.save(path)
    file = path.parent / "judged.html"
    file.write_text(study_page(study_content(path)), "utf-8")
    one = opened(file, scheme=scheme)
    one.draw_all()
    assert one.page.locator("#judgement .plot[data-drawn]").count() == charts
    assert poor_texts(one.page, "#judgement .plot")[0] == []
    one.assert_quiet()


def test_what_gets_past_every_escape_still_does_not_run(opened, home, page):
    """The policy of the page lets only its own scripts run, and nothing be loaded."""
    file = home / "injected.html"
    injected = (
        f"{HOSTILE}<script src='https://example.org/x.js'></script>"
        "<img src='https://example.org/x.png'>"
    )
    file.write_text(page.replace("<main", f"{injected}<main", 1), "utf-8")
    one = opened(file)
    one.page.wait_for_timeout(200)
    assert one.page.title() == "Study flowers"
    assert any("Content Security Policy" in line for line in one.troubles)
    assert one.answered == [file.as_uri()]

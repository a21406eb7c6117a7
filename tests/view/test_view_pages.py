"""Every page of the view in a real browser: wide and narrow, in light and dark."""

from urllib.parse import quote

import pytest
from drawn_contrast import poor_texts
from view_browser import NARROW, WIDE, opened
from view_world import FOLDER, NAME, TASK

pytestmark = pytest.mark.slow

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOKS = {"wide and light": (WIDE, "light"), "narrow and dark": (NARROW, "dark")}


def addresses(world):
    trial = world.trials(limit=1)["trial_id"][0]
    study = quote(FOLDER)
    return {
        "overview": "/",
        "tasks": "/tasks",
        "task": f"/task?id={TASK.task_id}",
        "alike": f"/task/alike?id={TASK.task_id}",
        "trials": "/trials?size=15",  # Each row is of one make, and axe looks at each of them.
        "trial": f"/trial?id={trial}",
        "studies": "/studies",
        "study": f"/study?name={study}&size=15",
        "pair": f"/pair?left={study}&right={study}",
        "advice": "/advice",
        "contributors": "/contributors",
        "quarantine": f"/quarantine?contributor={quote(NAME)}",
    }


PAGES = ["overview", "tasks", "task", "alike", "trials", "trial", "studies", "study", "pair",
         "advice", "contributors", "quarantine"]  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_shown_and_accessible(browser, server, world, name, look):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    viewport, scheme = LOOKS[look]
    with opened(browser, server, viewport, scheme, addresses(world)[name]) as page:
        assert page.locator("h1").count() == 1
        if name == "task":
            page.get_by_role("heading", name="Tasks like it").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        found = axe.Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
        told = [
            (rule["id"], node["html"][:200], node["failureSummary"][:300])
            for rule in found.response["violations"]
            for node in rule["nodes"]
        ]
        assert told == []
        assert len(found.response["passes"]) > 5
        shown = page.locator("main").inner_text()
        assert ("<script>" in shown) == (name not in ("advice", "overview"))


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", ["study", "pair", "trial"])
def test_texts_of_drawings_can_be_read(browser, server, world, name, look):
    viewport, scheme = LOOKS[look]
    with opened(browser, server, viewport, scheme) as page:
        page.goto(page.base + addresses(world)[name])
        poor, seen = poor_texts(page, "figure")
        assert poor == []
        assert seen >= 4


def test_the_ground_is_dark_in_the_dark(browser, server):
    grounds = {}
    for scheme in ("light", "dark"):
        with opened(browser, server, scheme=scheme) as page:
            script = "getComputedStyle(document.body).backgroundColor"
            grounds[scheme] = page.evaluate(script)
    assert grounds == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}

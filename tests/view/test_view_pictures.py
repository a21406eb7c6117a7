"""The main pages over real searches; the pictures of docs/view.md are made of them."""

import pytest
from kept_pictures import FOLDER, keep_picture
from view_browser import opened
from view_world import served

from advisor.facade import Advisor
from knowledge_base import KnowledgeBase

DATA, FIRST, SECOND = "sklearn:breast_cancer", "cancer-warm", "cancer-random"

WIDE, NARROW = {"width": 1180, "height": 760}, {"width": 390, "height": 760}

LENGTH = 12 if FOLDER else 2
"""Trials of each search, and its longest training: pictures are to show something."""

SHOWN = {
    "studies": ("/studies", FIRST),
    "study": (f"/study?name={FIRST}", "The best trial", DATA),
    "pair": (f"/pair?left={FIRST}&right={SECOND}", f"{SECOND}: best so far"),
    "trials": ("/trials?task={task}&sort=-value", f"Only those of the task {DATA}."),
    "alike": ("/task/alike?id={task}", f"Data like those of {DATA}"),
    "contributors": ("/contributors", "Contributor"),
}
"""Addresses of the main pages, and what each tells."""


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A server over two small searches on the same data, and the identity of their task."""
    # What ships is learned of for the pictures alone, which takes a while.
    kb = KnowledgeBase(tmp_path_factory.mktemp("pictures") / "kb.duckdb", seed=FOLDER is not None)
    for name, strategy, n_warm in ((FIRST, "bayesian", None), (SECOND, "random", 0)):
        Advisor(kb).tune(
            DATA, trials=LENGTH, strategy=strategy, n_warm=n_warm, name=name, max_epochs=LENGTH,
            folds=1,
        )  # fmt: skip
    task = kb.query("SELECT task_id FROM tasks WHERE layer = 'user'")["task_id"][0]
    with served(kb) as server:
        yield server, task


@pytest.mark.parametrize("name", SHOWN)
def test_a_main_page_shows_what_was_searched(browser, searched, name):
    server, task = searched
    address, *told = SHOWN[name]
    with opened(browser, server, WIDE, path=address.format(task=task)) as page:
        page.set_default_timeout(180_000)
        shown = page.locator("main").inner_text()
        assert all(text in shown for text in told)
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDE["width"]
        keep_picture(page, name)


def test_a_study_is_shown_on_a_narrow_screen_in_the_dark(browser, searched):
    with opened(browser, searched[0], NARROW, "dark", SHOWN["study"][0]) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
        keep_picture(page, "study-narrow")

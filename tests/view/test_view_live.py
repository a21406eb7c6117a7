"""A study's page follows the study while it runs."""

import threading
import time

import pytest
from view_browser import opened
from view_world import SPACE, make_study, make_world, served, trial

from advisor.facade import Advisor
from knowledge_base.studies import StudyDirectory

SECONDS = 2.0
"""Within which a finished trial is to be seen."""

TRIES = 5


@pytest.fixture(scope="module")
def alive(tmp_path_factory):
    """A knowledge base of its own, since these tests write."""
    kb = make_world(tmp_path_factory.mktemp("alive"), n_trials=3)
    with served(kb) as server:
        yield kb, server


def count(page):
    return page.locator("#trials .count")


def test_a_finished_trial_is_seen_at_once_and_nothing_else_moves(browser, alive):
    kb, server = alive
    directory = StudyDirectory.open(make_study(kb.studies_root / "growing", range(3)))
    with opened(browser, server) as page:
        with page.expect_response("**/study/events?**"):  # From then on the page listens.
            page.goto(f"{page.base}/study?name=growing&sort=number")
        count(page).get_by_text("3 rows").wait_for()
        page.evaluate("window.same = true")
        page.get_by_label("Value at most").focus()
        took = []
        for number in range(3, 3 + TRIES):  # A machine that does much else may be late once.
            began = time.monotonic()
            directory.append(trial(number, "study-2"))
            count(page).get_by_text(f"{number + 1} rows").wait_for()
            took.append(time.monotonic() - began)
            if took[-1] < SECONDS:
                break
        assert page.evaluate("window.same")
        assert page.evaluate("document.activeElement.id") == "trials-value-max"
        assert min(took) < SECONDS


def test_a_half_written_line_is_waited_for_and_a_damaged_one_is_told(visitor, world):
    path = make_study(world.studies_root / "torn", range(2))
    lines = path / "trials.jsonl"
    whole = lines.read_bytes()
    lines.write_bytes(whole[:-20])
    assert "1 row," in visitor.get("/study?name=torn").text
    lines.write_bytes(whole)
    assert "2 rows" in visitor.get("/study?name=torn").text
    with lines.open("ab") as file:
        file.write(b'{"<script>": 1}\n')
    text = visitor.get("/study?name=torn").text
    assert "2 rows" in text
    assert "trials.jsonl:3 is damaged" in text


def test_a_study_that_was_made_anew_is_read_anew(visitor, world):
    path = make_study(world.studies_root / "anew", range(5))
    assert "5 rows" in visitor.get("/study?name=anew").text
    for file in path.iterdir():
        file.unlink()
    path.rmdir()
    make_study(path, range(2))
    assert "2 rows" in visitor.get("/study?name=anew").text


def test_a_search_is_followed_from_its_first_trial_to_its_end(browser, alive):
    kb, server = alive
    go_on = threading.Semaphore(0)

    def objective(config, report):
        go_on.acquire(timeout=20)
        return config["rate"]

    space = SPACE.from_dict({"name": "tiny", "hyperparameters": [
        {"name": "rate", "type": "uniform_float", "lower": 0.1, "upper": 1.0, "default_value": 0.2},
    ]})  # fmt: skip
    search = Advisor(kb).search(
        objective=objective, space=space, direction="maximize", trials=3, strategy="random",
        name="followed", contribute=False,
    )  # fmt: skip
    thread = threading.Thread(target=search.run)
    thread.start()
    try:
        with opened(browser, server, path="/studies") as page:
            page.get_by_role("link", name="followed").click()
            page.get_by_text("running", exact=True).wait_for()
            page.get_by_role("heading", name="What is being tried now").wait_for()
            for number in (1, 2, 3):
                go_on.release()
                count(page).get_by_text(f"{number} row").wait_for()
            page.get_by_text("finished", exact=True).wait_for()
            assert page.locator("svg circle").count() >= 3
            assert page.get_by_role("heading", name="What is being tried now").count() == 0
    finally:
        go_on.release(10)
        thread.join()


def test_looking_at_a_study_writes_nothing(visitor, world):
    path = make_study(world.studies_root / "looked-at", range(3))
    before = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in path.rglob("*")}
    for address in ("/studies", "/study?name=looked-at", "/pair?left=looked-at&right=looked-at"):
        assert visitor.get(address).status_code == 200
    after = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in path.rglob("*")}
    assert after == before

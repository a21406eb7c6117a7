"""Contributions are put into quarantine and brought back, after a confirmation."""

import re

import httpx
import pytest
from view_browser import opened
from view_world import NAME, make_world, served

from knowledge_base import KnowledgeBase


@pytest.fixture
def own(tmp_path):
    """A knowledge base that the test may change, its server, and somebody who opened it."""
    kb = make_world(tmp_path, n_trials=20)
    with served(kb) as server:
        base = server.address.split("/?")[0]
        with httpx.Client(base_url=base, headers={"Origin": base}) as client:
            assert client.get(server.address).status_code == 200
            yield kb, server, client


def token(client):
    page = client.get("/quarantine", params={"contributor": NAME}).text
    return re.search('name="form_token" value="([^"]+)"', page)[1]


def seen(kb):
    return len(KnowledgeBase(kb.path, seed=False).trials())


def test_a_person_quarantines_and_lifts_with_the_keyboard_alone(browser, own):
    kb, server, _ = own

    def tab_to(page, words):
        page.wait_for_load_state()
        for _ in range(80):
            page.keyboard.press("Tab")
            focused = (
                "[document.activeElement].filter(e => e.matches('a, input, button'))"
                ".map(e => (e.labels?.[0] || e).innerText).join()"
            )
            if words in page.evaluate(focused):
                return
        raise AssertionError(f"The keyboard does not lead to {words}.")

    with opened(browser, server) as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # Past the menu,
        assert page.evaluate("document.activeElement.id") == "content"
        page.keyboard.press("Shift+Tab")
        page.goto(page.base + "/")
        tab_to(page, "Contributors")
        page.keyboard.press("Enter")
        page.wait_for_url("**/contributors")
        tab_to(page, "Quarantine…")
        page.keyboard.press("Enter")
        page.get_by_text("This is about 20 trials").wait_for()
        assert page.get_by_text(NAME).count() >= 1
        tab_to(page, "Why")
        page.keyboard.type("<b>wrong</b> data")
        page.keyboard.press("Enter")  # The box is not ticked: nothing happens.
        assert seen(kb) == 20
        page.wait_for_load_state()
        tab_to(page, "Yes, I mean these trials")
        page.keyboard.press("Space")
        tab_to(page, "Put into quarantine")
        page.keyboard.press("Enter")
        page.get_by_text("The trials are in quarantine").wait_for()
        assert seen(kb) == 0
        assert page.get_by_text("<b>wrong</b> data").count() >= 1
        tab_to(page, "Lift…")
        page.keyboard.press("Enter")
        # The page that is left has such a form, too: the next one is waited for.
        page.wait_for_url("**/lift?**")
        page.wait_for_load_state()
        tab_to(page, "Yes, I mean these trials")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        page.get_by_text("The quarantine is lifted").wait_for()
        assert seen(kb) == 20


def test_nothing_is_written_without_all_of_it(own):
    kb, _, client = own
    right = {"contributor": NAME, "sure": "yes", "form_token": token(client)}
    wrong = [
        {**right, "form_token": "x"},
        {k: v for k, v in right.items() if k != "form_token"},
        {k: v for k, v in right.items() if k != "sure"},
        {k: v for k, v in right.items() if k != "contributor"},
        {**right, "contributor": "nobody"},
    ]
    for fields in wrong:
        assert client.post("/quarantine", data=fields).status_code == 400
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"},
                    {"Host": "evil.example"}, {"Cookie": ""}):  # fmt: skip
        assert client.post("/quarantine", data=right, headers=headers).status_code in (403, 421)
    bare = httpx.post(client.base_url.join("/quarantine"), data=right)  # No cookie and no origin.
    assert bare.status_code == 403
    assert client.get("/quarantine", params=right).status_code == 200  # It only asks.
    assert seen(kb) == 20
    assert client.post("/quarantine", data=right).status_code == 303
    assert seen(kb) == 0
    assert client.post("/lift", data={**right, "contributor": "nobody"}).status_code == 400
    assert seen(kb) == 0


def test_what_was_done_is_told_by_a_word_of_ours_only(own):
    _, _, client = own
    assert "is lifted" in client.get("/contributors?done=lift").text
    assert "Send your token" not in client.get("/contributors?done=Send your token").text

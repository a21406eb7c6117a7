"""The whole report of a study is shown in a sandbox, from which nothing else is reached."""

from urllib.parse import quote

import pytest
from view_browser import opened
from view_world import FOLDER


def test_the_report_of_a_study_is_drawn_and_reaches_nothing_else(browser, server):
    pytest.importorskip("plotly")
    with opened(browser, server, path=f"/study?name={quote(FOLDER)}") as page:
        page.set_default_timeout(60_000)
        page.get_by_role("link", name="The whole report").click()
        page.wait_for_url("**/study/report?**")
        page.locator("svg.main-svg").first.wait_for()
        assert page.evaluate("window.origin") == "null"
        with pytest.raises(Exception, match="cookie"):
            page.evaluate("document.cookie")
        assert page.evaluate("window.owned") is None


def test_the_report_may_load_nothing(visitor):
    pytest.importorskip("plotly")
    answer = visitor.get("/study/report", params={"name": FOLDER})
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy
    assert "connect-src" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert visitor.get("/study/report?name=../x").status_code == 400

"""Tables of the view are sorted, filtered and paged in place, and without scripts as well."""

import pytest
from view_browser import opened

VALUES = "#trials tbody tr td:nth-child(5)"


def values(page):
    return [float(text) if text else None for text in page.locator(VALUES).all_inner_texts()]


def settled(page):
    page.wait_for_function("document.querySelectorAll('[aria-busy]').length === 0")


def test_a_table_is_sorted_in_place(browser, server):
    with opened(browser, server, path="/trials") as page:
        page.evaluate("window.same = true")
        page.get_by_role("link", name="Value").click()
        page.wait_for_url("**/trials?sort=value")
        found = values(page)
        assert found == sorted(found)
        page.get_by_role("link", name="Value").click()
        page.wait_for_url("**/trials?sort=-value")
        assert values(page) == sorted(values(page), reverse=True)
        assert values(page) != found
        assert page.get_by_role("columnheader", name="Value").get_attribute("aria-sort") == (
            "descending"
        )
        assert page.evaluate("window.same")
        assert page.evaluate("document.activeElement.id") == "trials-by-value"


def test_a_table_is_filtered_while_typing(browser, server):
    with opened(browser, server, path="/trials") as page:
        page.evaluate("window.same = true")
        page.get_by_label("Value at least").fill("0.8")
        page.wait_for_url("**/trials?value_min=0.8*")
        settled(page)
        found = values(page)
        assert 0 < len(found) < 50
        assert min(found) >= 0.8
        page.get_by_label("State").select_option("failed")
        page.get_by_text("There are none.").wait_for()
        assert page.evaluate("window.same")
        page.reload()
        assert page.get_by_label("Value at least").input_value() == "0.8"
        page.get_by_role("link", name="Clear the filters").click()
        page.get_by_text("130 rows").wait_for()


def test_a_table_is_paged(browser, server):
    with opened(browser, server, path="/trials?sort=number") as page:
        seen = []
        for _ in range(3):
            settled(page)
            seen += page.locator("#trials tbody tr td:first-child").all_inner_texts()
            if page.get_by_role("link", name="Next").count():
                before = page.locator(".count").inner_text()
                page.get_by_role("link", name="Next").click()
                page.wait_for_function("t => document.querySelector('.count').innerText !== t",
                                       arg=before)  # fmt: skip
        assert seen == [str(number) for number in range(130)]
        assert page.get_by_role("link", name="Next").count() == 0


def test_all_of_it_works_without_scripts(browser, server):
    with opened(browser, server, path="/trials", java_script_enabled=False) as page:
        page.get_by_role("link", name="Value").click()
        assert values(page) == sorted(values(page))
        page.get_by_label("State").select_option("failed")
        page.get_by_role("button", name="Filter").click()
        assert page.locator("#trials tbody tr").count() == 18
        assert "state=failed" in page.url
        assert "sort=value" in page.url
        page.get_by_role("link", name="Clear the filters").click()
        page.get_by_role("link", name="Next").click()
        assert "page=2" in page.url
        page.get_by_role("link", name="Studies", exact=True).click()
        page.locator("#studies tbody a").first.click()
        assert page.locator("h2", has_text="All trials").count() == 1


def test_a_wrong_number_is_told_in_words(visitor):
    answer = visitor.get("/trials", params={"value_min": "much<script>"})
    assert answer.status_code == 400
    assert "takes a number" in answer.text
    assert "much<script>" not in answer.text


@pytest.mark.parametrize("query", ["sort=config", "page=0", "page=x", "size=999", "page=1e9",
                                   "task=zzzzzzzz", "sort=;DROP TABLE trials"])  # fmt: skip
def test_what_cannot_be_meant_is_refused(visitor, query):
    assert visitor.get(f"/trials?{query}").status_code == 400

"""A recommendation for an uploaded table, which is read, answered and forgotten."""

import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from view_browser import opened
from view_world import NAME, served

from knowledge_base import KnowledgeBase


@pytest.fixture(scope="module")
def table():
    """A table whose columns, target and values have hostile names, as CSV."""
    rng = np.random.default_rng(0)
    quoted = '"' + NAME.replace('"', '""') + '"'
    rows = [f"{a:.3f},{b:.3f},{'yes' if a > 0 else NAME[:20]}" for a, b in rng.normal(size=(80, 2))]
    return "\n".join([f"a,{quoted},label", *rows]).encode()


@pytest.fixture
def asked(visitor, base):
    token = re.search('name="form_token" value="([^"]+)"', visitor.get("/advice").text)[1]

    def ask(table, headers=None, **fields):
        data = {"form_token": token, "target": "label", "number": "2", "metric": "", **fields}
        name = fields.pop("filename", "../../etc/my <b>table.csv")
        files = {"file": (name, table)}
        return visitor.post("/advice", data=data, files=files, headers=headers or {"Origin": base},
                            timeout=60)  # fmt: skip

    return ask


def test_a_table_is_answered_and_forgotten(asked, table, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    answer = asked(table)
    assert answer.status_code == 200
    assert "library default is all there is to say" in answer.text  # This store knows no tables.
    assert "my-b-table" in answer.text
    assert list(tmp_path.iterdir()) == []
    assert "<script>window" not in answer.text
    assert "<img" not in answer.text


@pytest.mark.parametrize(("fields", "said"), [
    ({"target": ""}, "Name the column to predict."),
    ({"target": "lable"}, "Did you mean &#39;label&#39;?"),
    ({"number": "1000000"}, "From 1 to 10"),
    ({"metric": "nonsense"}, "nonsense"),
])  # fmt: skip
def test_what_is_wrong_is_told_beside_the_form(asked, table, fields, said):
    answer = asked(table, **fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert "<h1>Advice</h1>" in answer.text
    assert tempfile.gettempdir() not in answer.text


def test_nothing_is_read_without_the_token_of_the_form_or_from_elsewhere(asked, table, monkeypatch):
    from advisor.view.pages import advice

    monkeypatch.setattr(advice, "_answer", None)  # Whoever comes there fails.
    for form_token in ("", "x", "é"):
        assert asked(table, form_token=form_token).status_code == 400
    assert asked(table, {"Origin": "http://evil.example"}).status_code == 403
    assert asked(table, {"X": "no origin"}).status_code == 403


def test_a_table_that_is_too_long_is_cut_off(visitor, base, monkeypatch, tmp_path):
    from advisor.view.pages.advice import MAX_UPLOAD_BYTES

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def endless():
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(MAX_UPLOAD_BYTES // 2**20 + 1):
            yield b"1" * 2**20

    answer = visitor.post(
        "/advice",
        content=endless(),
        headers={"Origin": base, "Content-Type": "multipart/form-data; boundary=x"},
        timeout=60,
    )
    assert answer.status_code == 413
    assert list(tmp_path.iterdir()) == []


def test_a_person_asks_for_advice(browser, table, tmp_path):
    """With what ships, by file, keyboard and all."""
    file = Path(tmp_path / "flowers.csv")
    file.write_bytes(table)
    kb = KnowledgeBase(tmp_path / "kb.duckdb")
    with served(kb) as server, opened(browser, server) as page:
        page.set_default_timeout(120_000)  # What ships may have to be learned first.
        page.get_by_role("link", name="Advice").click()
        page.get_by_label("Table as CSV").set_input_files(file)
        page.wait_for_function("document.querySelectorAll('#columns option').length === 3")
        offered = page.locator("#columns option").evaluate_all("all => all.map(o => o.value)")
        assert offered == ["a", NAME, "label"]
        page.get_by_label("Column to predict").fill("label")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="flowers.csv: classification").wait_for()
        assert page.locator(".recommended > li").count() == 5
        page.get_by_text("As Python").click()
        page.get_by_text("configurations = [").wait_for()
        page.locator(".recommended a").first.click()
        page.get_by_role("heading", name="Tasks like it").wait_for()

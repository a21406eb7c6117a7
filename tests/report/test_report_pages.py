"""Pages as text: nothing foreign gets in, and everything is there."""

import base64
import gzip
import json
import re
import time
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner
from hostile_names import HOSTILE

from advisor import Advisor
from advisor.cli import main
from advisor.report.content import study_content
from advisor.report.content.store import store_content
from advisor.report.page import script_json, store_page, study_page, write_page
from knowledge_base import KnowledgeBase, SpaceDefinition
from knowledge_base.bundle import Bundle
from knowledge_base.errors import UserError
from knowledge_base.records import DatasetRecord, StudyRecord, TaskRecord, TrialRecord


class Elements(HTMLParser):
    """The elements of a page, with the text of scripts left out."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def named(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def assert_harmless(text):
    elements = Elements(text)
    assert elements.named("img") == []
    scripts = elements.named("script")
    assert len(scripts) == 4
    assert all(set(script) <= {"type", "id", "nonce"} for script in scripts)
    nonces = {script["nonce"] for script in scripts}
    assert len(nonces) == 1
    assert not any(name.startswith("on") for _, attrs in elements.found for name in attrs)
    links = [attrs["href"] for attrs in elements.named("a")]
    assert all(link.startswith("#") for link in links)
    (policy,) = [m["content"] for m in elements.named("meta") if "http-equiv" in m]
    assert "default-src 'none'" in policy
    assert f"script-src 'nonce-{nonces.pop()}'" in policy
    assert "connect-src" not in policy


def test_the_page_of_a_study_loads_nothing_and_is_small(page):
    assert_harmless(page)
    assert len(page.encode()) < 3_000_000
    assert page.count("<section") == 12
    assert "left-out" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


def test_the_page_of_500_trials_with_curves_is_small_and_quick(large):
    began = time.process_time()
    text = study_page(study_content(large))
    assert len(text.encode()) < 3_000_000
    assert time.process_time() - began < 60  # It takes a few seconds; a machine may be slow.
    assert text.count("<tr>") > 500
    assert_harmless(text)


HYPERPARAMETERS = [
    {"type": "categorical", "name": HOSTILE, "choices": [HOSTILE, "b"], "default_value": "b"},
    {"type": "uniform_float", "name": "x", "lower": 0.0, "upper": 1.0, "default_value": 0.5},
]


@pytest.fixture
def hostile(made):
    space = SpaceDefinition.from_dict({"name": HOSTILE, "hyperparameters": HYPERPARAMETERS})
    dataset = DatasetRecord("d" * 32, HOSTILE, n_rows=3)
    intake = {"name": HOSTILE, "size": HOSTILE, "target": HOSTILE,
              "columns": {"numbers": [HOSTILE]}, "left_out": {HOSTILE: HOSTILE},
              "notes": [HOSTILE], "warnings": [HOSTILE]}  # fmt: skip
    found = [
        TrialRecord("s" * 32, n, {HOSTILE: [HOSTILE, "b"][n % 2], "x": n / 12},
                    "failed" if n == 3 else "complete", value=None if n == 3 else n / 12,
                    error=HOSTILE if n == 3 else None)
        for n in range(12)
    ]  # fmt: skip
    return made(
        space, found, "hostile", task=HOSTILE, metric=HOSTILE, family=HOSTILE, target=HOSTILE,
        contributor=HOSTILE, strategy=HOSTILE, dataset=dataset, dataset_id="d" * 32,
        settings={"intake": intake},
    )  # fmt: skip


def test_names_of_a_study_are_only_text(hostile):
    text = study_page(study_content(hostile))
    assert_harmless(text)
    assert HOSTILE not in text
    assert "&lt;script&gt;document.title" in text


def test_names_of_a_store_are_only_text(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb")
    space = SpaceDefinition.from_dict({"name": HOSTILE, "hyperparameters": HYPERPARAMETERS})
    task = TaskRecord(HOSTILE, HOSTILE, "maximize", HOSTILE)
    study = StudyRecord("s" * 32, task.task_id, space.space_id, HOSTILE, HOSTILE,
                        contributor=HOSTILE, source=HOSTILE)  # fmt: skip
    found = TrialRecord("s" * 32, 0, {HOSTILE: "b", "x": 0.5}, "complete", value=1.0)
    kb.add(Bundle.from_records([task, space, study, found]))
    text = store_page(store_content(kb))
    assert_harmless(text)
    assert HOSTILE not in text
    assert text.count("&lt;script&gt;document.title") >= 4
    shown = kb._repr_html_()
    assert "<script" not in shown


def test_text_of_scripts_cannot_end_them():
    text = script_json({"a": "</script><!--\u2028&"})
    assert "<" not in text
    assert ">" not in text
    assert "\u2028" not in text


def test_notebooks_get_tables_without_scripts(search):
    shown = search._repr_html_()
    assert "flowers" in shown
    assert shown.count("<tr>") == 6
    assert "<script" not in shown
    advice = Advisor(search.kb).recommend(search.settings.data, "label", n=2)
    shown = advice._repr_html_()
    assert shown.count("<tr>") == 3
    assert "past tasks" in shown
    assert re.search(r'text-align:left">activation=', shown)
    assert re.search(r'text-align:right[^>]*">1</td>', shown)


def test_notebooks_get_figures(search):
    figure = search.plot()
    names = [trace.name for trace in figure.data]
    assert "best so far" in names
    assert "trial from the past" in names
    assert search.plot("dark").layout.paper_bgcolor != figure.layout.paper_bgcolor
    advice = Advisor(search.kb).recommend(search.settings.data, "label", n=2)
    (trace,) = advice.plot().data
    assert len(trace.x) == 2


def test_the_command_writes_the_report(search, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call = CliRunner().invoke
    done = call(main, ["report", str(search.path)])
    assert done.exit_code == 0, done.output
    assert "flowers.html" in done.output
    assert "Study flowers" in (tmp_path / "flowers.html").read_text("utf-8")
    again = call(main, ["report", "flowers", "--kb", str(search.kb.path), "-o", "new.html"])
    assert again.exit_code == 0, again.output
    assert (tmp_path / "new.html").is_file()
    told = call(main, ["report", str(search.path), "-o", "new.html", "--format", "json",
                       "--seed", "3"])  # fmt: skip
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout) == {
        "report": str(tmp_path / "new.html"), "bytes": (tmp_path / "new.html").stat().st_size,
    }  # fmt: skip


def test_nothing_but_a_page_is_overwritten(tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="no page of Advisor"):
        write_page(data, "text")
    with pytest.raises(UserError, match="no folder"):
        write_page(tmp_path / "none" / "page.html", "text")
    assert data.read_text() == "a,b\n1,2\n"


def test_the_command_says_what_is_wrong(search, tmp_path):
    call = CliRunner().invoke
    wrong = call(main, ["report", "flower", "--kb", str(search.kb.path)])
    assert wrong.exit_code == 2
    assert "flowers" in wrong.stderr
    folder = call(main, ["report", str(search.path), "-o", str(tmp_path)])
    assert folder.exit_code == 2


def test_a_store_is_shown_as_a_page(search, tmp_path):
    path = tmp_path / "store.html"
    done = CliRunner().invoke(
        main, ["kb", "info", "--kb", str(search.kb.path), "--html", str(path)]
    )
    assert done.exit_code == 0, done.output
    text = path.read_text("utf-8")
    assert_harmless(text)
    assert "flowers.csv" in text


def test_a_comparison_is_shown_as_a_page(search, tmp_path):
    path = tmp_path / "comparison.html"
    done = CliRunner().invoke(
        main,
        ["compare", str(search.settings.data), "--target", "label", "--strategies",
         "random,sobol", "--trials", "2", "--max-epochs", "2", "--kb", str(search.kb.path),
         "--html", str(path)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    text = path.read_text("utf-8")
    assert_harmless(text)
    packed = re.search(r'id="figures"[^>]*>\s*([^<]+)', text)[1]
    figures = json.loads(gzip.decompress(base64.b64decode(packed)))
    # Of two trials each, lines alone would lie on the edges.
    assert {trace["mode"] for one in figures.values() for trace in one["data"]} == {"lines+markers"}
    for word in ("random", "sobol", "Standings"):
        assert word in text
    refused = CliRunner().invoke(
        main, ["compare", str(search.settings.data), "--target", "label", "--html",
               str(search.settings.data)]
    )  # fmt: skip
    assert refused.exit_code == 2
    assert "no page of Advisor" in refused.stderr

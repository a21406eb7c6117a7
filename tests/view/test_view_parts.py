"""Parts of the view without a server: listings, charts, and what a locked database is told as."""

import math

import duckdb
import httpx
import pytest
from view_world import BEGIN, make_world, served, trial

from advisor.view.charts import BOTTOM, HEIGHT, MAX_POINTS, TOP, Series, chart, history
from advisor.view.listing import Column, Filter, Kind, asked_of, page_of
from knowledge_base import TrialRecord
from knowledge_base.errors import UserError

COLUMNS = (
    Column("name", "Name", filtered=True),
    Column("n", "Number", Kind.NUMBER, filtered=True),
    Column("at", "When", Kind.TIME),
)


def test_rows_are_filtered_sorted_and_cut_with_missing_ones_last():
    rows = [{"name": name, "n": n, "at": BEGIN} for name, n in
            [("b", 2), ("A", None), ("c", 10), ("a", 1)]]  # fmt: skip
    for by, expected in (("n", [1, 2, 10, None]), ("-n", [10, 2, 1, None])):
        found, total = page_of(rows, asked_of(COLUMNS, {"sort": by}))
        assert [row["n"] for row in found] == expected
        assert total == 4
    found, _ = page_of(rows, asked_of(COLUMNS, {"sort": "name"}))
    assert [row["name"] for row in found] == ["A", "a", "b", "c"]
    found, total = page_of(rows, asked_of(COLUMNS, {"n_min": "2", "sort": "n", "size": "1",
                                                    "page": "2"}))  # fmt: skip
    assert ([row["n"] for row in found], total) == ([10], 2)


def test_what_was_asked_becomes_the_same_address_again():
    given = {"sort": "-n", "name": "a&b=<c>", "n_max": "3", "page": "4", "task": "x"}
    asked = asked_of(COLUMNS, given, kept=("task",))
    assert asked.filters == {"name": Filter(contains="a&b=<c>"), "n": Filter(most=3.0)}
    assert asked.query() == "?task=x&name=a%26b%3D%3Cc%3E&n_max=3&sort=-n&page=4"
    assert asked.sorted_by(COLUMNS[0]).endswith("&sort=name")
    assert asked.sorted_by(COLUMNS[1]).endswith("&sort=n")
    with pytest.raises(UserError, match="no column 'nam' to sort by"):
        asked_of(COLUMNS, {"sort": "nam"})


def test_a_history_draws_the_best_so_far_and_not_too_many_points():
    trials = [TrialRecord("s", number, {}, "complete", value=1.0 / (1 + number))
              for number in range(2500)]  # fmt: skip
    values, best = history(trials, "minimize")
    assert len(values.points) <= MAX_POINTS
    assert values.label == "trials (one of 3)"
    assert best.points[-1] == (2499, 1.0 / 2500)
    assert history(trials, "maximize")[1].points == [(0, 1.0), (2499, 1.0)]
    assert history([], "minimize")[1].points == []


@pytest.mark.parametrize(
    ("count", "ticks"), [(1, ["0"]), (2, ["0", "1"]), (4, ["0", "1", "2", "3"]),
                         (21, ["0", "5", "10", "15", "20"])],
)  # fmt: skip
def test_trials_have_whole_ticks(count, ticks):
    points = [(float(number), number / 3) for number in range(count)]
    drawn = chart("Values", "trial", "value", [Series("all", points, "points")])
    assert [text for _, text in drawn.x_ticks] == ticks


def test_a_chart_stays_within_its_frame_whatever_the_values():
    points = [(float(x), y) for x, y in enumerate([0.1, 0.2, 0.15, 1e9, math.nan, -math.inf, 0.12])]
    drawn = chart("Values", "trial", "value", [Series("all", points, "points")])
    assert len(drawn.series[0].dots) == 5
    assert all(TOP <= y <= HEIGHT - BOTTOM for _, y in drawn.series[0].dots)
    # The far value lies on the edge, beside the largest of the others, and presses none together.
    assert len({y for _, y in drawn.series[0].dots}) == 4
    assert chart("None", "x", "y", [Series("all", [(0.0, math.nan)], "points")]) is None
    assert chart("One", "x", "y", [Series("all", [(0.0, 5.0)], "line")]).series


def test_a_page_says_that_the_database_is_in_use_only_while_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr("knowledge_base.sessions.READ_PATIENCE", 0.0)
    kb = make_world(tmp_path, n_trials=3)
    assert kb.fold()
    with served(kb) as server, httpx.Client(base_url=server.address.split("/?")[0]) as client:
        client.get(server.address)
        assert "in use by another program" not in client.get("/trials").text
        with duckdb.connect(str(kb.path)):
            assert "in use by another program" in client.get("/trials").text
        assert "in use by another program" not in client.get("/trials").text


def test_trials_that_came_meanwhile_are_counted(tmp_path):
    from advisor.view.store import TRIALS, trials_table
    from knowledge_base import Bundle

    kb = make_world(tmp_path, n_trials=3)
    asked = asked_of(TRIALS, {})
    assert trials_table(kb, asked).total == 3
    kb.add(Bundle.from_records([trial(3, "study-1")]))
    assert trials_table(kb, asked).total == 4

"""The benchmark of what a user takes away: ratios, resumption, and one real training."""

import json
import sys
import time

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset
from advisor.tuning.time_limit import TimeLimit
from scripts.benchmarks.takeaway import page, peers, runs
from scripts.benchmarks.takeaway.contenders import ENTRANTS, Entrant
from scripts.benchmarks.takeaway.data import LEAST_OF_CLASS, TABLES, drawn_table, entries
from scripts.benchmarks.takeaway.figures import (
    error_of,
    geometric,
    log_ratios,
    regrets,
    share_better,
    table_of,
)
from scripts.benchmarks.takeaway.ours import OneSplit, limit_by_processor
from scripts.seed.tables import TableEntry


def line(data, contender, error, seed=0, seconds=1.0, **more):
    return {
        "what": "tables", "data": data, "seed": seed, "contender": contender, "error": error,
        "rows": 100, "seconds": seconds, "cpu": 2 * seconds, "threads": 2, "code": "c", **more,
    }  # fmt: skip


class MadeEntry(TableEntry):
    """A table of three classes and 60 rows; four of its rows have a class of their own."""

    def load(self):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"a": rng.normal(size=60), "b": rng.choice(["x", "y"], 60)})
        frame["target"] = ["rare"] * 4 + ["red", "blue"] * 28
        return load_dataset(frame, "target", "classification")


ENTRY = MadeEntry("made", "keel", "classification", "none")


def test_errors_are_shares_of_wrong_labels_and_root_mean_squares():
    labels = np.array(["a", "b", "a", "b"])
    assert error_of("classification", labels, np.array(["a", "b", "b", "b"])) == 0.25
    assert error_of("regression", np.array([0.0, 0.0]), np.array([3.0, 4.0])) == 12.5**0.5
    with pytest.raises(ValueError, match="not finite"):
        error_of("regression", np.zeros(2), np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match="shape"):
        error_of("regression", np.zeros(2), np.zeros((2, 1)))


def test_ratios_are_geometric_means_over_seeds_then_over_tables():
    lines = [
        line("one", "realmlp", 0.2), line("one", "default", 0.4),
        line("one", "realmlp", 0.2, seed=1), line("one", "default", 0.1, seed=1),
        line("two", "realmlp", 0.1), line("two", "default", 0.4),
        line("three", "default", 0.4),
    ]  # fmt: skip
    logs = log_ratios(table_of(lines), "realmlp")
    # On table one 2 and 1/2 make 1; on table two there is one seed with 4; three has no reference.
    assert np.exp(logs["default"]["one"]) == pytest.approx(1.0)
    mean, error = geometric(logs["default"])
    assert mean == pytest.approx(2.0)
    assert error == pytest.approx(2.0 * np.log(4) / 2)
    assert geometric(logs["realmlp"])[0] == 1.0


def test_no_error_counts_as_half_a_row():
    lines = [line("one", "realmlp", 0.0), line("one", "default", 0.02)]
    logs = log_ratios(table_of(lines), "realmlp")
    assert np.exp(logs["default"]["one"]) == pytest.approx(4.0)  # two rows wrong to half a row
    both = log_ratios(
        table_of([line("one", "realmlp", 0.0), line("one", "default", 0.0)]), "realmlp"
    )
    assert both["default"]["one"] == 0.0


def test_who_is_level_is_not_better_and_failures_do_not_count():
    lines = [line(data, "single15", 0.2) for data in ("one", "two", "three")]
    lines += [line("one", "ours-60s", 0.2), line("two", "ours-60s", 0.1)]
    lines += [{**line("three", "ours-60s", None), "failed": "no memory"}]
    logs = log_ratios(table_of(lines), "single15")
    assert share_better(logs["ours-60s"]) == 0.5


def test_regret_is_from_the_best_network_that_any_search_trained():
    said = {"trials": 3, "single": 0.3, "folds": 0.2, "ensemble": 0.1}
    lines = [
        line("one", "one-20s", 0.1, said={**said, "each": [0.4, 0.3]}),
        line("one", "folds-20s", 0.1, said={**said, "single": 0.2, "each": [0.2, 0.25]}),
    ]
    frame = regrets(lines, ["single", "ensemble"]).set_index("contender")
    assert np.exp(frame["single"]["one-20s"]) == pytest.approx(1.5)
    assert frame["single"]["folds-20s"] == 0.0
    assert np.exp(frame["ensemble"]["one-20s"]) == pytest.approx(0.5)  # better than any network


def test_a_run_that_was_cut_off_goes_on_where_it_was(tmp_path, monkeypatch):
    ran = []

    def result(unit, place, told):
        ran.append(unit.key)
        if len(ran) == 3:
            raise runs.FailedError("killed")
        return {"error": 0.1, "rows": 100, "seconds": 7.0, "cpu": 8.0, "said": {}}

    monkeypatch.setattr(runs, "_result", result)
    place = runs.Place(tmp_path, sys.executable)
    units = runs.planned("tables", [ENTRY], 1, ["realmlp", "default", "ours-fast", "lightgbm"])
    first = list(runs.run_all(units, place))
    assert [told["contender"] for _, told in first] == [
        "realmlp",
        "default",
        "ours-fast",
        "lightgbm",
    ]
    assert first[2][1]["failed"] == "killed"
    assert first[2][1]["settings"]["timeout"] == 7.0  # RealMLP's seconds
    with place.path("tables").open("ab") as file:  # the last line is cut in its middle
        content = place.path("tables").read_bytes()
        file.truncate(len(content) - 20)
    again = [unit.entrant.name for unit, _ in runs.run_all(units, place)]
    assert again == ["ours-fast", "lightgbm"]  # what failed, and what was cut
    assert list(runs.run_all(units, place)) == []
    written = [json.loads(text) for text in place.path("tables").read_text().splitlines()]
    assert [told["contender"] for told in written] == [
        "realmlp", "default", "ours-fast", "ours-fast", "lightgbm",
    ]  # fmt: skip
    assert "failed" not in place.lines("tables")[("keel:made", 0, "ours-fast")]


def test_another_machine_goes_on_from_the_lines_that_the_page_is_of(tmp_path, monkeypatch):
    result = {"error": 0.2, "rows": 100, "seconds": 7.0, "cpu": 8.0, "said": {}}
    monkeypatch.setattr(runs, "_result", lambda unit, place, told: result)
    lines = [line("keel:made", "realmlp", 0.1), line("abc:made", "lightgbm", 0.3)]
    runs.keep({"tables": lines}, tmp_path / "results")
    kept = (tmp_path / "results" / "tables.jsonl").read_text().splitlines()
    assert [json.loads(text) for text in kept] == lines[::-1]
    place = runs.Place(tmp_path / "own", sys.executable, results=tmp_path / "results")
    units = runs.planned("tables", [ENTRY], 1, ["realmlp", "default"])
    assert [unit.entrant.name for unit, _ in runs.run_all(units, place)] == ["default"]
    assert {key[2]: found["error"] for key, found in place.lines("tables").items()} == {
        "realmlp": 0.1, "lightgbm": 0.3, "default": 0.2,
    }  # fmt: skip


def test_only_what_our_code_reached_is_stale_when_it_changes():
    ours, peer = Entrant("ours", "ours", "tune"), Entrant("peer", "a peer")
    told = {"error": 0.1, "code": "earlier"}
    assert runs.finished(told, ours)
    assert not runs.finished(told, ours, fresh=True)
    assert runs.finished(told, peer, fresh=True)
    assert runs.finished({**told, "code": runs.code_mark()}, ours, fresh=True)


def test_whoever_others_wait_for_comes_first_with_all_seeds():
    units = runs.planned("tables", [ENTRY, ENTRY], 2)
    names = [unit.entrant.name for unit in units]
    assert names[:4] == ["realmlp"] * 4
    assert set(names[4:]) == {e.name for e in ENTRANTS["tables"]} - {"realmlp"}
    assert [unit.seed for unit in units[:4]] == [0, 0, 1, 1]


def test_a_contender_that_waits_for_nothing_has_failed_and_says_so(tmp_path):
    (unit,) = runs.planned("tables", [ENTRY], 1, ["ours-fast"])
    told = runs.run_one(unit, runs.Place(tmp_path, sys.executable), {})
    assert told["failed"] == "waits for the seconds of realmlp"


def test_known_rows_and_truth_are_apart_and_have_the_same_classes(monkeypatch):
    monkeypatch.setattr("scripts.benchmarks.takeaway.data.KNOWN", 30)
    known, truth = drawn_table(ENTRY, 0)
    assert "rare" not in {*known["target"], *truth["target"]}
    assert known["target"].value_counts().min() >= LEAST_OF_CLASS
    assert len(known) + len(truth) == 56
    assert not set(known["a"]) & set(truth["a"])
    assert not drawn_table(ENTRY, 1)[0].equals(known)


def test_all_questions_have_data_sets():
    assert [entry.name for entry in entries("tables")] == list(TABLES)
    assert [entry.name for entry in entries("folds", ["casp"])] == ["casp"]
    assert {entry.family for entry in entries("images")} == {"cnn"}
    assert len(TABLES) >= 16


def test_peers_see_categories_of_the_known_rows_and_no_gaps():
    known = pd.DataFrame({"c": ["x", None, "y"], "n": [1.0, np.nan, 3.0], "target": [0, 1, 0]})
    truth = pd.DataFrame({"c": ["y", "new"], "n": [np.nan, 5.0], "target": [0, 1]})
    rows, new = peers.without_gaps(*peers.inputs(known, truth))
    assert list(rows["c"].cat.categories) == ["missing", "x", "y"]
    assert new["c"].isna().tolist() == [False, True]
    assert rows["n"].tolist() == [1.0, 2.0, 3.0]
    assert new["n"].tolist() == [2.0, 5.0]
    assert list(rows) == ["c", "n"]


def test_what_is_not_installed_is_left_out_with_a_word():
    assert runs.available(sys.executable)["lacking"]["boosting"] is None
    assert "failed" in runs.available("/no/such/python")


def test_the_page_says_what_came_of_the_aims():
    lines = []
    for data in ("one", "two"):
        for contender, error in (("realmlp", 0.1), ("ours-fast", 0.09), ("ours-60s", 0.08),
                                 ("single15", 0.12), ("lightgbm", 0.13)):  # fmt: skip
            lines.append(line(data, contender, error, seconds=20.0))
    lines.append(line("three", "lightgbm", 0.9))  # RealMLP has no result there
    lines.append({**line("two", "boosting", None), "failed": "out of memory"})
    text = page.make({"tables": lines}, {"tabm": "0.0.3"}, ["Left out: tabm (gone)."])
    assert "| ours, RealMLP's seconds | 0.900 ± 0.000 | 2 | 2 | 100% | 20.0 | 40.0 |" in text
    assert "| error / RealMLP in 60 s | at most 0.95 | 0.800 |" in text
    assert "| seconds of that / RealMLP's, median over tables | at most 1.00 | 1.000 |" in text
    assert "| error / LightGBM in RealMLP's seconds | below 1.00 | 0.692 |" in text
    assert "| LightGBM | 1.300 ± 0.000 | 2 | 3 | 0% |" in text
    assert "boosting on two, seed 0: out of memory" in text
    assert "Left out: tabm (gone)." in text
    assert "Do folds pay" not in text


def test_the_page_counts_data_sets_and_sources():
    lines = []
    for data, error in (
        ("mnist:digits", 0.1),
        ("mnist:coarse digits", 0.3),
        ("sklearn:digits", 0.2),
    ):
        own = line(data, "ours-15", error, said={"single": 0.25})
        lines += [line(data, "single15", 0.2), own]
    text = page.make({"images": lines}, {}, [])
    (row,) = [found for found in text.splitlines() if found.startswith("| ours, 15 trials")]
    assert [cell.strip() for cell in row.split("|")[3:8]] == ["33%", "33%", "50%", "67%", "3"]


def test_the_page_compares_folds_in_equal_seconds():
    said = {"trials": 3, "single": 0.3, "folds": 0.2, "each": [0.2]}
    lines = [
        line("one", "one-20s", 0.2, said={**said, "ensemble": 0.2}),
        line("one", "folds-20s", 0.1, said={**said, "ensemble": 0.1}),
        line("one", "one-20s-single", 0.2, said={}),
        line("one", "folds-20s-single", 0.3, said={}),
    ]
    text = page.make({"folds": lines}, {}, [])
    assert "| folds, 20 s | 50.0% | 0.0% | -50.0% |" in text
    assert "| `--final single`, 20 s | 1.500 | 0% | 1 |" in text
    assert "| model, 20 s | 0.500 | 100% | 1 |" in text
    assert "60 s" not in text


def test_tabm_is_compared_on_the_tables_that_it_has_finished():
    lines = [
        line("one", "realmlp", 0.1), line("one", "tabm", 0.2), line("one", "ours-60s", 0.05),
        line("two", "realmlp", 0.1), line("two", "ours-60s", 0.1),
    ]  # fmt: skip
    text = page.make({"tabm": lines}, {}, [])
    assert "| ours, 60 s | 0.500 | 1 |" in text
    assert "| TabM-D | 2.000 | 1 |" in text
    assert "| two |" not in text


def test_parts_without_results_stay_on_the_page():
    one = {"series": [line("a", "single15", 0.2), line("a", "ours-same", 0.1, said={"single": 1})]}
    first = page.make(one, {}, ["Left out: tabm (gone)."])
    tables = {"tables": [line("one", "realmlp", 0.1), line("one", "ours-fast", 0.09)]}
    both = page.make(tables, {}, [], first)
    assert "| ours, RealMLP's seconds | 0.900" in both
    assert "stand as an earlier run left them: Series." in both
    assert page.make(one, {}, [], both).count("| ours, in as many seconds | 0.500") == 1
    assert "Left out: tabm" not in both


def test_one_split_trains_one_network_that_predicts():
    dataset = ENTRY.load()
    task = OneSplit(dataset, 0, max_epochs=1)
    config = task.family.default()
    evaluation = task.evaluate(config)
    assert 0.0 <= evaluation.val <= 1.0
    raw = task.network(config, evaluation.outcome).raw(dataset.features)
    assert raw.shape == (60, 3)
    assert raw.sum(1) == pytest.approx(np.ones(60))


def test_limits_that_were_imported_before_count_seconds_of_the_processor_too(monkeypatch):
    monkeypatch.setattr(time, "monotonic", time.monotonic)  # It is put back after the test.
    limit_by_processor()
    now = time.process_time()
    assert TimeLimit(20.0).trials_end(None) == pytest.approx(now + 19.0, abs=1.0)

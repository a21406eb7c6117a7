"""The page, from the lines of results."""

import re
from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np
import pandas as pd

from advisor.data.intake import counted as said
from knowledge_base.types import JsonObject
from scripts.benchmarks import report
from scripts.benchmarks.takeaway.contenders import ENTRANTS
from scripts.benchmarks.takeaway.data import KNOWN
from scripts.benchmarks.takeaway.figures import (
    REFERENCE,
    TODAY,
    geometric,
    log_ratios,
    own_single,
    regrets,
    share_better,
    table_of,
)
from scripts.benchmarks.takeaway.peers import CPU
from scripts.seed.near_copies import group_of

INTRODUCTION = """
What is in the user's hand after a search, on rows that nothing was trained or chosen by. Each data
set is left out of the store with its near-copies and all that is cut from the same source. Each
contender has a process of its own with {threads}; its seconds run from the rows in memory,
everything imported, to the predictions for all new rows. A model without any error counts as one
that has half a row wrong. Results that are missing or failed are in no mean; the column of counts
says how many data sets are."""

BUSY = """
Other work ran on the machine: all seconds and time limits are those of the processor."""

TABLES = """
{known} rows are known, the others, at most 7,400, are the truth; {seeds} of split, training and
search. The error is 1 - accuracy or the RMSE, divided by RealMLP's on the same rows; geometric
means over seeds, then over tables, with the standard error over tables. "Ours" is
`Advisor.tune(known, target, timeout=..., test=truth)` and `search.model.predict`, with the
library's defaults; what came of all its trials is in the model. Peers have their own defaults, and
divide the known rows themselves."""

FOLDS = """
The same tables. Searches that only time ends, with one split and with the folds that the library
chooses; regret is error / best - 1 on the truth, where best is the best single network for this
table and seed of all that any of these searches trained; geometric means over tables. "chosen
network" is what one network of the chosen configuration reaches, trained on the first split;
"its folds" averages that configuration's networks; "model" is what the user gets. Searches with
`--final single` leave one network of the chosen configuration, trained on all known rows."""

ITEMS = {
    "images": "The truth are up to 2,000 other images of the same source.",
    "texts": "The truth are up to 2,000 other texts of the same source.",
    "series": "The truth are the last points of each series, forecast from several origins.",
}
ITEMS_TEXT = """
{truth}
The final model against today's single network, the best of 15 trials on one split, with
the same seeds. {seeds}; a data set counts as better if its mean error over seeds, in
logarithms, is smaller. Several data sets are cut from one source; "sources better" counts each
source once, by the mean of its data sets. "better than its own" compares the model with the best
network by validation of the very search that made it."""

TABM = """
TabM takes many times as long as the others and has a part of its own: the same tables, {seeds},
error divided by RealMLP's on the same rows, geometric means with the standard error over the
tables that TabM has finished."""

KEPT = "Parts whose results are no longer at hand stand as an earlier run left them: {titles}."

STAGES = {"single": "chosen network", "folds": "its folds", "ensemble": "model"}
PACKAGES = ("torch", "scikit-learn", "optuna", "numpy")

Lines = Sequence[JsonObject]


def make(
    found: Mapping[str, Lines],
    versions: Mapping[str, str],
    gone: Sequence[str],
    before: str = "",
) -> str:
    """Return the page.

    Args:
        found: the last line of every unit, by question.
        versions: of the peers' packages.
        gone: sentences on what was left out.
        before: the page as it is; questions without a result keep their part of it.
    """
    everything = [line for lines in found.values() for line in lines]
    threads = sorted({line["threads"] for line in everything})
    counts = " or ".join(said(count, "thread") for count in threads)
    parts = [INTRODUCTION.format(threads=counts)]
    if any(line.get("clock") == CPU for line in everything):
        parts.append(BUSY)
    earlier = _parts(before)
    kept = []
    for what, section in SECTIONS.items():
        lines = found.get(what, [])
        if any(line.get("error") is not None for line in lines):
            parts.append(section(what, lines))
        elif TITLES[what] in earlier:
            parts.append(earlier[TITLES[what]])
            kept.append(TITLES[what])
    if kept:
        gone = [*gone, KEPT.format(titles=", ".join(kept))]
    codes = {line["code"] for line in everything if line["contender"] not in PEER_NAMES}
    if len(codes) > 1:
        gone = [*gone, f"Results are of {len(codes)} states of the library's code."]
    if gone:
        parts += ["## Notes", "\n".join(gone)]
    parts += [_failures(everything), "## Versions", _measured(versions)]
    return report.page("What a user takes away", "takeaway", [part for part in parts if part])


def _parts(page: str) -> dict[str, str]:
    """Return the parts of a page by their titles."""
    found = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0]: f"## {part}" for part in found}


def tabm(what: str, lines: Lines) -> str:
    """Return the section of TabM."""
    frame = table_of(lines)
    done = set(frame.loc[frame["contender"] == "tabm", "data"])
    frame = frame[frame["data"].isin(done)]
    logs = log_ratios(frame, REFERENCE)
    rows = []
    for entrant in ENTRANTS[what]:
        own = frame[frame["contender"] == entrant.name]
        rows.append([entrant.title, _ratio(*geometric(logs[entrant.name])),
                     logs[entrant.name].count(), _seconds(own["seconds"].median())])  # fmt: skip
    titles = ["", "error / RealMLP", "tables", "seconds"]
    names = [e.name for e in ENTRANTS[what] if e.name != REFERENCE]
    text = TABM.format(seeds=said(frame["seed"].nunique(), "seed"))
    return "\n\n".join([f"## {TITLES[what]}", text.strip(), report.table(titles, rows),
                        _each(logs, names)])  # fmt: skip


def tables(what: str, lines: Lines) -> str:
    """Return the section of tables."""
    frame = table_of(lines)
    to_reference, to_today = log_ratios(frame, REFERENCE), log_ratios(frame, TODAY)
    entrants = [e for e in ENTRANTS[what] if e.name in set(frame["contender"])]
    rows = []
    for entrant in entrants:
        own = frame[frame["contender"] == entrant.name]
        logs = to_reference.get(entrant.name, pd.Series(dtype=float))
        better = to_today.get(entrant.name, pd.Series(dtype=float))
        rows.append([
            entrant.title, _ratio(*geometric(logs)), logs.count(), own["error"].count(),
            "" if entrant.name == TODAY else _share(share_better(better)),
            _seconds(own["seconds"].median()), _seconds(own["cpu"].median()),
        ])  # fmt: skip
    titles = ["", "error / RealMLP", "tables", "runs", "better than best of 15", "seconds",
              "CPU seconds"]  # fmt: skip
    text = TABLES.format(known=f"{KNOWN:,}", seeds=said(frame["seed"].nunique(), "seed"))
    parts = [f"## {TITLES[what]}", text.strip(), report.table(titles, rows)]
    return "\n\n".join([*parts, _aims(frame), "### Each table", _each_table(frame)])


def _each_table(frame: pd.DataFrame) -> str:
    names = [e.name for e in ENTRANTS["tables"] if e.name in set(frame["contender"])]
    to_reference = log_ratios(frame, REFERENCE)
    medians = frame.groupby(["data", "contender"])[["error", "seconds"]].median()
    rows = []
    for data in sorted(frame["data"].unique()):
        cells: list[object] = [data]
        for name in names:
            if name == REFERENCE:
                own = medians.loc[(data, name)] if (data, name) in medians.index else None
                cells.append("" if own is None else f"{own['error']:.4g}")
                cells.append("" if own is None else _seconds(own["seconds"]))
            else:
                cells.append(_ratio(_at(to_reference, data, name)))
        rows.append(cells)
    titles = [""]
    for name in names:
        titles += ["RealMLP's error", "its seconds"] if name == REFERENCE else [name]
    return report.table(titles, rows)


def _at(logs: pd.DataFrame, data: str, name: str) -> float:
    known = name in logs and data in logs.index
    return geometric(logs.loc[[data], name])[0] if known else float("nan")


def _aims(frame: pd.DataFrame) -> str:
    """Return what was aimed at, and what came of it."""
    ratios = {name: geometric(logs)[0] for name, logs in log_ratios(frame, REFERENCE).items()}
    shares = {name: share_better(logs) for name, logs in log_ratios(frame, TODAY).items()}
    to_lightgbm = log_ratios(frame, "lightgbm").get("ours-fast", pd.Series(dtype=float))
    nan = float("nan")
    fast, minute = ratios.get("ours-fast", nan), ratios.get("ours-60s", nan)
    rows = [
        ["error / RealMLP in RealMLP's seconds", "at most 1.00", _ratio(fast)],
        ["seconds of that / RealMLP's, median over tables", "at most 1.00",
         _ratio(_slower(frame))],
        ["error / RealMLP in 60 s", "at most 0.95", _ratio(minute)],
        ["better than the best of 15, in RealMLP's seconds", "at least 90%",
         _share(shares.get("ours-fast", nan))],
        ["better than the best of 15, in 60 s", "at least 90%",
         _share(shares.get("ours-60s", nan))],
        ["error / LightGBM in RealMLP's seconds", "below 1.00",
         _ratio(geometric(to_lightgbm)[0])],
    ]  # fmt: skip
    return report.table(["", "aim", "came to"], rows, "llr")


def _slower(frame: pd.DataFrame) -> float:
    """Return the median over tables of our seconds by RealMLP's, NaN without both."""
    seconds = frame.pivot_table(
        index="data", columns="contender", values="seconds", aggfunc="median"
    )
    if not {"ours-fast", REFERENCE} <= set(seconds):
        return float("nan")
    return float((seconds["ours-fast"] / seconds[REFERENCE]).median())


def folds(what: str, lines: Lines) -> str:
    """Return the section on folds."""
    frame = regrets([line for line in lines if "each" in line.get("said", {})], list(STAGES))
    rows = []
    for entrant in ENTRANTS[what]:
        own = frame[frame["contender"] == entrant.name]
        if own.empty:
            continue
        by_table = own.groupby("data")[list(STAGES)].mean()
        cells = [_percent(geometric(by_table[stage])) for stage in STAGES]
        rows.append([entrant.title, *cells, f"{own['trials'].median():.0f}",
                     _seconds(own["seconds"].median()), own["data"].nunique()])  # fmt: skip
    titles = ["", *STAGES.values(), "trials", "seconds", "tables"]
    parts = [f"## {TITLES[what]}", FOLDS.strip(), report.table(titles, rows),
             _paired(frame, table_of(lines))]  # fmt: skip
    return "\n\n".join(part for part in parts if part)


def _paired(frame: pd.DataFrame, found: pd.DataFrame) -> str:
    """Return on how many tables folds are better than one split in equal seconds.

    Args:
        frame: as `regrets` has it.
        found: as `table_of` has it, those that leave a single network included.
    """
    errors = found.assign(error=np.log(found["error"]))
    kinds = [(STAGES[stage], frame, stage, "") for stage in ("single", "ensemble")]
    kinds.append(("`--final single`", errors, "error", "-single"))
    rows = []
    for seconds in (20, 60):
        for title, table, column, ending in kinds:
            folds, one = (
                table[table["contender"] == f"{name}-{seconds}s{ending}"].set_index(
                    ["data", "seed"]
                )[column]
                for name in ("folds", "one")
            )
            rows.append([f"{title}, {seconds} s", *_compared(folds - one)])
    rows = [row for row in rows if row[-1]]
    if not rows:
        return ""
    return report.table(["error with folds / with one split", "", "tables better", "tables"], rows)


def _compared(differences: pd.Series) -> list[object]:
    """Return the ratio that differences of logarithms come to, the share of gains, and tables."""
    logs = differences.dropna().groupby("data").mean()
    if logs.empty:
        return ["", "", 0]
    return [_ratio(*geometric(logs)), _share(share_better(logs)), len(logs)]


def items(what: str, lines: Lines) -> str:
    """Return the section of images, texts or series."""
    frame = table_of(lines)
    logs = log_ratios(frame, TODAY)
    rows = []
    for entrant in ENTRANTS[what]:
        own = frame[frame["contender"] == entrant.name]
        if own.empty:
            continue
        ratio = logs.get(entrant.name, pd.Series(dtype=float))
        if entrant.name == TODAY:
            better: list[str] = ["", "", "", ""]
        else:
            sources = ratio.groupby([group_of(str(data)) for data in ratio.index]).mean()
            better = [_share(share_better(ratio)), _share(_ties(ratio)),
                      _share(share_better(sources)),
                      _share(share_better(own_single(lines, entrant.name)))]  # fmt: skip
        rows.append([entrant.title, _ratio(*geometric(ratio)), *better, own["data"].nunique(),
                     _seconds(own["seconds"].median())])  # fmt: skip
    titles = ["", "error / today's", "better", "level", "sources better", "better than its own",
              "data sets", "seconds"]  # fmt: skip
    text = ITEMS_TEXT.format(truth=ITEMS[what], seeds=said(frame["seed"].nunique(), "seed"))
    names = [e.name for e in ENTRANTS[what] if e.name != TODAY]
    return "\n\n".join([f"## {TITLES[what]}", text.strip(), report.table(titles, rows),
                        _each(logs, names)])  # fmt: skip


def _each(logs: pd.DataFrame, names: Sequence[str]) -> str:
    """Return the table of all data sets, a row each, a column per contender."""
    rows = [[data, *(_ratio(_at(logs, str(data), name)) for name in names)] for data in logs.index]
    return report.table(["", *names], rows)


def _ties(logs: pd.Series) -> float:
    known = logs.dropna()
    return float((known == 0).mean()) if len(known) else float("nan")


def _failures(lines: Lines) -> str:
    failed = [line for line in lines if line.get("error") is None]
    if not failed:
        return ""
    each = [f"- {line['contender']} on {line['data']}, seed {line['seed']}: "
            f"{line.get('failed', 'no error is known')}" for line in failed]  # fmt: skip
    return "## What failed\n\n" + "\n".join(each)


def _measured(versions: Mapping[str, str]) -> str:
    peers = ", ".join(f"{name} {version}" for name, version in versions.items())
    return report.measured_on(*PACKAGES, note=f"; peers with {peers}" if peers else "")


def _ratio(value: float, error: float = float("nan")) -> str:
    if not isfinite(value):
        return ""
    return f"{value:.3f}" + (f" ± {error:.3f}" if isfinite(error) else "")


def _percent(found: tuple[float, float]) -> str:
    return f"{found[0] - 1:.1%}" if isfinite(found[0]) else ""


def _share(value: float) -> str:
    return f"{value:.0%}" if isfinite(value) else ""


def _seconds(value: float) -> str:
    return f"{value:.1f}" if isfinite(value) else ""


TITLES = {"tables": "Tables", "tabm": "TabM", "folds": "Do folds pay?", "images": "Images",
          "texts": "Texts", "series": "Series"}  # fmt: skip
SECTIONS = {"tables": tables, "tabm": tabm, "folds": folds, "images": items, "texts": items,
            "series": items}  # fmt: skip
PEER_NAMES = {e.name for entrants in ENTRANTS.values() for e in entrants if not e.way}

"""What is said of the trials of a search when it is over: the best five, and what was left out."""

import shutil
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from advisor.cli.output import cell, config_text, plain, say
from knowledge_base.states import Direction, TrialState

if TYPE_CHECKING:
    from advisor.tuning import Search
    from knowledge_base.records import TrialRecord

SHOWN = 5
"""Trials in the table."""

WORDS = {
    TrialState.FAILED: "failed",
    TrialState.DIVERGED: "diverged",
    TrialState.STOPPED: "stopped before the end",
}


def print_best_trials(search: "Search") -> None:
    """Print the best trials, and how many others said nothing, with the reason of the first.

    A configuration is written out for the best; of the others what is different. The library
    default is named where it was tried.
    """
    task, trials = search.tuner.study.task, search.tuner.trials
    sign = -1 if task.direction == Direction.MAXIMIZE else 1
    ranked = sorted((t for t in trials if t.counts), key=lambda t: (sign * (t.value or 0.0),
                                                                    t.number))  # fmt: skip
    if len(ranked) > 1:
        say()
        for line in _table(search, ranked[:SHOWN], task.metric):
            say(line)
    _print_others(trials, ranked)


def _table(search: "Search", ranked: "Sequence[TrialRecord]", metric: str) -> list[str]:
    default = search.tuner.study.space.default()
    best, test = ranked[0], f"test_{metric}"
    rows = [("", metric, "test", "seconds", "what differs from the best")]
    for trial in ranked:
        config = {n: v for n, v in trial.config.items() if best.config.get(n, "") != v}
        told = "the best" if trial is best else config_text(config)
        if dict(trial.config) == default:
            told = f"the library default; {told}"
        rows.append((f"trial {trial.number}", cell(trial.value), cell(trial.metrics.get(test)),
                     "" if trial.duration is None else f"{trial.duration:.1f}", told))  # fmt: skip
    kept = [place for place in range(4) if any(row[place] for row in rows[1:])]
    widths = {place: max(len(row[place]) for row in rows) for place in kept}
    wide = shutil.get_terminal_size().columns
    lines = ["  ".join([*(row[p].ljust(widths[p]) for p in kept), plain(row[4])]) for row in rows]
    return [f"  {_cut(line, wide - 2)}".rstrip() for line in lines]


def _cut(line: str, width: int) -> str:
    return line if len(line) <= max(width, 60) else f"{line[: max(width, 60) - 3]}..."


def _print_others(trials: "Sequence[TrialRecord]", ranked: "Sequence[TrialRecord]") -> None:
    """Say which trials are not compared, and why."""
    numbers = {trial.number for trial in ranked}
    others = [trial for trial in trials if trial.number not in numbers]
    if not others:
        return
    counts = Counter(_word(trial) for trial in others)
    told = ", ".join(f"{n} {word}" for word, n in counts.items())
    reasons = (trial.error for trial in others if trial.error)
    # The last line of a traceback says what was raised.
    first = next((reason.strip().splitlines()[-1] for reason in reasons if reason.strip()), None)
    say(f"Not compared: {told}{f' (the first: {first})' if first else ''}.")


def _word(trial: "TrialRecord") -> str:
    if trial.skipped:
        return "not begun"
    return next((word for state, word in WORDS.items() if trial.state == state), "without a value")

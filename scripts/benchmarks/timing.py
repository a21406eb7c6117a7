"""Times calls of ours and of peers, in turn in one run, so that a change of load meets both."""

import time
from collections.abc import Callable, Mapping

Call = Callable[[], object]


def seconds(call: Call) -> float:
    """Return the wall time of a call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def in_turn(calls: Mapping[str, Call], rounds: int) -> dict[str, list[float]]:
    """Return the wall times of calls that are made in turn, A B A B, by their names."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(seconds(call))
    return times

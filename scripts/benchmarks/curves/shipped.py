"""The learning curves that ship, of one family, as tables."""

from functools import cache

import numpy as np

from advisor.curves import LAST, TaskCurves
from advisor.meta.curves import read_curves
from advisor.models import get_family
from scripts.benchmarks.curves.tables import Problem, Table
from scripts.pages.generated import shipped

FAMILY = "mlp"
LEFT_OUT = 12
"""Data sets that are left out, each with all of its tasks."""
OTHERS = 50
"""Other tasks that are learned from."""


@cache
def _tasks() -> list[tuple[str, str, TaskCurves]]:
    """Return data set, name and curves of every task, in the order of identities."""
    kb, space = shipped(), get_family(FAMILY).space()
    known = kb.tasks().set_index("task_id")
    curves, _ = read_curves(kb, space, FAMILY, sorted(kb.task_digests(FAMILY)))
    return [
        (str(known.loc[task, "dataset_id"]), str(known.loc[task, "name"]), found)
        for task, found in curves.items()
    ]


def problem(held: int, seed: int) -> Problem:
    """Return the prediction of the curves of task number `held`, its data set left out."""
    dataset, name, left_out = _tasks()[held]
    others = [found for other, _, found in _tasks() if other != dataset]
    rng = np.random.default_rng([seed, held])
    chosen = rng.permutation(len(others))[:OTHERS]
    there = np.isfinite(left_out.values[:, LAST])
    table = Table(name, [], left_out.inputs[there], left_out.values[there])
    space = get_family(FAMILY).space()
    return Problem(space, table, [others[i] for i in sorted(chosen)], seed)

"""Models of others' past tasks, fitted to what is believed of their trials."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from advisor.meta.past_task import PastTask, representative
from advisor.meta.standing import range_of
from advisor.surrogates import PastModels


def fit_sound(
    tasks: Sequence[PastTask], models: PastModels, trusted: np.ndarray, places: Sequence[int]
) -> list[PastModels]:
    """Return a model for each of some tasks of others, length n.

    Their scores are moved into the range of what trusted tasks expect of the same configurations,
    and models fitted to that: whatever they say of one, they make no more of it than most trusted
    tasks do.

    Args:
        tasks: all past tasks, length t.
        models: of their trials as they are told, length t.
        trusted: mask of the trusted tasks, shape (t,).
        places: of the tasks to fit, length n.
    """
    if not places:
        return []
    known = {tasks[t].task_id: t for t in np.flatnonzero(trusted).tolist()}
    chosen = representative({task: tasks[t].referenced for task, t in known.items()})
    inputs = [tasks[t].inputs for t in places]
    low, high = range_of(models.subset([known[task] for task in chosen]).predict(np.vstack(inputs)))
    cuts = np.cumsum([len(points) for points in inputs])[:-1]
    ranges = zip(places, np.split(low, cuts), np.split(high, cuts), strict=True)
    return [
        PastModels.fit(
            [replace(tasks[t].past_trials, scores=np.clip(tasks[t].scores, least, most))],
            models.lengthscales,
        )
        for t, least, most in ranges
    ]

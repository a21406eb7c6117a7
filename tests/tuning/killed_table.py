"""A search of a small table that is killed; see `killed.py`."""

import numpy as np
import pandas as pd

import advisor.problem.data
from advisor import Advisor
from advisor.training.objective import FamilyObjective
from knowledge_base import KnowledgeBase

STUDY = "studies/s"

trained = []
"""Configurations that the process trained."""


class Counting(FamilyObjective):
    """Notes what it trains."""

    def evaluate(self, config, report):
        """Train a trial's configuration."""
        trained.append(config)
        return super().evaluate(config, report)

    def measure(self, config, report):
        """Train the library default."""
        trained.append(config)
        return super().measure(config, report)


advisor.problem.data.FamilyObjective = Counting


def frame():
    """Return a small table of two classes."""
    drawn = np.random.default_rng(0)
    columns = {name: drawn.normal(size=60) for name in "abc"}
    return pd.DataFrame(columns).assign(y=lambda f: np.where(f["a"] + f["b"] > 0, "yes", "no"))


def search(folder, resume):
    """Run the search, or go on with it."""
    found = Advisor(KnowledgeBase(folder / "kb.duckdb", seed=False), family="mlp")
    trained.clear()
    return found.tune(
        frame(), "y", trials=3, n_warm=0, max_epochs=2, folds=2,
        fix={"units": 16, "n_layers": 1, "batch_size": 32}, root=folder / "studies", name="s",
        resume=resume, contribute=False,
    )  # fmt: skip


def left(found):
    """Return the trials' values, what is kept, and what the model that lies there predicts."""
    model = found.model
    rows = model.read(frame().drop(columns="y"))
    return {
        "trained": len(trained),
        "values": [trial.value for trial in found.tuner.trials],
        "kept": sorted(path.name for path in (found.path / "networks").glob("[!.]*")),
        "members": [[member.trial, member.share] for member in model.average.members],
        "standings": [[s.name, s.validation, s.test] for s in model.standings],
        "predicted": model.raw(rows).tolist(),
    }


def loaded(folder):
    """Return what the model that lies in a folder predicts."""
    model = advisor.load(folder / STUDY)
    return model.raw(model.read(frame().drop(columns="y"))).tolist()

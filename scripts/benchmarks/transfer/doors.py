"""Whether a host's user gets what ours does: `Tuner` and `AdvisorSampler` in Optuna, side by side.

    python -m scripts.benchmarks.transfer.doors --tasks 4

Both search LCBench's spaces with the same past in the same store, each task left out in turn. What
they propose is looked up: the untried row nearest to it says what it reaches. The regret is that of
the page of transfer search: 1 is a median row, 0 the best.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import optuna
import pandas as pd

from advisor import Tuner
from advisor.encoding import Encoder
from advisor.integrations.optuna import AdvisorSampler
from advisor.integrations.others.to_optuna import distribution
from knowledge_base import KnowledgeBase
from knowledge_base.records import StudyRecord, TaskRecord
from knowledge_base.types import ConfigDict
from scripts.benchmarks.experiment import Evaluation, compete
from scripts.benchmarks.transfer import tables
from scripts.benchmarks.transfer.methods import Method
from scripts.benchmarks.transfer.tables import Problem

FAMILY = "lcbench"
AFTER = (1, 3, 5, 10, 20, 30)


def stored_past(problem: Problem, folder: Path) -> KnowledgeBase:
    """Return a store with what is known of the other tasks."""
    kb = KnowledgeBase(folder / "kb.duckdb", seed=False)
    for source in problem.sources:
        task = TaskRecord(source.name, "accuracy", "maximize", FAMILY)
        study = StudyRecord(f"past {source.name}", task.task_id, problem.space.space_id,
                            source.name, strategy="random")  # fmt: skip
        frame = pd.DataFrame(source.configs).assign(value=source.scores)
        kb.add_trials(frame, task=task, space=problem.space, study=study)
    kb.fold(10)
    return kb


class Door(Method):
    """Proposes configurations of the whole space; the nearest untried row is theirs."""

    random_start = False

    def choose(self) -> int:
        self._config = self.proposed()
        return self.nearest(Encoder(self.problem.space).encode([self._config])[0])

    def proposed(self) -> ConfigDict:
        """Return what the search wants to try."""
        raise NotImplementedError


class ByTuner(Door):
    """The ask/tell tuner."""

    def __init__(self, problem: Problem, kb: KnowledgeBase) -> None:
        super().__init__(problem)
        self._tuner = Tuner.create(
            problem.space, kb=kb, name="new", metric="accuracy", family=FAMILY,
            seed=problem.seed, contribute=False,
        )  # fmt: skip

    def proposed(self) -> ConfigDict:
        return self._tuner.ask()

    def tell(self, point: int, evaluation: Evaluation) -> None:
        super().tell(point, evaluation)
        self._tuner.tell(self._config, evaluation.value)


class BySampler(Door):
    """The sampler, as `study.ask` of Optuna asks it; the space is what the trials ask for."""

    def __init__(self, problem: Problem, kb: KnowledgeBase) -> None:
        super().__init__(problem)
        sampler = AdvisorSampler(kb, FAMILY, metric="accuracy", seed=problem.seed)
        self._study = optuna.create_study(direction="maximize", study_name="new", sampler=sampler)
        self._asked = {n: distribution(h) for n, h in problem.space.hyperparameters.items()}

    def proposed(self) -> ConfigDict:
        self._trial = self._study.ask(self._asked)
        return dict(self._trial.params)

    def tell(self, point: int, evaluation: Evaluation) -> None:
        super().tell(point, evaluation)
        self._study.tell(self._trial, evaluation.val)


DOORS: dict[str, type[Door]] = {"Tuner": ByTuner, "AdvisorSampler": BySampler}


@click.command()
@click.option("--tasks", "count", default=4, help="Tasks of LCBench that are left out in turn.")
@click.option("--seed", default=0)
def main(count: int, seed: int) -> None:
    """Print the mean regret of each after some trials."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    held = np.linspace(0, len(tables.family_tables(FAMILY)) - 1, count).round().astype(int)
    regret: dict[str, list[np.ndarray]] = {name: [] for name in DOORS}
    seconds = dict.fromkeys(DOORS, 0.0)
    for place in held.tolist():
        problem = tables.problem(FAMILY, place, seed)
        best, median = problem.pool.scores.max(), np.median(problem.pool.scores)
        with TemporaryDirectory() as folder:
            kb = stored_past(problem, Path(folder))
            for name, door in DOORS.items():
                course = compete(lambda d=door, p=problem, k=kb: d(p, k), problem, AFTER[-1])
                found = (best - np.maximum.accumulate(course.val)) / (best - median)
                regret[name].append(found)
                seconds[name] += course.overhead
    click.echo("| | " + " | ".join(f"@{k}" for k in AFTER) + " | seconds a question |")
    for name, curves in regret.items():
        at = np.mean(curves, axis=0)
        each = seconds[name] / count / AFTER[-1]
        click.echo(f"| {name} | " + " | ".join(f"{at[k - 1]:.3f}" for k in AFTER)
                   + f" | {each:.2f} |")  # fmt: skip


if __name__ == "__main__":
    main()

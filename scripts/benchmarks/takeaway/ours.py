"""Trains one contender of ours and predicts: `python -m scripts.benchmarks.takeaway.ours JOB.json`.

The job is that of `peers`, with the `way` to train and its `settings`; the data set's `label`
says what to leave out of the store. The seconds are of what a user would wait for, from the rows
in memory to the predictions; what is asked of the search besides comes after them.
"""

import importlib
import json
import pkgutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from advisor import Advisor, Search
from advisor.data import Dataset, load_dataset, prepare
from advisor.metrics import default_metric
from advisor.models import family_for, get_family
from advisor.predictor.average import Average, Member
from advisor.predictor.predictor import Predictor
from advisor.predictor.summary import SINGLE
from advisor.training.objective import FamilyObjective
from advisor.training.outcome import Outcome
from advisor.training.report import as_report
from knowledge_base.types import Config, ConfigDict, JsonObject
from scripts.benchmarks.advice.held import held_out
from scripts.benchmarks.advice.searches import OptunaSearch
from scripts.benchmarks.experiment import Evaluation, Experimenter, compete
from scripts.benchmarks.takeaway.data import drawn_items, entry_of
from scripts.benchmarks.takeaway.figures import error_of
from scripts.benchmarks.takeaway.peers import CPU, TARGET, Job, Stopwatch, answer, frames

if TYPE_CHECKING:
    from advisor.data.preparation.base import Features

OTHERS = ("ensemble", "folds")
"""What the model might have been made of instead; asked when the seconds are counted."""

BETWEEN = 0.03
"""Seconds between two looks at what the processor spent."""

UNIMPORTED = ("advisor.cli", "advisor.integrations")
"""Parts of the library that no search needs."""


class OneSplit(Experimenter[Config]):
    """Known rows in one split, three quarters to train on; one network per configuration."""

    def __init__(self, dataset: Dataset, seed: int, max_epochs: int | None = None) -> None:
        """Split and prepare.

        Args:
            dataset: the known rows.
            seed: of split and training.
            max_epochs: at most so many; default the library's.
        """
        self.family, self.metric = family_for(dataset.modality), default_metric(dataset.kind)
        self._data = prepare(dataset, seed, 0, False)
        limits: dict[str, Any] = {} if max_epochs is None else {"max_epochs": max_epochs}
        self._objective = FamilyObjective(
            self.family, self._data, self.metric.name, seed, keep=True, **limits
        )

    def evaluate(self, point: Config) -> Evaluation:
        """Train a configuration; one that raises has no value."""
        try:
            outcome = self._objective.evaluate(point, as_report(None))
        except Exception as error:
            outcome = Outcome("failed", error=f"{type(error).__name__}: {error}")
        sign = 1.0 if self.metric.direction == "maximize" else -1.0
        value = outcome.value if outcome.state == "complete" else None
        good = -np.inf if value is None else sign * value
        return Evaluation(good, seconds=outcome.duration or 0.0, outcome=outcome)

    def network(self, config: ConfigDict, outcome: Outcome) -> Average:
        """Return the network that a training left as a model of its own.

        Raises:
            ValueError: it left none.
        """
        if not outcome.fitted or self._data.preparation is None:
            raise ValueError(f"The training left no network: {outcome.error}")
        member = Member(0, config, 1.0, outcome.fitted[:1])
        return Average(self.family, [self._data.preparation], [member])


def default(job: Job) -> None:
    """One network of the library default."""
    _one_split(job, lambda task: (config := task.family.default(), task.evaluate(config)))


def optuna(job: Job) -> None:
    """The best of a search of Optuna's TPE, from nothing, in our search space."""

    def search(task: OneSplit) -> tuple[ConfigDict, Evaluation]:
        def enter() -> OptunaSearch:
            return OptunaSearch("TPESampler", task.family.space(), job["seed"])

        course = compete(enter, task, job["settings"]["trials"])
        best = int(np.argmax(course.val))
        return dict(course.points[best]), course.evaluations[best]

    _one_split(job, search)


def _one_split(job: Job, choose: Callable[[OneSplit], tuple[ConfigDict, Evaluation]]) -> None:
    known, truth = frames(job)
    new = truth.drop(columns=TARGET)
    watch = Stopwatch(job)
    dataset = load_dataset(known, TARGET, job["kind"])
    task = OneSplit(dataset, job["seed"])
    config, evaluation = choose(task)
    assert evaluation.outcome is not None
    network = task.network(config, evaluation.outcome)
    model = Predictor(network, dataset.reading, task.metric.name)
    prediction = model.predict(new)
    answer(job, prediction, {**watch.read(), "said": {"config": config}})


def tune(job: Job) -> None:
    """Our search of a table, by the public face, with the truth as the user's own test rows."""
    known, truth = frames(job)
    new = truth.drop(columns=TARGET)
    with tempfile.TemporaryDirectory() as root:
        advisor = _advisor(job)
        watch = Stopwatch(job)
        settings = dict(job["settings"])
        limit = settings.pop("timeout", None)
        search = advisor.search(
            known, TARGET, kind=job["kind"], test=truth, seed=job["seed"], root=Path(root),
            contribute=False, timeout=limit, **settings,
        )  # fmt: skip
        # The limit is for all of it, what comes before the first trial included.
        search.run(None if limit is None else max(limit - watch.read()["seconds"], 1.0))
        prediction = search.model.predict(new)
        result: JsonObject = {**watch.read(), "said": _said(search)}
        labels = truth[TARGET].to_numpy()

        def error(predicted: np.ndarray) -> float:
            return error_of(job["kind"], labels, predicted)

        for how in OTHERS:
            result["said"][how] = error(_otherwise(search, how).predict(new))
        model, rows = search.model, search.model.read(new).features
        result["said"]["single"] = error(model.labels(_single(search).raw(rows)))
        if job.get("every"):
            each = (model.labels(network.raw(rows)) for network in _networks(search))
            result["said"]["each"] = [error(predicted) for predicted in each]
    answer(job, prediction, result)


def tune_items(job: Job) -> None:
    """Our search of images or texts; the truth are others of the same source."""
    drawn = drawn_items(entry_of(job["label"]), job["seed"])
    if drawn is None:
        raise SystemExit("the source has too few besides the known ones")
    with tempfile.TemporaryDirectory() as root:
        search, prediction, result = _tuned(job, drawn.known, Path(root), drawn.features)
        classes = drawn.known.target.cat.categories.to_numpy(dtype=str)  # type: ignore[attr-defined]
        result["said"]["rows"] = len(drawn.labels)

        def error(raw: np.ndarray) -> float:
            return error_of("classification", drawn.labels, classes[raw.argmax(1)])

        result["error"] = error(prediction)
        for how in OTHERS:
            result["said"][how] = error(_otherwise(search, how).average.raw(drawn.features))
        result["said"]["single"] = error(_single(search).raw(drawn.features))
    answer(job, None, result)


def tune_series(job: Job) -> None:
    """Our search of a series; the truth are its last points, which nothing was chosen by."""
    dataset = entry_of(job["label"]).load()
    with tempfile.TemporaryDirectory() as root:
        search, _, result = _tuned(job, dataset, Path(root), None)
        standings = search.model.standings
        result["error"] = standings[-1].test
        result["said"]["rows"] = dataset.n_rows
        result["said"]["single"] = next(s.test for s in standings if s.name == SINGLE)
        for how in OTHERS:
            result["said"][how] = _otherwise(search, how).standings[-1].test
    answer(job, None, result)


def _tuned(
    job: Job, dataset: Dataset, root: Path, features: "Features | None"
) -> tuple[Search, np.ndarray, JsonObject]:
    """Return a search, what its model predicts if there are features, and the result so far."""
    advisor = _advisor(job)
    watch = Stopwatch(job)
    search = advisor.tune(dataset, seed=job["seed"], root=root, contribute=False, **job["settings"])
    model = search.model
    prediction = np.zeros(0) if features is None else model.average.raw(features)
    return search, prediction, {**watch.read(), "said": _said(search)}


def _advisor(job: Job) -> Advisor:
    """Return an advisor with what ships but the data set and its near-copies."""
    entry = entry_of(job["label"])
    return Advisor(held_out(entry, job["seed"]).past, family=get_family(entry.family))


def _said(search: Search) -> JsonObject:
    """Return what a search came to."""
    model, trials = search.model, search.tuner.trials
    return {
        "trials": len(trials),
        "complete": sum(trial.state == "complete" for trial in trials),
        "members": len(model.average.members),
        "networks": sum(len(member.networks) for member in model.average.members),
        "standings": [standing.to_dict() for standing in model.standings],
    }


def _otherwise(search: Search, how: str) -> Predictor:
    """Return the model that the search would have left with another `final`."""
    return replace(search, settings=replace(search.settings, final=how)).model


def _single(search: Search) -> Average:
    """Return the best configuration's network on the first split, which was all there was once."""
    average = _otherwise(search, "folds").average
    members = [replace(member, networks=member.networks[:1]) for member in average.members]
    return replace(average, members=members, _built={})


def _networks(search: Search) -> Iterator[Average]:
    """Yield the first network of every trial that kept any."""
    kept = search.tuner.study.networks
    assert kept is not None
    preparations = search.model.average.preparations
    for trial in search.tuner.trials:
        found = kept.load(trial.number)
        if found is not None and trial.value is not None:
            member = Member(found.name, dict(trial.config), 1.0, found.networks[:1])
            yield Average(search.model.average.family, preparations, [member])


WAYS: dict[str, Callable[[Job], None]] = {
    "default": default,
    "optuna": optuna,
    "tune": tune,
    "tune_items": tune_items,
    "tune_series": tune_series,
}


FIRST_USED = ("torch._dynamo", "sklearn.impute", "sklearn.preprocessing", "sklearn.model_selection")
"""What PyTorch imports for its first optimiser, and the library for its first data."""


def imported() -> None:
    """Import all of the library that searches need, which otherwise waits until it is used."""
    import advisor

    for module in pkgutil.walk_packages(advisor.__path__, "advisor."):
        if not module.name.startswith(UNIMPORTED):
            importlib.import_module(module.name)
    for name in FIRST_USED:
        importlib.import_module(name)


def run(job: Job) -> None:
    """Train the contender of a job, predict the truth, and write both and the seconds."""
    import torch

    imported()
    if job["way"] == "optuna":
        importlib.import_module("optuna")
    torch.set_num_threads(job["threads"])
    if job["clock"] == CPU:
        limit_by_processor()
    WAYS[job["way"]](job)


def limit_by_processor() -> None:
    """Let time limits count seconds of the processor, so that other work does not shorten them."""
    clock, seen = time.monotonic, [-float("inf"), 0.0]

    def used() -> float:
        # A training asks in every step, and to ask the system takes as long as a step's tenth.
        if (now := clock()) - seen[0] > BETWEEN:
            seen[:] = now, time.process_time()
        return seen[1]

    time.monotonic = used


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))

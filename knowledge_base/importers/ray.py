"""Ray Tune: the folder of an experiment, with one folder per trial.

`experiment_state-*.json` says how trials ended, `result.json` of each trial has a line per
iteration. What Ray pickled, within the first or beside it, is not looked at. Trials that a
scheduler ended are TERMINATED to Ray as complete ones are: they have fewer iterations.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from knowledge_base.errors import ContributionError
from knowledge_base.identity import digest
from knowledge_base.importers.base import ImportOptions
from knowledge_base.importers.contribution import Rejection
from knowledge_base.importers.foreign_files import moment, number, read_document, read_lines
from knowledge_base.importers.inferred import flat
from knowledge_base.importers.runs import Found, Run, RunsImporter
from knowledge_base.naming import did_you_mean
from knowledge_base.states import TrialState
from knowledge_base.types import JsonObject

STATES = {"TERMINATED": TrialState.COMPLETE, "ERROR": TrialState.FAILED}
"""States of trials that ended, by the names that Ray gives them."""

OWN = frozenset({
    "timestamp", "training_iteration", "time_this_iter_s", "time_total_s", "pid",
    "time_since_restore", "iterations_since_restore", "done", "trial_id", "config",
})  # fmt: skip
"""What Ray adds to each result."""

LIMITS = ("epochs", "max_epochs", "num_epochs", "n_epochs", "iterations", "max_iter", "max_t")
"""Parameters by which a trial is meant to be shorter than others."""


class RayImporter(RunsImporter):
    """The results of one experiment of Ray Tune."""

    name = "ray"

    def accepts(self, source: str) -> bool:
        """Return whether it is a folder of an experiment, or of several."""
        return bool(_experiments(Path(source)))

    def runs(self, source: str, options: ImportOptions) -> Found:
        """Read the trials of one experiment.

        Raises:
            ContributionError: there is none, it is not clear which, or its state is damaged.
        """
        folder = _chosen(source, _experiments(Path(source)), options.study)
        known, metric = _states(folder)
        led = _led_by_ours(folder)
        runs: list[Run] = []
        rejected: list[Rejection] = []
        for trial in sorted(path.parent for path in folder.glob("*/params.json")):
            where = f"{folder.name}/{trial.name}"
            try:
                run = _run(folder, trial, where, known)
            except ContributionError as error:
                rejected.append(Rejection(where, f"it cannot be read: {error}"))
            else:
                runs.append(replace(run, told_as=led.get(run.run_id.rpartition("/")[2])))
        longest = max((_length(run) for run in runs), default=0)
        stopped = [run for run in runs if _is_stopped(run, longest)]
        told = (f"{len(stopped)} trials have fewer than {longest} iterations, and count as "
                "stopped early.",) if stopped else ()  # fmt: skip
        runs = [_stopped(run) if run in stopped else run for run in runs]
        return Found(folder.name, runs, metric=metric, rejected=tuple(rejected), warnings=told)


def _experiments(folder: Path) -> list[Path]:
    """Return the folders of experiments that a folder is, or has."""
    for pattern in ("experiment_state-*.json", "*/result.json"):
        if any((path.parent / "params.json").is_file() or pattern[0] == "e"
               for path in folder.glob(pattern)):  # fmt: skip
            return [folder]
    return sorted({path.parent for path in folder.glob("*/experiment_state-*.json")})


def _chosen(source: str, found: list[Path], wanted: str | None) -> Path:
    """Return the experiment that is read.

    Raises:
        ContributionError: there is none, or it is not clear which.
    """
    if not found:
        raise ContributionError(f"{source} is no folder of results of Ray Tune.")
    names = {path.name: path for path in found}
    if wanted is None and len(found) == 1:
        return found[0]
    if wanted in names:
        return names[wanted]
    hint = did_you_mean(wanted or "", names, otherwise=f"There are: {', '.join(names)}.")
    raise ContributionError(f"Say with `study` which experiment of {source} to read. {hint}")


def _states(folder: Path) -> tuple[dict[str, JsonObject], str | None]:
    """Return what the newest state of an experiment says of its trials, and the metric.

    Raises:
        ContributionError: it is damaged.
    """
    files = sorted(folder.glob("experiment_state-*.json"))
    if not files:
        return {}, None
    found = read_document(files[-1])
    known: dict[str, JsonObject] = {}
    try:
        for text, data in found["trial_data"]:
            trial = json.loads(text)
            begun = json.loads(data).get("start_time") if isinstance(data, str) else None
            known[trial["trial_id"]] = {"status": trial.get("status"), "start": begun}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ContributionError(f"{files[-1]} is no state of an experiment: {error!r}.") from error
    runner = found.get("runner_data")
    metric = runner.get("_metric") if isinstance(runner, Mapping) else None
    return known, metric if isinstance(metric, str) else None


def _led_by_ours(folder: Path) -> dict[str, str]:
    """Return under which identity our searcher told each trial, none where it did not lead them.

    Ray asks it to keep its state in the folder, whose name ends as if it were pickled; it is JSON.
    """
    for file in sorted(folder.glob("searcher-state-*"), reverse=True):
        try:
            state = read_document(file)
        except ContributionError:  # Another searcher's.
            continue
        study, told = state.get("study_id"), state.get("told")
        if isinstance(study, str) and isinstance(told, list):
            ids = [one.get("trial_id") for one in told if isinstance(one, dict)]
            return {one: digest("trial", study, "told", one) for one in ids if isinstance(one, str)}
    return {}


def _run(folder: Path, trial: Path, where: str, known: Mapping[str, JsonObject]) -> Run:
    """Read one trial.

    Raises:
        ContributionError: a file of it is damaged.
    """
    params = flat(read_document(trial / "params.json"))
    file = trial / "result.json"
    lines = [line for _, line in read_lines(file)] if file.is_file() else []
    trial_id = next((str(line["trial_id"]) for line in lines if "trial_id" in line), "")
    trial_id = trial_id or _id_of(trial.name, known)
    told = known.get(trial_id, {})
    failed = (trial / "error.txt").is_file() or (trial / "error.pkl").is_file()
    done = bool(lines) and lines[-1].get("done") is True
    state = TrialState.FAILED if failed else TrialState.COMPLETE if done else None
    state = STATES.get(str(told["status"])) if told.get("status") else state
    curves: dict[str, dict[int, float]] = {}
    for place, line in enumerate(lines, 1):
        step = int(number(line.get("training_iteration")) or place)
        told_here = {name: value for name, value in line.items() if name not in OWN}
        for name, value in flat(told_here).items():
            measured = _measured(value)
            if measured is not None:
                curves.setdefault(name, {})[step] = measured
    seconds = number(lines[-1].get("time_total_s")) if lines else None
    return Run(
        run_id=f"{folder.name}/{trial_id}",
        origin=where,
        params=params,
        state=state,
        curves={name: sorted(points.items()) for name, points in curves.items()},
        started_at=moment(told.get("start")),
        seconds=seconds,
        error="the trial failed" if state is TrialState.FAILED else None,
    )


def _measured(value: object) -> float | None:
    """Return a value as a number; Ray writes NaN and infinities as texts in some versions."""
    if isinstance(value, str) and value.lower() in ("nan", "inf", "-inf", "infinity"):
        return math.nan
    return number(value)


def _id_of(name: str, known: Mapping[str, JsonObject]) -> str:
    """Return the trial that a folder without results is of."""
    return next((trial for trial in known if f"_{trial}_" in f"_{name}_"), name)


def _length(run: Run) -> int:
    return max((points[-1][0] for points in run.curves.values() if points), default=0)


def _is_stopped(run: Run, longest: int) -> bool:
    """Return whether a scheduler ended a trial, which Ray does not say."""
    meant = any(
        run.params.get(name) == _length(run)
        for name in run.params
        if name.rpartition(".")[2] in LIMITS
    )
    return run.state is TrialState.COMPLETE and 0 < _length(run) < longest and not meant


def _stopped(run: Run) -> Run:
    return replace(run, state=TrialState.STOPPED)

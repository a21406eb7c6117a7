"""The answer of a study: what it found, what that is worth, what it costs, and how it is used."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.metrics import METRICS
from advisor.models import FAMILIES
from advisor.predictor.saving import DOCUMENT, FOLDER, read_document
from advisor.predictor.summary import Standing, remarks
from advisor.predictor.tensors import WEIGHTS
from advisor.report.content.source import StudySource, error_of
from knowledge_base.errors import UserError
from knowledge_base.records import TrialRecord
from knowledge_base.states import TrialState
from knowledge_base.types import ConfigDict, JsonObject

TITLES = {
    "baseline": "trivial baseline",
    "default": "library default",
    "single": "best single network",
    "final": "final model",
}
"""What people read for the names of standings."""


@dataclass(frozen=True)
class Cost:
    """What a prediction costs.

    Attributes:
        networks: that are averaged.
        configurations: that they are of.
        bytes: of the weights on disk.
        seconds_per_thousand: measured where the model was made, None where it was not.
    """

    networks: int
    configurations: int
    bytes: int
    seconds_per_thousand: float | None


@dataclass(frozen=True)
class Answer:
    """What a study found.

    Attributes:
        sentence: the answer on one line.
        metric, direction: what is optimised.
        value: of the best trial, on validation rows.
        error: its standard error over folds, None of a single fold.
        number: of the best trial.
        config: its hyperparameters.
        standings: the model, the library default and the trivial baseline, in the order in which
            they are read; empty where no model was made.
        remarks: what they mean, in whole sentences.
        cost: of a prediction, None without a model.
        command: what predicts new rows on the command line; None without a model.
        code: the same in Python, or how the best configuration is got.
    """

    sentence: str
    metric: str
    direction: str
    value: float
    error: float | None
    number: int
    config: ConfigDict
    standings: Sequence[Standing]
    remarks: Sequence[str]
    cost: Cost | None
    command: str | None
    code: str


@dataclass(frozen=True)
class NoAnswer:
    """A study without a trial that has a value.

    Attributes:
        sentence: what happened instead, with the most frequent reasons.
    """

    sentence: str


def answer_of(source: StudySource) -> Answer | NoAnswer:
    """Return what a study found, as far as it came."""
    best = source.best
    if best is None or best.value is None:
        return NoAnswer(_why_none(source))
    model = _model(source)
    standings = _standings(source, model)
    path = source.directory.path
    error = error_of(best)
    used = (
        f"import advisor\n\nmodel = advisor.load({str(path)!r})\npredictions = model.predict(NEW)"
    )
    if model is None:
        used = (
            "from knowledge_base.studies import StudyDirectory\n\n"
            f"trials = StudyDirectory.open({str(path)!r}).trials()\n"
            f"config = trials[{source.trials.index(best)}].config"
        )
    return Answer(
        _sentence(source, standings),
        source.metric,
        str(source.directory.task.direction),
        best.value,
        error,
        best.number,
        dict(best.config),
        standings,
        _remarks(source, standings),
        None if model is None else _cost(source, model),
        None if model is None else f"advisor predict {shlex.quote(str(path))} NEW",
        used,
    )


def _sentence(source: StudySource, standings: Sequence[Standing]) -> str:
    """Return the answer on one line: what there is to take away, beside what is easier to have."""
    by_name = {standing.name: standing for standing in standings}
    final, best = by_name.get("final"), source.best
    assert best is not None
    if final is None:
        return (
            f"The best of {_count(len(source.trials))} reached a validation {source.metric} of "
            f"{_around(best.value, error_of(best))} (trial {best.number})."
        )
    tested = final.test is not None

    def worth(one: Standing) -> str:
        return _around(one.test) if tested else _around(one.validation, one.error)

    others = [
        f"{worth(by_name[name])} of the {TITLES[name]}"
        for name in ("default", "baseline")
        if name in by_name
    ]
    beside = f", against {' and '.join(others)}" if others else ""
    also = f" ({_around(final.validation, final.error)} on validation rows)" if tested else ""
    rows = "test" if tested else "validation"
    return f"The final model reaches a {rows} {source.metric} of {worth(final)}{also}{beside}."


def _around(value: float | None, error: float | None = None) -> str:
    if value is None:
        return "unknown"
    return f"{value:.4g}" if error is None else f"{value:.4g} ± {error:.2g}"


def _why_none(source: StudySource) -> str:
    if not source.trials:
        return "No trial has finished yet; the study holds no answer so far."
    errors = [trial.error or f"the trial {trial.state}" for trial in source.trials]
    most = max(set(errors), key=errors.count)
    return (
        f"None of {_count(len(source.trials))} has a value. The most frequent reason, in "
        f"{errors.count(most)} of them: {most}"
    )


def _count(count: int) -> str:
    return f"{count} finished trial{'' if count == 1 else 's'}"


def _model(source: StudySource) -> JsonObject | None:
    """Return the document of the model that the study left, None where there is none."""
    folder = source.directory.path / FOLDER
    if not (folder / DOCUMENT).exists():
        return None
    try:
        return read_document(folder)
    except UserError as error:
        source.directory.warnings.tell(str(error))
        return None


def _standings(source: StudySource, model: JsonObject | None) -> list[Standing]:
    """Return the standings of the model; without one, those of trials, as far as they say."""
    if model is not None:
        try:
            return [Standing.from_dict(item) for item in model.get("standings", ())]
        except (KeyError, TypeError, ValueError):
            source.directory.warnings.tell("The standings of the model cannot be read.")
    found = []
    default = source.directory.space.default()
    if source.directory.task.family in FAMILIES:
        whole = [t for t in source.trials if t.state == TrialState.COMPLETE]
        tried = next((t for t in whole if dict(t.config) == default), None)
        if tried is not None:
            found.append(_of_trial(source, "default", tried))
    if source.best is not None:
        found.append(_of_trial(source, "single", source.best))
    return found


def _of_trial(source: StudySource, name: str, trial: TrialRecord) -> Standing:
    test = trial.metrics.get(f"test_{source.metric}")
    return Standing(name, trial.value, error_of(trial), test)


def _remarks(source: StudySource, standings: Sequence[Standing]) -> list[str]:
    metric = METRICS.get(source.metric)
    return [] if metric is None else remarks(standings, metric)


def _cost(source: StudySource, model: JsonObject) -> Cost:
    members = model.get("members") or []
    weights = source.directory.path / FOLDER / WEIGHTS.format(model.get("weights"))
    seconds = model.get("seconds_per_thousand")
    return Cost(
        sum(len(member.get("folds", ())) for member in members),
        len(members),
        weights.stat().st_size if weights.is_file() else 0,
        float(seconds) if isinstance(seconds, int | float) else None,
    )

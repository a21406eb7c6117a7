"""From the curve of a trial to what went wrong and what to change."""

from collections.abc import Sequence
from dataclasses import replace

from advisor.diagnosis.base import Symptom
from advisor.diagnosis.curve import Curve
from advisor.diagnosis.findings import Diagnosis, Finding
from advisor.diagnosis.symptoms import SYMPTOMS
from advisor.encoding.aliases import match_names
from advisor.encoding.remedies import Remedy
from knowledge_base.records import DatasetRecord, TaskRecord, TrialRecord, best_trial
from knowledge_base.space import Hyperparameter, SpaceDefinition
from knowledge_base.types import Config


def diagnose(
    trial: TrialRecord,
    task: TaskRecord,
    space: SpaceDefinition | None = None,
    n_classes: int | None = None,
    best: float | None = None,
) -> Diagnosis:
    """Read a trial's curve for everything that can go wrong.

    Args:
        trial: with its configuration, state and curve; signals may be missing.
        task: its metric and direction.
        space: what remedies are chosen from; without it all are advice.
        n_classes: how many classes the data set has, if any.
        best: best value known on this task, which says what was possible.
    """
    curve = Curve(trial, task, n_classes, best)
    seen: list[tuple[Symptom, str]] = []
    unjudged = []
    for symptom in SYMPTOMS:
        missing = symptom.missing(curve)
        evidence = None if missing else symptom.see(curve)
        if missing:
            unjudged.append(f"{symptom.title}: {missing}")
        elif evidence:
            seen.append((symptom, evidence))
    findings: list[Finding] = []
    hidden: set[str] = set()
    for symptom, evidence in seen:  # causes come first; what is hidden itself hides nothing
        if symptom.name not in hidden:
            hidden |= set(symptom.hides)
            findings.append(_finding(symptom, evidence, trial, space))
    return Diagnosis(tuple(findings), tuple(unjudged))


def labelled(
    trial: TrialRecord,
    task: TaskRecord,
    space: SpaceDefinition | None,
    dataset: DatasetRecord | None,
    others: Sequence[TrialRecord] = (),
) -> TrialRecord:
    """Return the trial with what went wrong in it as its labels.

    Without a curve nobody can say, and the trial stays without labels.

    Args:
        trial, task, space: as for `diagnose`.
        dataset: that of the task, if any.
        others: trials on the same task, which say what is possible.
    """
    if not trial.curve and trial.state != "diverged":
        return trial
    best = best_trial([*others, trial], task.direction)
    value = None if best is None else best.value
    classes = dataset.n_classes if dataset is not None else None
    return replace(trial, labels=diagnose(trial, task, space, classes, value).labels)


def remedies_for(label: str, space: SpaceDefinition, config: Config) -> list[Remedy]:
    """Return what the space offers against a label, nothing for an unknown one."""
    known = [symptom for symptom in SYMPTOMS if symptom.name == label]
    return _offered(known[0], space, config)[0] if known else []


def _finding(
    symptom: Symptom, evidence: str, trial: TrialRecord, space: SpaceDefinition | None
) -> Finding:
    offered, advice = _offered(symptom, space, trial.config)
    return Finding(symptom.name, symptom.title, evidence, tuple(offered), tuple(advice))


def _offered(
    symptom: Symptom, space: SpaceDefinition | None, config: Config
) -> tuple[list[Remedy], list[str]]:
    """Return the remedies that the space has and the configuration has not, and the others."""
    names = [remedy.hyperparameter for remedy in symptom.remedies]
    found = match_names(names, space.hyperparameters) if space is not None else {}
    offered, advice = [], []
    for remedy in symptom.remedies:
        name = found.get(remedy.hyperparameter)
        if name is None:
            advice.append(f"{remedy.text} (the space has no {remedy.hyperparameter})")
            continue
        assert space is not None
        possible = _possible(remedy, space.hyperparameters[name], config.get(name))
        if possible is not None:
            offered.append(possible)
    return offered, advice


def _possible(remedy: Remedy, h: Hyperparameter, value: object) -> Remedy | None:
    """Return the remedy in terms of a hyperparameter, None where it changes nothing."""
    if value is None:
        return None  # the hyperparameter is inactive
    if h.low is not None and h.high is not None and remedy.direction:
        bound = h.high if remedy.direction == "more" else h.low
        text = f"{remedy.text} ({remedy.direction} than {_text(value)}, up to {bound:g})"
        if remedy.direction == "less":
            text = text.replace("up to", "down to")
        return None if value == bound else replace(remedy, hyperparameter=h.name, text=text)
    legal = tuple(choice for choice in remedy.choices if choice in map(str, h.choices))
    if not legal or str(value) in legal:
        return None
    text = f"{remedy.text} ({' or '.join(legal)} instead of {value})"
    return replace(remedy, hyperparameter=h.name, choices=legal, text=text)


def _text(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)

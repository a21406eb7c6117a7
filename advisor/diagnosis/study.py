"""The diagnosis of a whole study."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from advisor.diagnosis.findings import Diagnosis
from advisor.diagnosis.trial import diagnose
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError
from knowledge_base.finding import named
from knowledge_base.records import TrialRecord, best_trial
from knowledge_base.studies import StudyDirectory
from knowledge_base.types import JsonObject


@dataclass(frozen=True)
class StudyDiagnosis:
    """What was seen in the trials of a study.

    Attributes:
        study: its name.
        metric, direction: those of its task.
        trials: those that were looked at, in their order.
        diagnoses: one for each of them.
        best: number of the best complete trial of the study, None without any.
    """

    study: str
    metric: str
    direction: str
    trials: Sequence[TrialRecord]
    diagnoses: Sequence[Diagnosis]
    best: int | None

    @property
    def counts(self) -> dict[str, int]:
        """How many trials show each symptom, the most frequent first."""
        labels = [label for diagnosis in self.diagnoses for label in diagnosis.labels]
        return {name: labels.count(name) for name in sorted(set(labels), key=lambda n:
                (-labels.count(n), n))}  # fmt: skip

    @property
    def healthy(self) -> int:
        """How many trials show none."""
        return sum(not diagnosis.findings for diagnosis in self.diagnoses)

    def to_dict(self) -> JsonObject:
        """Return it as plain JSON-able types."""
        return {
            "study": self.study,
            "metric": self.metric,
            "direction": self.direction,
            "best": self.best,
            "healthy": self.healthy,
            "counts": self.counts,
            "trials": [
                {
                    "number": trial.number,
                    "state": trial.state,
                    "value": trial.value,
                    "config": dict(trial.config),
                    **diagnosis.to_dict(),
                }
                for trial, diagnosis in zip(self.trials, self.diagnoses, strict=True)
            ],
        }


def diagnose_study(
    study: str | Path,
    trial: int | None = None,
    root: Path | None = None,
    kb: KnowledgeBase | None = None,
) -> StudyDiagnosis:
    """Read the curves of all trials of a study, or of one.

    Args:
        study: its name, as `advisor tune` prints it, or its folder.
        trial: number of the only trial to look at.
        root: folder of study directories; default beside the knowledge base.
        kb: the knowledge base; default the user's own.

    Raises:
        UserError: there is no such study or trial.
    """
    directory = StudyDirectory.open(folder_of(study, root, kb))
    trials = directory.trials()
    best = best_trial(trials, directory.task.direction)
    chosen = [one for one in trials if trial is None or one.number == trial]
    if trial is not None and not chosen:
        there = f"it has the trials 0 to {len(trials) - 1}" if trials else "it has none yet"
        raise UserError(f"The study '{directory.path.name}' has no trial {trial}; {there}.")
    classes = directory.dataset.n_classes if directory.dataset is not None else None
    value = None if best is None else best.value
    return StudyDiagnosis(
        directory.path.name,
        directory.task.metric,
        directory.task.direction,
        chosen,
        [diagnose(one, directory.task, directory.space, classes, value) for one in chosen],
        None if best is None else best.number,
    )


def folder_of(study: str | Path, root: Path | None, kb: KnowledgeBase | None) -> Path:
    """Return the folder of a study.

    Args:
        study, root, kb: as for `diagnose_study`.

    Raises:
        UserError: there is no such study.
    """
    if (Path(study) / "study.json").is_file():
        return Path(study)
    return named(root or (kb or KnowledgeBase()).studies_root, "study.json", str(study))

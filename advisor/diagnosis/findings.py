"""What a diagnosis consists of: findings with their evidence, and remedies."""

from dataclasses import asdict, dataclass

from advisor.encoding.remedies import Remedy
from knowledge_base.types import JsonObject


@dataclass(frozen=True)
class Finding:
    """One thing that went wrong in a trial.

    Attributes:
        name: that of the symptom, such as "overfitting"; stored as the trial's label.
        title: the same for people.
        evidence: numbers and epochs, one sentence.
        remedies: changes within the space.
        advice: what would help too, but is not in the space.
    """

    name: str
    title: str
    evidence: str
    remedies: tuple[Remedy, ...] = ()
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """What was seen in one trial.

    Attributes:
        findings: what went wrong, causes before consequences; empty for a healthy trial.
        unjudged: titles of what could not be judged, with what is missing.
    """

    findings: tuple[Finding, ...] = ()
    unjudged: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the findings, as the knowledge base keeps them."""
        return tuple(finding.name for finding in self.findings)

    def to_dict(self) -> JsonObject:
        """Return it as plain JSON-able types."""
        return {
            "labels": list(self.labels),
            "findings": [asdict(finding) for finding in self.findings],
            "unjudged": list(self.unjudged),
        }

"""Contributions and reports of what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from knowledge_base.bundle import Bundle
from knowledge_base.types import JsonObject


@dataclass(frozen=True)
class Rejection:
    """A row that was not accepted: where it stands, and why."""

    where: str
    reason: str


@dataclass(frozen=True)
class Contribution:
    """What an importer read: the good rows as a bundle, the others with reasons.

    Attributes:
        bundle: the good rows, with everything that they belong to.
        rejected: the others.
        warnings: remarks on the contribution as a whole.
        runs_have_starts: whether a trial of the same task, number, start and value is the same
            run. Trials of Optuna that older versions imported have other identities.
        others: whether somebody else's file says who contributed what; it may say anything.
        known_as: by the identity of a trial all that the same run may have in a store, such as what
            a searcher of ours told of it; it is a duplicate where one of these is there.
    """

    bundle: Bundle
    rejected: tuple[Rejection, ...] = ()
    warnings: tuple[str, ...] = ()
    runs_have_starts: bool = False
    others: bool = False
    known_as: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class ContributionReport:
    """What became of a contribution.

    Attributes:
        accepted: trials that are new.
        duplicates: trials that were there already, or twice in the contribution.
        rejected: rows that are not valid; they never block the others.
        warnings: remarks on the contribution as a whole.
        dry_run: whether nothing was written.
    """

    accepted: int
    duplicates: int
    rejected: tuple[Rejection, ...] = ()
    warnings: tuple[str, ...] = ()
    dry_run: bool = False

    def to_dict(self) -> JsonObject:
        """Return the report as plain JSON-able types."""
        return {**asdict(self), "rejected": [asdict(item) for item in self.rejected]}

    def summary(self) -> str:
        """Return the counts in one line."""
        verb = "Would accept" if self.dry_run else "Accepted"
        return (
            f"{verb} {_count(self.accepted, 'trial')}; {_count(self.duplicates, 'duplicate')}, "
            f"{len(self.rejected)} rejected."
        )

    @property
    def useless(self) -> bool:
        """Whether there were rows, and every one of them was rejected."""
        return bool(self.rejected) and not self.accepted and not self.duplicates


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"

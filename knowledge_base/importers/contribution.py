"""Contributions, adding them to a knowledge base, and reports of what became of them."""

from dataclasses import asdict, dataclass

from knowledge_base.bundle import Bundle
from knowledge_base.store import KnowledgeBase
from knowledge_base.types import JsonObject


@dataclass(frozen=True)
class Rejection:
    """A row that was not accepted: where it stands, and why."""

    where: str
    reason: str


@dataclass(frozen=True)
class Contribution:
    """What an importer read: the good rows as a bundle, the others with reasons."""

    bundle: Bundle
    rejected: tuple[Rejection, ...] = ()
    warnings: tuple[str, ...] = ()


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


def contribute(
    kb: KnowledgeBase, contribution: Contribution, dry_run: bool = False
) -> ContributionReport:
    """Add the good rows to a knowledge base, or only say what would happen.

    A row never takes the place of one that is there: see `screening`.

    Raises:
        KnowledgeBaseError: the knowledge base is not usable; nothing was stored.
    """
    from knowledge_base.importers.screening import screened

    kept, rejected, duplicates = screened(kb, contribution.bundle)
    if not dry_run and len(kept):
        kb.append(kept)
        kb.try_fold()
    return ContributionReport(
        accepted=len(kept),
        duplicates=duplicates,
        rejected=(*contribution.rejected, *rejected),
        warnings=(*contribution.warnings, *kb.warnings),
        dry_run=dry_run,
    )

"""Contributions, adding them to a knowledge base, and reports of what became of them."""

from dataclasses import asdict, dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from knowledge_base.bundle import Bundle
from knowledge_base.errors import UserError
from knowledge_base.schema import TABLES
from knowledge_base.store import KnowledgeBase
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
    """

    bundle: Bundle
    rejected: tuple[Rejection, ...] = ()
    warnings: tuple[str, ...] = ()
    runs_have_starts: bool = False


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

    Raises:
        KnowledgeBaseError: the knowledge base is not usable.
    """
    bundle = contribution.bundle
    ids = bundle["trials"]["trial_id"].to_pylist()
    if contribution.runs_have_starts:
        bundle = _without(bundle, _same_runs(kb, bundle))
    left = list(dict.fromkeys(bundle["trials"]["trial_id"].to_pylist()))
    new = len(left) - len(kb.existing_trials(left))
    if not dry_run and new:
        kb.append(bundle)
        kb.fold()
    return ContributionReport(
        accepted=new,
        duplicates=len(ids) - new,
        rejected=contribution.rejected,
        warnings=contribution.warnings,
        dry_run=dry_run,
    )


def _same_runs(kb: KnowledgeBase, bundle: Bundle) -> set[str]:
    """Return the trials of a bundle of which the same run is stored under another identity."""
    found: set[str] = set()
    trials = bundle["trials"].to_pandas()
    tasks = dict(zip(*(bundle["studies"][c].to_pylist() for c in ("study_id", "task_id")),
                     strict=True))  # fmt: skip
    for task_id, group in trials.groupby(trials["study_id"].map(tasks)):
        try:
            stored = kb.trials(task=str(task_id))
        except UserError:  # Nothing of this task is stored.
            continue
        known = set(_runs(stored))
        found |= {
            trial_id
            for trial_id, run in zip(group["trial_id"], _runs(group), strict=True)
            if run in known and run[1]
        }
    return found - kb.existing_trials(list(found))


def _runs(trials: pd.DataFrame) -> list[tuple[int, int | None, str]]:
    """Return number, start in microseconds and value of each trial."""
    starts = pd.to_datetime(trials["started_at"], utc=True).dt.as_unit("us")
    return [
        (int(number), None if pd.isna(start) else start.value, repr(value))
        for number, start, value in zip(
            trials["number"], starts, trials["value"].astype(float), strict=True
        )
    ]


def _without(bundle: Bundle, trial_ids: set[str]) -> Bundle:
    """Return a bundle without some trials and their curves."""
    if not trial_ids:
        return bundle
    gone = pa.array(sorted(trial_ids), pa.string())
    kept = {name: bundle[name] for name in TABLES}
    for name in ("trials", "curves"):
        kept[name] = kept[name].filter(pc.invert(pc.is_in(kept[name]["trial_id"], gone)))
    return Bundle(kept)

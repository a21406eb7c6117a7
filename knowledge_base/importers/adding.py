"""Adding a contribution to a knowledge base."""

from collections import Counter

import pandas as pd

from knowledge_base.bundle import Bundle
from knowledge_base.errors import UserError
from knowledge_base.importers.checks import with_trials
from knowledge_base.importers.contribution import Contribution, ContributionReport
from knowledge_base.importers.screening import screened
from knowledge_base.store import KnowledgeBase


def contribute(
    kb: KnowledgeBase, contribution: Contribution, dry_run: bool = False
) -> ContributionReport:
    """Add the good rows to a knowledge base, or only say what would happen.

    A row never takes the place of one that is there: see `screening`.

    Raises:
        KnowledgeBaseError: the knowledge base is not usable; nothing was stored.
    """
    bundle, same_runs = contribution.bundle, _told(kb, contribution)
    if contribution.runs_have_starts:
        same_runs |= _same_runs(kb, bundle)
    if same_runs:
        ids = bundle["trials"]["trial_id"].to_pylist()
        bundle = with_trials(bundle, [trial_id not in same_runs for trial_id in ids])
    kept, rejected, duplicates = screened(kb, bundle)
    if not dry_run and len(kept):
        if contribution.others:  # Before its trials: whatever happens, they are not taken for own.
            kb.tell_import(_counts(kept))
        kb.append(kept)
        kb.try_fold()
    return ContributionReport(
        accepted=len(kept),
        duplicates=duplicates + len(same_runs),
        rejected=(*contribution.rejected, *rejected),
        warnings=(*contribution.warnings, *kb.warnings),
        dry_run=dry_run,
    )


def _counts(bundle: Bundle) -> dict[str, tuple[str | None, int]]:
    """Return whose each study of a bundle is, as it says, and its number of trials."""
    trials = Counter(bundle["trials"]["study_id"].to_pylist())
    whose = zip(*(bundle["studies"][c].to_pylist() for c in ("study_id", "contributor")),
                strict=True)  # fmt: skip
    return {study: (name, trials[study]) for study, name in whose}


def _told(kb: KnowledgeBase, contribution: Contribution) -> set[str]:
    """Return the trials of which the run is stored under an identity that it may have."""
    known = contribution.known_as
    there = kb.existing_trials([identity for every in known.values() for identity in every])
    of_bundle = set(contribution.bundle["trials"]["trial_id"].to_pylist())
    return {trial for trial, every in known.items() if trial in of_bundle and there & set(every)}


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

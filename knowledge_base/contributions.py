"""What is said of contributions: who made them, what became of them, and the lines of the log."""

import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import pyarrow as pa

from knowledge_base.hiding import IMPORT
from knowledge_base.schema import CURATION
from knowledge_base.types import JsonObject

EPOCH = datetime.fromtimestamp(0, UTC)

_COUNTED = (
    "SELECT study_id, task_id, contributor, created_at, source, layer, n AS trials, "
    "in_quarantine IS NOT NULL AS quarantined FROM studies "
    "LEFT JOIN (SELECT study_id, count(*) AS n FROM trials GROUP BY ALL) USING (study_id) "
    "LEFT JOIN (SELECT study_id AS in_quarantine FROM hidden) ON study_id = in_quarantine"
)

CONTRIBUTORS = (
    "SELECT coalesce(contributor, '') AS name, layer, sum(coalesce(trials, 0))::BIGINT AS trials, "
    "count(DISTINCT task_id) AS tasks, count(*) AS studies, min(created_at) AS first, "
    "max(created_at) AS last, CASE WHEN bool_and(quarantined) THEN 'yes' "
    "WHEN bool_or(quarantined) THEN 'partly' ELSE 'no' END AS quarantined "
    f"FROM ({_COUNTED}) GROUP BY ALL ORDER BY layer, trials DESC, name"
)

LOG = (
    "SELECT id, logged_at, who, action, contributor, study_id, trials, detail FROM kb_log_rows "
    "UNION ALL SELECT study_id, created_at, coalesce(contributor, ''), 'contribution', "
    f"contributor, study_id, trials, source FROM ({_COUNTED}) WHERE layer = 'user' AND study_id "
    f"NOT IN (SELECT study_id FROM kb_log_rows WHERE action = '{IMPORT}') "
    "ORDER BY logged_at DESC NULLS LAST, id"
)

IMPORTED = f"SELECT DISTINCT study_id FROM kb_log_rows WHERE action = '{IMPORT}'"


@dataclass(frozen=True)
class TakenBack:
    """What was put into quarantine, lifted or dropped.

    Attributes:
        action: "quarantine", "lift" or "drop".
        contributor, study_id, since: what it was by, None where that was not said.
        studies, trials: how many it is about now; None where the database could not be read.
        stored: whether it is in the database already, or waits beside it, in force as well.
    """

    action: str
    contributor: str | None
    study_id: str | None
    since: datetime | None
    studies: int | None
    trials: int | None
    stored: bool = True

    def to_dict(self) -> JsonObject:
        """Return it as plain JSON-able types."""
        return {**asdict(self), "since": None if self.since is None else self.since.isoformat()}


def criteria(asked: TakenBack) -> JsonObject:
    """Return what it is by, as columns of the table `quarantine`."""
    return {name: getattr(asked, name) for name in ("contributor", "study_id", "since")}


def log_row(asked: TakenBack, who: str, now: datetime, reason: str) -> JsonObject:
    """Return a row of the log that says what was done."""
    since = None if asked.since is None else f"since {asked.since:%Y-%m-%d %H:%M} UTC"
    return {
        "id": uuid.uuid4().hex,
        "logged_at": now,
        "who": who,
        "action": asked.action,
        "contributor": asked.contributor,
        "study_id": asked.study_id,
        "trials": asked.trials,
        "detail": "; ".join(part for part in (since, reason) if part) or None,
    }


def log_table(rows: list[JsonObject]) -> pa.Table:
    """Return rows of the log as a table."""
    return pa.Table.from_pylist(rows, schema=CURATION["kb_log"])


def import_row(who: str, now: datetime, name: str | None, study_id: str, n: int) -> JsonObject:
    """Return a row of the log that says that a study came with somebody else's file."""
    return {
        "id": uuid.uuid4().hex,
        "logged_at": now,
        "who": who,
        "action": IMPORT,
        "contributor": name,
        "study_id": study_id,
        "trials": n,
        "detail": None,
    }

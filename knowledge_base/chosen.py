"""Studies by the names that people see, and not only by identities."""

from collections.abc import Sequence

from knowledge_base.errors import UserError
from knowledge_base.naming import nearest
from knowledge_base.reader import Reader


def studies_called(kb: Reader, text: str) -> list[str]:
    """Return the identities of the studies of a name, or of the one whose identity begins so.

    Args:
        kb: what is looked into.
        text: a name, as `tune` prints it, or the first characters of an identity.

    Returns:
        One identity or several, newest first: names are not unique.

    Raises:
        UserError: nothing is called so; the nearest name is suggested.
    """
    studies = kb.studies()
    named = studies.loc[studies["name"] == text, "study_id"].tolist()
    if named:
        return [str(study) for study in named]
    begun = studies.loc[studies["study_id"].str.startswith(text), "study_id"].tolist()
    if len(text) >= MIN_CHARACTERS and len(begun) == 1:
        return [str(begun[0])]
    near = nearest(text, _own_first(studies["name"].tolist()))
    hint = f"Did you mean '{near}'?" if near else "`advisor kb studies` lists them."
    raise UserError(f"No study is called '{text}', and no single identity begins so. {hint}")


MIN_CHARACTERS = 6
"""Characters of an identity that stand for it at least."""


def _own_first(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))


def own_trials(kb: Reader) -> dict[str, int]:
    """Return how many trials of the user's own each task has, by its identity; none is missing."""
    sql = (
        "SELECT task_id, count(*)::BIGINT AS n FROM trials JOIN (SELECT study_id, task_id FROM "
        "studies) USING (study_id) WHERE layer = 'user' GROUP BY task_id"
    )
    found = kb.query(sql)
    return {str(task): int(n) for task, n in zip(found["task_id"], found["n"], strict=True)}

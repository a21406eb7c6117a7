"""What leaves the machine: an export without paths, tracebacks and names that nobody chose.

A store of one's own keeps everything, since it helps its owner: whole tracebacks, where a row was
read, who ran what. What is passed on keeps what others can learn from. Identities stay: that of
a trial is made of its study and number, or of what it tried and reached, never of its error.
"""

import getpass
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from knowledge_base.bundle import Bundle
from knowledge_base.identity import canonical_json
from knowledge_base.limits import read_json
from knowledge_base.records import TAKEN
from knowledge_base.schema import TABLES
from knowledge_base.scrubbing import holds_path, scrubbed, without_own_paths, without_paths

MACHINE = ("system", "architecture", "cores", "device")
"""What is told of the machine of a study; of one without a name, the last two."""

CONTRIBUTOR = "ADVISOR_CONTRIBUTOR"
"""The variable with which a user chose what he is called."""

LISTED = 12
"""Names that are listed before the rest is counted."""


@dataclass(frozen=True)
class Passed:
    """What is passed on, and what it tells.

    Attributes:
        bundle: the rows.
        told: what leaves the machine, line by line, for whoever decides on it.
        left_out: what stays, since it could not be passed on without a path; line by line.
    """

    bundle: Bundle
    told: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def passed_on(bundle: Bundle, anonymous: bool = False, contributor: str | None = None) -> Passed:
    """Return rows as they may be passed on, which changes nothing if it was done before.

    Args:
        bundle: any rows, with everything that they refer to.
        anonymous: leave out who, when, on what machine, and what data sets and studies are
            called; only what a task without a data set is called stays, which is its identity.
        contributor: what the user's own studies say of who ran them. Without it a name that he
            chose stays (`CONTRIBUTOR`), and the name of his login, which he did not, goes.
    """
    bundle, left_out = _without_paths_in_spaces(bundle)
    tables = {name: bundle[name] for name in TABLES}
    tables["trials"] = _trials(tables["trials"], anonymous)
    tables["studies"] = _studies(tables["studies"], anonymous, contributor)
    for column, change in (("name", without_paths), ("source", without_own_paths)):
        tables["datasets"] = _mapped(tables["datasets"], column, change)
    # What a task is called without a data set is a part of its identity.
    kept = tables["tasks"]["dataset_id"].is_null()
    tables["tasks"] = _mapped(tables["tasks"], "name", without_paths, kept)
    if anonymous:
        tables["datasets"] = _nameless(tables["datasets"])
        tables["tasks"] = _nameless(tables["tasks"])
    passed = Bundle(tables)
    return Passed(passed, _told(passed, anonymous), left_out)


def _trials(trials: pa.Table, anonymous: bool) -> pa.Table:
    trials = _mapped(trials, "error", scrubbed)
    trials = _mapped(trials, "origin", partial(_origin, anonymous=anonymous))
    return _emptied(trials, ["started_at"]) if anonymous else trials


def _origin(text: str | None, anonymous: bool) -> str | None:
    if text is None or text.startswith(TAKEN):  # Which trial it was taken from has a meaning.
        return text
    return None if anonymous else without_paths(text)


def _studies(studies: pa.Table, anonymous: bool, contributor: str | None) -> pa.Table:
    for column in ("name", "source"):
        studies = _mapped(studies, column, without_paths)
    studies = _mapped(studies, "machine", partial(_machine, anonymous=anonymous))
    if not anonymous:
        return _mapped(studies, "contributor", partial(_contributor, chosen=contributor))
    days = pc.floor_temporal(studies["created_at"], unit="day").cast(
        TABLES["studies"].field("created_at").type
    )
    short = pa.array([f"study-{name[:8]}" for name in studies["study_id"].to_pylist()], pa.string())
    studies = _emptied(studies, ["contributor"])
    return _put(_put(studies, "created_at", days), "name", short)


def _contributor(name: str | None, chosen: str | None) -> str | None:
    """Return who ran a study: as the user wants, others as they are stored."""
    named = os.environ.get(CONTRIBUTOR)
    if name is not None and name in {named, _login()}:
        return chosen if chosen is not None else (name if name == named else None)
    return name


def _login() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry
        return None


def _machine(text: str | None, anonymous: bool) -> str | None:
    """Return what is told of a machine, which may say more in what others' programs stored."""
    if text is None:
        return None
    try:
        found = read_json(text, "the machine")
    except ValueError:
        return "{}"
    wanted = MACHINE[2:] if anonymous else MACHINE
    known = found.items() if isinstance(found, dict) else ()
    return canonical_json({name: value for name, value in known if name in wanted})


def _nameless(table: pa.Table) -> pa.Table:
    """Return data sets, or the tasks of data sets, called by the beginning of the fingerprint."""
    ids, names = table["dataset_id"].to_pylist(), table["name"].to_pylist()
    called = [name if known is None else f"data-{known[:8]}"
              for known, name in zip(ids, names, strict=True)]  # fmt: skip
    table = _put(table, "name", pa.array(called, pa.string()))
    return _emptied(table, [c for c in ("source", "licence") if c in table.column_names])


def _without_paths_in_spaces(bundle: Bundle) -> tuple[Bundle, list[str]]:
    """Leave out the spaces with an absolute path in them, and what was tried in those.

    The path is a value that was tried: without it, they would be other trials.
    """
    spaces = bundle["spaces"]
    texts = zip(spaces["space_id"].to_pylist(), spaces["name"].to_pylist(),
                spaces["definition"].to_pylist(), strict=True)  # fmt: skip
    found = {space: name for space, name, text in texts if holds_path(text)}
    if not found:
        return bundle, []
    tables = {name: bundle[name] for name in TABLES}
    tables["spaces"] = _except(spaces, "space_id", found)
    studies = bundle["studies"]
    tables["studies"] = _except(studies, "space_id", found)
    left = set(tables["studies"]["study_id"].to_pylist())
    gone = [study for study in studies["study_id"].to_pylist() if study not in left]
    tables["trials"] = _except(bundle["trials"], "study_id", gone)
    kept = tables["trials"]["trial_id"].combine_chunks()
    tables["curves"] = bundle["curves"].filter(
        pc.is_in(bundle["curves"]["trial_id"], value_set=kept)
    )
    count = bundle["trials"].num_rows - tables["trials"].num_rows
    names = ", ".join(sorted(set(found.values())))
    return Bundle(tables), [
        f"{count} trials in the spaces {names}: a choice there is an absolute path, without which "
        "they would be other trials."
    ]


def _told(bundle: Bundle, anonymous: bool) -> list[str]:
    """Return what leaves the machine, field by field."""
    trials, studies = bundle["trials"], bundle["studies"]
    errors = len(trials) - trials["error"].null_count
    names = pc.fill_null(studies["contributor"], "nobody named").to_pylist()
    who = [f"{name} ({names.count(name)})" for name in dict.fromkeys(names)]
    when = "day" if anonymous else "time"
    machine = ", ".join(MACHINE[2:] if anonymous else MACHINE)
    metafeatures = len(set(bundle["metafeatures"]["name"].to_pylist()))
    targets = [name for name in bundle["tasks"]["target"].to_pylist() if name is not None]
    started = "" if anonymous else ", when it began, file and line that it was read from"
    return [
        f"{len(trials)} trials: configuration, state, value, metrics, seconds, epochs, "
        f"parameters, seed, diagnoses{started}; {errors} with an error: its kind and the first "
        "line of its message, without quotations, numbers and paths",
        f"{len(bundle['curves'])} epochs of learning curves",
        f"{len(studies)} studies: name, strategy, seed, source, {when}, versions of packages, "
        f"and of the machine {machine}",
        f"contributors: {_listed(who)}",
        f"{len(bundle['datasets'])} data sets, no row of them: fingerprint, name, kind, numbers "
        f"of rows, columns and classes, source, licence: "
        f"{_listed(bundle['datasets']['name'].to_pylist())}",
        f"{metafeatures} metafeatures of each: numbers that describe it as a whole",
        f"{len(bundle['tasks'])} tasks: name, metric, direction, family",
        f"names of the columns that are predicted: {_listed(targets)}; no other column is named",
        f"{len(bundle['spaces'])} search spaces: names, bounds and choices of hyperparameters: "
        f"{_listed(bundle['spaces']['name'].to_pylist())}",
    ]


def _listed(names: Collection[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = len(distinct) - LISTED
    shown = ", ".join(distinct[:LISTED]) or "none"
    return f"{shown} and {more} more" if more > 0 else shown


def _mapped(
    table: pa.Table,
    column: str,
    change: Callable[[str | None], str | None],
    kept: pa.ChunkedArray | None = None,
) -> pa.Table:
    """Return a table with another text in a column; each distinct text is looked at once.

    Args:
        table: any table.
        column: of texts.
        change: returns what stands there instead.
        kept: rows that stay as they are, boolean.
    """
    texts = table[column].to_pylist()
    made = {text: change(text) for text in set(texts)}
    stays = [False] * len(texts) if kept is None else kept.to_pylist()
    cells = [text if same else made[text] for text, same in zip(texts, stays, strict=True)]
    return _put(table, column, pa.array(cells, pa.string()))


def _emptied(table: pa.Table, columns: Collection[str]) -> pa.Table:
    for column in columns:
        table = _put(table, column, pa.nulls(len(table), table.schema.field(column).type))
    return table


def _put(table: pa.Table, column: str, cells: pa.Array | pa.ChunkedArray) -> pa.Table:
    place = table.column_names.index(column)
    return table.set_column(place, table.schema.field(place), cells)


def _except(table: pa.Table, column: str, values: Collection[str]) -> pa.Table:
    wanted = pa.array(list(values), pa.string())
    return table.filter(pc.invert(pc.is_in(table[column], value_set=wanted)))

"""The studies of Optuna's storages, read from copies: the files themselves are only looked at.

Optuna makes its tables in every SQLite file that it opens, and a journal file where there is none.
"""

import os
import re
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge_base.errors import ContributionError
from knowledge_base.limits import check_inside

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial

MAX_STORAGE = 2**32
"""Bytes of the largest storage that is read."""

BESIDE = ("-wal", "-journal")
"""What SQLite writes beside a database; what is in there belongs to it."""

_SUPER_JOURNAL = bytes.fromhex("d9d505f920a163d7")
"""What a rollback journal of SQLite ends with if it names another file (sqlite.org/fileformat)."""

COPIES = 5
"""How often a storage is copied that changes meanwhile."""

TASK = "advisor:task"
"""System attribute of a study in which `AdvisorSampler` keeps what its task is called."""

TOLD_AS = "advisor:trial"
"""System attribute of a trial that was exported from here: its identity there."""

TASK_PARTS = ("name", "metric", "family")
"""What it holds."""

_TABLES = {"studies", "trials", "version_info"}

SERVERS = ("postgresql", "mysql", "mariadb", "oracle", "mssql", "cockroachdb")
"""Databases of SQLAlchemy that are no files; a driver may follow, after a plus."""


@dataclass(frozen=True)
class StoredStudy:
    """A study as its storage has it.

    Attributes:
        name, directions, trials: of Optuna.
        task: name, metric and family as `AdvisorSampler` wrote them, as far as it did.
    """

    name: str
    directions: Sequence[str]
    trials: Sequence["FrozenTrial"]
    task: Mapping[str, str]


def read_study(source: str, name: str | None) -> StoredStudy:
    """Return a study of a storage, the only one where no name is given.

    Raises:
        ContributionError: Optuna is not installed, there is no such storage or study.
    """
    try:
        import optuna
    except ImportError:
        raise ContributionError(
            "Optuna is not installed; run: pip install 'advisor-automl[optuna]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if is_server(source):
        return _from_server(source, name)
    path, is_sqlite = storage_file(source)
    try:
        with (
            warnings.catch_warnings(),
            copied_database(path) as copy,
            _opened(copy, is_sqlite) as storage,
        ):
            warnings.simplefilter("ignore")  # It warns of choices that are already stored.
            found = _chosen(optuna.get_all_study_names(storage), name, source)
            return of_object(optuna.load_study(study_name=found, storage=storage))
    except ContributionError:
        raise
    except Exception as error:  # Its drivers raise errors of many kinds for other files.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ContributionError(f"{source} is not an Optuna storage: {reason[:200]}") from error


def of_object(study: "Study") -> StoredStudy:
    """Return what a study of Optuna holds."""
    directions = [direction.name.lower() for direction in study.directions]
    kept = study._storage.get_study_system_attrs(study._study_id).get(TASK)
    said = kept if isinstance(kept, dict) else {}
    task = {name: said[name] for name in TASK_PARTS if isinstance(said.get(name), str)}
    return StoredStudy(study.study_name, directions, study.get_trials(deepcopy=False), task)


def is_server(source: str) -> bool:
    """Return whether it is the address of a database that is no file."""
    scheme, sign, _ = source.partition("://")
    return bool(sign) and scheme.partition("+")[0] in SERVERS


def without_password(source: str) -> str:
    """Return an address without what is between the name of a user and the server."""
    return re.sub(r"://([^:/@]*):[^@/]*@", r"://\1:***@", source) if is_server(source) else source


def _from_server(source: str, name: str | None) -> StoredStudy:
    """Read a study of a database of a server, which is only read from.

    Raises:
        ContributionError: it cannot be reached, is no storage of Optuna, or has no such study.
    """
    import optuna
    from sqlalchemy import create_engine, inspect

    shown = without_password(source)
    try:
        engine = create_engine(source)
        try:
            there = set(inspect(engine).get_table_names())
        finally:
            engine.dispose()
        if not there >= _TABLES:  # Optuna would make its tables.
            raise ContributionError(f"{shown} is not an Optuna storage: it lacks its tables.")
        storage = optuna.storages.RDBStorage(source)
        found = _chosen(optuna.get_all_study_names(storage), name, shown)
        return of_object(optuna.load_study(study_name=found, storage=storage))
    except ContributionError:
        raise
    except Exception as error:  # Drivers raise errors of many kinds.
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ContributionError(f"{shown} cannot be read: {reason[:200]}") from error


def storage_file(source: str) -> tuple[Path, bool]:
    """Return the file of a storage, and whether it is one of SQLite.

    Raises:
        ContributionError: there is none, or it is too large.
        DamagedFileError: what lies beside it is a link to another folder.
    """
    is_sqlite = source.startswith("sqlite")
    if is_sqlite:
        given = source.partition("://")[2].removeprefix("/").partition("?")[0]
    else:
        given = source.removeprefix("journal://").removeprefix("journal:")
    if not given or not Path(given).is_file():
        raise ContributionError(f"The storage {given or source} does not exist.")
    path = Path(given).resolve()  # The user may name a link; nothing beside the file may be one.
    for ending in BESIDE:
        check_inside(Path(f"{path}{ending}"))
    if path.stat().st_size > MAX_STORAGE:
        raise ContributionError(
            f"The Optuna storage {path} is larger than {MAX_STORAGE // 2**30} GiB."
        )
    return path, is_sqlite


def has_tables(source: str, names: set[str]) -> bool:
    """Return whether a file is a database of SQLite with these tables; it is only looked at."""
    try:
        path, _ = storage_file(source if source.startswith("sqlite") else f"sqlite:///{source}")
        address = f"file:{path.as_posix().replace('?', '%3f').replace('#', '%23')}"
        with closing(sqlite3.connect(f"{address}?mode=ro&immutable=1", uri=True)) as connection:
            sql = "SELECT name FROM sqlite_master WHERE type = 'table'"
            return {row[0] for row in connection.execute(sql)} >= names
    except (ContributionError, sqlite3.Error, OSError, ValueError):
        return False


@contextmanager
def copied_database(path: Path) -> Iterator[Path]:
    """Give a copy of a file, and of what belongs to it, that did not change meanwhile."""
    with tempfile.TemporaryDirectory(prefix="advisor-optuna-") as folder:
        copy = Path(folder) / "storage"
        for attempt in range(COPIES):
            before = _state(path)
            for ending in ("", *BESIDE):
                beside = Path(f"{path}{ending}")
                target = Path(f"{copy}{ending}")
                target.unlink(missing_ok=True)
                if beside.is_file():
                    shutil.copyfile(beside, target)
            if _state(path) == before:
                break
            if attempt == COPIES - 1:
                raise ContributionError(
                    f"The Optuna storage {path} is being written to; try again in a moment."
                )
        _check_journal(Path(f"{copy}-journal"), path)
        yield copy


def _check_journal(journal: Path, path: Path) -> None:
    """Refuse a storage whose rollback journal names another file.

    SQLite writes such a name in transactions over several databases. Whoever opens the database
    after a crash opens, and in the end deletes, the file of that name, wherever it lies.

    Raises:
        ContributionError: it names one.
    """
    if not journal.is_file() or journal.stat().st_size < len(_SUPER_JOURNAL):
        return
    with journal.open("rb") as file:
        file.seek(-len(_SUPER_JOURNAL), os.SEEK_END)
        if file.read() == _SUPER_JOURNAL:
            raise ContributionError(
                f"The Optuna storage {path} belongs to a transaction over several files that was "
                "cut off; open it once with Optuna where it was made."
            )


def _state(path: Path) -> list[tuple[int, int] | None]:
    """Return sizes and times of a file and of what belongs to it."""
    found: list[tuple[int, int] | None] = []
    for ending in ("", *BESIDE):
        try:
            status = Path(f"{path}{ending}").stat()
        except FileNotFoundError:
            found.append(None)
        else:
            found.append((status.st_size, status.st_mtime_ns))
    return found


@contextmanager
def _opened(copy: Path, is_sqlite: bool) -> Iterator["BaseStorage"]:
    """Give the storage in a file, closed in the end."""
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    if not is_sqlite:
        yield JournalStorage(JournalFileBackend(str(copy)))
        return
    if not copy.stat().st_size:
        raise ValueError("the file is empty.")
    with closing(sqlite3.connect(copy)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    if not {row[0] for row in rows} >= _TABLES:
        raise ValueError("it is a database of another kind.")
    storage = RDBStorage(f"sqlite:///{copy}")
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _chosen(names: Sequence[str], name: str | None, source: str) -> str:
    if name is None and len(names) == 1:
        return names[0]
    if name is None or name not in names:
        listed = ", ".join(sorted(names)) or "none"
        raise ContributionError(f"Say which study of {source} with `study`; it has: {listed}.")
    return name

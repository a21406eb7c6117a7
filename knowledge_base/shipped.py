"""The trials that ship with the package, as files.

Small tables are one Parquet file each. Those of trials and learning curves are a folder with a
file per model family, so that a question about one family reads nothing of the others.
"""

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from knowledge_base.bundle import Bundle, read_table, write_table
from knowledge_base.checksums import check_folder, write_checksums
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.schema import TABLES

SEED = Path(__file__).parent / "seed"
BY_FAMILY = ("trials", "curves")


def shipped_files(folder: Path, table: str, family: str | None = None) -> list[Path]:
    """Return the files that hold a table; with `family` only its own, where files are divided.

    A folder that was exported, in which no table is divided, will do as well.
    """
    whole = folder / f"{table}.parquet"
    if whole.is_file():
        return [whole]
    if family is not None and table in BY_FAMILY:
        path = folder / table / f"{family}.parquet"
        return [path] if path.is_file() else []
    return sorted((folder / table).glob("*.parquet"))


def read_shipped(folder: Path, families: Collection[str] | None = None) -> Bundle:
    """Return everything that ships, or the trials and curves of some families only.

    Raises:
        KnowledgeBaseError: the folder holds nothing, or a file is damaged.
    """
    tables = {}
    for table in TABLES:
        files = shipped_files(folder, table)
        if table in BY_FAMILY and families is not None:
            files = [path for path in files if path.stem in families]
        if files:
            tables[table] = pa.concat_tables([read_table(table, path) for path in files])
    if not tables:
        raise KnowledgeBaseError(f"{folder} holds no shipped trials.")
    return Bundle(tables)


def write_shipped(bundle: Bundle, folder: Path) -> None:
    """Write a bundle into an empty folder, with the names that `shipped_files` looks for.

    Trials keep their order, so that trials of one task lie together if they did before.
    """
    for table in TABLES:
        if table not in BY_FAMILY:
            write_table(bundle[table], folder / f"{table}.parquet")
    tasks, studies = bundle["tasks"], bundle["studies"]
    for table in BY_FAMILY:
        (folder / table).mkdir()
    for family in sorted(set(tasks["family"].to_pylist())):
        own = tasks["task_id"].filter(pc.equal(tasks["family"], family))
        own_studies = studies["study_id"].filter(_within(studies["task_id"], own))
        trials = bundle["trials"].filter(_within(bundle["trials"]["study_id"], own_studies))
        curves = bundle["curves"].filter(_within(bundle["curves"]["trial_id"], trials["trial_id"]))
        write_table(trials, folder / "trials" / f"{family}.parquet")
        write_table(curves, folder / "curves" / f"{family}.parquet")
    write_checksums(folder, _files(folder))


def shipped_problems(folder: Path) -> list[str]:
    """Return what is damaged of the shipped files, one line each; [] without checksums."""
    try:
        check_folder(folder, _files(folder))
    except (KnowledgeBaseError, OSError) as error:
        return [f"shipped trials: {str(error).splitlines()[0]} Install Advisor again."]
    return []


def _files(folder: Path) -> list[str]:
    """Return the paths of all shipped files within their folder."""
    paths = [path for table in TABLES for path in shipped_files(folder, table)]
    return [path.relative_to(folder).as_posix() for path in paths]


def _within(column: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=values.combine_chunks())

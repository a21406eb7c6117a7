"""A set of rows for every table, as Arrow; on disk a directory of Parquet files.

Bundles are the one form in which trials travel: journal segments, the shipped layer,
exports and contributions are all bundles. A folder has the checksums of its files beside them
(see `checksums`); those of versions before 0.2 have none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from knowledge_base.checksums import CHECKSUMS, check_folder, write_checksums
from knowledge_base.durable import flush_file, new_folder, private_opener, reason_of
from knowledge_base.errors import DamagedFileError, KnowledgeBaseError, TooLargeError
from knowledge_base.limits import check_file_size, check_inside, check_table, read_columns
from knowledge_base.records import DatasetRecord, StudyRecord, TaskRecord, TrialRecord
from knowledge_base.schema import KEYS, TABLES
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import JsonObject

MetafeatureKey: TypeAlias = tuple[str, str, int]
"""dataset_id, target and version of the list of metafeatures."""

Record: TypeAlias = DatasetRecord | TaskRecord | SpaceDefinition | StudyRecord | TrialRecord
"""Whatever has rows of its own in a bundle."""


class Bundle:
    """Arrow tables by the names of `schema.TABLES`; tables that are not given are empty."""

    def __init__(self, tables: Mapping[str, pa.Table] | None = None) -> None:
        """Take tables that have the schemas already; `from_tables` casts."""
        given = tables or {}
        self._tables = {
            name: given[name] if name in given else schema.empty_table()
            for name, schema in TABLES.items()
        }

    def __getitem__(self, table: str) -> pa.Table:
        """Return one table."""
        return self._tables[table]

    def __len__(self) -> int:
        """Return the number of trials."""
        return int(self._tables["trials"].num_rows)

    @classmethod
    def from_records(
        cls,
        records: Iterable[Record],
        metafeatures: Mapping[MetafeatureKey, Mapping[str, float]] | None = None,
    ) -> "Bundle":
        """Return a bundle of records, spaces and the learning curves of the trials.

        Args:
            records: data sets, tasks, spaces, studies and trials in any order.
            metafeatures: values by name, for each data set, target and version.

        Raises:
            TypeError: something is none of these.
            KnowledgeBaseError: a value has no place in its column, such as a seed beyond 64 bits.
        """
        rows: dict[str, list[JsonObject]] = {name: [] for name in TABLES}
        for record in records:
            _add_rows(record, rows)
        for (dataset_id, target, version), values in (metafeatures or {}).items():
            key = {"dataset_id": dataset_id, "target": target, "version": version}
            rows["metafeatures"] += [
                {**key, "name": name, "value": value if value == value else None}
                for name, value in values.items()
            ]
        return cls({name: _from_rows(name, rows[name]) for name in TABLES})

    @classmethod
    def from_tables(cls, tables: Mapping[str, pa.Table]) -> "Bundle":
        """Cast tables to the schemas; missing nullable columns become null.

        Raises:
            KnowledgeBaseError: a table is unknown, lacks a column of its key, or has one of a
                wrong type.
        """
        for name in tables:
            if name not in TABLES:
                raise KnowledgeBaseError(f"There is no table '{name}' in a knowledge base.")
        return cls({name: _conform(name, table) for name, table in tables.items()})

    def merge(self, *others: "Bundle") -> "Bundle":
        """Return the rows of all bundles; duplicates are left to the store."""
        return Bundle(
            {name: pa.concat_tables([b[name] for b in (self, *others)]) for name in TABLES}
        )

    def check(self, what: str = "The bundle") -> None:
        """Look whether every cell can be stored and read again.

        Args:
            what: what the bundle is, for errors.

        Raises:
            DamagedFileError: a text is no UTF-8, or a cell that may not be empty is.
            TooLargeError: a table is too large to be read again.
        """
        for name, table in self._tables.items():
            if table.num_rows == 0:
                continue
            check_table(table, f"{what}, table '{name}',")
            problem = invalid(name, table)
            if problem:
                raise DamagedFileError(f"{what} cannot be used: table '{name}', {problem}.")

    def write(self, directory: Path, private: bool = False) -> None:
        """Write the non-empty tables into an existing directory and flush them to disk.

        Args:
            directory: where to write.
            private: whether only the owner may read the files.
        """
        names = [name for name, table in self._tables.items() if table.num_rows]
        for name in names:
            write_table(self._tables[name], directory / f"{name}.parquet", private)
        if names:
            write_checksums(directory, [f"{name}.parquet" for name in names], private)

    def export(self, directory: Path) -> None:
        """Write the bundle into a new folder, whole or not at all.

        Raises:
            KnowledgeBaseError: the folder holds something already, or cannot be written.
        """
        check_free(directory)
        try:
            with new_folder(directory) as folder:
                self.write(folder)
        except OSError as error:
            raise KnowledgeBaseError(
                f"{directory} cannot be written: {reason_of(error)}."
            ) from error

    @classmethod
    def read(cls, directory: Path) -> "Bundle":
        """Read a directory that `write` wrote.

        Texts may be no UTF-8 and required cells empty; `check` tells.

        Raises:
            DamagedFileError: a file is damaged, missing or of another form, or there is no file
                at all.
            TooLargeError: a file is beyond the limits of `limits`.
            KnowledgeBaseError: there is no such directory, or no permission to read it.
        """
        if not Path(directory).is_dir():
            raise KnowledgeBaseError(f"There is no folder {directory}.")
        paths = {name: Path(directory) / f"{name}.parquet" for name in TABLES}
        try:
            present = {name: path for name, path in paths.items() if path.is_file()}
        except OSError as error:
            raise KnowledgeBaseError(f"{directory} cannot be read: {reason_of(error)}.") from error
        if not present:
            raise DamagedFileError(f"{directory} holds no exported knowledge base.")
        for path in (*present.values(), Path(directory) / CHECKSUMS):
            check_inside(path)
        try:
            check_folder(Path(directory), [path.name for path in present.values()])
        except OSError as error:
            raise KnowledgeBaseError(f"{directory} cannot be read: {reason_of(error)}.") from error
        if "curves" in present and "trials" not in present:
            raise DamagedFileError(f"{paths['trials']} is missing beside its learning curves.")
        return cls({name: read_table(name, path) for name, path in present.items()})


def check_free(directory: Path) -> None:
    """Refuse a folder that an export would not be alone in.

    Raises:
        KnowledgeBaseError: it holds something already, or is no folder.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise KnowledgeBaseError(f"{directory} exists and is not an empty folder.")


def write_table(table: pa.Table, path: Path, private: bool = False) -> None:
    """Write one table and flush it to disk; with `private` for its owner only."""
    with open(path, "wb", opener=private_opener if private else None) as file:
        pq.write_table(table, file, compression="zstd")
        flush_file(file)


def read_table(name: str, path: Path) -> pa.Table:
    """Read one table; columns that an older version lacks are null.

    Raises:
        DamagedFileError: the file is damaged or of another form.
        TooLargeError: it is beyond the limits of `limits`.
        KnowledgeBaseError: it cannot be read.
    """
    try:
        check_file_size(path)
        with pq.ParquetFile(path) as file:
            names = _plain_columns(name, file.schema_arrow)
            return _conform(name, read_columns(file, names, path))
    except TooLargeError:
        raise
    except (MemoryError, pa.ArrowMemoryError) as error:
        raise KnowledgeBaseError(f"{path} cannot be read: not enough memory.") from error
    except (pa.ArrowException, OSError, KnowledgeBaseError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise KnowledgeBaseError(f"{path} cannot be read: {reason_of(error)}") from error
        reason = (str(error).splitlines() or ["no reason"])[0]
        raise DamagedFileError(f"{path} is damaged or cut short: {reason}") from error


def invalid(name: str, table: pa.Table) -> str:
    """Return why cells of a table cannot be stored, "" if they can."""
    for field in TABLES[name]:
        if not field.nullable and table[field.name].null_count:
            return f"'{field.name}' is empty in a row"
    try:
        table.validate(full=True)
    except pa.ArrowException as error:
        return str(error).splitlines()[0]
    return ""


def _plain_columns(name: str, schema: pa.Schema) -> list[str]:
    """Return the columns of a table that a file has.

    Raises:
        KnowledgeBaseError: one is of a type that needs more than one column of the file.
    """
    names = [each for each in TABLES[name].names if each in schema.names]
    for each in names:
        kind = schema.field(schema.get_all_field_indices(each)[0]).type
        if pa.types.is_nested(kind):
            raise KnowledgeBaseError(f"The column '{each}' of '{name}' is of the type {kind}.")
    return names


def _from_rows(name: str, rows: list[JsonObject]) -> pa.Table:
    try:
        return pa.Table.from_pylist(rows, schema=TABLES[name])
    except UnicodeEncodeError:  # Lone surrogates, such as an error message may hold.
        clean = [{key: _encodable(value) for key, value in row.items()} for row in rows]
        return _from_rows(name, clean)
    except (pa.ArrowException, OverflowError) as error:
        reason = str(error).splitlines()[0]
        raise KnowledgeBaseError(f"A row of '{name}' cannot be stored: {reason}") from error


def _encodable(value: object) -> object:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _add_rows(record: Record, rows: dict[str, list[JsonObject]]) -> None:
    if isinstance(record, DatasetRecord):
        rows["datasets"].append(asdict(record))
    elif isinstance(record, TaskRecord):
        rows["tasks"].append({**asdict(record), "task_id": record.task_id})
    elif isinstance(record, StudyRecord):
        rows["studies"].append(record.row())
    elif isinstance(record, TrialRecord):
        rows["trials"].append(record.row())
        rows["curves"] += [{**asdict(e), "trial_id": record.trial_id} for e in record.curve]
    elif isinstance(record, SpaceDefinition):
        rows["spaces"].append(
            {
                "space_id": record.space_id,
                "name": record.name,
                "version": record.version,
                "definition": record.to_json(),
            }
        )
    else:
        raise TypeError(f"a bundle has no place for {type(record).__name__}")


def _conform(name: str, table: pa.Table) -> pa.Table:
    schema = TABLES[name]
    missing = [key for key in KEYS[name] if key not in table.column_names]
    if missing:
        raise KnowledgeBaseError(f"The table '{name}' has no column '{missing[0]}'.")
    columns = [
        table[field.name] if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    try:
        return pa.table(columns, names=schema.names).cast(schema)
    except (pa.ArrowException, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise KnowledgeBaseError(
            f"The table '{name}' has a column of a wrong type: {reason}"
        ) from error

"""Questions that a knowledge base answers; `store.KnowledgeBase` says where it is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

import duckdb
import pandas as pd
import pyarrow as pa

from knowledge_base.bundle import Bundle
from knowledge_base.limits import check_size
from knowledge_base.listing import count_of, page_of, resolve, wanted_of
from knowledge_base.paging import ORDER, Condition, Page
from knowledge_base.records import FOLD
from knowledge_base.schema import KEYS, TABLES
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import JsonObject

MAX_STUDIES = 1000
"""Studies that are listed one by one in a query."""

_STUDY = (
    "JOIN (SELECT study_id, task_id, space_id, strategy, contributor FROM studies) USING (study_id)"
)


def _number(name: str, column: str) -> str:
    """Return SQL for a number of a JSON object, NULL where there is none of that name."""
    pattern = f'"{name}":(-?[0-9.]+(?:[eE][-+]?[0-9]+)?)'
    return f"try_cast(regexp_extract({column}::VARCHAR, '{pattern}', 1) AS DOUBLE)"


_SHORTENED = (
    f"coalesce(state = 'complete' AND epochs < {_number('epochs', 'config')} AND "
    f"epochs - {_number('best_epoch', 'metrics')} < {_number('patience', 'config')}, false)"
)
"""Whether a training had fewer epochs than its configuration says (SQL): another fidelity."""

_OUTCOME = (
    "task_id, config, state, value, duration, labels, strategy, space_id, study_id, contributor, "
    f"layer, {_number(f'{FOLD}1', 'metrics')} AS first_fold, {_SHORTENED} AS shortened"
)
"""Columns of a trial that a meta-learner needs (SQL)."""

_CURVE = "list(coalesce(val_metric, 'nan') ORDER BY epoch)"
"""The metric after each epoch of a trial (SQL)."""


class Reader(ABC):
    """Reads data sets, metafeatures, spaces, tasks, studies, trials and learning curves.

    Frames have the columns of `schema.TABLES` and `layer` ("user" or "seed").
    """

    @abstractmethod
    def _reading(
        self, family: str | None = None
    ) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Give a connection with a view per table over all layers.

        With `family`, shipped trials and curves of other families may be missing.
        """

    @abstractmethod
    def _reading_stored(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Give such a connection that sees what is in quarantine, too."""

    @abstractmethod
    def _reading_all(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Give such a connection, for what must not go on without a layer.

        Raises:
            KnowledgeBaseError: a layer cannot be read now.
        """

    def datasets(self) -> pd.DataFrame:
        """Return all data sets."""
        return self.query("SELECT * FROM datasets ORDER BY name, dataset_id")

    def metafeatures(self, datasets: Sequence[str] | None = None) -> pd.DataFrame:
        """Return metafeatures, one value per row: of all data sets, or of those named."""
        some = "" if datasets is None else "WHERE dataset_id IN (SELECT unnest(?::VARCHAR[]))"
        sql = f"SELECT * FROM metafeatures {some} ORDER BY dataset_id, target, version, name"
        return self.query(sql, [] if datasets is None else [list(datasets)])

    def spaces(self) -> pd.DataFrame:
        """Return all search spaces."""
        return self.query("SELECT * FROM spaces ORDER BY name, version, space_id")

    def tasks(self) -> pd.DataFrame:
        """Return all tasks."""
        return self.query("SELECT * FROM tasks ORDER BY name, metric, task_id")

    def trials_of_tasks(
        self, family: str | None = None, tasks: Sequence[str] | None = None
    ) -> dict[str, int]:
        """Return how many trials each task has, by its identity; those without any are missing.

        Args:
            family, tasks: as for `outcomes`.
        """
        with self._reading(family) as connection:
            where, values = _of_tasks(connection, family, tasks)
            sql = (
                "SELECT task_id, sum(n)::BIGINT FROM (SELECT study_id, count(*) AS n FROM trials "
                f"GROUP BY study_id) {_STUDY} WHERE {where} GROUP BY task_id"
            )
            return dict(connection.execute(sql, values).fetchall())

    def studies(self) -> pd.DataFrame:
        """Return all studies, newest first."""
        return self.query("SELECT * FROM studies ORDER BY created_at DESC, study_id")

    def with_studies(self, trials: pd.DataFrame) -> pd.DataFrame:
        """Return trials, as `trials` gives them, with what their studies and tasks say of them.

        That is `study_name`, `strategy`, `contributor`, `task_name` and `metric`; nothing of other
        studies is read.
        """
        sql = (
            "SELECT study_id, studies.name AS study_name, strategy, contributor, "
            "tasks.name AS task_name, metric "
            "FROM (SELECT * FROM studies WHERE study_id IN (SELECT unnest(?))) AS studies "
            "JOIN tasks USING (task_id)"
        )
        found = self.query(sql, [trials["study_id"].unique().tolist()])
        return trials.merge(found, on="study_id", how="left")

    def trials(
        self,
        task: str | None = None,
        study: str | None = None,
        space: str | None = None,
        state: str | None = None,
        family: str | None = None,
        configs: bool = False,
        *,
        where: Sequence[Condition] = (),
        order_by: Sequence[str] = ORDER,
        limit: int | None = None,
        offset: int = 0,
        from_end: bool = False,
    ) -> pd.DataFrame:
        """Return trials with the task, space and family of their study, or a page of them.

        Everything is done by the database: a page of a million trials costs a page.

        >>> kb.trials(where=[("value", ">=", 0.9)], order_by=["-value"], limit=50, offset=100)

        Args:
            task, study, space: only those of this identity, or its first characters (6 at
                least).
            state: only trials that ended in this state.
            family: only trials of this model family.
            configs: add a typed column `config.NAME` per hyperparameter.
            where: further conditions that all hold, (column, operator, value) each: a column of
                `paging.COLUMNS` (of trials, their study and their task), `config.NAME` or
                `metrics.NAME`; an operator of `paging.OPERATORS`.
            order_by: such columns, "-" before one for descending; what is missing comes last, and
                equals in the order of their identities.
            limit: rows at most; None for all.
            offset: rows that are left out before them.
            from_end: count `offset` from the end: the last `limit` rows before the last `offset`
                ones, in the same order. The last pages are found as fast as the first ones.

        Raises:
            UserError: an identity matches nothing, or several; a column or an operator is unknown.
        """
        page = Page(where, order_by, limit, offset, from_end)
        page.check()
        with self._reading() as connection:
            wanted = wanted_of(connection, task, study, space, state, family)
            return page_of(connection, wanted, page, configs)

    def count_trials(
        self,
        task: str | None = None,
        study: str | None = None,
        space: str | None = None,
        state: str | None = None,
        family: str | None = None,
        where: Sequence[Condition] = (),
    ) -> int:
        """Return how many trials `trials` would return without a limit.

        Raises:
            UserError: as for `trials`.
        """
        page = Page(where, order_by=())
        page.check()
        with self._reading() as connection:
            wanted = wanted_of(connection, task, study, space, state, family)
            return count_of(connection, wanted, page)

    def outcomes(
        self,
        family: str | None = None,
        tasks: Sequence[str] | None = None,
        shares: Mapping[str, float] | None = None,
    ) -> pd.DataFrame:
        """Return those columns of many trials that a meta-learner needs, and no more.

        Args:
            family: only trials of this model family.
            tasks: only trials of the tasks of these identities, given in full.
            shares: for tasks of which not all trials are wanted, by their identity, about what
                share of them, in (0, 1). Identities of trials decide, so that the same are read
                again.

        Returns:
            task_id, config (JSON), state, value, duration, labels (JSON), the strategy, space_id,
            study_id and contributor of the study, the layer, and whether the trial was
            `shortened`: it ended before the epochs of its configuration, and not since its
            patience was over.
        """
        with self._reading(family) as connection:
            where, values = _of_shares(connection, family, tasks, shares)
            sql = (
                f"SELECT {_OUTCOME} FROM trials {_STUDY} WHERE {where} "
                "ORDER BY task_id, study_id, number"
            )
            return connection.execute(sql, values).df()

    def stopped_outcomes(
        self,
        family: str | None = None,
        tasks: Sequence[str] | None = None,
        shares: Mapping[str, float] | None = None,
    ) -> pd.DataFrame:
        """Return trials that were stopped after some epochs, a row for each.

        Args:
            family, tasks, shares: as for `outcomes`.

        Returns:
            The columns of `outcomes`, the error, which says why it was stopped, and the curve as
            `trained_curves` has it.
        """
        with self._reading(family) as connection:
            where, values = _of_shares(connection, family, tasks, shares)
            sql = (
                f"SELECT {_OUTCOME}, error, curve FROM trials {_STUDY} JOIN "
                f"(SELECT trial_id, {_CURVE} AS curve FROM curves WHERE "
                "trial_id IN (SELECT trial_id FROM trials WHERE state = 'stopped') "
                f"GROUP BY trial_id) USING (trial_id) WHERE {where} AND state = 'stopped' "
                "ORDER BY task_id, study_id, number"
            )
            return connection.execute(sql, values).df()

    def task_digests(
        self, family: str | None = None, tasks: Sequence[str] | None = None
    ) -> dict[str, str]:
        """Return a digest of each task's trials by task; it changes when one is added.

        Args:
            family, tasks: as for `outcomes`.
        """
        with self._reading(family) as connection:
            where, values = _of_tasks(connection, family, tasks)
            sql = (
                "SELECT task_id, count(*)::VARCHAR || '-' || bit_xor(hash(trial_id, config, "
                f"state, value))::VARCHAR FROM trials {_STUDY} WHERE {where} GROUP BY task_id "
                "ORDER BY task_id"
            )
            return dict(connection.execute(sql, values).fetchall())

    def curves(self, trial: str | None = None, study: str | None = None) -> pd.DataFrame:
        """Return learning curves, of one trial or one study if named.

        Raises:
            UserError: an identity (or its first characters) matches nothing, or several.
        """
        with self._reading() as connection:
            trial_id = resolve(connection, "trials", "trial_id", trial)
            study_id = resolve(connection, "studies", "study_id", study)
            conditions, values = ["true"], []
            if trial_id is not None:
                conditions.append("trial_id = ?")
                values.append(trial_id)
            if study_id is not None:
                conditions.append("trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?)")
                values.append(study_id)
            where = " AND ".join(conditions)
            sql = f"SELECT * FROM curves WHERE {where} ORDER BY trial_id, epoch"
            return connection.execute(sql, values).df()

    def trained_curves(
        self, family: str | None = None, tasks: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Return the curves of trainings that came to their end, a row for each.

        Args:
            family: only trials of this model family.
            tasks: only trials of the tasks of these identities, given in full.

        Returns:
            task_id, config (JSON), space_id of the study, and the curve: a list of the validation
            metric after each epoch, NaN where there is no number.
        """
        with self._reading(family) as connection:
            where, values = _of_tasks(connection, family, tasks)
            sql = (
                "SELECT any_value(task_id) AS task_id, any_value(config) AS config, "
                f"any_value(space_id) AS space_id, {_CURVE} AS curve "
                f"FROM curves JOIN trials USING (trial_id) {_STUDY} "
                f"WHERE {where} AND state = 'complete' AND NOT {_SHORTENED} "
                "GROUP BY trial_id ORDER BY task_id, trial_id"
            )
            return connection.execute(sql, values).df()

    def space(self, space_id: str) -> SpaceDefinition:
        """Return a stored search space.

        Raises:
            UserError: there is none of that identity.
        """
        with self._reading() as connection:
            found = resolve(connection, "spaces", "space_id", space_id)
            ((text,),) = connection.execute(
                "SELECT definition FROM spaces WHERE space_id = ?", [found]
            ).fetchall()
        return SpaceDefinition.from_json(text, where=f"space {space_id}")

    def existing_trials(self, trial_ids: Sequence[str]) -> set[str]:
        """Return which of these trials are stored already, in quarantine or not."""
        if not trial_ids:
            return set()
        with self._reading_stored() as connection:
            connection.register("wanted", pa.table({"trial_id": pa.array(trial_ids, pa.string())}))
            rows = connection.execute(
                "SELECT trial_id FROM wanted SEMI JOIN trials USING (trial_id)"
            ).fetchall()
        return {row[0] for row in rows}

    def like(self, bundle: Bundle) -> dict[str, list[JsonObject]]:
        """Return the stored rows that have an identity of a bundle, and all tasks.

        Args:
            bundle: any rows.

        Returns:
            Rows with `layer` by table; of metafeatures all of the data sets of the bundle.
        """
        found = {}
        with self._reading_stored() as connection:
            for table, keys in KEYS.items():
                if table == "curves":
                    continue
                wanted = pa.table({keys[0]: bundle[table][keys[0]].unique()})
                connection.register("wanted", wanted)
                same = "" if table == "tasks" else f"SEMI JOIN wanted USING ({keys[0]})"
                source = _of_wanted(connection) if table == "trials" else table
                rows = connection.sql(f"SELECT {table}.* FROM {source} {same}").to_arrow_table()
                found[table] = rows.to_pylist()
                connection.unregister("wanted")
        return found

    def bundle(self, layers: Sequence[str] = ("user", "seed")) -> Bundle:
        """Return the rows of `layers` with everything that they refer to.

        Raises:
            TooLargeError: a table is too large to be read again.
            KnowledgeBaseError: the knowledge base is not usable, or its database is in use.
        """
        with self._reading_all() as connection:
            tables = {}
            for table in TABLES:
                marks = ", ".join("?" for _ in layers)
                condition = f"layer IN ({marks})" + _referred(table, marks)
                sql = f"SELECT * EXCLUDE (layer) FROM {table} WHERE {condition}"
                values = list(layers) * condition.count(f"({marks})")
                _check_size(connection, table, condition, values)
                tables[table] = connection.sql(sql, params=values).to_arrow_table()
        return Bundle.from_tables(tables)

    def query(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        """Run a reading SQL query over all layers; tables are those of the schema."""
        with self._reading() as connection:
            return connection.execute(sql, list(values)).df()


def _of_tasks(
    connection: duckdb.DuckDBPyConnection, family: str | None, tasks: Sequence[str] | None
) -> tuple[str, list[object]]:
    """Return a condition on the task of a trial, and the values for its marks."""
    conditions: list[str] = ["true"]
    values: list[object] = []
    if family is not None:
        conditions.append("task_id IN (SELECT task_id FROM tasks WHERE family = ?)")
        values.append(family)
    if tasks is not None:
        wanted = pa.table({"task_id": pa.array(tasks, pa.string())})
        connection.register("wanted_tasks", wanted)
        conditions.append("task_id IN (SELECT task_id FROM wanted_tasks)")
    return " AND ".join(conditions), values


def _of_shares(
    connection: duckdb.DuckDBPyConnection,
    family: str | None,
    tasks: Sequence[str] | None,
    shares: Mapping[str, float] | None,
) -> tuple[str, list[object]]:
    """Return the same with a condition on those tasks of which a share is wanted."""
    where, values = _of_tasks(connection, family, tasks)
    for task, share in (shares or {}).items():
        where += " AND (task_id <> ? OR hash(trial_id) % 1000000 < ?)"
        values += [task, max(int(share * 1_000_000), 1)]
    return where, values


def _of_wanted(connection: duckdb.DuckDBPyConnection) -> str:
    """Return SQL for the trials of the studies of those that are `wanted`.

    Texts are read of whole rows only where a study fits, instead of those of millions of trials.
    """
    found = connection.execute(
        "SELECT DISTINCT study_id FROM (SELECT trial_id, study_id FROM trials) "
        f"SEMI JOIN wanted USING (trial_id) LIMIT {MAX_STUDIES + 1}"
    ).fetchall()
    if len(found) > MAX_STUDIES:
        return "trials"
    listed = ", ".join("'" + str(study).replace("'", "''") + "'" for (study,) in found)
    return f"(SELECT * FROM trials WHERE study_id IN ({listed or 'NULL'})) AS trials"


def _check_size(
    connection: duckdb.DuckDBPyConnection, table: str, condition: str, values: Sequence[object]
) -> None:
    """Refuse a table that could not be read again, before it fills the memory.

    Raises:
        TooLargeError: it has too many rows or bytes.
    """
    texts = [f.name for f in TABLES[table] if pa.types.is_string(f.type)]
    bytes_of_texts = " + ".join(f"coalesce(sum(strlen({name})), 0)" for name in texts)
    sql = f"SELECT count(*), {bytes_of_texts} FROM {table} WHERE {condition}"
    ((rows, size),) = connection.execute(sql, list(values)).fetchall()
    check_size(rows, int(size) + 8 * rows * len(TABLES[table]), f"The table '{table}'")


def _referred(table: str, marks: str) -> str:
    """Return a condition for rows that trials of the layers refer to."""
    studies = (
        "SELECT study_id, task_id, space_id FROM studies WHERE study_id IN "
        f"(SELECT study_id FROM trials WHERE layer IN ({marks})) OR layer IN ({marks})"
    )
    tasks = (
        f"SELECT dataset_id FROM tasks WHERE task_id IN (SELECT task_id FROM ({studies})) "
        f"OR layer IN ({marks})"
    )
    referred = {
        "studies": f"study_id IN (SELECT study_id FROM ({studies}))",
        "spaces": f"space_id IN (SELECT space_id FROM ({studies}))",
        "tasks": f"task_id IN (SELECT task_id FROM ({studies}))",
        "datasets": f"dataset_id IN (SELECT dataset_id FROM ({tasks}))",
        "metafeatures": f"dataset_id IN (SELECT dataset_id FROM ({tasks}))",
    }
    return f" OR {referred[table]}" if table in referred else ""

"""The tables: made straight in fakesnow's DuckDB; their Snowflake types and the rights on them are kept beside it."""

from dataclasses import dataclass, field

import fakesnow.rowtype
import fakesnow.server as fakesnow_server
import pyarrow

from account import DATABASE, ROLE
from refusal import Refusal

# By the names of Snowflake's types: what DuckDB keeps them in, and what the wire calls them.
TYPES = {
    "VARCHAR": ("VARCHAR", "text"),
    "NUMBER": ("BIGINT", "fixed"),
    "FLOAT": ("DOUBLE", "real"),
    "BOOLEAN": ("BOOLEAN", "boolean"),
    "DATE": ("DATE", "date"),
    "TIMESTAMP_NTZ": ("TIMESTAMP_NS", "timestamp_ntz"),
    "TIMESTAMP_LTZ": ("TIMESTAMPTZ_NS", "timestamp_ltz"),
    "TIMESTAMP_TZ": ("TIMESTAMPTZ_NS", "timestamp_tz"),
    "VARIANT": ("JSON", "variant"),
    "OBJECT": ("JSON", "object"),
    "MAP": ("JSON", "map"),
    "ARRAY": ("JSON", "array"),
}
WITH_ZONE = ("TIMESTAMP_LTZ", "TIMESTAMP_TZ")

# fakesnow knows no zoned timestamp of nanoseconds.
fakesnow.rowtype.duckdb_to_sf_type["TIMESTAMPTZ_NS"] = "timestamp_tz"


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass
class Table:
    columns: dict[str, str]
    privileges: dict[str, set[str]] = field(default_factory=dict)


class Tables:
    def __init__(self) -> None:
        self._connection = fakesnow_server.shared_fs.connect(DATABASE)._duck_conn
        self._tables: dict[tuple[str, str], Table] = {}

    def create(self, schema: str, name: str, columns: dict[str, str], privileges: list[str]) -> None:
        """columns: Snowflake's types by name. privileges: of the role that reads."""
        self._drop(schema, name)
        types = ", ".join(f"{quote(column)} {TYPES[kind][0]}" for column, kind in columns.items())
        self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {DATABASE}.{quote(schema)}")
        self._connection.execute(f"CREATE TABLE {_path(schema, name)} ({types})")
        self._tables[schema, name] = Table(columns, {ROLE: set(privileges)})

    def create_view(self, schema: str, name: str, over: str) -> None:
        self._connection.execute(f"CREATE VIEW {_path(schema, name)} AS SELECT * FROM {_path(schema, over)}")
        table = self._tables[schema, over]
        self._tables[schema, name] = Table(table.columns, {ROLE: {"SELECT"}})

    def add(self, schema: str, name: str, rows: list[dict[str, str | bool | None]]) -> None:
        """rows: texts by column, times in UTC; what a row lacks is NULL."""
        columns = self._tables[schema, name].columns
        values = pyarrow.table(
            {
                column: pyarrow.array([_text(row.get(column)) for row in rows], pyarrow.string())
                for column in columns
            }
        )
        casts = ", ".join(_cast(column, kind) for column, kind in columns.items())
        self._connection.register("values_to_add", values)
        self._connection.execute(f"INSERT INTO {_path(schema, name)} SELECT {casts} FROM values_to_add")
        self._connection.unregister("values_to_add")

    def fill(self, schema: str, name: str, rows: int, payload_bytes: int) -> None:
        """Many rows, as test/warehouses/conformance/large-table.ts tells."""
        self._connection.execute(
            f"""INSERT INTO {_path(schema, name)} ("UPDATED_AT", "EXTERNAL_ID", "PAYLOAD")
            SELECT TIMESTAMP_NS '2026-01-01' + (n // 4) * INTERVAL 1 MILLISECOND, 'u' || n,
            '{{"n":' || n || ',"text":"' || repeat('x', {payload_bytes}) || '"}}' FROM range({rows}) AS made(n)"""
        )

    def require(self, role: str, schema: str, name: str) -> Table:
        """The table, if the role may read it. What it may not see it cannot tell from what does not exist."""
        table = self._tables.get((schema, name))
        granted = table.privileges.get(role, set()) if table else set()
        if table and "SELECT" in granted:
            return table
        if granted:
            raise Refusal(
                "003001",
                f"SQL access control error:\nInsufficient privileges to operate on table '{name}'.",
                "42501",
            )
        if not any(known == schema for known, _ in self._tables):
            kind, path, state = "Schema", f"{DATABASE}.{schema}", "02000"
        else:
            kind, path, state = "Object", f"{DATABASE}.{schema}.{name}", "42S02"
        raise Refusal(
            "002003", f"SQL compilation error:\n{kind} '{path}' does not exist or not authorized.", state
        )

    def _drop(self, schema: str, name: str) -> None:
        if self._tables.pop((schema, name), None):
            self._connection.execute(f"DROP TABLE {_path(schema, name)}")


def _path(schema: str, name: str) -> str:
    return f"{DATABASE}.{quote(schema)}.{quote(name)}"


def _text(value: str | bool | None) -> str | None:
    return str(value).lower() if isinstance(value, bool) else value


def _cast(column: str, kind: str) -> str:
    zone = " || '+00'" if kind in WITH_ZONE else ""
    return f"CAST({quote(column)}{zone} AS {TYPES[kind][0]})"

"""Queries under way and what came of them: at once or asked for later, whole or in chunks, or cancelled."""

import asyncio
import json
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow

from account import Account
from dialect import prepare
from fakesnow_query import FakesnowQuery, texts_of
from parameters import Value, parameters_of
from refusal import Refusal
from sessions import Session
from tables import TYPES, Table, Tables

# Snowflake keeps a request waiting for 45 seconds before it says that the query still runs.
LONG_POLL_SECONDS = 0.5
# Rows that come with the answer; the others are fetched in chunks, which grow as Snowflake's do.
INLINE_ROWS = 500
FIRST_CHUNK_BYTES = 256 << 10
CHUNK_BYTES = 2 << 20

# Snowflake keeps a result for a day; here the last ones are enough.
KEPT_RESULTS = 8
EXPIRED = Refusal("000710", "The result is not kept any more.", "02000")
# What an account refuses where every statement is as it should be.
ACCOUNT_CODES = ("000606", "002003", "003001", "090073", "090105")
CANCELLED = Refusal("000604", "SQL execution canceled", "57014")


@dataclass
class Statement:
    session: Session
    sql: str
    parameters: dict[str, Value]
    request_id: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    key: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    work: asyncio.Task | None = None
    running: FakesnowQuery | None = None
    stopped: Refusal | None = None
    failure: Refusal | None = None
    rowtype: list[dict] = field(default_factory=list)
    rows: pyarrow.Table | None = None

    @property
    def is_running(self) -> bool:
        return self.rows is None and self.failure is None

    @property
    def label(self) -> str:
        return f"{self.parameters['QUERY_TAG']}: {self.sql}"

    def stop(self, reason: Refusal) -> None:
        self.stopped = self.stopped or reason
        if self.running:
            self.running.interrupt()

    async def wait(self) -> None:
        """Until it has ended, or so long that the client has to ask again."""
        if self.work:
            await asyncio.wait([self.work], timeout=LONG_POLL_SECONDS)


class Statements:
    def __init__(self, account: Account, tables: Tables) -> None:
        self._account = account
        self._tables = tables
        self._statements: dict[str, Statement] = {}
        self.refused: list[str] = []
        # While it is set, no query gets anywhere.
        self.is_slow = False

    def __iter__(self) -> Iterator[Statement]:
        return iter(self._statements.values())

    def begin(self, session: Session, body: dict, request_id: str) -> Statement:
        for known in self:
            # A driver that had no answer sends the same request again.
            if known.request_id == request_id:
                return known
        try:
            parameters = parameters_of(body.get("parameters") or {}, session.tag)
        except Refusal as refusal:
            self.refused.append(f"{refusal.message}: {body['sqlText']}")
            raise
        statement = Statement(session, body["sqlText"], parameters, request_id)
        self._statements[statement.id] = statement
        statement.work = asyncio.create_task(self._run(statement, body.get("bindings") or {}))
        return statement

    def of(self, query_id: str, session: Session) -> Statement:
        statement = self._statements.get(query_id)
        if statement is None or statement.session.user is not session.user:
            raise Refusal("000709", f"Statement {query_id} not found", "02000")
        return statement

    def by_request(self, request_id: str, session: Session) -> Statement | None:
        return next((one for one in self if one.request_id == request_id and one.session is session), None)

    def forget(self) -> None:
        """As if the results had been kept long enough."""
        self._forget_all_but(0)

    def _forget_all_but(self, kept: int) -> None:
        ended = [one for one in self if one.rows is not None]
        for statement in ended[: max(0, len(ended) - kept)]:
            statement.rows, statement.failure = None, EXPIRED

    async def _run(self, statement: Statement, bindings: dict) -> None:
        seconds = statement.parameters["STATEMENT_TIMEOUT_IN_SECONDS"]
        timeout = Refusal(
            "000630",
            f"Statement reached its statement or warehouse timeout of {seconds} second(s) and was canceled.",
            "57014",
        )
        timer = asyncio.get_running_loop().call_later(seconds, statement.stop, timeout)
        try:
            statement.rowtype, statement.rows = await self._execute(statement, bindings)
            self._forget_all_but(KEPT_RESULTS)
        except Refusal as refusal:
            if not statement.stopped and refusal.code not in ACCOUNT_CODES:
                self.refused.append(f"{refusal.message}: {statement.sql}")
            statement.failure = statement.stopped or refusal
        except Exception as error:
            self.refused.append(f"{error!r}: {statement.sql}")
            statement.failure = Refusal("000603", "Processing aborted by error", "XX000")
        finally:
            timer.cancel()

    async def _execute(self, statement: Statement, bindings: dict) -> tuple[list[dict], pyarrow.Table]:
        session = statement.session
        if any(binding["type"] != "TEXT" for binding in bindings.values()):
            raise Refusal("000002", "Unsupported feature: the stand-in binds texts alone.", "0A000")
        if session.database is None:
            message = "Cannot perform SELECT. This session does not have a current database."
            raise Refusal("090105", message, "22000")
        sql, read = prepare(statement.sql, self._tables, session)
        if read:
            self._account.require_warehouse(session.warehouse)
        while self.is_slow and not statement.stopped:
            await asyncio.sleep(0.05)
        if statement.stopped:
            raise statement.stopped
        statement.running = FakesnowQuery(statement.parameters["TIMEZONE"])
        try:
            rowtype, rows = await statement.running.run(sql, bindings)
        finally:
            statement.running.end()
            statement.running = None
        if statement.stopped:
            raise statement.stopped
        most = statement.parameters["ROWS_PER_RESULTSET"]
        return [_typed(column, read) for column in rowtype], rows.slice(0, most) if most else rows


def _typed(column: dict, read: list[Table]) -> dict:
    """fakesnow tells types from DuckDB's, which are fewer."""
    for table in read:
        kind = table.columns.get(column["name"])
        if kind:
            return {**column, "type": TYPES[kind][1]}
    return column


def result_of(statement: Statement, address: str) -> dict:
    """The body of an answer. address: of this server, for the chunks."""
    if statement.is_running:
        path = f"/queries/{statement.id}/result"
        data = {"queryId": statement.id, "getResultUrl": path, "progressDesc": None, "queryAbortsAfterSecs": 300}
        return {"data": data, "code": "333333", "message": "Query execution in progress.", "success": True}
    if statement.failure or statement.rows is None:
        return (statement.failure or CANCELLED).body(statement.id)
    rows, session = statement.rows, statement.session
    chunks = [
        {
            "url": f"{address}/results/{statement.id}/{statement.key}/{start}/{count}",
            "rowCount": count,
            "uncompressedSize": 1,
            "compressedSize": 1,
        }
        for start, count in _chunks(statement)
    ]
    return {
        "data": {
            "parameters": [{"name": name, "value": value} for name, value in statement.parameters.items()],
            "rowtype": statement.rowtype,
            "rowset": texts_of(rows.slice(0, INLINE_ROWS)),
            "chunks": chunks,
            "chunkHeaders": {},
            "total": rows.num_rows,
            "returned": rows.num_rows,
            "queryId": statement.id,
            "databaseProvider": None,
            "finalDatabaseName": session.database,
            "finalSchemaName": None,
            "finalWarehouseName": session.warehouse,
            "finalRoleName": session.role,
            "statementTypeId": 4096,
            "queryResultFormat": "json",
            "version": 1,
        },
        "code": None,
        "message": None,
        "success": True,
    }


def _chunks(statement: Statement) -> Iterator[tuple[int, int]]:
    """Begin and number of rows of each."""
    rows = statement.rows
    if rows is None or rows.num_rows <= INLINE_ROWS:
        return
    bytes_per_row = max(1, rows.nbytes // rows.num_rows)
    most = min(CHUNK_BYTES, int(statement.parameters["CLIENT_RESULT_CHUNK_SIZE"]) << 20)
    start, size = INLINE_ROWS, FIRST_CHUNK_BYTES
    while start < rows.num_rows:
        count = min(rows.num_rows - start, max(1, size // bytes_per_row))
        yield start, count
        start, size = start + count, min(2 * size, most)


def chunk_of(statement: Statement, start: int, count: int) -> bytes:
    """Rows without the brackets around them, as they lie in Snowflake's storage."""
    assert statement.rows is not None
    rows = texts_of(statement.rows.slice(start, count))
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()

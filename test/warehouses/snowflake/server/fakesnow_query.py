"""Asks fakesnow's own server, which answers in Arrow; the Node driver reads nothing but JSON."""

import base64
import json
import uuid

import fakesnow.server as fakesnow_server
import pyarrow
from starlette.requests import Request

from account import DATABASE
from parameters import Value
from refusal import Refusal


class FakesnowQuery:
    """One statement, in a session of its own, so that it can be interrupted."""

    def __init__(self, time_zone: Value) -> None:
        self._token = str(uuid.uuid4())
        session = fakesnow_server.shared_fs.connect(DATABASE)
        session._duck_conn.execute(f"SET TimeZone = '{time_zone}'")
        fakesnow_server.sessions[self._token] = session

    async def run(self, sql: str, bindings: dict) -> tuple[list[dict], pyarrow.Table]:
        """The types of the columns, and the rows."""
        response = await fakesnow_server.query_request(self._request({"sqlText": sql, "bindings": bindings}))
        body = json.loads(response.body)
        if not body["success"]:
            data = body["data"] or {}
            raise Refusal(body["code"], body["message"], data.get("sqlState"))
        data = body["data"]
        arrow = base64.b64decode(data.get("rowsetBase64", ""))
        table = pyarrow.ipc.open_stream(arrow).read_all() if arrow else pyarrow.table({})
        return data["rowtype"], table

    def interrupt(self) -> None:
        fakesnow_server.sessions[self._token]._duck_conn.interrupt()

    def end(self) -> None:
        del fakesnow_server.sessions[self._token]
        # It would keep every result for ever.
        fakesnow_server.shared_fs.results_cache.clear()

    def _request(self, body: dict) -> Request:
        async def receive() -> dict:
            return {"type": "http.request", "body": json.dumps(body).encode()}

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/queries/v1/query-request",
            "query_string": b"",
            "headers": [(b"authorization", f'Snowflake Token="{self._token}"'.encode())],
        }
        return Request(scope, receive)


def texts_of(table: pyarrow.Table) -> list[list[str | None]]:
    """The rows as the wire has them: every value a text."""
    return [list(row) for row in zip(*(_column(table, at) for at in range(table.num_columns)), strict=True)]


def _column(table: pyarrow.Table, at: int) -> list[str | None]:
    column = table.column(at)
    if pyarrow.types.is_string(column.type):
        return column.to_pylist()
    if pyarrow.types.is_integer(column.type) or pyarrow.types.is_decimal(column.type):
        return [None if value is None else str(value) for value in column.to_pylist()]
    raise Refusal("000002", f"Unsupported feature: the stand-in gives no rows of type {column.type}.", "0A000")

"""Stands in for Snowflake: fakesnow runs the SQL, this is the account around it. Prints its port, ends with stdin."""

import asyncio
import gzip
import json
import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from account import DATABASE, WAREHOUSE, Account
from control import control_routes
from refusal import Refusal
from sessions import MASTER_SECONDS, SESSION_SECONDS, Session, Sessions
from statements import CANCELLED, Statements, chunk_of, result_of
from tables import Tables

account = Account()
sessions = Sessions()
tables = Tables()
statements = Statements(account, tables)

Handler = Callable[[Request], Awaitable[Response]]


def answers(handler: Callable[[Request], Awaitable[dict]]) -> Handler:
    """Snowflake says no with HTTP status 200."""

    async def answer(request: Request) -> Response:
        if account.is_unavailable:
            return Response(status_code=503)
        try:
            return JSONResponse(await handler(request))
        except Refusal as refusal:
            return JSONResponse(refusal.body())

    return answer


async def body_of(request: Request) -> dict:
    body = await request.body()
    if request.headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    return json.loads(body) if body else {}


def session_of(request: Request) -> Session:
    return sessions.of(request.headers.get("authorization"))


def success(data: dict | None = None) -> dict:
    return {"data": data, "code": None, "message": None, "success": True}


def address_of(request: Request) -> str:
    """By which the client came: it may be a proxy's."""
    return f"http://{request.headers['host']}"


@answers
async def log_in(request: Request) -> dict:
    data, asked = (await body_of(request))["data"], request.query_params
    user = account.log_in(data)
    role = account.role_of(user, asked.get("roleName"))
    warehouse, database = asked.get("warehouseName", asked.get("warehouse")), asked.get("databaseName")
    session = Session(
        user,
        role,
        # What does not exist is not complained of until it is needed.
        warehouse=WAREHOUSE if warehouse is not None and warehouse.upper() == WAREHOUSE else None,
        database=DATABASE if database is not None and database.upper() == DATABASE else None,
        tag=data["SESSION_PARAMETERS"].get("QUERY_TAG", ""),
    )
    sessions.begin(session)
    return success(
        {
            "token": session.token,
            "masterToken": session.master_token,
            "validityInSeconds": SESSION_SECONDS,
            "masterValidityInSeconds": MASTER_SECONDS,
            "sessionId": id(session),
            "parameters": [{"name": "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", "value": 65280}],
            "sessionInfo": {
                "databaseName": session.database,
                "warehouseName": session.warehouse,
                "roleName": role,
            },
        }
    )


@answers
async def renew(request: Request) -> dict:
    session = sessions.renew(request.headers.get("authorization"), (await body_of(request))["oldSessionToken"])
    return success(
        {
            "sessionToken": session.token,
            "masterToken": session.master_token,
            "validityInSecondsST": SESSION_SECONDS,
            "validityInSecondsMT": MASTER_SECONDS,
        }
    )


@answers
async def end_session(request: Request) -> dict:
    session = session_of(request)
    for statement in statements:
        if statement.session is session and statement.is_running:
            statement.stop(CANCELLED)
    sessions.end(session)
    return success()


@answers
async def heartbeat(request: Request) -> dict:
    session_of(request)
    return success()


@answers
async def query(request: Request) -> dict:
    session, body = session_of(request), await body_of(request)
    statement = statements.begin(session, body, request.query_params["requestId"])
    if body.get("asyncExec"):
        data = {"queryId": statement.id, "getResultUrl": f"/queries/{statement.id}/result"}
        message = "Query execution in progress. Asynchronous execution."
        return {"data": data, "code": "333334", "message": message, "success": True}
    await statement.wait()
    return result_of(statement, address_of(request))


@answers
async def result(request: Request) -> dict:
    statement = statements.of(request.path_params["query"], session_of(request))
    await statement.wait()
    return result_of(statement, address_of(request))


@answers
async def status(request: Request) -> dict:
    session = session_of(request)
    try:
        statement = statements.of(request.path_params["query"], session)
    except Refusal:
        return success({"queries": []})
    name = "RUNNING" if statement.is_running else "FAILED_WITH_ERROR" if statement.failure else "SUCCESS"
    failure = statement.failure and {
        "errorCode": statement.failure.code,
        "errorMessage": statement.failure.message,
    }
    return success({"queries": [{"id": statement.id, "status": name, **(failure or {})}]})


@answers
async def abort(request: Request) -> dict:
    session = session_of(request)
    if "query" in request.path_params:
        statement = statements.of(request.path_params["query"], session)
    else:
        statement = statements.by_request((await body_of(request))["requestId"], session)
    if statement is None or not statement.is_running:
        raise Refusal("000605", "Identified SQL statement is not currently executing.", "02000")
    statement.stop(CANCELLED)
    return success()


async def chunk(request: Request) -> Response:
    path = request.path_params
    statement = next((one for one in statements if one.id == path["query"] and one.key == path["key"]), None)
    if statement is None:
        return Response(status_code=403)
    body = await asyncio.to_thread(chunk_of, statement, path["start"], path["count"])
    # Not compressed, as Snowflake's are: where a network is cut is told in bytes of the rows.
    return Response(body, media_type="application/octet-stream")


async def surprise(request: Request) -> Response:
    """What the driver was not expected to ask for: telemetry, stages, anything new."""
    statements.refused.append(f"{request.method} {request.url.path}")
    return Response(status_code=404)


app = Starlette(
    routes=[
        Route("/session/v1/login-request", log_in, methods=["POST"]),
        Route("/session/token-request", renew, methods=["POST"]),
        Route("/session/heartbeat", heartbeat, methods=["POST"]),
        Route("/session", end_session, methods=["POST"]),
        Route("/queries/v1/query-request", query, methods=["POST"]),
        Route("/queries/v1/abort-request", abort, methods=["POST"]),
        Route("/queries/{query}/result", result, methods=["GET"]),
        Route("/queries/{query}/abort-request", abort, methods=["POST"]),
        Route("/monitoring/queries/{query}", status, methods=["GET"]),
        Route("/results/{query}/{key}/{start:int}/{count:int}", chunk, methods=["GET"]),
        *control_routes(account, sessions, tables, statements),
        Route("/{path:path}", surprise, methods=["GET", "POST", "PUT", "DELETE"]),
    ]
)


def end_with_input() -> None:
    """Whoever started this holds the other end of the pipe, and is gone when it closes."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_input, daemon=True).start()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_keep_alive=60))
    asyncio.run(server.serve([listener]))

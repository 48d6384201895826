"""What tests ask of the server: to make users and tables, to be in trouble, and what it has seen."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from account import Account, User
from sessions import Sessions
from statements import Statements
from tables import Tables


def control_routes(account: Account, sessions: Sessions, tables: Tables, statements: Statements) -> list[Route]:
    async def put_user(request: Request) -> Response:
        user = User(**await request.json())
        account.users[user.name.upper()] = user
        return Response()

    async def put_table(request: Request) -> Response:
        asked = await request.json()
        rows = asked.pop("rows")
        tables.create(**asked)
        tables.add(asked["schema"], asked["name"], rows)
        return Response()

    async def put_view(request: Request) -> Response:
        tables.create_view(**await request.json())
        return Response()

    async def post_rows(request: Request) -> Response:
        await asyncio.to_thread(lambda asked: tables.add(**asked), await request.json())
        return Response()

    async def post_fill(request: Request) -> Response:
        await asyncio.to_thread(lambda asked: tables.fill(**asked), await request.json())
        return Response()

    async def put_trouble(request: Request) -> Response:
        trouble = await request.json()
        account.warehouse = trouble.get("warehouse", account.warehouse)
        account.is_unavailable = trouble.get("unavailable", account.is_unavailable)
        account.lets_address_in = trouble.get("letsAddressIn", account.lets_address_in)
        statements.is_slow = trouble.get("slow", statements.is_slow)
        if trouble.get("expireTokens"):
            sessions.expire()
        if trouble.get("endSessions"):
            sessions.end_all()
        if trouble.get("forgetResults"):
            statements.forget()
        return Response()

    async def get_state(_: Request) -> Response:
        return JSONResponse(
            {
                "sessions": len(sessions),
                "running": [one.label for one in statements if one.is_running],
                "seen": [one.label for one in statements],
                "refused": statements.refused,
            }
        )

    return [
        Route("/test/user", put_user, methods=["PUT"]),
        Route("/test/table", put_table, methods=["PUT"]),
        Route("/test/view", put_view, methods=["PUT"]),
        Route("/test/rows", post_rows, methods=["POST"]),
        Route("/test/fill", post_fill, methods=["POST"]),
        Route("/test/trouble", put_trouble, methods=["PUT"]),
        Route("/test/state", get_state, methods=["GET"]),
    ]

"""What the server says no with."""

from dataclasses import dataclass


@dataclass
class Refusal(Exception):
    """Code and SQLSTATE are Snowflake's, the message is as it words it."""

    code: str
    message: str
    sql_state: str | None = None

    def body(self, query_id: str | None = None) -> dict:
        data = {"errorCode": self.code, "sqlState": self.sql_state, "queryId": query_id}
        return {"data": data, "code": self.code, "message": self.message, "success": False}

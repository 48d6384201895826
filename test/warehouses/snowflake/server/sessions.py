"""Logins that were let in, and the tokens that stand for them."""

import secrets
from dataclasses import dataclass, field

from account import User
from refusal import Refusal

SESSION_SECONDS = 3_600
MASTER_SECONDS = 14_400


def _token() -> str:
    return secrets.token_urlsafe(32)


@dataclass
class Session:
    user: User
    role: str
    warehouse: str | None
    database: str | None
    tag: str
    token: str = field(default_factory=_token)
    master_token: str = field(default_factory=_token)
    expired: bool = False


class Sessions:
    def __init__(self) -> None:
        self._sessions: list[Session] = []
        self._ended: set[str] = set()

    def begin(self, session: Session) -> None:
        self._sessions.append(session)

    def __len__(self) -> int:
        return len(self._sessions)

    def of(self, authorization: str | None) -> Session:
        """authorization: `Snowflake Token="…"`, the header of every request after the login."""
        token = _token_in(authorization)
        for session in self._sessions:
            if session.token == token:
                if session.expired:
                    raise Refusal("390112", "Your session has expired. Please login again.")
                return session
        if token in self._ended:
            raise Refusal("390111", "Session no longer exists.  New login required to access the service.")
        raise Refusal("390104", "User must login again to access the service.")

    def renew(self, authorization: str | None, old_token: str) -> Session:
        master_token = _token_in(authorization)
        for session in self._sessions:
            if session.master_token == master_token and session.token == old_token:
                session.token, session.master_token, session.expired = _token(), _token(), False
                return session
        raise Refusal("390114", "Authentication token has expired.  The user must authenticate again.")

    def expire(self) -> None:
        for session in self._sessions:
            session.expired = True

    def end(self, session: Session) -> None:
        self._sessions.remove(session)
        self._ended.add(session.token)

    def end_all(self) -> None:
        for session in list(self._sessions):
            self.end(session)


def _token_in(authorization: str | None) -> str:
    prefix, suffix = 'Snowflake Token="', '"'
    if authorization is None or not authorization.startswith(prefix):
        raise Refusal("390103", "Session token not found in the request data.")
    return authorization.removeprefix(prefix).removesuffix(suffix)

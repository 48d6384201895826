"""The account: who may log in and how, which roles there are, and how its virtual warehouse fares."""

import base64
import hashlib
import time
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from refusal import Refusal

ACCOUNT = "MYORG-MYACCOUNT"
DATABASE = "ANALYTICS"
WAREHOUSE = "BRAZE_CDI_WH"
ROLE = "BRAZE_CDI"

# A key pair signs for an hour at most; clocks may differ by a minute.
MOST_VALIDITY_MS = 3_600_000
CLOCK_SKEW_MS = 60_000


@dataclass
class User:
    name: str
    password: str | None = None
    tokens: list[str] = field(default_factory=list)
    # PEM, at most two: RSA_PUBLIC_KEY and RSA_PUBLIC_KEY_2.
    public_keys: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=lambda: [ROLE])
    disabled: bool = False


class Account:
    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.lets_address_in = True
        # Snowflake itself is down.
        self.is_unavailable = False
        # running, suspended (and does not resume by itself), or out_of_quota
        self.warehouse = "running"

    def log_in(self, data: dict) -> User:
        """data: what the driver sent in the body of its login."""
        if not self.lets_address_in:
            raise Refusal(
                "390422",
                "Incoming request with IP/Token 127.0.0.1 is not allowed to access Snowflake. "
                "Contact your account administrator.",
            )
        if data["ACCOUNT_NAME"].upper() != ACCOUNT:
            raise Refusal("390100", "Incorrect username or password was specified.")
        user = self.users.get(str(data.get("LOGIN_NAME")).upper())
        authenticator = data["AUTHENTICATOR"]
        if authenticator == "SNOWFLAKE":
            if user is None or user.password is None or data.get("PASSWORD") != user.password:
                raise Refusal("390100", "Incorrect username or password was specified.")
        elif authenticator == "PROGRAMMATIC_ACCESS_TOKEN":
            if user is None or data.get("TOKEN") not in user.tokens:
                raise Refusal("394400", "Programmatic access token is invalid.")
        elif authenticator == "SNOWFLAKE_JWT":
            if user is None or not any(_signs(user, key, data["TOKEN"]) for key in user.public_keys):
                raise Refusal("390144", "JWT token is invalid. [5c9d5a4e-0f4f-4b43-8d43-6f0a4b2f7a11]")
        else:
            raise Refusal("390139", f"The specified authenticator is not accepted: {authenticator}")
        if user.disabled:
            raise Refusal("390101", "User access disabled. Contact your local system administrator.")
        return user

    def role_of(self, user: User, wanted: str | None) -> str:
        if wanted is None:
            return user.roles[0]
        role = wanted.upper()
        if role not in user.roles:
            raise Refusal(
                "390189",
                f"Role '{role}' specified in the connect string is not granted to this user. Contact your local "
                "system administrator, or attempt to login with another role, e.g. PUBLIC.",
                "08004",
            )
        return role

    def require_warehouse(self, warehouse: str | None) -> None:
        if self.warehouse == "out_of_quota":
            raise Refusal(
                "090073",
                f"Warehouse '{WAREHOUSE}' cannot be resumed because resource monitor 'MONTHLY' has exceeded its quota.",
                "22000",
            )
        if warehouse is None or self.warehouse == "suspended":
            raise Refusal(
                "000606",
                "No active warehouse selected in the current session.  Select an active warehouse with the "
                "'use warehouse' command.\n",
                "57P03",
            )


def _signs(user: User, public_key: str, token: str) -> bool:
    """Whether a token was signed for this user by the private half of a key, lately."""
    try:
        # Times are in milliseconds, which no JWT library expects.
        times_unchecked = {"verify_exp": False, "verify_iat": False}
        claims = jwt.decode(token, public_key, algorithms=["RS256"], options=times_unchecked)
    except jwt.InvalidTokenError:
        return False
    der = load_pem_public_key(public_key.encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    fingerprint = base64.b64encode(hashlib.sha256(der).digest()).decode()
    subject = f"{ACCOUNT}.{user.name.upper()}"
    now = time.time() * 1000
    issued, expires = claims.get("iat", 0), claims.get("exp", 0)
    return (
        claims.get("sub") == subject
        and claims.get("iss") == f"{subject}.SHA256:{fingerprint}"
        and issued - CLOCK_SKEW_MS <= now <= expires
        and expires - issued <= MOST_VALIDITY_MS
    )

"""The session parameters that a statement may bring along, as the reference of parameters describes them."""

from refusal import Refusal

Value = str | int | bool

# What a session has where nobody says otherwise: an account is made with this time zone.
DEFAULTS: dict[str, Value] = {
    "CLIENT_RESULT_CHUNK_SIZE": 160,
    "QUERY_TAG": "",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "ROWS_PER_RESULTSET": 0,
    "STATEMENT_TIMEOUT_IN_SECONDS": 172_800,
    "TIMEZONE": "America/Los_Angeles",
}
RANGES = {
    "CLIENT_RESULT_CHUNK_SIZE": (48, 160),
    "STATEMENT_TIMEOUT_IN_SECONDS": (0, 604_800),
    "ROWS_PER_RESULTSET": (0, 2**31),
}
LONGEST_TAG = 2_000


def parameters_of(statement: dict[str, Value], tag: str) -> dict[str, Value]:
    """What holds for a statement. tag: of the session. Raises Refusal."""
    for name, value in statement.items():
        if name not in DEFAULTS:
            raise Refusal("001006", f"SQL compilation error:\ninvalid parameter '{name}'", "22023")
        lowest, highest = RANGES.get(name, (None, None))
        is_fit = type(value) is type(DEFAULTS[name]) and (lowest is None or lowest <= value <= highest)
        if not is_fit or (name == "QUERY_TAG" and len(value) > LONGEST_TAG):
            raise Refusal(
                "001008", f"SQL compilation error:\ninvalid value [{value}] for parameter '{name}'", "22023"
            )
    return {**DEFAULTS, "QUERY_TAG": tag, **statement}

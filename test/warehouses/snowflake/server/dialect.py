"""What of Snowflake's SQL fakesnow does not do right, and what Snowflake refuses that fakesnow lets through."""

import sqlglot
from sqlglot import exp

from refusal import Refusal
from sessions import Session
from tables import Table, Tables

# Snowflake's forms of a time, as DuckDB writes them; sqlglot has its own name for nine digits.
FORMS = {
    'YYYY-MM-DD"T"HH24:MI:SS.FF9': "%Y-%m-%dT%H:%M:%S.%n",
    "%Y-%m-%dT%H:%M:%S.%f_nine": "%Y-%m-%dT%H:%M:%S.%n",
    "%Y-%m-%dT%H:%M:%S.%f_nine%z": "%Y-%m-%dT%H:%M:%S.%n%z",
}
# As sqlglot names them: TO_VARCHAR, TO_TIMESTAMP_NTZ and _TZ, CONVERT_TIMEZONE, TO_JSON, SYSDATE …
KNOWN_FUNCTIONS = (
    exp.And,
    exp.Case,
    exp.Chr,
    exp.Coalesce,
    exp.ConvertTimezone,
    exp.Count,
    exp.CurrentTimestamp,
    exp.CurrentWarehouse,
    exp.DateAdd,
    exp.If,
    exp.JSONFormat,
    exp.Left,
    exp.Lower,
    exp.MD5,
    exp.StrToTime,
    exp.TimeToStr,
    exp.ToChar,
    exp.ToVariant,
)


def prepare(sql: str, tables: Tables, session: Session) -> tuple[str, list[Table]]:
    """The text for fakesnow, and the tables it reads. Raises Refusal as Snowflake would."""
    statement = _parse(sql)
    read = [_table(node, tables, session.role) for node in statement.find_all(exp.Table)]
    for function in statement.find_all(exp.Func):
        if not isinstance(function, KNOWN_FUNCTIONS):
            raise Refusal("002140", f"SQL compilation error:\nUnknown function {function.sql()}", "42601")
    _require_columns(statement, read)
    return statement.transform(_times).transform(_warehouse, session.warehouse).sql(dialect="snowflake"), read


def _parse(sql: str) -> exp.Expr:
    try:
        statements = sqlglot.parse(sql, read="snowflake")
    except sqlglot.errors.ParseError as error:
        raise Refusal("001003", f"SQL compilation error:\n{error}", "42000") from None
    if len(statements) != 1:
        raise Refusal("000008", "Actual statement count did not match the desired statement count 1.", "0A000")
    if not isinstance(statements[0], exp.Select):
        raise Refusal("003001", "SQL access control error:\nInsufficient privileges.", "42501")
    return statements[0]


def _name(identifier: exp.Identifier) -> str:
    """Snowflake takes a quoted name as it is written, and any other in upper case; DuckDB does not look at case."""
    return identifier.this if identifier.quoted else identifier.this.upper()


def _table(node: exp.Table, tables: Tables, role: str) -> Table:
    schema = node.args.get("db")
    if schema is None or node.args.get("catalog") is not None:
        raise Refusal("090106", "Cannot perform SELECT. This session does not have a current schema.", "22000")
    return tables.require(role, _name(schema), _name(node.this))


def _require_columns(statement: exp.Expr, read: list[Table]) -> None:
    known = {name for table in read for name in table.columns}
    for column in statement.find_all(exp.Column):
        if read and not isinstance(column.this, exp.Star) and _name(column.this) not in known:
            raise Refusal(
                "000904",
                f"SQL compilation error: error line 1 at position 7\ninvalid identifier '{column.sql()}'",
                "42000",
            )


def _times(node: exp.Expr) -> exp.Expr:
    """fakesnow drops the form of TO_VARCHAR, and reads a text with a zone to microseconds."""
    form = node.args.get("format")
    if isinstance(node, exp.ToChar | exp.TimeToStr) and form is not None:
        return exp.Anonymous(this="STRFTIME", expressions=[node.this, _form(form)])
    if isinstance(node, exp.StrToTime):
        return exp.Anonymous(this="STRPTIME", expressions=[node.this, _form(form)])
    return node


def _warehouse(node: exp.Expr, warehouse: str | None) -> exp.Expr:
    if isinstance(node, exp.CurrentWarehouse):
        return exp.Cast(
            this=exp.Literal.string(warehouse) if warehouse else exp.Null(), to=exp.DataType.build("text")
        )
    return node


def _form(form: exp.Expr) -> exp.Expr:
    if form.this not in FORMS:
        raise Refusal("000002", f"Unsupported feature: the stand-in does not know the form {form.this}.", "0A000")
    return exp.Literal.string(FORMS[form.this])

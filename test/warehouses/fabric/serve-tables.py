"""Serves tables with pysqlbridge, typed as Microsoft Fabric types them.

pysqlbridge reads tables from CSV files and guesses their types. Here they come from a folder, one file a table, with types of
Fabric: datetime2(6), varchar in UTF-8, bit, bigint. Also added is what Fabric has and pysqlbridge lacks: schemas, names that
tell capitals apart, HASHBYTES, microseconds in style 126. TLS and the login of Fabric belong to the front (front.ts), which
reaches this server over plain TDS.

Usage: serve-tables.py FOLDER, with the password of `sa` in BRIDGE_PASSWORD. Prints its port; ends with its standard input.
"""

import datetime
import hashlib
import json
import struct
import sys
import threading
from pathlib import Path

from pysqlbridge import logins, predicate, server, source
from pysqlbridge.catalog import Catalog
from pysqlbridge.source import Table
from pysqlbridge.tds.connection import Connection, ConnectionState
from pysqlbridge.tds import result
from pysqlbridge.tds.packet import DEFAULT_PACKET_SIZE, HEADER_SIZE, PacketStatus, PacketType, build_packet
from pysqlbridge.tds.result import Bit, Column, ColumnType, Integer, NVarChar, QueryError

INVALID_OBJECT_NAME = 208
DONE_BYTES = 13
# What the present thread has encoded.
ENCODED = threading.local()
MAX = 0xFFFF
# Latin1_General_100_BIN2_UTF8, the default of Fabric: language 0x409, flags fBinary2 and fUTF8, version 2, no sort id.
UTF8_COLLATION = struct.pack("<IB", 0x409 | 1 << 25 | 1 << 26 | 2 << 28, 0)


class VarChar(NVarChar):
    """BIGVARCHR of a length in bytes, or of MAX where it is None."""

    def type_info(self):
        return b"\xa7" + struct.pack("<H", self.max_chars or MAX) + UTF8_COLLATION

    def encode(self, value):
        if value is None:
            return b"\xff" * (8 if self.is_max else 2)
        text = str(value).encode()
        if not self.is_max:
            return struct.pack("<H", len(text)) + text
        chunk = struct.pack("<I", len(text)) + text if text else b""
        return struct.pack("<Q", len(text)) + chunk + struct.pack("<I", 0)


class DateTime2(ColumnType):
    """DATETIME2N of six digits: microseconds since midnight in five bytes, days since the year 1 in three."""

    def type_info(self):
        return b"\x2a\x06"

    def encode(self, value):
        if value is None:
            return b"\x00"
        midnight = value.replace(hour=0, minute=0, second=0, microsecond=0)
        microseconds = (value - midnight) // datetime.timedelta(microseconds=1)
        days = value.toordinal() - 1
        return b"\x08" + microseconds.to_bytes(5, "little") + days.to_bytes(3, "little")


source.PYTHON_FOR.update({VarChar: str, DateTime2: datetime.datetime})


def column_type(declared):
    """The type of a column on the wire, and what makes a value of it from JSON."""
    if declared.startswith("varchar("):
        size = declared[len("varchar("):-1]
        return VarChar(None if size == "max" else int(size)), str
    return {
        "datetime2(6)": (DateTime2(), datetime.datetime.fromisoformat),
        "bit": (Bit(), bool),
        "int": (Integer(4), int),
        "bigint": (Integer(8), int),
    }[declared]


def large_rows(start, rows, payload_bytes, rows_per_instant, width):
    """The rows of a large table; see conformance/large-table.ts."""
    first = datetime.datetime.fromisoformat(start)
    text = "x" * payload_bytes
    for n in range(rows):
        at = first + datetime.timedelta(milliseconds=n // rows_per_instant)
        yield [at, f"u{n}", *[None] * (width - 3), f'{{"n":{n},"text":"{text}"}}']


def read_table(path):
    """A table; of a view, schema and name of the table that it shows."""
    document = json.loads(path.read_text())
    if "view_of" in document:
        return document["view_of"]
    types = [column_type(declared) for _, declared in document["columns"]]
    columns = [Column(name, kind) for (name, _), (kind, _) in zip(document["columns"], types)]
    makers = [make for _, make in types]
    rows = list(large_rows(*document["large"], len(columns))) if "large" in document else []
    for row in document.get("rows", []):
        rows.append([None if value is None else make(value) for make, value in zip(makers, row)])
    return Table(name=document["name"], columns=columns, rows=rows)


class Warehouse(Catalog):
    """Finds tables in the folder at the moment in which they are asked for, so that they may come and change."""

    folder = None
    read = {}

    def get(self, name, schema=None, parameters=None):
        key = hashlib.sha256(f"{schema or 'dbo'}\0{name}".encode()).hexdigest()
        path = self.folder / f"{key}.json"
        if not path.exists():
            raise QueryError(f"Invalid object name '{schema}.{name}'.", number=INVALID_OBJECT_NAME)
        changed = path.stat().st_mtime_ns
        if self.read.get(path, (None,))[0] != changed:
            self.read[path] = (changed, read_table(path))
        table = self.read[path][1]
        return self.get(*reversed(table)) if isinstance(table, list) else table


class PlainTunnel:
    """Stands where pysqlbridge expects TLS."""

    def unwrap(self, data):
        return data


class PlainConnection(Connection):
    """Begins with the login, and marks the packets at whose ends a row ends: there the front may break off."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._state = ConnectionState.EXPECT_LOGIN
        self._tunnel = PlainTunnel()

    def _send(self, responses, payload, packet_id=1):
        ends = vars(ENCODED).pop("row_ends", [])
        if ends:
            first = len(payload) - DONE_BYTES - ends[-1]
            responses.extend(packets_by_rows(payload, [first + end for end in ends], self._spid))
        else:
            super()._send(responses, payload, packet_id)


def encoded_rows(columns, rows):
    """Rows as pysqlbridge encodes them, remembering where each ends."""
    out = bytearray()
    ends = []
    for row in rows:
        out += result.row(columns, row)
        ends.append(len(out))
    ENCODED.row_ends = ends
    return bytes(out)


def packets_by_rows(payload, row_ends, session):
    """The packets of an answer. Those that end where a row does say so in `window`, which clients do not look at."""
    room = DEFAULT_PACKET_SIZE - HEADER_SIZE
    pieces = []
    start = whole = 0
    for end in [*row_ends, len(payload)]:
        if end - start > room and whole > start:
            pieces.append((start, whole, 1))
            start = whole
        while end - start > room:
            pieces.append((start, start + room, 0))
            start += room
        whole = end
    for number, (begin, end, window) in enumerate([*pieces, (start, len(payload), 0)], start=1):
        status = PacketStatus.END_OF_MESSAGE if end == len(payload) else PacketStatus.NORMAL
        yield build_packet(
            PacketType.TABULAR_RESULT,
            payload[begin:end],
            status=status,
            spid=session,
            packet_id=number % 256,
            window=window,
        )


def hashbytes(algorithm, value):
    return None if value is None else hashlib.new(algorithm.lower(), str(value).encode()).digest()


def in_style(moment, style, of_pysqlbridge=predicate._in_style):
    """Style 126 leaves a fraction of zero out, and else writes all six digits of a datetime2(6)."""
    return moment.isoformat() if style == 126 else of_pysqlbridge(moment, style)


def converted(value, to, style=None, of_pysqlbridge=predicate.converted):
    """Style 2 writes bytes as hexadecimal digits."""
    if isinstance(value, bytes) and style == 2:
        return value.hex().upper()
    return of_pysqlbridge(value, to, style)


def main():
    predicate.FUNCTIONS["HASHBYTES"] = hashbytes
    predicate._in_style = in_style
    predicate.converted = converted
    result._rows = encoded_rows
    server.Connection = PlainConnection
    warehouse = Warehouse()
    warehouse.folder = Path(sys.argv[1])
    accounts = {"logins": [{"user": "sa", "password": "${BRIDGE_PASSWORD}"}]}
    bridge = server.BridgeServer(
        port=0,
        certificate=object(),
        query_handler=warehouse.answer,
        logins=logins.from_document(accounts, "the environment"),
    )
    threading.Thread(target=bridge.serve_forever, daemon=True).start()
    print(bridge.address[1], flush=True)
    sys.stdin.read()


main()

"""Serves bqemulator until standard input ends, so that it never outlives whoever started it.

Arguments: the REST port, the gRPC port, the project. HOME must be a folder of its own.
"""

import os
import sys
import threading
from pathlib import Path

import duckdb
import duckdb_extension_spatial
from bqemulator.cli import main

# The emulator would download the extension; a wheel brings it.
version = f"v{duckdb.__version__}"
platform = duckdb.connect().execute("PRAGMA platform").fetchone()[0]
folder = Path(os.environ["HOME"]) / ".duckdb" / "extensions" / version / platform
folder.mkdir(parents=True)
name = "spatial.duckdb_extension"
wheel = Path(duckdb_extension_spatial.__file__).parent / "extensions" / version
(folder / name).symlink_to(wheel / name)


def end_with_input() -> None:
    while sys.stdin.buffer.read(1):
        pass
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
rest_port, grpc_port, project = sys.argv[1:]
ports = ["--rest-port", rest_port, "--grpc-port", grpc_port]
main(["start", *ports, "--project", project, "--log-level", "error", "--log-format", "console"])

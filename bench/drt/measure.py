"""Runs a command to its end; prints what it cost as one line of JSON: seconds, CPU seconds, peak memory in KB."""

import json
import resource
import signal
import subprocess
import sys
import time

began = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
# Whoever ends this process means the command.
signal.signal(signal.SIGTERM, lambda *_: child.terminate())
output, _ = child.communicate()
seconds = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
if child.returncode != 0:
    sys.exit(output or f"ended with {child.returncode}")
print(
    json.dumps(
        {
            "seconds": seconds,
            "cpu_seconds": used.ru_utime + used.ru_stime,
            "peak_kb": used.ru_maxrss,
        }
    )
)

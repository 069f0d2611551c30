"""What Stele costs: start time, idle memory, and bytes written per byte stored.

    python3 footprint.py BINARY

Bytes written are those the process handed to the disk (write_bytes of /proc/PID/io)
while redis-benchmark wrote 100,000 values of 1,000 bytes to as many keys.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from servers import stele

VALUES, VALUE_BYTES = 100_000, 1_000


def number(path, name):
    line = next(line for line in Path(path).read_text().splitlines() if line.startswith(name))
    return int(line.split()[1])


def main():
    starts, idle = [], []
    for _ in range(5):
        begun = time.monotonic()
        with stele(sys.argv[1], "always") as server:
            starts.append(time.monotonic() - begun)
            time.sleep(1)
            idle.append(number(f"/proc/{server.process.pid}/status", "VmRSS:") / 1024)
    print(f"start to ready, empty folder   {statistics.median(starts) * 1000:8.0f} ms")
    print(f"idle resident memory           {statistics.median(idle):8.0f} MiB")
    with stele(sys.argv[1], "everysec") as server:
        command = ["redis-benchmark", "-p", str(server.ports["redis"]), "-t", "set", "-c", "50", "-P", "16", "-q"]
        subprocess.run(command + ["-n", str(VALUES), "-r", str(VALUES), "-d", str(VALUE_BYTES)], check=True, stdout=subprocess.DEVNULL)
        time.sleep(2)
        written = number(f"/proc/{server.process.pid}/io", "write_bytes:")
    print(f"bytes written per byte stored  {written / (VALUES * VALUE_BYTES):8.2f}")


main()

"""redis-benchmark against Stele and against redis-server, in turns, on one machine.

    python3 redis_ratio.py BINARY [ROUNDS]

Durability is the same on both sides: redis with its append-only file at everysec or
always, Stele with fsync at everysec or always. 50 clients, 100,000 keys, 64-byte values.
"""

import csv
import io
import subprocess
import sys
from collections import defaultdict

from servers import redis_server, stele, table

REQUESTS = {1: 60_000, 16: 300_000}
FLOORS = {
    ("everysec", 1): {"GET": 0.7, "SET": 0.6},
    ("everysec", 16): {"GET": 0.5, "SET": 0.5},
    ("always", 1): {"SET": 0.5},
    ("always", 16): {"SET": 0.5},
}


def measure(port, pipeline, requests):
    command = ["redis-benchmark", "-p", str(port), "-t", "set,get,incr", "-c", "50", "-P", str(pipeline)]
    command += ["-n", str(requests), "-r", "100000", "-d", "64", "--csv"]
    rows = csv.DictReader(io.StringIO(subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL)))
    return {row["test"]: float(row["rps"]) for row in rows}


def main():
    binary, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    missed = 0
    for fsync in ("everysec", "always"):
        seen = defaultdict(lambda: {"stele": [], "redis": []})
        for _ in range(rounds):
            for name, start in (("stele", lambda: stele(binary, fsync)), ("redis", lambda: redis_server(fsync))):
                with start() as server:
                    for pipeline, requests in REQUESTS.items():
                        for test, rps in measure(server.ports["redis"], pipeline, requests).items():
                            seen[pipeline, test][name].append(rps)
        rows = [
            (f"{test} P={pipeline}", sides["stele"], sides["redis"], FLOORS[fsync, pipeline].get(test))
            for (pipeline, test), sides in seen.items()
        ]
        missed += table(f"redis-benchmark c=50, requests/s, median of {rounds}, fsync = {fsync} on both sides", rows)
    print(f"\n{missed} floors missed")


main()

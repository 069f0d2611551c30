"""Redis's own Tcl suite against a running binary, unit by unit.

    python3 redis_suite.py BINARY REDIS_TREE [UNIT...]

REDIS_TREE is a checkout of Redis 7.2.4 (only `tests/` and `runtest` are used; nothing is
compiled). Each unit gets a server of its own, because units leak configuration. Prints
passed and failed per unit and the names of what failed.
"""

import os
import random
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))
from servers import stele  # noqa: E402

UNITS = ["type/string", "type/hash", "type/incr", "expire", "keyspace", "scan", "multi"]
# What a server without DEBUG, replication, SAVE and Redis's encodings is asked.
PROFILE = "--durable --timeout 60 --singledb --ignore-encoding --ignore-digest".split()
TAGS = (
    "-slow -needs:debug -needs:repl -needs:config-maxmemory -needs:config-resetstat -needs:save "
    "-needs:reset -needs:pfdebug -needs:latency -needs:local-process"
)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
UNIT_SECONDS_MAX = 280


def run(binary, tree, unit):
    with stele(binary, "everysec") as server:
        command = ["./runtest", "--host", "127.0.0.1", "--port", str(server.ports["redis"]), *PROFILE]
        command += ["--single", f"unit/{unit}", "--tags", TAGS, "--baseport", str(random.randrange(20_000, 30_000))]
        try:
            done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=UNIT_SECONDS_MAX, errors="replace")
            text = done.stdout
        except subprocess.TimeoutExpired as late:
            text = (late.stdout or b"").decode(errors="replace") + "\n[err]: the unit ran out of time"
    return [COLOUR.sub("", line) for line in text.splitlines()]


def main():
    binary, tree = os.path.abspath(sys.argv[1]), sys.argv[2]
    sums = [0, 0]
    for unit in sys.argv[3:] or UNITS:
        lines = run(binary, tree, unit)
        passed = sum(line.startswith("[ok]") for line in lines)
        failed = [line for line in lines if line.startswith(("[err]", "[exception]"))]
        sums[0] += passed
        sums[1] += len(failed)
        print(f"{unit:16} {passed:4} passed {len(failed):4} failed", flush=True)
        for line in failed:
            print(f"    {line[:200]}")
        if not passed and not failed:
            print("    " + "\n    ".join(lines[-5:]))
    print(f"{sums[0]} passed, {sums[1]} failed")


main()

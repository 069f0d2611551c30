"""pgbench against Stele and against PostgreSQL, in turns, on one machine.

    python3 postgres_ratio.py BINARY [ROUNDS] [SECONDS]

Durability is the same on both sides: every commit waits for its fsync. Scale 10, 8
clients, prepared statements; select-only and TPC-B.
"""

import re
import subprocess
import sys
from collections import defaultdict

from servers import postgres_server, stele, table

SCALE = 10
FLOORS = {"select-only": 0.6, "tpcb-like": 0.5}


def pgbench(port, *words):
    command = ["pgbench", "-h", "127.0.0.1", "-p", str(port), "-U", "stele", *words, "stele"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def measure(port, script, seconds):
    text = pgbench(port, "-b", script, "-M", "prepared", "-c", "8", "-j", "2", "-T", str(seconds))
    return float(re.search(r"tps = ([0-9.]+)", text).group(1))


def main():
    binary, rounds, seconds = sys.argv[1], *(int(word) for word in (sys.argv[2:] + ["5", "8"][len(sys.argv) - 2 :]))
    seen = defaultdict(lambda: {"stele": [], "postgres": []})
    with stele(binary, "always") as ours, postgres_server() as theirs:
        sides = {"stele": ours.ports["postgres"], "postgres": theirs.ports["postgres"]}
        for port in sides.values():
            pgbench(port, "-i", "-s", str(SCALE), "-q")
        for _ in range(rounds):
            for name, port in sides.items():
                for script in FLOORS:
                    seen[script][name].append(measure(port, script, seconds))
    rows = [(script, side["stele"], side["postgres"], FLOORS[script]) for script, side in seen.items()]
    title = f"pgbench prepared c=8 scale {SCALE}, transactions/s, median of {rounds}, every commit fsynced on both sides"
    print(f"\n{table(title, rows)} floors missed")


main()

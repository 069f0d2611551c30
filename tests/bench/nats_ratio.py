"""The same load on Stele's nats door and on nats-server, in turns, on one machine.

    python3 nats_ratio.py BINARY LOAD NATS_SERVER [ROUNDS]

LOAD is `frontends/nats/examples/load.rs`, compiled. Core messages are kept by neither side.
For streams both sync: Stele with fsync = always, nats-server with `sync_interval: always`;
an acknowledgement means that the message is on disk.
"""

import subprocess
import sys

from servers import nats_server, stele, table

# kind, size or window, how many, how many on nats-server, floor
CORE = [
    ("publish 16 B", "publish", 16, 2_000_000, 0.5),
    ("publish 1 KiB", "publish", 1024, 300_000, 0.5),
    ("request, 1 at a time", "request", 1, 20_000, 0.5),
    ("request, 32 at a time", "request", 32, 100_000, 0.5),
]
STREAMS = [
    ("stream, 1 unacknowledged", "stream", 1, 2_000, 1_000, None),
    ("stream, 256 unacknowledged", "stream", 256, 60_000, 2_000, 5.0),
]


def measure(load, server, kind, by, count):
    command = [load, f"127.0.0.1:{server.ports['nats']}", kind, str(by), str(count)]
    return float(subprocess.check_output(command, text=True))


def main():
    binary, load, anchor = sys.argv[1:4]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    sides = (lambda: stele(binary, "always")), (lambda: nats_server(anchor))
    core = {name: ([], []) for name, *_ in CORE}
    streams = {name: ([], []) for name, *_ in STREAMS}
    for _ in range(rounds):
        for nth, start in enumerate(sides):
            with start() as server:
                for name, kind, by, count, _ in CORE:
                    core[name][nth].append(measure(load, server, kind, by, count))
            for name, kind, by, *counts, _ in STREAMS:
                # A new folder each: the stream is made by the load.
                with start() as server:
                    streams[name][nth].append(measure(load, server, kind, by, counts[nth]))
    rows = [(name, *core[name], floor) for name, *_, floor in CORE]
    missed = table(f"core, messages or requests/s, median of {rounds}, nothing is kept", rows)
    rows = [(name, *streams[name], floor) for name, *_, floor in STREAMS]
    missed += table(f"JetStream, 128 B, acknowledgements/s, median of {rounds}, fsync before each", rows)
    print(f"\n{missed} floors missed")


main()

"""Search against tantivy without Stele, in turns, on one machine; and how soon a write is seen.

    python3 search_ratio.py BINARY RAW [ROUNDS [PARTS]]

RAW is the program of search/examples/raw. 50,000 documents, the same on both sides.

Indexing: Stele takes `_bulk` requests of 1,000 documents, each acknowledged when it is in
the log and the log is on disk (fsync = always), until all can be found; tantivy commits,
with its fsyncs, after every 1,000 documents.
Top ten: the median time of each query with its documents. tantivy's is taken in its own
process, and as a round trip to the plainest HTTP server there is; Stele's is a round trip.
Seen: the time from a write's acknowledgement until others see it.
"""

import http.client
import json
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from servers import stele, table

COUNT, BATCH, PASSES = 50_000, 1_000, 40
JSON = {"content-type": "application/json"}


def ask(http, method, path, body=None):
    """A dict is sent as JSON, bytes as they are."""
    http.request(method, path, json.dumps(body) if isinstance(body, dict) else body, JSON)
    reply = http.getresponse()
    text = reply.read()
    if reply.status >= 300:
        raise SystemExit(f"{method} {path}: {text[:500]}")
    return json.loads(text)


def connect(port):
    http_connection = http.client.HTTPConnection("127.0.0.1", port)
    http_connection.connect()
    http_connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return http_connection


def bulk_bodies(path):
    lines = [json.loads(line) for line in open(path)]
    items = [f'{{"index":{{"_id":"{line["id"]}"}}}}\n{json.dumps(line["source"], separators=(",", ":"))}\n' for line in lines]
    return ["".join(items[at : at + BATCH]).encode() for at in range(0, len(items), BATCH)]


def fill(client, mapping, bodies):
    """Seconds until everything can be found."""
    ask(client, "PUT", "/shop", mapping)
    ask(client, "POST", "/shop/_refresh")
    begun = time.perf_counter()
    for body in bodies:
        if ask(client, "POST", "/shop/_bulk", body)["errors"]:
            raise SystemExit("a document was refused")
    ask(client, "POST", "/shop/_refresh")
    seconds = time.perf_counter() - begun
    found = ask(client, "GET", "/shop/_count")["count"]
    if found != COUNT:
        raise SystemExit(f"{found} of {COUNT} documents are found")
    return seconds


def indexing(binary, raw, path, mapping, rounds):
    bodies, ours, theirs = bulk_bodies(path), [], []
    for _ in range(rounds):
        plain = json.loads(subprocess.check_output([raw, "index", path, str(BATCH)]))
        theirs.append(plain["bytes"] / plain["seconds"] / 1e3)
        with stele(binary, "always") as server:
            ours.append(plain["bytes"] / fill(connect(server.ports["http"]), mapping, bodies) / 1e3)
    rows = [("documents, kB/s", ours, theirs, 0.5)]
    return table(f"indexing {COUNT:,} documents, fsync for every {BATCH:,} on both sides, median of {rounds}", rows)


def round_trip(port, method, path, body=None):
    """Median microseconds of a request, on a connection of its own."""
    client, times = connect(port), []
    for _ in range(PASSES):
        begun = time.perf_counter()
        ask(client, method, path, body)
        times.append((time.perf_counter() - begun) * 1e6)
    client.close()
    return statistics.median(times)


def latency(binary, raw, path, mapping, rounds):
    served = subprocess.Popen([raw, "serve", path, str(PASSES)], stdout=subprocess.PIPE, text=True)
    plain = json.loads(served.stdout.readline())
    try:
        with stele(binary, "always") as server:
            port = server.ports["http"]
            fill(connect(port), mapping, bulk_bodies(path))
            kinds = {"without a count": "false", "with a count up to 10,000": "10000"}
            ours = {kind: [[] for _ in plain["cases"]] for kind in kinds}
            theirs = [[] for _ in plain["cases"]]
            for _ in range(rounds):
                for number, (_, body, _) in enumerate(plain["cases"]):
                    theirs[number].append(round_trip(plain["port"], "GET", f"/{number}"))
                    for kind, track in kinds.items():
                        ours[kind][number].append(round_trip(port, "POST", f"/shop/_search?track_total_hits={track}", body))
    finally:
        served.kill()
    alone = [seconds * 1e6 for _, _, seconds in plain["cases"]]
    over_http = [statistics.median(times) for times in theirs]
    print(f"\ntop ten of {len(alone)} queries, us, median of {rounds} medians of {PASSES}")
    print(f"tantivy in its process: median {statistics.median(alone):.0f}; over HTTP: median {statistics.median(over_http):.0f}")
    missed = 0
    for kind, times in ours.items():
        times = [statistics.median(case) for case in times]
        ratios = sorted(time / other for time, other in zip(times, over_http))
        ratio = statistics.median(times) / statistics.median(over_http)
        is_missed = kind == "without a count" and ratio > 2
        missed += is_missed
        print(f"Stele over HTTP, {kind}: median {statistics.median(times):.0f}, {ratio:.2f} times as long (at most 2){'  missed' if is_missed else ''}; "
              f"each query {ratios[0]:.2f} to {ratios[-1]:.2f}, median {statistics.median(ratios):.2f}")
        worst = sorted(zip((time / other for time, other in zip(times, over_http)), times, over_http, plain["cases"]), key=lambda row: -row[0])[:5]
        for ratio, time_us, other, (name, _, _) in worst:
            print(f"    {ratio:5.2f}  {time_us:6.0f} {other:6.0f}  {name}")
    return missed


class Sql:
    """Simple queries on PostgreSQL's wire."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")
        words = b"user\0stele\0database\0stele\0\0"
        self.socket.sendall(struct.pack("!II", 8 + len(words), 196608) + words)
        self.finish()

    def finish(self):
        while True:
            kind, length = struct.unpack("!cI", self.reader.read(5))
            body = self.reader.read(length - 4)
            if kind == b"E":
                raise SystemExit(body)
            if kind == b"Z":
                return

    def run(self, text):
        text = text.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!I", 4 + len(text)) + text)
        self.finish()


def say(name, times):
    times = sorted(max(time, 0) * 1000 for time in times)
    print(f"{name:34} p50 {times[len(times) // 2]:8.2f} ms   p99 {times[int(len(times) * 0.99)]:8.2f} ms")


def seen(binary):
    """The time from a write's acknowledgement until others see it."""
    print("\nfrom the acknowledgement of a write until it is seen, fsync = always")
    with stele(binary, "always") as server:
        client, sql = connect(server.ports["http"]), Sql(server.ports["postgres"])
        ask(client, "PUT", "/seen", {"mappings": {"properties": {"n": {"type": "long"}}}})
        ask(client, "POST", "/seen/_refresh")
        redis = socket.create_connection(("127.0.0.1", server.ports["redis"]))
        nats = socket.create_connection(("127.0.0.1", server.ports["nats"]))
        events = nats.makefile("rb")
        nats.sendall(b'CONNECT {"verbose":false}\r\nSUB db.seen.> 1\r\nPING\r\n')
        while events.readline() != b"PONG\r\n":
            pass
        cache, event, search = [], [], []
        for number in range(300):
            sql.run(f"INSERT INTO seen (_id, n) VALUES ('s{number}', {number})")
            written = time.perf_counter()
            head = events.readline().split()
            events.read(int(head[-1]) + 2)
            event.append(time.perf_counter() - written)
            written = time.perf_counter()
            redis.sendall(f"HGET seen:s{number} n\r\n".encode())
            if str(number).encode() not in redis.recv(100):
                raise SystemExit("the cache has not seen a write that was acknowledged")
            cache.append(time.perf_counter() - written)
        for number in range(80):
            # Not in step with the refreshes.
            time.sleep(0.037 * (number % 11))
            sql.run(f"INSERT INTO seen (_id, n) VALUES ('t{number}', {1000 + number})")
            written = time.perf_counter()
            query = {"query": {"term": {"n": 1000 + number}}, "size": 1}
            while not ask(client, "POST", "/seen/_search", query)["hits"]["hits"]:
                time.sleep(0.001)
            search.append(time.perf_counter() - written)
    say("cache (HGET after INSERT)", cache)
    say("event (NATS db.seen.>)", event)
    say("search (default refresh)", search)


def main():
    binary, raw, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 5
    parts = sys.argv[4].split(",") if len(sys.argv) > 4 else ["indexing", "latency", "seen"]
    mapping = json.loads(subprocess.check_output([raw, "mapping"]))
    missed = 0
    with tempfile.NamedTemporaryFile(suffix=".ndjson") as file:
        subprocess.run([raw, "documents", str(COUNT)], stdout=file, check=True)
        if "indexing" in parts:
            missed += indexing(binary, raw, file.name, mapping, rounds)
        if "latency" in parts:
            missed += latency(binary, raw, file.name, mapping, rounds)
    if "seen" in parts:
        seen(binary)
    print(f"\n{missed} floors missed")


main()

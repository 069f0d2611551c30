"""async-nats's own tests against a running binary, test by test.

    python3 nats_suite.py BINARY CHECKOUT [PART OF A NAME...]

CHECKOUT is nats-io/nats.rs at async-nats 0.51.0. Its tests start `nats-server` themselves;
here that is `nats_server.py`, which becomes Stele. Each test is a process of its own with a
time limit, so that one that hangs is one that failed. Prints passed, failed and skipped per
file, and the names of what failed. SKIPPED says what is not asked, and why.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECONDS_MAX = 150
AT_ONCE = 2
FILES = {
    "tls_tests": "TLS is not there",
    "jwt_tests": "accounts are not there",
    "nkey_tests": "nkeys are not there",
    "websocket_test": "websockets are not there",
    "compatibility": "drives another harness",
}
NETWORK, CLUSTER, JWT, LATER = "asks the internet", "needs a cluster", "needs accounts", "2.14; the door speaks 2.12"
SKIPPED = {
    "client::connect_domain": NETWORK,
    "client::custom_auth_callback_jwt": JWT,
    "client::multiple_auth_methods": JWT,
    "jetstream::allow_batch_publish_round_trip": LATER,
    "jetstream::consumer_reset": LATER,
    "jetstream::create_stream_with_replicas": CLUSTER,
    "jetstream::source_consumer_round_trip": LATER,
    "server_pool::server_pool_contains_discovered_servers": CLUSTER,
    "server_pool::set_server_pool_marks_all_as_explicit": CLUSTER,
    "service::cross_clients_tests": NETWORK,
    "service::schemas": NETWORK,
}


def executables(checkout):
    """Compiles the tests; a path for each file of them."""
    build = ["cargo", "test", "--no-run", "--features", "slow_tests", "--message-format", "json"]
    lines = subprocess.check_output(build, cwd=checkout / "async-nats", text=True).splitlines()
    built = [json.loads(line) for line in lines if line.startswith("{")]
    return {
        one["target"]["name"]: one["executable"]
        for one in built
        if one.get("executable") and "test" in one["target"]["kind"]
    }


def names(executable):
    listed = subprocess.check_output([executable, "--list"], text=True).splitlines()
    return [line.removesuffix(": test") for line in listed if line.endswith(": test")]


def run(executable, name, checkout, environment):
    """ok, ignored or FAILED, and what was said."""
    command = [executable, "--exact", name, "--nocapture"]
    process = subprocess.Popen(
        command, cwd=checkout / "async-nats", env=environment, text=True, errors="replace",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, process_group=0,
    )
    try:
        said, _ = process.communicate(timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return "FAILED", f"no end after {SECONDS_MAX} s"
    finally:
        # Servers that a test left behind.
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    if process.returncode == 0:
        return ("ignored" if "1 ignored" in said else "ok"), said
    # Where it panicked, and the line that says why.
    _, _, panic = said.partition("panicked at ")
    return "FAILED", " ".join(panic.splitlines()[:2]) or said[-200:]


def main():
    binary, checkout = os.path.abspath(sys.argv[1]), Path(sys.argv[2]).resolve()
    parts, sums = sys.argv[3:], [0, 0, 0]
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(HERE / "nats_server.py", Path(folder) / "nats-server")
        environment = {**os.environ, "STELE": binary, "PATH": f"{folder}:{os.environ['PATH']}", "TMPDIR": folder}
        for file, executable in sorted(executables(checkout).items()):
            wanted = [name for name in names(executable) if not parts or any(part in f"{file}::{name}" for part in parts)]
            skipped = {name: FILES.get(file) or SKIPPED.get(name) for name in wanted}
            asked = [name for name in wanted if not skipped[name]]
            with ThreadPoolExecutor(AT_ONCE) as pool:
                done = list(pool.map(lambda name: run(executable, name, checkout, environment), asked))
            results = defaultdict(list)
            for name, (verdict, said) in zip(asked, done):
                results[verdict].append((name, said))
            left = len(wanted) - len(asked) + len(results["ignored"])
            print(f"{file:34} {len(results['ok']):4} passed {len(results['FAILED']):4} failed {left:4} skipped", flush=True)
            for name, said in results["FAILED"]:
                print(f"    {name}: {said[:300]}", flush=True)
            sums = [sum(both) for both in zip(sums, (len(results["ok"]), len(results["FAILED"]), left))]
    print("{} passed, {} failed, {} skipped".format(*sums))


main()

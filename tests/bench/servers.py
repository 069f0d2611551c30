"""Starts and stops the servers that are compared, each in a folder of its own.

Every server stores on the same disk: below the folder named by $TMPDIR, or /tmp.
"""

import json
import os
import pwd
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"nothing answers on port {port}")


class Server:
    """A process, its ports, and a folder that goes when it is stopped."""

    def __init__(self, folder, process, **ports):
        self.folder, self.process, self.ports = folder, process, ports

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def stele(binary, fsync):
    folder = tempfile.mkdtemp(prefix="bench-stele-")
    log = open(Path(folder) / "log", "w")
    command = [binary, "serve", "--data", f"{folder}/data", "--fsync", fsync]
    command += [word for door in ("redis", "postgres", "http", "nats") for word in (f"--{door}-port", "0")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    line = process.stdout.readline()
    if not line.startswith("ready "):
        raise SystemExit(f"stele did not start:\n{Path(log.name).read_text()}")
    doors = json.loads(line.removeprefix("ready "))
    ports = {name: int(address.rpartition(":")[2]) for name, address in doors.items()}
    return Server(folder, process, **ports)


def redis_server(fsync):
    folder, port = tempfile.mkdtemp(prefix="bench-redis-"), free_port()
    command = ["redis-server", "--port", str(port), "--dir", folder, "--save", "", "--appendonly", "yes", "--appendfsync", fsync]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    wait_for(port)
    return Server(folder, process, redis=port)


def postgres_server():
    """PostgreSQL with its default settings: every commit waits for its fsync."""
    tools = Path(subprocess.check_output(["pg_config", "--bindir"], text=True).strip())
    if not (tools / "initdb").exists():
        tools = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    folder, port = tempfile.mkdtemp(prefix="bench-postgres-"), free_port()
    # PostgreSQL refuses to run as root: there it runs as its own user.
    user = {}
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    subprocess.run([tools / "initdb", "-D", f"{folder}/data", "-U", "stele", "-A", "trust"], check=True, **user, **quiet)
    process = subprocess.Popen([tools / "postgres", "-D", f"{folder}/data", "-p", str(port), "-k", folder], **user, **quiet)
    wait_for(port)
    # It listens before it serves.
    ready = ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ready, check=False).returncode != 0:
        time.sleep(0.05)
    subprocess.run(["createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "stele", "stele"], check=True)
    return Server(folder, process, postgres=port)


def nats_server(binary):
    """nats-server whose JetStream syncs each message before it acknowledges it."""
    folder, port = tempfile.mkdtemp(prefix="bench-nats-"), free_port()
    config = Path(folder) / "nats.conf"
    config.write_text(f'listen: 127.0.0.1:{port}\njetstream {{ store_dir: "{folder}/data", sync_interval: always }}\n')
    process = subprocess.Popen([binary, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(port)
    return Server(folder, process, nats=port)


def table(title, rows):
    """rows: (name, ours, theirs, floor); several values each, of which the median counts."""
    print(f"\n{title}\n{'':34}{'stele':>10}{'other':>10}{'ratio':>8}{'floor':>7}")
    missed = 0
    for name, ours, theirs, floor in rows:
        ours, theirs = statistics.median(ours), statistics.median(theirs)
        ratio = ours / theirs
        missed += floor is not None and ratio < floor
        verdict = "" if floor is None else f"{floor:7.2f}" + ("  missed" if ratio < floor else "")
        print(f"{name:34}{ours:10.0f}{theirs:10.0f}{ratio:8.2f}{verdict}")
    return missed

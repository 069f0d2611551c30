#!/usr/bin/env python3
"""Stands in for `nats-server`: its command line, and so much of its configuration file as
Stele has, become `stele serve`.

    STELE=binary nats_server.py --store_dir DIR -p PORT -l LOG -P PID [-c CONF] ...

Started as `nats-server` by a client's own tests. The process becomes Stele (so that killing
it kills Stele); a child waits for the ready line and writes into LOG what those tests look
for. What Stele has not (TLS, clusters, accounts, leaf nodes, websockets) is refused with
status 3, so that a test that needs it fails and does not pass by chance.
"""

import json
import os
import re
import shutil
import signal
import sys

REFUSED = 3
# Word, string, or one of the signs that structure the file.
TOKEN = re.compile(r"""(?:\#|//)[^\n]*|"([^"]*)"|'([^']*)'|([{}\[\],:=])|([^\s{}\[\],:="']+)|(\n)""")
UNITS = {"": 1, "K": 10**3, "KB": 1 << 10, "KIB": 1 << 10, "M": 10**6, "MB": 1 << 20, "MIB": 1 << 20, "GB": 1 << 30, "GIB": 1 << 30}
ABSENT = ("tls", "cluster", "leafnodes", "websocket", "operator", "accounts", "gateway", "mqtt")


def tokens(text):
    for quoted, single, sign, word, _ in TOKEN.findall(text):
        if quoted or single or word or sign:
            yield quoted or single or word or sign


def table(words):
    """A map of settings, up to the closing brace or the end."""
    found = {}
    for key in words:
        if key == "}":
            return found
        if key == ",":
            continue
        found[key] = value(words)
    return found


def value(words):
    word = next(words)
    while word in (":", "="):
        word = next(words)
    if word == "{":
        return table(words)
    if word == "[":
        items = []
        while (word := next(words)) != "]":
            if word != ",":
                items.append(table(words) if word == "{" else word)
        return items
    return word


def size(text):
    number, unit = re.fullmatch(r"(\d+)\s*([A-Za-z]*)", text).groups()
    return int(number) * UNITS[unit.upper()]


def flags_of(arguments):
    """What was asked on the command line, by the flag's name without dashes."""
    asked, rest = {}, iter(arguments)
    for word in rest:
        name, sign, given = word.lstrip("-").partition("=")
        if name in ("js", "jetstream", "D", "V", "DV"):
            asked[name] = True
        else:
            asked[name] = given if sign else next(rest)
    return asked


def settings_of(config):
    """Stele's flags for a configuration file."""
    absent = [name for name in ABSENT if name in config]
    who = config.get("authorization", {})
    if absent or "users" in who:
        raise SystemExit(refuse(", ".join(absent) or "users"))
    flags = []
    for name, key in (("token", "nats-token"), ("user", "nats-user"), ("password", "nats-password")):
        if name in who:
            flags += [f"--{key}", who[name]]
    if "max_payload" in config:
        flags += ["--nats-payload-bytes-max", str(size(config["max_payload"]))]
    limits = config["jetstream"].get("limits", {}) if isinstance(config.get("jetstream"), dict) else {}
    if "max_request_batch" in limits:
        flags += ["--nats-pull-count-max", limits["max_request_batch"]]
    return flags


def refuse(what):
    print(f"nats-server: {what} is not there", file=sys.stderr)
    return REFUSED


def report(ready, log, store):
    """Waits for the ready line, then says what nats-server says; lives as long as Stele."""
    with os.fdopen(ready) as lines:
        for line in lines:
            if line.startswith("ready "):
                address = json.loads(line.removeprefix("ready "))["nats"]
                said = [f'  Store Directory: "{store}"', f"Listening for client connections on {address}", "Server is ready"]
                with open(log, "a") as out:
                    out.writelines(f"[1] 2026/01/01 00:00:00.000000 [INF] {text}\n" for text in said)


def main():
    asked = flags_of(sys.argv[1:])
    if "signal" in asked:
        os.kill(int(asked["signal"].partition("=")[2]), signal.SIGUSR2)
        return 0
    if "routes" in asked or "cluster" in asked:
        return refuse("a cluster")
    config = {}
    if "c" in asked:
        with open(asked["c"]) as text:
            config = table(tokens(text.read()))
    if "js" in asked:
        config.setdefault("jetstream", {})
    port = max(int(asked.get("p", config.get("port", "4222"))), 0)
    store, log = asked["store_dir"], asked["l"]
    command = [os.environ["STELE"], "serve", "--data", store, "--nats-port", str(port)]
    command += [word for door in ("redis", "postgres", "http") for word in (f"--{door}-port", "0")]
    command += settings_of(config)
    with open(asked["P"], "w") as out:
        out.write(str(os.getpid()))
    ready, said = os.pipe()
    if os.fork() == 0:
        os.close(said)
        report(ready, log, store)
        return 0
    os.dup2(said, 1)
    os.dup2(os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY), 2)
    os.execv(command[0], command)


sys.exit(main())

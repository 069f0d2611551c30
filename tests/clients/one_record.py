"""One record, four doors: whatever one of psql, redis-cli, elasticsearch-py and nats-py
writes, each of the others reads, at the position that the writer was given."""

import asyncio
import json
import subprocess
import sys

import nats
from elasticsearch import Elasticsearch

REDIS, POSTGRES, NATS, HTTP = sys.argv[1:5]


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, (command, done)
    return done.stdout.split("\n")[:-1]


class Psql:
    """One psql, one session: a statement for each line of what it prints."""

    def ask(self, *statements):
        words = [word for statement in statements for word in ("-c", statement)]
        return run("psql", "-XAtq", "-h", "127.0.0.1", "-p", POSTGRES, "-U", "stele", "stele", *words)

    async def write(self, age):
        (token,) = self.ask(f"UPDATE users SET age = {age} WHERE _id = '42'", "SHOW stele.token")
        return token

    async def read(self, token):
        (age,) = self.ask(f"SET stele.token = '{token}'", "SELECT age FROM users WHERE _id = '42'")
        return int(age)


class RedisCli:
    """One redis-cli, one connection: a command for each line that it reads."""

    def ask(self, *commands):
        return run("redis-cli", "-p", REDIS, text="\n".join(commands) + "\n")

    async def write(self, age):
        _, token = self.ask(f"HSET users:42 age {age}", "STELE.TOKEN")
        return token

    async def read(self, token):
        *_, age = self.ask(f"STELE.TOKEN {token}", "HGET users:42 age")
        return int(age)


class Http:
    """elasticsearch-py, which shows and takes headers."""

    def __init__(self):
        self.client = Elasticsearch(f"http://127.0.0.1:{HTTP}", request_timeout=60)

    async def write(self, age):
        answer = self.client.index(index="users", id="42", document={"name": "Ada", "age": age})
        return answer.meta.headers["x-stele-token"]

    async def read(self, token):
        reader = self.client.options(headers={"x-stele-token": token})
        age = reader.get(index="users", id="42")["_source"]["age"]
        # A search at the token finds the record as it is there, too.
        hits = reader.search(index="users", query={"term": {"age": age}})["hits"]["hits"]
        assert [hit["_source"]["age"] for hit in hits] == [age], (age, hits)
        return age


class Nats:
    """nats-py: requests, and the events that tell of everybody's writes."""

    async def open(self):
        self.nc = await nats.connect(f"nats://127.0.0.1:{NATS}")
        self.events = await self.nc.subscribe("db.users.42.*")
        await self.nc.flush()

    async def write(self, age):
        payload = json.dumps({"age": age}).encode()
        answer = await self.nc.request("$DB.PUT.users.42", payload, timeout=20)
        return answer.headers["Stele-Token"]

    async def read(self, token):
        answer = await self.nc.request("$DB.GET.users.42", b"", timeout=20, headers={"Stele-Token": token})
        return json.loads(answer.data)["age"]

    async def heard(self, age, token):
        """The next event tells of this write, at a position that the writer's token covers."""
        event = await self.events.next_msg(timeout=20)
        assert json.loads(event.data)["age"] == age, event
        assert covers(token, event.headers["Stele-Token"]), (token, event.headers)


def positions(token):
    version, _, places = token.partition(":")
    assert version == "t1", token
    return {place: int(index) for place, index in (pair.split("=") for pair in places.split(","))}


def covers(outer, inner):
    seen = positions(outer)
    return all(seen.get(place, 0) >= index for place, index in positions(inner).items())


async def main():
    http, bus = Http(), Nats()
    mappings = {"properties": {"name": {"type": "text"}, "age": {"type": "integer"}}}
    http.client.indices.create(index="users", mappings=mappings)
    await bus.open()
    doors = {"psql": Psql(), "redis-cli": RedisCli(), "elasticsearch-py": http, "nats-py": bus}
    await bus.heard(0, await http.write(0))
    age, directions = 0, 0
    for writing, writer in doors.items():
        for reading, reader in doors.items():
            if reading == writing:
                continue
            age += 1
            token = await writer.write(age)
            seen = await reader.read(token)
            assert seen == age, f"{writing} wrote {age} at {token}, {reading} read {seen}"
            await bus.heard(age, token)
            directions += 1
    assert directions == 12
    await bus.nc.drain()


asyncio.run(main())

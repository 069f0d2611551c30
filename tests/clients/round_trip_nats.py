"""nats-py: subjects and requests, streams and consumers, key-value and objects."""

import asyncio
import os
import sys

import nats
from nats.errors import NoRespondersError, TimeoutError
from nats.js.api import ConsumerConfig
from nats.js.errors import APIError, KeyNotFoundError, KeyWrongLastSequenceError


async def subjects(nc):
    heard, shares = [], [0, 0]

    async def note(message):
        heard.append((message.subject, message.data, message.headers))

    def count(at):
        async def counted(message):
            shares[at] += 1

        return counted

    async def answer(message):
        await message.respond(b"re:" + message.data)

    await nc.subscribe("a.*", cb=note)
    await nc.subscribe("jobs", queue="g", cb=count(0))
    await nc.subscribe("jobs", queue="g", cb=count(1))
    await nc.subscribe("service", cb=answer)
    await nc.publish("a.b", b"1", headers={"Key": "value"})
    for _ in range(100):
        await nc.publish("jobs", b"")
    assert (await nc.request("service", b"hi", timeout=5)).data == b"re:hi"
    try:
        await nc.request("nobody", b"", timeout=5)
        raise AssertionError("somebody answered")
    except NoRespondersError:
        pass
    await nc.flush()
    assert heard == [("a.b", b"1", {"Key": "value"})], heard
    assert sum(shares) == 100 and min(shares) > 0, shares


async def streams(js):
    await js.add_stream(name="ORDERS", subjects=["orders.>"])
    for number in range(50):
        ack = await js.publish(f"orders.{number % 3}", b"%d" % number)
    assert ack.seq == 50
    await asyncio.gather(*[await js.publish_async("orders.x", b"y") for _ in range(1000)])
    state = (await js.stream_info("ORDERS")).state
    assert (state.messages, state.last_seq) == (1050, 1050), state

    first = await js.publish("orders.z", b"", headers={"Nats-Msg-Id": "id"})
    again = await js.publish("orders.z", b"", headers={"Nats-Msg-Id": "id"})
    assert again.duplicate and first.seq == again.seq
    try:
        await js.publish("orders.z", b"", headers={"Nats-Expected-Last-Sequence": "3"})
        raise AssertionError("a wrong expectation held")
    except APIError as error:
        assert error.err_code == 10071, error
    await js.purge_stream("ORDERS", subject="orders.x")
    assert (await js.stream_info("ORDERS")).state.messages == 51
    await js.delete_msg("ORDERS", 3)
    assert (await js.get_last_msg("ORDERS", "orders.z")).seq == first.seq


async def consumers(js):
    pull = await js.pull_subscribe("orders.>", durable="d")
    messages = await pull.fetch(10)
    assert messages[0].data == b"0" and messages[0].metadata.num_pending == 49
    for message in messages[:9]:
        await message.ack()
    await messages[9].nak()
    (again,) = await pull.fetch(1)
    assert again.data == messages[9].data and again.metadata.num_delivered == 2
    await again.ack_sync()
    info = await pull.consumer_info()
    assert info.num_ack_pending == 0 and info.num_pending == 40, info

    config = ConsumerConfig(ack_wait=0.3, max_deliver=2)
    twice = await js.pull_subscribe("orders.1", durable="e", config=config)
    seqs = []
    while len(seqs) < 3:
        (message,) = await twice.fetch(1, timeout=5)
        if message.metadata.sequence.stream in seqs or not seqs:
            await asyncio.sleep(0.4)
        seqs.append(message.metadata.sequence.stream)
    assert seqs[0] == seqs[1] != seqs[2], seqs

    ordered, count = await js.subscribe("orders.1", ordered_consumer=True), 0
    try:
        while True:
            await ordered.next_msg(timeout=1)
            count += 1
    except TimeoutError:
        pass
    assert count == 17, count


async def retention(js):
    await js.add_stream(name="W", subjects=["w"], retention="workqueue")
    for number in range(5):
        await js.publish("w", b"%d" % number)
    pull = await js.pull_subscribe("w", durable="w")
    for message in await pull.fetch(3):
        await message.ack_sync()
    assert (await js.stream_info("W")).state.messages == 2
    await js.add_stream(name="I", subjects=["i"], retention="interest")
    await js.publish("i", b"nobody wants it")
    state = (await js.stream_info("I")).state
    assert (state.messages, state.last_seq) == (0, 1), state
    await js.delete_stream("W")


async def keys_and_objects(js):
    kv = await js.create_key_value(bucket="b", history=3)
    await kv.put("k", b"1")
    last = await kv.put("k", b"2")
    await kv.update("k", b"3", last=last)
    try:
        await kv.update("k", b"4", last=last)
        raise AssertionError("an old revision was updated")
    except KeyWrongLastSequenceError:
        pass
    await kv.create("n", b"x")
    assert sorted(await kv.keys()) == ["k", "n"]
    assert [entry.value for entry in await kv.history("k")] == [b"1", b"2", b"3"]
    await kv.delete("k")
    try:
        await kv.get("k")
        raise AssertionError("a deleted key was read")
    except KeyNotFoundError:
        pass
    objects = await js.create_object_store("o")
    data = os.urandom(300_000)
    await objects.put("f", data)
    assert (await objects.get("f")).data == data


async def main(port):
    nc = await nats.connect(f"nats://127.0.0.1:{port}")
    js = nc.jetstream()
    await subjects(nc)
    await streams(js)
    await consumers(js)
    await retention(js)
    await keys_and_objects(js)
    await nc.drain()


asyncio.run(main(sys.argv[3]))

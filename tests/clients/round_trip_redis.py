"""redis-py writes and reads back every type, in both versions of the protocol."""

import sys

import redis

for protocol in (2, 3):
    client = redis.Redis(port=int(sys.argv[1]), protocol=protocol, db=protocol)
    assert client.ping()
    every_byte = bytes(range(256))
    assert client.set("s", every_byte) and client.get("s") == every_byte
    assert client.set("s", "new", nx=True) is None
    assert client.set("t", "v", px=100_000) and 0 < client.pttl("t") <= 100_000
    assert client.incrby("n", 5) == 5 and client.decr("n") == 4
    assert client.incrbyfloat("f", 1.5) == 1.5
    assert client.mget("s", "missing", "n") == [every_byte, None, b"4"]

    assert client.hset("h", mapping={"a": "1", "b": "2"}) == 2
    assert client.hgetall("h") == {b"a": b"1", b"b": b"2"}
    assert client.hincrby("h", "a", 2) == 3

    assert client.rpush("l", "x", "y", "z") == 3
    assert client.lrange("l", 0, -1) == [b"x", b"y", b"z"] and client.lpop("l") == b"x"

    assert client.sadd("set", "m", "n", "m") == 2 and client.smembers("set") == {b"m", b"n"}

    assert client.zadd("z", {"one": 1.5, "two": -2}) == 2
    scores = [tuple(pair) for pair in client.zrange("z", 0, -1, withscores=True)]
    assert scores == [(b"two", -2.0), (b"one", 1.5)], scores
    assert client.zscore("z", "one") == 1.5

    assert set(client.scan_iter(count=2)) == {b"s", b"t", b"n", b"f", b"h", b"l", b"set", b"z"}
    assert client.type("z") == b"zset" and client.dbsize() == 8

    with client.pipeline(transaction=True) as pipe:
        pipe.set("a", 1).incr("a").hget("h", "a")
        assert pipe.execute() == [True, 2, b"3"]
    with client.pipeline(transaction=False) as pipe:
        for i in range(1_000):
            pipe.set(f"p{i}", i)
        assert all(pipe.execute())
    with client.pipeline() as pipe:
        pipe.watch("a")
        client.set("a", "changed")
        pipe.multi()
        pipe.set("a", "mine")
        try:
            pipe.execute()
            raise AssertionError("a watched key changed and EXEC ran")
        except redis.WatchError:
            pass

    try:
        client.lpush("s", "x")
        raise AssertionError("a list command on a string succeeded")
    except redis.ResponseError as error:
        assert str(error) == "WRONGTYPE Operation against a key holding the wrong kind of value", error
    try:
        client.execute_command("NOSUCH", "x")
        raise AssertionError("an unknown command succeeded")
    except redis.ResponseError as error:
        assert str(error).lower().startswith("unknown command 'nosuch'"), error

    listener = client.pubsub()
    listener.subscribe("news")
    listener.psubscribe("n*")
    kinds = [listener.get_message(timeout=5)["type"] for _ in range(2)]
    assert sorted(kinds) == ["psubscribe", "subscribe"], kinds
    assert client.publish("news", "hello") == 2
    heard = sorted((listener.get_message(timeout=5) for _ in range(2)), key=lambda message: message["type"])
    assert [message["data"] for message in heard] == [b"hello", b"hello"], heard
    listener.close()

    assert client.flushdb() and client.dbsize() == 0
print("ok")

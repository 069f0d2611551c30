//! The nats door: one bus with the others, records as events, publishes that survive a kill.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::full;
use super::harness::{Server, stele};
use super::nats_client::NatsClient;

fn client(server: &Server) -> NatsClient {
    NatsClient::connect(server.doors.nats).unwrap()
}

#[test]
fn what_redis_publishes_and_sql_notifies_is_heard_on_subjects_and_the_other_way_round() {
    let server = Server::start();
    let mut nats = client(&server);
    nats.subscribe("news.*");
    let mut redis = server.redis();
    let heard: i64 = redis::cmd("PUBLISH")
        .arg("news.art")
        .arg("from redis")
        .query(&mut redis)
        .unwrap();
    assert_eq!(heard, 1);
    assert_eq!(nats.message().unwrap().payload, "from redis");
    server
        .postgres()
        .batch_execute("NOTIFY \"news.sport\", 'from sql'")
        .unwrap();
    let message = nats.message().unwrap();
    assert_eq!(
        (message.subject.as_str(), message.payload.as_str()),
        ("news.sport", "from sql")
    );

    let mut listening = server.redis();
    let mut channel = listening.as_pubsub();
    channel.psubscribe("news.*").unwrap();
    nats.say("PUB news.art 9\r\nfrom nats\r\n").unwrap();
    let message = channel.get_message().unwrap();
    assert_eq!(message.get_payload::<String>().unwrap(), "from nats");
}

#[test]
fn one_record_through_every_door_is_an_event_whose_position_every_door_takes() {
    let server = Server::start();
    let mut postgres = server.postgres();
    postgres
        .batch_execute("CREATE TABLE users (id int PRIMARY KEY, name text, age int)")
        .unwrap();
    let mut nats = client(&server);
    nats.subscribe("db.>");

    postgres
        .batch_execute("INSERT INTO users VALUES (42, 'Ada', 36)")
        .unwrap();
    let event = nats.message().unwrap();
    assert_eq!(event.subject, "db.users.42.insert");
    assert_eq!(event.payload, r#"{"id":42,"name":"Ada","age":36}"#);
    let token = event.header("Stele-Token").unwrap().to_string();
    let mut redis = server.redis();
    redis::cmd("STELE.TOKEN")
        .arg(&token)
        .exec(&mut redis)
        .unwrap();
    let name: String = redis::cmd("HGET")
        .arg("users:42")
        .arg("name")
        .query(&mut redis)
        .unwrap();
    assert_eq!(name, "Ada");

    redis::cmd("HINCRBY")
        .arg("users:42")
        .arg("age")
        .arg(1)
        .exec(&mut redis)
        .unwrap();
    let event = nats.message().unwrap();
    assert_eq!(event.subject, "db.users.42.update");
    assert_eq!(event.payload, r#"{"id":42,"name":"Ada","age":37}"#);
    postgres
        .batch_execute("DELETE FROM users WHERE id = 42")
        .unwrap();
    assert_eq!(nats.message().unwrap().subject, "db.users.42.delete");
    redis::cmd("SET")
        .arg("a.b")
        .arg("v")
        .exec(&mut redis)
        .unwrap();
    let event = nats.message().unwrap();
    assert_eq!(
        (event.subject.as_str(), event.payload.as_str()),
        ("db.redis.0.a%2Eb.set", "v")
    );

    // A transaction that is rolled back is no event: the next one heard is another's.
    postgres
        .batch_execute("BEGIN; INSERT INTO users VALUES (1); ROLLBACK")
        .unwrap();
    redis::cmd("DEL").arg("a.b").exec(&mut redis).unwrap();
    assert_eq!(nats.message().unwrap().subject, "db.redis.0.a%2Eb.del");
}

/// Messages that wait for their acknowledgements at a time.
const WINDOW: u64 = 64;

/// What a publisher was told before the server was killed: how many messages were
/// acknowledged, and the last number given. A window is open at the kill, which comes
/// between two of its acknowledgements.
fn publish_until_killed(server: &mut Server, from: u64) -> (u64, u64) {
    let mut nats = client(server);
    let (mut acknowledged, mut last) = (0, from);
    let end = Instant::now() + Duration::from_millis(700);
    let mut heard = |nats: &mut NatsClient| -> std::io::Result<()> {
        let answer = nats.message()?;
        let ack: serde_json::Value = serde_json::from_str(&answer.payload).unwrap();
        assert!(ack["error"].is_null(), "{ack}");
        last = ack["seq"].as_u64().unwrap();
        acknowledged += 1;
        Ok(())
    };
    for window in 0.. {
        let frames: String = (0..WINDOW)
            .map(|nth| {
                let said = format!("message {}", window * WINDOW + nth);
                format!("PUB orders.new _I.p {}\r\n{said}\r\n", said.len())
            })
            .collect();
        nats.say(&frames).unwrap();
        let is_last = Instant::now() > end;
        let before_kill = if is_last { 13 } else { WINDOW };
        for _ in 0..before_kill {
            heard(&mut nats).unwrap();
        }
        if is_last {
            break;
        }
    }
    server.kill();
    // What was on its way to the socket counts as well.
    while heard(&mut nats).is_ok() {}
    (acknowledged, last)
}

#[test]
fn every_acknowledged_publish_survives_every_kill_and_has_its_number() {
    let mut server = Server::start();
    let stream = r#"{"name":"ORDERS","subjects":["orders.>"]}"#;
    let made = client(&server).ask_json("$JS.API.STREAM.CREATE.ORDERS", stream);
    assert_eq!(made["did_create"], true, "{made}");
    let durable =
        r#"{"stream_name":"ORDERS","config":{"durable_name":"d","ack_policy":"explicit"}}"#;
    client(&server).ask_json("$JS.API.CONSUMER.DURABLE.CREATE.ORDERS.d", durable);
    let mut total = 0;
    let mut last = 0;
    for _ in 0..if full() { 20 } else { 3 } {
        let (acknowledged, at) = publish_until_killed(&mut server, last);
        assert!(acknowledged > 0);
        (total, last) = (total + acknowledged, last.max(at));
        server.start_again();
        let info = client(&server).ask_json("$JS.API.STREAM.INFO.ORDERS", "");
        let state = &info["state"];
        let kept = state["messages"].as_u64().unwrap();
        assert!(kept >= total, "{kept} messages, {total} were acknowledged");
        assert!(state["last_seq"].as_u64().unwrap() >= last, "{state}");
        assert_eq!(
            state["last_seq"], state["messages"],
            "no number is left out or given twice"
        );
        // What was not acknowledged may be there all the same.
        total = kept;
    }
    let info = client(&server).ask_json("$JS.API.CONSUMER.INFO.ORDERS.d", "");
    assert_eq!(info["num_pending"].as_u64(), Some(total), "{info}");
    let got = client(&server).ask_json(
        "$JS.API.STREAM.MSG.GET.ORDERS",
        &format!("{{\"seq\":{last}}}"),
    );
    assert_eq!(got["message"]["subject"], "orders.new", "{got}");
}

#[test]
fn a_durable_consumer_goes_on_after_a_kill_where_it_was_told_that_it_may() {
    let mut server = Server::start();
    let mut nats = client(&server);
    nats.ask_json(
        "$JS.API.STREAM.CREATE.W",
        r#"{"name":"W","subjects":["w"],"retention":"workqueue"}"#,
    );
    let config = r#"{"stream_name":"W","config":{"durable_name":"d","ack_policy":"explicit"}}"#;
    nats.ask_json("$JS.API.CONSUMER.DURABLE.CREATE.W.d", config);
    for _ in 0..3 {
        nats.ask_json("w", "job");
    }
    let first = nats.ask("$JS.API.CONSUMER.MSG.NEXT.W.d", "1");
    // A double acknowledgement: answered when it is on disk.
    assert_eq!(nats.ask(&first.reply, "+ACK").payload, "");
    server.kill();
    server.start_again();
    let mut nats = client(&server);
    let info = nats.ask_json("$JS.API.CONSUMER.INFO.W.d", "");
    assert_eq!(
        (
            info["ack_floor"]["stream_seq"].as_u64(),
            info["num_pending"].as_u64()
        ),
        (Some(1), Some(2)),
        "{info}"
    );
    let next = nats.ask("$JS.API.CONSUMER.MSG.NEXT.W.d", "1");
    assert!(next.reply.starts_with("$JS.ACK.W.d.1.2.2."), "{next:?}");
    let info = nats.ask_json("$JS.API.STREAM.INFO.W", "");
    assert_eq!(info["state"]["messages"], 2, "{info}");
}

#[test]
fn hostile_bytes_get_the_protocols_own_error_and_hurt_nobody() {
    let server = Server::start();
    let before = server.resident_bytes();
    let cases: [(&[u8], &str); 6] = [
        (b"PUB a 999999999\r\n", "-ERR 'Maximum Payload Violation'"),
        (b"PUB a 2000000000\r\n", ""),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "-ERR 'Unknown Protocol Operation'",
        ),
        (b"CONNECT {\"verbose\":", ""),
        (b"SUB foo..bar 1\r\nFOO\r\n", "-ERR 'Invalid Subject'"),
        (b"\0\0\0\0\r\n", "-ERR 'Unknown Protocol Operation'"),
    ];
    for (bytes, wanted) in cases {
        let mut socket = server.nats_socket();
        socket.write_all(bytes).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let mut said = String::new();
        let _ = socket.read_to_string(&mut said);
        assert!(said.contains(wanted), "{bytes:?}: {said}");
    }
    let mut socket = server.nats_socket();
    let line = [&b"PUB "[..], &vec![b'a'; 1 << 20]].concat();
    let _ = socket.write_all(&line);
    let mut said = String::new();
    let _ = socket.read_to_string(&mut said);
    let deep = format!("CONNECT {}\r\nPING\r\n", "[".repeat(4000));
    let mut socket = server.nats_socket();
    socket.write_all(deep.as_bytes()).unwrap();
    let mut nats = client(&server);
    let refused = nats.ask_json("$JS.API.STREAM.CREATE.S", &"[".repeat(10_000));
    assert_eq!(refused["error"]["err_code"], 10025, "{refused}");
    assert!(
        server.resident_bytes() < before + (64 << 20),
        "memory is bounded"
    );
    nats.say("PING\r\n").unwrap();
    nats.until("PONG").unwrap();
}

#[test]
fn a_subscriber_that_does_not_read_is_cut_off_and_slows_nobody_for_ever() {
    let server = Server::start();
    let mut deaf = client(&server);
    deaf.subscribe("flood");
    let before = server.resident_bytes();
    let mut publisher = client(&server);
    let frame = format!("PUB flood {}\r\n{}\r\n", 64 << 10, "x".repeat(64 << 10));
    for _ in 0..3_000 {
        publisher.say(&frame).unwrap();
    }
    publisher.say("PING\r\n").unwrap();
    publisher.until("PONG").unwrap();
    assert!(
        server.resident_bytes() < before + (256 << 20),
        "what waits is bounded"
    );
    let mut heard = 0u64;
    let mut bytes = vec![0; 1 << 20];
    while let Ok(read @ 1..) = deaf.stream.read(&mut bytes) {
        heard += read as u64;
    }
    assert!(heard < 3_000 * (64 << 10), "it was cut off");
}

#[test]
fn sub_prints_a_line_for_each_message_and_pub_tells_what_a_stream_said() {
    let server = Server::start();
    let address = server.doors.nats.to_string();
    let mut sub = stele()
        .args(["sub", "--nats", &address, "--count", "1", "orders.*"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut nats = client(&server);
    let made = nats.ask_json(
        "$JS.API.STREAM.CREATE.O",
        r#"{"name":"O","subjects":["orders.*"]}"#,
    );
    assert_eq!(made["did_create"], true, "{made}");
    // The stream listens; the other subscriber is the one waited for.
    let deadline = Instant::now() + Duration::from_secs(20);
    let publish = |more: &[&str]| {
        let output = Command::new(stele().get_program())
            .args(["pub", "--nats", &address])
            .args(more)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let mut said = String::new();
    while sub.try_wait().unwrap().is_none() && Instant::now() < deadline {
        said = publish(&["--ack", "orders.new", r#"{"id": 1}"#]);
    }
    assert!(said.starts_with(r#"{"stream":"O","seq":"#), "{said}");
    let mut heard = String::new();
    sub.stdout
        .take()
        .unwrap()
        .read_to_string(&mut heard)
        .unwrap();
    assert_eq!(heard, "orders.new {\"id\": 1}\n");
    let _ = sub.wait();
}

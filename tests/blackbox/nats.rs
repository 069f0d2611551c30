//! The nats door: one bus with the others, records as events, publishes that survive a kill.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
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
fn a_stream_changes_subjects_and_tells_again_what_it_has_taken_in() {
    let server = Server::start();
    let mut nats = client(&server);
    nats.subscribe("told.>");
    let config = r#"{"name":"T","subjects":["in.*"],
        "subject_transform":{"src":"in.*","dest":"kept.$1"},
        "republish":{"src":">","dest":"told.>"}}"#;
    let made = nats.ask_json("$JS.API.STREAM.CREATE.T", config);
    assert_eq!(made["did_create"], true, "{made}");
    for nth in 0..2 {
        nats.say("PUB in.a 2\r\nhi\r\n").unwrap();
        let told = nats.message().unwrap();
        assert_eq!(
            (told.subject.as_str(), told.payload.as_str()),
            ("told.kept.a", "hi")
        );
        let header = |key: &str| told.header(key).map(str::to_owned);
        assert_eq!(header("Nats-Subject").as_deref(), Some("kept.a"));
        assert_eq!(header("Nats-Sequence"), Some((nth + 1).to_string()));
        assert_eq!(header("Nats-Last-Sequence"), Some(nth.to_string()));
    }
    let cycle = r#"{"name":"U","subjects":["u.*"],"republish":{"src":">","dest":"u.>"}}"#;
    let refused = nats.ask_json("$JS.API.STREAM.CREATE.U", cycle);
    assert_eq!(refused["error"]["err_code"], 10052, "{refused}");
}

#[test]
fn a_push_consumer_sends_no_more_than_its_window_until_it_is_answered() {
    const COUNT: usize = 60;
    let server = Server::start();
    let mut nats = client(&server);
    nats.ask_json(
        "$JS.API.STREAM.CREATE.F",
        r#"{"name":"F","subjects":["f"]}"#,
    );
    let payload = "x".repeat(64 << 10);
    for _ in 0..COUNT {
        nats.ask_json("f", &payload);
    }
    let config = r#"{"stream_name":"F","config":{"deliver_subject":"_I.push","ack_policy":"none",
        "flow_control":true,"idle_heartbeat":200000000}}"#;
    nats.ask_json("$JS.API.CONSUMER.CREATE.F", config);
    // Two MiB are the first window. Halfway the question comes, then a heartbeat repeats it.
    let (mut got, mut asked) = (0, String::new());
    let stalled = loop {
        let heard = nats.message().unwrap();
        match heard.headers.lines().next().unwrap_or_default() {
            "" => got += 1,
            "NATS/1.0 100 FlowControl Request" => {
                assert!((16..=20).contains(&got), "asked after {got} messages");
                asked = heard.reply;
            }
            "NATS/1.0 100 Idle Heartbeat" => {
                break heard.header("Nats-Consumer-Stalled").map(str::to_owned);
            }
            other => panic!("{other}"),
        }
    };
    assert!((32..=34).contains(&got), "{got} messages before an answer");
    assert_eq!(stalled.as_deref(), Some(asked.as_str()));
    assert!(asked.starts_with("$JS.FC.F."), "{asked}");
    // Whoever answers gets the rest, and is asked again.
    let mut answer = asked;
    while got < COUNT {
        if !answer.is_empty() {
            nats.say(&format!("PUB {answer} 0\r\n\r\n")).unwrap();
        }
        let heard = nats.message().unwrap();
        answer = heard.reply.clone();
        if heard.headers.is_empty() {
            (got, answer) = (got + 1, String::new());
        }
    }
}

#[test]
fn a_marker_tells_that_a_subject_has_lost_its_last_message_to_age() {
    let server = Server::start();
    let mut nats = client(&server);
    let config = r#"{"name":"M","subjects":["m.*"],"allow_msg_ttl":true,
        "subject_delete_marker_ttl":2000000000}"#;
    let made = nats.ask_json("$JS.API.STREAM.CREATE.M", config);
    assert_eq!(made["config"]["allow_rollup_hdrs"], true, "{made}");
    let watch = r#"{"stream_name":"M","config":{"deliver_subject":"_I.watch"}}"#;
    nats.ask_json("$JS.API.CONSUMER.CREATE.M", watch);
    let headers = "NATS/1.0\r\nNats-TTL: 1s\r\n\r\n";
    let (length, total) = (headers.len(), headers.len() + 2);
    nats.say(&format!("HPUB m.a {length} {total}\r\n{headers}hi\r\n"))
        .unwrap();
    assert_eq!(nats.message().unwrap().payload, "hi");
    let marker = nats.message().unwrap();
    assert_eq!(marker.header("Nats-Marker-Reason"), Some("MaxAge"));
    assert_eq!(marker.header("Nats-TTL"), Some("2s"));
    assert_eq!(
        (marker.subject.as_str(), marker.payload.as_str()),
        ("m.a", "")
    );
    // A marker that goes in its turn leaves nothing behind.
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let info = nats.ask_json("$JS.API.STREAM.INFO.M", "");
        if info["state"]["messages"] == 0 {
            assert_eq!(info["state"]["last_seq"], 2, "{info}");
            return;
        }
        assert!(Instant::now() < deadline, "{info}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The JSON that the monitoring port answers.
fn monitored(address: SocketAddr, path: &str) -> serde_json::Value {
    let mut socket = TcpStream::connect(address).unwrap();
    write!(
        socket,
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut said = String::new();
    socket.read_to_string(&mut said).unwrap();
    let (head, body) = said.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn the_monitoring_port_tells_who_is_there_and_what_went_through() {
    let server = Server::start_with(&["--nats-monitor-port", "0"]);
    let port = server.doors.nats_monitor.unwrap();
    let mut nats = client(&server);
    nats.subscribe("seen.*");
    nats.ask_json(
        "$JS.API.STREAM.CREATE.S",
        r#"{"name":"S","subjects":["s"]}"#,
    );
    nats.ask_json("s", "kept");
    nats.say("PUB seen.a 5\r\nhello\r\n").unwrap();
    assert_eq!(nats.message().unwrap().payload, "hello");
    let server_shown = monitored(port, "/varz");
    assert_eq!(
        server_shown["port"],
        server.doors.nats.port(),
        "{server_shown}"
    );
    assert_eq!(server_shown["connections"], 1, "{server_shown}");
    assert_eq!(server_shown["in_msgs"], 3, "{server_shown}");
    let clients = monitored(port, "/connz?subs=true");
    let one = &clients["connections"][0];
    assert_eq!(one["out_msgs"], 3, "{clients}");
    assert_eq!(
        one["subscriptions_list"],
        serde_json::json!(["_I.>", "seen.*"])
    );
    let id = one["cid"].as_u64().unwrap();
    let other = monitored(port, &format!("/connz?cid={}", id + 1));
    assert_eq!(other["num_connections"], 0, "{other}");
    let streams = monitored(port, "/jsz?streams=true");
    assert_eq!(
        (&streams["streams"], &streams["messages"]),
        (&1.into(), &1.into())
    );
    assert_eq!(
        streams["account_details"][0]["stream_detail"][0]["name"],
        "S"
    );
    assert!(monitored(port, "/subsz")["num_subscriptions"].as_u64() > Some(2));
    assert_eq!(monitored(port, "/healthz")["status"], "ok");
    drop(nats);
    let deadline = Instant::now() + Duration::from_secs(20);
    while monitored(port, "/varz")["connections"] != 0 {
        assert!(Instant::now() < deadline, "it is still said to be there");
    }
    assert_eq!(
        monitored(port, "/varz")["in_msgs"],
        3,
        "what went through stays counted"
    );
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

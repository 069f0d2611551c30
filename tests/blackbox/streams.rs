//! A stream is a table, and a publication is a stream: live, with real consumers.

use super::harness::Server;
use super::nats_client::NatsClient;

fn client(server: &Server) -> NatsClient {
    NatsClient::connect(server.doors.nats).unwrap()
}

fn pull(nats: &mut NatsClient, stream: &str, consumer: &str) -> super::nats_client::Heard {
    let asked = r#"{"batch":1,"expires":10000000000}"#;
    nats.ask(
        &format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"),
        asked,
    )
}

fn consume(nats: &mut NatsClient, stream: &str) {
    let config = format!(
        r#"{{"stream_name":"{stream}","config":{{"durable_name":"c","ack_policy":"explicit"}}}}"#
    );
    let subject = format!("$JS.API.CONSUMER.DURABLE.CREATE.{stream}.c");
    let made = nats.ask_json(&subject, &config);
    assert_eq!(made["name"], "c", "{made}");
}

#[test]
fn an_insert_publishes_when_it_commits_and_a_consumer_that_waits_is_given_it() {
    let server = Server::start();
    let mut nats = client(&server);
    let stream = r#"{"name":"ORDERS","subjects":["orders.>"]}"#;
    nats.ask_json("$JS.API.STREAM.CREATE.ORDERS", stream);
    consume(&mut nats, "ORDERS");
    let mut sql = server.postgres();
    sql.batch_execute("BEGIN; INSERT INTO \"ORDERS\" (subject, data) VALUES ('orders.not', 'x')")
        .unwrap();
    sql.batch_execute("ROLLBACK").unwrap();
    let doors = server.doors;
    let waiting = std::thread::spawn(move || {
        let mut nats = NatsClient::connect(doors.nats).unwrap();
        pull(&mut nats, "ORDERS", "c")
    });
    sql.batch_execute(
        "BEGIN;
         INSERT INTO \"ORDERS\" (subject, json, headers)
         VALUES ('orders.new', '{\"id\": 7}', '{\"Trace\": \"t\"}');
         COMMIT",
    )
    .unwrap();
    let heard = waiting.join().unwrap();
    assert_eq!(heard.subject, "orders.new");
    assert_eq!(heard.payload, "{\"id\": 7}");
    assert_eq!(heard.header("Trace"), Some("t"));

    // Joined with a table, and what NATS publishes is a row at once.
    sql.batch_execute("CREATE TABLE users (id int PRIMARY KEY, name text)")
        .unwrap();
    sql.batch_execute("INSERT INTO users VALUES (7, 'Ada')")
        .unwrap();
    // A client whose inbox has heard nothing yet.
    let mut nats = client(&server);
    let ack = nats.ask_json("orders.paid", "{\"id\": 7}");
    assert_eq!(ack["seq"], 2, "{ack}");
    let found = sql
        .query(
            "SELECT seq, name FROM \"ORDERS\" o JOIN users ON users.id = (o.json->>'id')::int
             WHERE subject = 'orders.paid'",
            &[],
        )
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].get::<_, i64>(0), found[0].get::<_, &str>(1)),
        (2, "Ada")
    );
}

#[test]
fn what_a_stream_cannot_do_is_refused_before_anything_changes() {
    let server = Server::start();
    let mut nats = client(&server);
    let stream = r#"{"name":"ORDERS","subjects":["orders.>"]}"#;
    nats.ask_json("$JS.API.STREAM.CREATE.ORDERS", stream);
    let mut sql = server.postgres();
    sql.batch_execute("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t")
        .unwrap();
    for (statement, code) in [
        (
            "INSERT INTO \"ORDERS\" (subject) VALUES ('else.where')",
            "23514",
        ),
        ("INSERT INTO \"ORDERS\" (data) VALUES ('x')", "23502"),
        (
            "INSERT INTO \"ORDERS\" (seq, subject) VALUES (1, 'orders.a')",
            "428C9",
        ),
        (
            "INSERT INTO \"ORDERS\" (subject, headers) VALUES ('orders.a', '{\"Nats-Rollup\": \"all\"}')",
            "22023",
        ),
        ("UPDATE \"ORDERS\" SET subject = 'orders.b'", "0A000"),
        ("DELETE FROM \"ORDERS\"", "0A000"),
        ("CREATE TABLE \"ORDERS\" (id int)", "42P07"),
        ("INSERT INTO p (subject) VALUES ('db.t.1.insert')", "42809"),
        ("TRUNCATE t", "0A000"),
        ("ALTER TABLE t RENAME TO u", "0A000"),
        ("CREATE PUBLICATION q FOR ALL TABLES", "0A000"),
        ("CREATE PUBLICATION q FOR TABLE missing", "42P01"),
        ("CREATE PUBLICATION p FOR TABLE t", "42710"),
        ("DROP PUBLICATION q", "42704"),
    ] {
        let error = sql.batch_execute(statement).expect_err(statement);
        assert_eq!(
            error.code().map(|code| code.code()),
            Some(code),
            "{statement}: {error:?}"
        );
    }
    let refused = nats.ask_json("$JS.API.STREAM.DELETE.p", "");
    assert_eq!(refused["error"]["err_code"], 10052, "{refused}");
    let refused = nats.ask_json(
        "$JS.API.STREAM.CREATE.t",
        r#"{"name":"t","subjects":["t"]}"#,
    );
    assert_eq!(refused["error"]["err_code"], 10058, "{refused}");
    for name in ["ORDERS", "p"] {
        let info = nats.ask_json(&format!("$JS.API.STREAM.INFO.{name}"), "");
        assert_eq!(info["state"]["messages"], 0, "{info}");
    }
    sql.batch_execute("DROP PUBLICATION p; TRUNCATE t").unwrap();
    sql.batch_execute("CREATE TABLE p (id int)").unwrap();
}

#[test]
fn a_publication_tells_the_rows_there_are_and_then_every_change_in_order() {
    let server = Server::start();
    let mut sql = server.postgres();
    sql.batch_execute(
        "CREATE TABLE items (id int PRIMARY KEY, n int);
         INSERT INTO items SELECT g, 0 FROM generate_series(1, 3000) g;",
    )
    .unwrap();
    // Others write while the rows are told.
    let doors = server.doors;
    let writer = std::thread::spawn(move || {
        let mut sql = super::harness::postgres(doors).unwrap();
        for n in 1..=20 {
            sql.batch_execute(&format!("UPDATE items SET n = {n} WHERE id % 100 = 1"))
                .unwrap();
        }
    });
    sql.batch_execute("CREATE PUBLICATION feed FOR TABLE items")
        .unwrap();
    writer.join().unwrap();
    sql.batch_execute("DELETE FROM items WHERE id = 1; UPDATE items SET n = -1 WHERE id = 2")
        .unwrap();
    let mut nats = client(&server);
    consume(&mut nats, "feed");
    let mut values = std::collections::BTreeMap::<String, Vec<i64>>::new();
    let last = |id: i64| match id {
        1 => i64::MIN,
        2 => -1,
        _ if id % 100 == 1 => 20,
        _ => 0,
    };
    let mut settled = 0;
    while settled < 3000 {
        let heard = pull(&mut nats, "feed", "c");
        nats.say(&format!("PUB {} 4\r\n+ACK\r\n", heard.reply))
            .unwrap();
        assert!(heard.header("Stele-Token").is_some(), "{heard:?}");
        let mut tokens = heard.subject.split('.').skip(2);
        let (id, what) = (tokens.next().unwrap(), tokens.next().unwrap());
        let row: serde_json::Value = serde_json::from_str(&heard.payload).unwrap_or_default();
        let n = row["n"].as_i64().unwrap_or(i64::MIN);
        let known = values.entry(id.to_owned()).or_default();
        assert_eq!(
            what == "insert",
            known.is_empty(),
            "{heard:?} after {known:?}"
        );
        known.push(n);
        settled += usize::from(n == last(id.parse().unwrap()));
    }
    assert_eq!(values.len(), 3000);
    for (id, told) in &values {
        let id: i64 = id.parse().unwrap();
        // A row tells where its chunk found it, then each change after that.
        let first = told[0];
        let expected: Vec<i64> = match id {
            1 => (first..=20).chain([i64::MIN]).collect(),
            2 => vec![0, -1],
            _ if id % 100 == 1 => (first..=20).collect(),
            _ => vec![0],
        };
        assert_eq!(*told, expected, "row {id}");
    }
}

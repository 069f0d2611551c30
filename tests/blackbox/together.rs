//! One transaction over three models, and kill -9 at any moment.
//!
//! Each transaction inserts a row, sets a key and publishes a message: half of the clients
//! say BEGIN ... COMMIT, the other half MULTI ... EXEC. After each kill all three are there or
//! none is, whatever was acknowledged is there, the full-text index finds the rows that exist,
//! and the publication has told each of them once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::full;
use super::harness::{Dice, Doors, Server, postgres, redis};
use super::http_client::asked;
use super::nats_client::NatsClient;
use serde_json::{Value as Json, json};

const CLIENT_COUNT: u64 = 6;

/// What was begun, and whether it was acknowledged.
type Begun = BTreeMap<String, bool>;

#[test]
fn a_row_a_key_and_a_message_are_written_together_or_not_at_all() {
    let rounds = if full() { 20 } else { 4 };
    let mut server = Server::start();
    let mapping = json!({"mappings": {"properties": {"who": {"type": "keyword"}}}});
    assert_eq!(asked(&server, "PUT", "/ledger", &mapping).0, 200);
    let mut nats = NatsClient::connect(server.doors.nats).unwrap();
    let stream = r#"{"name":"ENTRIES","subjects":["entries.*"]}"#;
    let made = nats.ask_json("$JS.API.STREAM.CREATE.ENTRIES", stream);
    assert_eq!(made["did_create"], true, "{made}");
    server
        .postgres()
        .batch_execute("CREATE PUBLICATION ledger_feed FOR TABLE ledger")
        .unwrap();
    let mut begun = Begun::new();
    let mut dice = Dice(11);
    let next = Arc::new(AtomicU64::new(0));
    for round in 0..rounds {
        let time = Duration::from_millis(300 + dice.below(500));
        begun.extend(write_until_killed(&mut server, &next, time));
        server.start_again();
        check(&server, &begun, &format!("round {round}"));
    }
    let acknowledged = begun.values().filter(|is_there| **is_there).count();
    assert!(
        acknowledged > 50 * rounds,
        "only {acknowledged} transactions"
    );
}

fn write_until_killed(server: &mut Server, next: &Arc<AtomicU64>, time: Duration) -> Begun {
    let begun = Arc::new(Mutex::new(Begun::new()));
    let writers: Vec<_> = (0..CLIENT_COUNT)
        .map(|client| {
            let (begun, next, doors) = (Arc::clone(&begun), Arc::clone(next), server.doors);
            std::thread::spawn(move || match client % 2 {
                0 => write_in_sql(doors, &next, &begun),
                _ => write_in_redis(doors, &next, &begun),
            })
        })
        .collect();
    std::thread::sleep(time);
    server.kill();
    for writer in writers {
        writer.join().unwrap();
    }
    Arc::try_unwrap(begun).unwrap().into_inner().unwrap()
}

fn begin(next: &AtomicU64, begun: &Mutex<Begun>) -> String {
    let id = format!("e{}", next.fetch_add(1, Ordering::SeqCst));
    begun.lock().unwrap().insert(id.clone(), false);
    id
}

/// Until the connection breaks.
fn write_in_sql(doors: Doors, next: &AtomicU64, begun: &Mutex<Begun>) {
    let mut client = postgres(doors).unwrap();
    loop {
        let id = begin(next, begun);
        let done = client.batch_execute(&format!(
            "BEGIN;
             INSERT INTO ledger (_id, who) VALUES ('{id}', 'sql');
             INSERT INTO redis.strings VALUES ('entry:{id}', 'sql');
             INSERT INTO \"ENTRIES\" (subject, json) VALUES ('entries.{id}', '{{\"by\": \"sql\"}}');
             COMMIT"
        ));
        match done {
            Ok(()) => drop(begun.lock().unwrap().insert(id, true)),
            Err(error) if error.is_closed() || error.code().is_none() => return,
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn write_in_redis(doors: Doors, next: &AtomicU64, begun: &Mutex<Begun>) {
    let mut client = redis(doors).unwrap();
    loop {
        let id = begin(next, begun);
        let done: redis::RedisResult<(i64, String, String)> = redis::pipe()
            .atomic()
            .cmd("HSET")
            .arg(format!("ledger:{id}"))
            .arg("who")
            .arg("redis")
            .cmd("SET")
            .arg(format!("entry:{id}"))
            .arg("redis")
            .cmd("XADD")
            .arg("ENTRIES")
            .arg("*")
            .arg("subject")
            .arg(format!("entries.{id}"))
            .arg("data")
            .arg("{\"by\": \"redis\"}")
            .query(&mut client);
        match done {
            Ok(_) => drop(begun.lock().unwrap().insert(id, true)),
            Err(error) if error.is_io_error() || error.is_unrecoverable_error() => return,
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// All or none, in every face.
fn check(server: &Server, begun: &Begun, context: &str) {
    let mut sql = server.postgres();
    let mut names = |query: &str| -> BTreeMap<String, i64> {
        let rows = sql.query(query, &[]).unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    };
    let rows = names("SELECT _id, 1::bigint FROM ledger");
    let keys =
        names("SELECT substr(key, 7), 1::bigint FROM redis.strings WHERE key LIKE 'entry:%'");
    let messages = names("SELECT substr(subject, 9), count(*) FROM \"ENTRIES\" GROUP BY subject");
    for (id, is_acknowledged) in begun {
        let faces = [&rows, &keys, &messages].map(|face| face.get(id).copied());
        let expected = match rows.contains_key(id) {
            true => [Some(1); 3],
            false => [None; 3],
        };
        assert_eq!(faces, expected, "{context}: {id}");
        assert!(
            faces[0].is_some() || !is_acknowledged,
            "{context}: {id} is lost"
        );
    }
    assert_eq!(rows.len(), keys.len(), "{context}");
    assert_eq!(rows.len(), messages.len(), "{context}");
    told_once(server, &rows, context);
    assert_eq!(
        asked(server, "POST", "/ledger/_refresh", &Json::Null).0,
        200
    );
    let (_, counted) = asked(server, "GET", "/ledger/_count", &Json::Null);
    assert_eq!(counted["count"], rows.len(), "{context}: {counted}");
}

/// The publication has an insert of each row, and nothing else.
fn told_once(server: &Server, rows: &BTreeMap<String, i64>, context: &str) {
    let mut sql = server.postgres();
    let deadline = Instant::now() + Duration::from_secs(20);
    let told = loop {
        let found = sql
            .query(
                "SELECT subject, count(*) FROM ledger_feed GROUP BY subject",
                &[],
            )
            .unwrap();
        let told: BTreeMap<String, i64> =
            found.iter().map(|row| (row.get(0), row.get(1))).collect();
        if told.len() >= rows.len() || Instant::now() > deadline {
            break told;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let expected: BTreeMap<String, i64> = rows
        .keys()
        .map(|id| (format!("db.ledger.{id}.insert"), 1))
        .collect();
    assert_eq!(told, expected, "{context}");
}

//! Writes through all four doors at once, and kill -9 in the middle, again and again.
//!
//! Rows are written in SQL, as hashes and as documents; messages are published. After each
//! kill every acknowledged write is in every face, every face shows the same, the publication
//! has told each change of each row once and in order, and the index finds what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::full;
use super::harness::{Dice, Doors, Server, postgres, redis};
use super::http_client::{ask, asked};
use super::nats_client::NatsClient;

/// Rows by id: the last acknowledged `n`, and the one that was asked for last.
type Rows = BTreeMap<String, (i64, i64)>;

#[derive(Default)]
struct Book {
    rows: Rows,
    messages: BTreeSet<String>,
}

#[derive(Clone)]
struct Writer {
    doors: Doors,
    next: Arc<AtomicU64>,
    book: Arc<Mutex<Book>>,
}

#[test]
fn what_any_door_acknowledged_is_in_every_face_after_every_kill() {
    let rounds = if full() { 20 } else { 4 };
    let mut server = Server::start();
    let mapping = json!({"mappings": {"properties": {
        "who": {"type": "keyword"}, "n": {"type": "long"}}}});
    assert_eq!(asked(&server, "PUT", "/items", &mapping).0, 200);
    let mut nats = NatsClient::connect(server.doors.nats).unwrap();
    let stream = r#"{"name":"EVENTS","subjects":["events.*"]}"#;
    nats.ask_json("$JS.API.STREAM.CREATE.EVENTS", stream);
    server
        .postgres()
        .batch_execute("CREATE PUBLICATION items_feed FOR TABLE items")
        .unwrap();
    let (next, mut book, mut dice) = (Arc::default(), Book::default(), Dice(3));
    for round in 0..rounds {
        let time = Duration::from_millis(300 + dice.below(500));
        book = write_until_killed(&mut server, &next, book, time);
        server.start_again();
        check(&server, &mut book, &format!("round {round}"));
    }
    let writes = book.rows.len() + book.messages.len();
    assert!(writes > 50 * rounds, "only {writes} writes");
}

fn write_until_killed(
    server: &mut Server,
    next: &Arc<AtomicU64>,
    book: Book,
    time: Duration,
) -> Book {
    let book = Arc::new(Mutex::new(book));
    let writer = Writer {
        doors: server.doors,
        next: Arc::clone(next),
        book: Arc::clone(&book),
    };
    let kinds: [fn(&Writer); 4] = [in_sql, in_redis, in_http, in_nats];
    let writers: Vec<_> = kinds
        .iter()
        .map(|write| {
            let (writer, write) = (writer.clone(), *write);
            std::thread::spawn(move || write(&writer))
        })
        .collect();
    drop(writer);
    std::thread::sleep(time);
    server.kill();
    for writer in writers {
        writer.join().unwrap();
    }
    Arc::into_inner(book).unwrap().into_inner().unwrap()
}

impl Writer {
    /// A new row, written with `n` = 1, 2 and so on until a write is not answered.
    fn rows(&self, who: &str, mut write: impl FnMut(&str, i64) -> bool) {
        loop {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            let id = format!("{who}{number}");
            for n in 1..=1 + i64::try_from(number % 3).unwrap() {
                self.note(&id, |row| row.1 = n);
                if !write(&id, n) {
                    return;
                }
                self.note(&id, |row| row.0 = n);
            }
        }
    }

    fn note(&self, id: &str, note: impl FnOnce(&mut (i64, i64))) {
        let mut book = self.book.lock().unwrap();
        note(book.rows.entry(id.to_owned()).or_default());
    }
}

fn in_sql(writer: &Writer) {
    let mut client = postgres(writer.doors).unwrap();
    writer.rows("s", |id, n| {
        let done = client.batch_execute(&match n {
            1 => format!("INSERT INTO items (_id, who, n) VALUES ('{id}', 'sql', 1)"),
            n => format!("UPDATE items SET n = {n} WHERE _id = '{id}'"),
        });
        match done {
            Ok(()) => true,
            Err(error) if error.is_closed() || error.code().is_none() => false,
            Err(error) => panic!("{error:?}"),
        }
    });
}

fn in_redis(writer: &Writer) {
    let mut client = redis(writer.doors).unwrap();
    writer.rows("r", |id, n| {
        let mut command = redis::cmd("HSET");
        command.arg(format!("items:{id}")).arg("n").arg(n);
        if n == 1 {
            command.arg("who").arg("redis");
        }
        match command.query::<i64>(&mut client) {
            Ok(_) => true,
            Err(error) if error.is_io_error() || error.is_unrecoverable_error() => false,
            Err(error) => panic!("{error:?}"),
        }
    });
}

fn in_http(writer: &Writer) {
    writer.rows("h", |id, n| {
        let path = format!("/items/_doc/{id}");
        let body = json!({"who": "http", "n": n}).to_string();
        match ask(writer.doors.http, "PUT", &path, &body) {
            Some((200 | 201, _)) => true,
            None => false,
            Some(other) => panic!("{other:?}"),
        }
    });
}

fn in_nats(writer: &Writer) {
    let mut client = NatsClient::connect(writer.doors.nats).unwrap();
    loop {
        let id = writer.next.fetch_add(1, Ordering::SeqCst).to_string();
        let sent = client.say(&format!("PUB events.{id} _I.p 1\r\nx\r\n"));
        let Ok(answer) = sent.and_then(|()| client.message()) else {
            return;
        };
        assert!(answer.payload.contains("\"seq\""), "{answer:?}");
        writer.book.lock().unwrap().messages.insert(id);
    }
}

fn check(server: &Server, book: &mut Book, context: &str) {
    let mut sql = server.postgres();
    let found = sql.query("SELECT _id, n FROM items", &[]).unwrap();
    let rows: BTreeMap<String, i64> = found.iter().map(|row| (row.get(0), row.get(1))).collect();
    for (id, (acknowledged, asked)) in &mut book.rows {
        let n = rows.get(id).copied().unwrap_or(0);
        assert!(
            n == *acknowledged || n == *asked,
            "{context}: {id} is {n}, acknowledged {acknowledged}, asked {asked}"
        );
        (*acknowledged, *asked) = (n, n);
    }
    assert!(
        rows.keys().all(|id| book.rows.contains_key(id)),
        "{context}"
    );
    as_hashes(server, &rows, context);
    as_documents(server, &rows, context);
    as_hits(server, &rows, context);
    as_events(server, &rows, context);
    let subjects = sql.query("SELECT substr(subject, 8) FROM \"EVENTS\"", &[]);
    let all: Vec<String> = subjects.unwrap().iter().map(|row| row.get(0)).collect();
    let each: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(all.len(), each.len(), "{context}: a message twice");
    assert!(
        book.messages.is_subset(&each),
        "{context}: a message is lost"
    );
    book.messages = each;
}

fn as_hashes(server: &Server, rows: &BTreeMap<String, i64>, context: &str) {
    let mut pipe = redis::pipe();
    for id in rows.keys() {
        pipe.cmd("HGET").arg(format!("items:{id}")).arg("n");
    }
    let values: Vec<i64> = pipe.query(&mut server.redis()).unwrap();
    assert_eq!(
        values,
        rows.values().copied().collect::<Vec<_>>(),
        "{context}"
    );
}

fn as_documents(server: &Server, rows: &BTreeMap<String, i64>, context: &str) {
    let ids: Vec<&String> = rows.keys().collect();
    let mut values: Vec<Option<i64>> = Vec::new();
    for ids in ids.chunks(1000) {
        let (_, found) = asked(server, "POST", "/items/_mget", &json!({ "ids": ids }));
        let docs = found["docs"].as_array();
        let docs = docs.unwrap_or_else(|| panic!("{context}: {found}"));
        values.extend(docs.iter().map(|doc| doc["_source"]["n"].as_i64()));
    }
    let expected: Vec<Option<i64>> = rows.values().copied().map(Some).collect();
    assert_eq!(values, expected, "{context}");
}

fn as_hits(server: &Server, rows: &BTreeMap<String, i64>, context: &str) {
    assert_eq!(asked(server, "POST", "/items/_refresh", &Json::Null).0, 200);
    let mut hits = BTreeMap::new();
    for n in 1..=3 {
        let query = json!({"size": 10_000, "query": {"term": {"n": n}}});
        let (_, found) = asked(server, "POST", "/items/_search", &query);
        for hit in found["hits"]["hits"].as_array().unwrap() {
            let id = hit["_id"].as_str().unwrap().to_owned();
            assert_eq!(hits.insert(id, n), None, "{context}: {hit} twice");
        }
    }
    assert_eq!(&hits, rows, "{context}");
}

/// Each row's changes, as the publication tells them, once it has come to its end.
fn as_events(server: &Server, rows: &BTreeMap<String, i64>, context: &str) {
    let mut sql = server.postgres();
    let expected: BTreeMap<String, Vec<i64>> = rows
        .iter()
        .map(|(id, n)| (id.clone(), (1..=*n).collect()))
        .collect();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let query = "SELECT json->>'_id', (json->>'n')::bigint FROM items_feed ORDER BY seq";
        let mut told: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for row in sql.query(query, &[]).unwrap() {
            told.entry(row.get(0)).or_default().push(row.get(1));
        }
        if told == expected {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{context}: {told:?} is not {expected:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

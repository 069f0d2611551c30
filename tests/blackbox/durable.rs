//! kill -9 under mixed load: what was acknowledged is there, every time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::full;
use super::harness::{Dice, Doors, Server, postgres, redis};

const WRITER_COUNT: u64 = 6;
const KEYS_PER_WRITER: u64 = 50;

/// Per key the last acknowledged value and, if the answer never came, the one after it.
type Book = BTreeMap<String, (u64, Option<u64>)>;

#[test]
fn every_acknowledged_write_survives_every_kill() {
    let rounds = if full() { 20 } else { 8 };
    let mut server = Server::start();
    server
        .postgres()
        .batch_execute("CREATE TABLE counters (id text PRIMARY KEY, n bigint NOT NULL)")
        .unwrap();
    let mut books: Vec<Book> = (0..WRITER_COUNT).map(|_| Book::new()).collect();
    let mut dice = Dice(7);
    for round in 0..rounds {
        books = load(
            &mut server,
            books,
            Duration::from_millis(400 + dice.below(600)),
        );
        server.start_again();
        for (writer, book) in books.iter_mut().enumerate() {
            check(&server, writer, book, round);
        }
    }
    let writes: u64 = books
        .iter()
        .flat_map(|book| book.values())
        .map(|(value, _)| value)
        .sum();
    assert!(writes > 1_000, "only {writes} writes in {rounds} rounds");
}

/// Writes through both doors for a while, then kills the server under the writers.
fn load(server: &mut Server, books: Vec<Book>, time: Duration) -> Vec<Book> {
    let killed = Arc::new(AtomicBool::new(false));
    let shared: Vec<Arc<Mutex<Book>>> = books
        .into_iter()
        .map(|book| Arc::new(Mutex::new(book)))
        .collect();
    let writers: Vec<_> = (0u64..)
        .zip(&shared)
        .map(|(writer, book)| {
            let (book, killed, doors) = (Arc::clone(book), Arc::clone(&killed), server.doors);
            std::thread::spawn(move || {
                write_until_killed(writer, doors, &mut book.lock().unwrap(), &killed)
            })
        })
        .collect();
    std::thread::sleep(time);
    killed.store(true, Ordering::SeqCst);
    server.kill();
    for writer in writers {
        writer.join().unwrap();
    }
    shared
        .into_iter()
        .map(|book| Arc::try_unwrap(book).unwrap().into_inner().unwrap())
        .collect()
}

/// Counts each of its keys up, one write at a time, so that a value says which writes
/// were done. Even writers speak redis, odd ones SQL.
fn write_until_killed(writer: u64, doors: Doors, book: &mut Book, killed: &AtomicBool) {
    let mut dice = Dice(writer + u64::from(doors.redis.port()));
    let (mut strings, mut rows) = (redis(doors).unwrap(), postgres(doors).unwrap());
    loop {
        let key = format!("w{writer}k{}", dice.below(KEYS_PER_WRITER));
        let entry = book.entry(key.clone()).or_insert((0, None));
        let next = entry.0 + 1;
        entry.1 = Some(next);
        let written = match writer % 4 {
            0 => redis::cmd("SET")
                .arg(&key)
                .arg(next)
                .exec(&mut strings)
                .map_err(|error| error.to_string()),
            1 => upsert(&mut rows, &key, next),
            2 => redis::cmd("HSET")
                .arg("counts")
                .arg(&key)
                .arg(next)
                .exec(&mut strings)
                .map_err(|error| error.to_string()),
            _ => redis::cmd("HSET")
                .arg(format!("counters:{key}"))
                .arg("n")
                .arg(next)
                .exec(&mut strings)
                .map_err(|error| error.to_string()),
        };
        match written {
            Ok(()) => *entry = (next, None),
            Err(_) if killed.load(Ordering::SeqCst) => return,
            Err(error) => panic!("writer {writer}: {error}"),
        }
    }
}

fn upsert(client: &mut postgres::Client, key: &str, value: u64) -> Result<(), String> {
    let sql = format!(
        "INSERT INTO counters VALUES ('{key}', {value}) ON CONFLICT (id) DO UPDATE SET n = excluded.n"
    );
    client
        .execute(&sql, &[])
        .map(|_| ())
        .map_err(|error| error.to_string())
}

/// Every key holds its last acknowledged value, or the one whose answer never came.
fn check(server: &Server, writer: usize, book: &mut Book, round: u64) {
    let (mut strings, mut rows) = (server.redis(), server.postgres());
    for (key, (acknowledged, asked)) in book {
        let found: Option<u64> = match writer % 4 {
            0 => redis::cmd("GET")
                .arg(key.as_str())
                .query(&mut strings)
                .unwrap(),
            2 => redis::cmd("HGET")
                .arg("counts")
                .arg(key.as_str())
                .query(&mut strings)
                .unwrap(),
            _ => {
                let row = rows
                    .query_opt(&format!("SELECT n FROM counters WHERE id = '{key}'"), &[])
                    .unwrap();
                row.map(|row| u64::try_from(row.get::<_, i64>(0)).unwrap())
            }
        };
        let found = found.unwrap_or(0);
        assert!(
            found == *acknowledged || Some(found) == *asked,
            "round {round}: {key} is {found}, acknowledged {acknowledged}, asked {asked:?}"
        );
        *acknowledged = found;
        *asked = None;
    }
}

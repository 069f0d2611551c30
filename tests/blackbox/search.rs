//! The search index: the same hits as tantivy's, after kill -9, and when it gets nowhere.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::clients::{python, succeeds};
use super::full;
use super::harness::Server;
use super::http_client::{ask, asked};

#[test]
fn what_was_acknowledged_is_found_once_after_every_kill() {
    let rounds = if full() { 20 } else { 4 };
    let mut server = Server::start();
    let mapping =
        json!({"mappings": {"properties": {"n": {"type": "long"}, "text": {"type": "text"}}}});
    assert_eq!(asked(&server, "PUT", "/docs", &mapping).0, 200);
    let mut acknowledged = 0;
    for round in 0..rounds {
        for batch in 0..6 {
            let lines: String = (0..50)
                .map(|item| {
                    let id = round * 300 + batch * 50 + item;
                    format!("{{\"index\":{{\"_id\":\"{id}\"}}}}\n{{\"n\":{id},\"text\":\"written in round {round}\"}}\n")
                })
                .collect();
            // Some end in a refresh, others leave the index behind the log.
            let path = if batch % 2 == 0 {
                "/docs/_bulk?refresh=true"
            } else {
                "/docs/_bulk"
            };
            let (status, answer) = ask(server.doors.http, "POST", path, &lines).expect("answered");
            assert!(status == 200 && answer["errors"] == false, "{answer}");
            acknowledged += 50;
        }
        server.kill();
        server.start_again();
        assert_eq!(asked(&server, "POST", "/docs/_refresh", &Json::Null).0, 200);
        let query = json!({"track_total_hits": true, "size": 0, "aggs": {"n": {"cardinality": {"field": "n"}}}});
        let (_, found) = asked(&server, "POST", "/docs/_search", &query);
        assert_eq!(
            found["hits"]["total"]["value"], acknowledged,
            "round {round}: {found}"
        );
    }
    // Lost altogether, it is built anew.
    server.kill();
    std::fs::remove_dir_all(server.data().join("search")).unwrap();
    server.start_again();
    assert_eq!(asked(&server, "POST", "/docs/_refresh", &Json::Null).0, 200);
    assert_eq!(
        asked(&server, "GET", "/docs/_count", &Json::Null).1["count"],
        acknowledged
    );
}

#[test]
fn sixty_queries_find_what_tantivy_finds_in_the_same_order() {
    let count = if full() { "50000" } else { "2000" };
    let server = Server::start();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/same_as_tantivy.py");
    let raw = Path::new(env!("CARGO_BIN_EXE_stele")).with_file_name("examples/raw");
    assert!(
        raw.exists(),
        "{} is not there: run `make build`",
        raw.display()
    );
    let port = server.doors.http.port().to_string();
    let said = succeeds(
        Command::new(python())
            .arg(path)
            .arg(port)
            .arg(raw)
            .arg(count),
    );
    println!("{said}");
}

#[test]
fn a_row_written_by_sql_is_found_and_one_deleted_by_redis_is_not() {
    let server = Server::start();
    let mapping = json!({"mappings": {"properties": {"name": {"type": "text"}}}});
    assert_eq!(asked(&server, "PUT", "/shop", &mapping).0, 200);
    let mut sql = server.postgres();
    sql.batch_execute("INSERT INTO shop (_id, name) VALUES ('a', 'red shoe'), ('b', 'red hat')")
        .unwrap();
    assert_eq!(asked(&server, "POST", "/shop/_refresh", &Json::Null).0, 200);
    let search = || {
        let query = json!({"query": {"match": {"name": "red"}}, "sort": ["_doc"]});
        let (_, found) = asked(&server, "POST", "/shop/_search", &query);
        let hits = found["hits"]["hits"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        hits.iter()
            .map(|hit| hit["_id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(search().len(), 2);
    let deleted: i64 = redis::cmd("DEL")
        .arg("shop:a")
        .query(&mut server.redis())
        .unwrap();
    assert_eq!((deleted, search()), (1, vec!["b".to_owned()]));
}

/// The text of a row.
const LONG: &str = "a light shoe for running fast on roads and on tracks, in rain and in snow, by day and by night, with laces of wool and a sole of cork";

/// Inserts so many rows with SQL; rows per second.
fn insert(server: &Server, from: u32, count: u32) -> f64 {
    let mut sql = server.postgres();
    let statement = sql
        .prepare("INSERT INTO docs (_id, text) VALUES ($1, $2)")
        .unwrap();
    let began = Instant::now();
    for id in from..from + count {
        sql.execute(&statement, &[&format!("{id:07}"), &LONG])
            .unwrap();
    }
    f64::from(count) / began.elapsed().as_secs_f64()
}

/// The folder in which the only search index lies.
fn generation(server: &Server) -> PathBuf {
    let folders = std::fs::read_dir(server.data().join("search")).unwrap();
    let mut folders = folders.map(|entry| entry.unwrap().path());
    folders.find(|path| path.is_dir()).unwrap()
}

/// Waits until every row is found, and counts them.
fn catches_up(server: &Server, count: u32) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while asked(server, "GET", "/readyz", &Json::Null).0 != 200 {
        assert!(Instant::now() < deadline, "the index does not come back");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(asked(server, "POST", "/docs/_refresh", &Json::Null).0, 200);
    let (_, found) = asked(server, "GET", "/docs/_count", &Json::Null);
    assert_eq!(found["count"], count, "{found}");
}

#[test]
fn an_index_that_gets_nowhere_slows_no_writer_takes_no_memory_and_catches_up() {
    let count = if full() { 20_000 } else { 1_500 };
    let mut server = Server::start_with(&["--fsync", "everysec"]);
    let mapping = json!({"mappings": {"properties": {"text": {"type": "text"}}}});
    assert_eq!(asked(&server, "PUT", "/docs", &mapping).0, 200);
    let (mut free, mut stalled, mut grown, mut next) = (0.0_f64, 0.0_f64, 0, 0);
    catches_up(&server, 0);
    for _ in 0..3 {
        // Where its files belong stands a file: the index can be neither opened nor made.
        let folder = generation(&server);
        server.kill();
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::write(&folder, "in the way").unwrap();
        server.start_again();
        insert(&server, next, 200);
        let before = server.resident_bytes();
        stalled = stalled.max(insert(&server, next + 200, count));
        next += 200 + count;
        grown = grown.max(server.resident_bytes().saturating_sub(before));
        let (_, status) = asked(&server, "GET", "/_stele/status", &Json::Null);
        let search = &status["searches"][0];
        assert!(
            search["ready"] == false && search["trouble"].is_string(),
            "{search}"
        );
        std::fs::remove_file(&folder).unwrap();
        catches_up(&server, next);
        free = free.max(insert(&server, next, count));
        next += count;
        catches_up(&server, next);
    }
    let kib = grown >> 10;
    println!(
        "rows per second beside an index that follows {free:.0}, that gets nowhere {stalled:.0}; {kib} KiB more memory"
    );
    assert!(
        stalled > free * 0.7,
        "{stalled} rows per second, but {free}"
    );
    assert!(grown < 64 << 20, "{grown} bytes more");
}

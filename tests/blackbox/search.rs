//! The search index after kill -9, and the HTTP door against hostile bytes.
//!
//! Requests are written by hand: what is on the wire is part of the promise.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

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

#[test]
fn hostile_requests_are_refused_and_harm_nobody() {
    let server = Server::start();
    let before = server.resident_bytes();
    let deep = "[".repeat(100_000);
    let nested = format!("{}{}", r#"{"bool":{"must":"#.repeat(200), "}}".repeat(200));
    for (method, path, body, expected) in [
        ("POST", "/a/_search", deep.as_str(), 400),
        ("POST", "/a/_search", nested.as_str(), 400),
        ("PUT", "/a/_doc/1", deep.as_str(), 400),
        ("POST", "/_bulk", "{\"index\":{}}\n{}\n", 400),
        ("POST", "/_bulk", "no newline", 400),
        ("POST", "/_bulk", "{\"index\":{\"_index\":\"a\"}}\n", 400),
        ("PUT", "/..%2F..%2Fetc", "", 400),
        ("PUT", "/UPPER", "", 400),
        ("GET", "/_nothing", "", 400),
        ("GET", "/absent/_search", "", 404),
        ("PATCH", "/absent", "", 405),
        ("PUT", "/a/_doc/1?wait_for_active_shards=2", "{}", 503),
        ("PUT", "/a/_doc/1?pipeline=p", "{}", 400),
    ] {
        let (status, answer) = ask(server.doors.http, method, path, body).expect("answered");
        assert_eq!(status, expected, "{method} {path}: {answer}");
        assert!(
            answer["error"]["root_cause"].is_array(),
            "{method} {path}: {answer}"
        );
    }
    // A length of 2 GB is refused without being waited for, or reserved.
    let mut stream = TcpStream::connect(server.doors.http).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
        .write_all(b"PUT /a/_doc/1 HTTP/1.1\r\nhost: x\r\ncontent-length: 2147483648\r\n\r\n{")
        .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    for bytes in [
        &b"\0\0\0\0"[..],
        b"GET",
        b"GET / HTTP/9.9\r\n\r\n",
        &[0xFF; 70_000],
    ] {
        let mut stream = TcpStream::connect(server.doors.http).unwrap();
        let _ = stream.write_all(bytes);
    }
    assert_eq!(asked(&server, "GET", "/livez", &Json::Null).0, 200);
    assert_eq!(asked(&server, "GET", "/readyz", &Json::Null).0, 200);
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes more");
}

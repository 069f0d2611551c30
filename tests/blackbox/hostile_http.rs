//! The HTTP door against hostile bytes: the right error in Elasticsearch's shape, bounded
//! memory, others unharmed.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::full;
use super::harness::Server;
use super::http_client::{ask, asked};

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.doors.http).unwrap();
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    stream.set_write_timeout(patience).unwrap();
    stream
}

/// The status of the answer that comes.
fn status(stream: &mut TcpStream) -> String {
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    String::from_utf8_lossy(&head[9..]).into_owned()
}

/// A request is refused in Elasticsearch's shape; why.
fn refused(server: &Server, method: &str, path: &str, body: &str, expected: u16) -> String {
    let (status, answer) = ask(server.doors.http, method, path, body).expect("answered");
    assert_eq!(status, expected, "{method} {path}: {answer}");
    let error = &answer["error"];
    assert!(
        error["root_cause"].is_array() && answer["status"] == expected,
        "{answer}"
    );
    format!("{}: {}", error["type"], error["reason"])
}

fn is_alive(server: &Server) {
    assert_eq!(asked(server, "GET", "/livez", &Json::Null).0, 200);
    // An index that was just made is waited for.
    assert_eq!(asked(server, "POST", "/_refresh", &Json::Null).0, 200);
    assert_eq!(asked(server, "GET", "/readyz", &Json::Null).0, 200);
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

#[test]
fn json_ten_thousand_deep_is_refused_wherever_it_stands() {
    let server = Server::start();
    assert_eq!(asked(&server, "PUT", "/a", &Json::Null).0, 200);
    let lists = "[".repeat(10_000) + &"]".repeat(10_000);
    let objects = "{\"a\":".repeat(10_000) + "1" + &"}".repeat(10_000);
    let clauses = "{\"bool\":{\"must\":".repeat(10_000) + "{}" + &"}}".repeat(10_000);
    for deep in [&lists, &objects, &clauses] {
        for (method, path, key) in [
            ("POST", "/a/_search", "query"),
            ("POST", "/a/_search", "aggs"),
            ("PUT", "/a/_doc/1", "a"),
            ("PUT", "/b", "mappings"),
        ] {
            refused(&server, method, path, &format!("{{\"{key}\":{deep}}}"), 400);
        }
        refused(&server, "POST", "/_bulk", &format!("{deep}\n{{}}\n"), 400);
        // A document of a bulk request is refused alone.
        let action = r#"{"index":{"_index":"a","_id":"1"}}"#;
        let lines = format!("{action}\n{{\"a\":{deep}}}\n");
        let (status, answer) = ask(server.doors.http, "POST", "/_bulk", &lines).unwrap();
        let item = &answer["items"][0]["index"];
        assert!(status == 200 && item["status"] == 400, "{answer}");
    }
    assert_eq!(asked(&server, "GET", "/a/_doc/1", &Json::Null).0, 404);
    assert_eq!(asked(&server, "GET", "/b", &Json::Null).0, 404);
    is_alive(&server);
}

#[test]
fn more_clauses_values_or_hits_than_there_may_be_are_refused() {
    let server = Server::start();
    let fields = json!({"t": {"type": "text"}, "k": {"type": "keyword"}});
    let mapping = json!({"mappings": {"properties": fields}});
    assert_eq!(asked(&server, "PUT", "/a", &mapping).0, 200);
    asked(
        &server,
        "PUT",
        "/a/_doc/1?refresh=true",
        &json!({"t": "x", "k": "x"}),
    );
    let clause = |n: u32| json!({"term": {"k": n.to_string()}});
    let clauses: Vec<Json> = (0..20_000).map(clause).collect();
    let words: Vec<String> = (0..20_000).map(|n| format!("w{n}")).collect();
    let words = words.join(" ");
    let values: Vec<String> = (0..200_000).map(|n| n.to_string()).collect();
    for body in [
        json!({"query": {"bool": {"should": clauses}}}),
        json!({"query": {"match": {"t": words}}}),
        json!({"query": {"query_string": {"query": words, "fields": ["t"]}}}),
        json!({"query": {"terms": {"k": values}}}),
        json!({"query": {"wildcard": {"k": "*a".repeat(5_000)}}}),
        json!({"query": {"regexp": {"k": "((a{1,500}){1,500}){1,500}"}}}),
        json!({"from": 1_u64 << 40}),
        json!({"size": u64::MAX}),
        json!({"from": 9_999, "size": 2}),
        json!({"from": -1}),
        json!({"size": 1.5}),
        json!({"aggs": {"a": {"histogram": {"field": "k", "interval": 0}}}}),
    ] {
        let text = body.to_string();
        let about = text.get(..60).unwrap_or(&text).to_owned();
        let began = Instant::now();
        println!(
            "{about}: {}",
            refused(&server, "POST", "/a/_search", &text, 400)
        );
        assert!(began.elapsed() < Duration::from_secs(10), "{about}");
    }
    is_alive(&server);
}

#[test]
fn what_is_not_utf8_or_not_whole_changes_nothing() {
    let server = Server::start();
    assert_eq!(asked(&server, "PUT", "/a", &Json::Null).0, 200);
    let post = |path: &str, body: &[u8]| {
        let mut stream = connect(&server);
        let length = body.len();
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        status(&mut stream)
    };
    let query = b"{\"query\":{\"match\":{\"a\":\"\xc3\x28\"}}}";
    assert_eq!(post("/a/_doc/1", b"{\"a\":\"\xff\xfe\"}"), "400");
    assert_eq!(post("/a/_search", query), "400");
    assert_eq!(post("/a/_doc/%ff%fe", b"{}"), "400");
    // Cut short: in the head, in the body, in a chunk; or of two lengths.
    for (head, body) in [
        (" HTT", ""),
        (" HTTP/1.1\r\nhost: x\r\ncontent-le", ""),
        (
            " HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n",
            "{\"a\":1}",
        ),
        (
            " HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
            "7\r\n{\"a\":1}\r\n",
        ),
        (
            " HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
            "ffffffffffffffffff\r\n{}",
        ),
        (
            " HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\ncontent-length: 2\r\n\r\n",
            "{\"a\":1}",
        ),
    ] {
        let mut stream = connect(&server);
        let request = format!("PUT /a/_doc/1{head}{body}");
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        let said = String::from_utf8_lossy(&rest);
        assert!(!said.starts_with("HTTP/1.1 2"), "{request}: {said}");
    }
    assert_eq!(asked(&server, "GET", "/a/_doc/1", &Json::Null).0, 404);
    is_alive(&server);
}

#[test]
fn bodies_without_end_and_bombs_take_bounded_memory() {
    let server = Server::start();
    assert_eq!(asked(&server, "PUT", "/a", &Json::Null).0, 200);
    let before = server.resident_bytes();
    let mut streams: Vec<TcpStream> = (0..8).map(|_| connect(&server)).collect();
    let chunk = [b"100000\r\n", vec![b' '; 1 << 20].as_slice(), b"\r\n"].concat();
    let head = b"POST /_bulk HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    for stream in &mut streams {
        stream.write_all(head).unwrap();
    }
    // All at once, until each has been told that it is too much.
    let mut most = 0;
    for _ in 0..80 {
        streams.retain_mut(|stream| stream.write_all(&chunk).is_ok());
        most = most.max(server.resident_bytes().saturating_sub(before));
    }
    assert!(
        streams.is_empty(),
        "{} bodies are still taken",
        streams.len()
    );
    println!("eight bodies without end: {} MiB more at most", most >> 20);
    // All bodies have a budget of 256 MiB; a block of each, and what is read at once, come on top.
    assert!(most < 384 << 20, "{most} bytes more");
    is_alive(&server);
    // A gigabyte of zeros in a few megabytes.
    let pack = "head -c 1000000000 /dev/zero | gzip -1";
    let packed = Command::new("sh")
        .args(["-c", pack])
        .output()
        .unwrap()
        .stdout;
    let mut stream = connect(&server);
    let head = format!(
        "POST /_bulk HTTP/1.1\r\nhost: x\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        packed.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&packed).unwrap();
    assert_eq!(status(&mut stream), "413");
    is_alive(&server);
}

#[test]
fn who_never_ends_a_head_keeps_nobody_waiting() {
    let server = Server::start();
    let before = server.resident_bytes();
    let mut slow: Vec<TcpStream> = (0..300).map(|_| connect(&server)).collect();
    for stream in &mut slow {
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ")
            .unwrap();
    }
    let began = Instant::now();
    is_alive(&server);
    assert!(began.elapsed() < Duration::from_secs(5));
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes more");
    if full() {
        // A letter now and then does not put off the end, a minute after the beginning.
        let mut stream = slow.swap_remove(0);
        let deadline = Instant::now() + Duration::from_secs(75);
        while stream.write_all(b"a").is_ok() {
            assert!(Instant::now() < deadline, "a head may take for ever");
            std::thread::sleep(Duration::from_secs(2));
        }
    }
}

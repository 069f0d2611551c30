//! The thin clients: what `stele sql`, `get` and `search` print, and what every client says
//! where nobody listens.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output, Stdio};

use super::harness::{Server, ends, stele};

/// Runs a client and answers what it printed; it must succeed.
fn printed(command: &str, flag: &str, door: SocketAddr, words: &[&str]) -> String {
    let output = ended(command, flag, door, words);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command} {words:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn ended(command: &str, flag: &str, door: SocketAddr, words: &[&str]) -> Output {
    let mut client = stele();
    client.arg(command).args([flag, &door.to_string()]);
    ends(client.args(words))
}

fn sql(server: &Server, statement: &str) -> String {
    printed("sql", "--postgres", server.doors.postgres, &[statement])
}

#[test]
fn sql_prints_aligned_tables_and_counts() {
    let server = Server::start();
    let made = "CREATE TABLE users (id int PRIMARY KEY, name text, age int CHECK (age >= 0))";
    assert_eq!(sql(&server, made), "ok\n");
    let inserted = "INSERT INTO users VALUES (1, 'Ada', 36), (22, 'Zoë Lund', NULL)";
    assert_eq!(sql(&server, inserted), "ok, 2 rows\n");
    assert_eq!(
        sql(&server, "SELECT * FROM users ORDER BY id"),
        " id |   name   | age\n----+----------+-----\n  1 | Ada      |  36\n 22 | Zoë Lund |\n(2 rows)\n"
    );
    assert_eq!(
        sql(&server, "DELETE FROM users WHERE id = 3"),
        "ok, 0 rows\n"
    );
}

#[test]
fn sql_reads_a_pipe_statement_by_statement_and_ends_at_the_first_error() {
    let server = Server::start();
    let mut client = stele();
    client.args(["sql", "--postgres", &server.doors.postgres.to_string()]);
    client
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut client = client.spawn().unwrap();
    let script = "CREATE TABLE t (n int);\nINSERT INTO t\nVALUES (1);\nSELECT n / 0 FROM t;\nDROP TABLE t;\n";
    client
        .stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .unwrap();
    let output = client.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert_eq!(error, "stele: 22012 division by zero\n");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ok\nok, 1 row\n");
    assert!(
        sql(&server, "SELECT n FROM t").ends_with("(1 row)\n"),
        "it was not dropped"
    );
}

#[test]
fn get_prints_whatever_a_key_holds() {
    let server = Server::start();
    sql(
        &server,
        "CREATE TABLE users (id int PRIMARY KEY, name text)",
    );
    sql(&server, "INSERT INTO users VALUES (42, 'Ada')");
    let mut redis = server.redis();
    let mut say = |words: &[&str]| {
        redis::cmd(words[0])
            .arg(&words[1..])
            .exec(&mut redis)
            .unwrap()
    };
    say(&["SET", "text", "two\nlines"]);
    say(&["HSET", "hash", "a", "1", "b", "2"]);
    say(&["RPUSH", "list", "z", "a\nb"]);
    say(&["SADD", "set", "pear", "apple"]);
    say(&["ZADD", "zset", "2", "two", "1.5", "one"]);
    let get = |key: &str| printed("get", "--redis", server.doors.redis, &[key]);
    assert_eq!(get("users:42"), "id: 42\nname: Ada\n");
    assert_eq!(get("text"), "two\nlines\n");
    assert_eq!(get("hash"), "a: 1\nb: 2\n");
    assert_eq!(get("list"), "z\na\\nb\n");
    assert_eq!(get("set"), "apple\npear\n");
    assert_eq!(get("zset"), "one: 1.5\ntwo: 2\n");
    let missing = ended("get", "--redis", server.doors.redis, &["nothing"]);
    assert_eq!(missing.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&missing.stderr),
        "stele: there is no key nothing\n"
    );
}

#[test]
fn search_prints_a_line_for_each_hit_the_best_one_first() {
    let server = Server::start();
    let http = server.doors.http;
    let put = |path: &str, body: &str| {
        let url = format!("http://{http}{path}");
        let json = "content-type: application/json";
        let mut curl = Command::new("curl");
        curl.args(["-sf", "-X", "PUT", "-H", json, "-d", body, &url]);
        assert!(ends(&mut curl).status.success(), "{path}");
    };
    put("/shop/_doc/1", r#"{"name":"red shoe"}"#);
    put(
        "/shop/_doc/2?refresh=true",
        r#"{"name":"red hat, not a shoe but a hat"}"#,
    );
    let found = printed("search", "--http", http, &["shop", "red shoe"]);
    let lines: Vec<&str> = found.lines().collect();
    assert_eq!(lines.len(), 2, "{found}");
    assert!(
        lines[0].ends_with(r#"  shop/1  {"name":"red shoe"}"#),
        "{found}"
    );
    let score: f64 = lines[0].split(' ').next().unwrap().parse().unwrap();
    assert!(score > 0.0, "{found}");
    assert_eq!(
        printed(
            "search",
            "--http",
            http,
            &["--size", "1", "shop", "red shoe"]
        )
        .lines()
        .count(),
        1
    );
    assert_eq!(
        printed("search", "--http", http, &["shop", "+red -shoe +boat"]),
        ""
    );
    let absent = ended("search", "--http", http, &["absent", "x"]);
    let error = String::from_utf8_lossy(&absent.stderr);
    assert_eq!(
        (absent.status.code(), error.trim_end()),
        (Some(1), "stele: no such index [absent]")
    );
}

#[test]
fn a_client_says_where_nobody_listens() {
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (command, flag, words) in [
        ("sql", "--postgres", vec!["SELECT 1"]),
        ("get", "--redis", vec!["a"]),
        ("search", "--http", vec!["a", "b"]),
        ("sub", "--nats", vec!["a"]),
        ("pub", "--nats", vec!["a", "b"]),
    ] {
        let output = ended(command, flag, free, &words);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{command}: {error}");
        let expected = format!("stele: nothing listens at {free}: is a node running there?");
        assert!(error.starts_with(&expected), "{command}: {error}");
        assert!(error.contains(flag), "{command}: {error}");
    }
}

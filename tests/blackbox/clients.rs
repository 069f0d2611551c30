//! The programs people use: psycopg, redis-py, pgbench, redis-benchmark.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::harness::Server;

/// The Python that has the clients: `make clients` makes it.
pub fn python() -> PathBuf {
    let given = std::env::var_os("BLACKBOX_PYTHON").map(PathBuf::from);
    let path = given.unwrap_or_else(|| {
        let home = std::env::var_os("HOME")
            .map(PathBuf::from)
            .unwrap_or_default();
        home.join(".cache/stele/venv/bin/python")
    });
    assert!(
        path.exists(),
        "{} is not there: run `make clients`",
        path.display()
    );
    path
}

/// Runs a program that must end well; what it said.
pub fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{text}");
    text
}

fn script(name: &str, server: &Server) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name);
    let ports = [
        server.doors.redis.port().to_string(),
        server.doors.postgres.port().to_string(),
        server.doors.nats.port().to_string(),
        server.doors.http.port().to_string(),
    ];
    succeeds(Command::new(python()).arg(path).args(ports));
}

#[test]
fn psycopg_round_trips_every_type() {
    script("round_trip_psycopg.py", &Server::start());
}

#[test]
fn redis_py_round_trips_every_type() {
    script("round_trip_redis.py", &Server::start());
}

#[test]
fn nats_py_publishes_consumes_and_keeps_keys_and_objects() {
    script("round_trip_nats.py", &Server::start());
}

#[test]
fn elasticsearch_py_indexes_searches_and_sees_what_psql_writes() {
    script("round_trip_elasticsearch.py", &Server::start());
}

#[test]
fn whatever_one_door_writes_each_other_one_reads_at_its_position() {
    script("one_record.py", &Server::start());
}

#[test]
fn pgbench_runs_its_three_scripts_to_the_end() {
    let server = Server::start_with(&["--fsync", "everysec"]);
    let port = server.doors.postgres.port().to_string();
    let pgbench = |more: &[&str]| {
        let mut command = Command::new("pgbench");
        command
            .args(["-h", "127.0.0.1", "-p", &port, "-U", "stele"])
            .args(more)
            .arg("stele");
        succeeds(&mut command)
    };
    pgbench(&["-i", "-s", "1", "-q"]);
    let run = |script: &str, protocol: &str| {
        let text = pgbench(&[
            "-b", script, "-M", protocol, "-c", "8", "-j", "2", "-t", "50",
        ]);
        assert!(text.contains("actually processed: 400/400"), "{text}");
        assert!(text.contains("failed transactions: 0 "), "{text}");
    };
    run("tpcb-like", "prepared");
    let sum = |sql: &str| -> i64 { server.postgres().query_one(sql, &[]).unwrap().get(0) };
    let history = sum("SELECT sum(delta)::bigint FROM pgbench_history");
    for balance in [
        "abalance FROM pgbench_accounts",
        "tbalance FROM pgbench_tellers",
        "bbalance FROM pgbench_branches",
    ] {
        let (column, from) = balance.split_once(' ').unwrap();
        assert_eq!(
            sum(&format!("SELECT sum({column})::bigint {from}")),
            history,
            "{balance}"
        );
    }
    assert_eq!(sum("SELECT count(*) FROM pgbench_history"), 400);
    run("tpcb-like", "simple");
    for script in ["simple-update", "select-only"] {
        run(script, "simple");
        run(script, "prepared");
    }
}

#[test]
fn redis_benchmark_runs_its_default_set_to_the_end() {
    let server = Server::start_with(&["--fsync", "everysec"]);
    let port = server.doors.redis.port().to_string();
    let text = succeeds(
        Command::new("redis-benchmark").args(["-p", &port, "-n", "2000", "-c", "50", "-q"]),
    );
    assert!(!text.to_lowercase().contains("error"), "{text}");
    assert!(text.contains("MSET (10 keys)"), "{text}");
}

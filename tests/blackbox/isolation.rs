//! Isolation levels by their anomalies: which ones can happen, and which must not.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use postgres::{Client, Error};

use super::harness::Server;

/// Two sessions over a table of two rows.
fn two_sessions(server: &Server) -> (Client, Client) {
    let mut first = server.postgres();
    first
        .batch_execute("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)")
        .unwrap();
    first
        .batch_execute("INSERT INTO t VALUES (1, 10), (2, 20)")
        .unwrap();
    (first, server.postgres())
}

fn code(outcome: Result<(), Error>) -> Option<String> {
    outcome
        .err()
        .and_then(|error| error.code().map(|code| code.code().to_string()))
}

fn n(client: &mut Client, id: i32) -> i32 {
    client
        .query_one(&format!("SELECT n FROM t WHERE id = {id}"), &[])
        .unwrap()
        .get(0)
}

#[test]
fn nobody_sees_what_is_not_committed_nor_what_was_rolled_back() {
    let server = Server::start();
    let (mut a, mut b) = two_sessions(&server);
    a.batch_execute("BEGIN; UPDATE t SET n = 11 WHERE id = 1")
        .unwrap();
    assert_eq!(n(&mut a, 1), 11);
    assert_eq!(n(&mut b, 1), 10);
    let seen: String = redis::cmd("HGET")
        .arg("t:1")
        .arg("n")
        .query(&mut server.redis())
        .unwrap();
    assert_eq!(seen, "10");
    a.batch_execute("ROLLBACK").unwrap();
    assert_eq!(n(&mut a, 1), 10);
}

#[test]
fn read_committed_sees_each_statements_own_snapshot() {
    let server = Server::start();
    let (mut a, mut b) = two_sessions(&server);
    a.batch_execute("BEGIN").unwrap();
    assert_eq!(n(&mut a, 1), 10);
    b.batch_execute("UPDATE t SET n = 12 WHERE id = 1").unwrap();
    assert_eq!(n(&mut a, 1), 12);
    a.batch_execute("COMMIT").unwrap();
}

#[test]
fn read_committed_adds_to_what_the_other_committed() {
    let server = Server::start();
    let (mut a, mut b) = two_sessions(&server);
    a.batch_execute("BEGIN; UPDATE t SET n = n + 1 WHERE id = 1")
        .unwrap();
    let (done, waiting) = sync_channel(1);
    let other = std::thread::spawn(move || {
        b.batch_execute("UPDATE t SET n = n + 1 WHERE id = 1")
            .unwrap();
        done.send(()).unwrap();
    });
    assert!(
        waiting.recv_timeout(Duration::from_millis(300)).is_err(),
        "the second update must wait"
    );
    a.batch_execute("COMMIT").unwrap();
    other.join().unwrap();
    assert_eq!(n(&mut a, 1), 12);
}

#[test]
fn a_snapshot_does_not_move() {
    let server = Server::start();
    let (mut a, mut b) = two_sessions(&server);
    a.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        .unwrap();
    assert_eq!(n(&mut a, 1), 10);
    b.batch_execute("BEGIN; UPDATE t SET n = 12 WHERE id = 1; UPDATE t SET n = 18 WHERE id = 2; INSERT INTO t VALUES (3, 1); COMMIT").unwrap();
    redis::cmd("HSET")
        .arg("t:2")
        .arg("n")
        .arg(19)
        .exec(&mut server.redis())
        .unwrap();
    assert_eq!((n(&mut a, 1), n(&mut a, 2)), (10, 20));
    let count: i64 = a.query_one("SELECT count(*) FROM t", &[]).unwrap().get(0);
    assert_eq!(count, 2);
    a.batch_execute("COMMIT").unwrap();
    assert_eq!((n(&mut a, 1), n(&mut a, 2)), (12, 19));
}

#[test]
fn no_update_is_lost_at_repeatable_read() {
    let server = Server::start();
    let (mut a, mut b) = two_sessions(&server);
    a.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        .unwrap();
    b.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        .unwrap();
    assert_eq!((n(&mut a, 1), n(&mut b, 1)), (10, 10));
    a.batch_execute("UPDATE t SET n = 11 WHERE id = 1; COMMIT")
        .unwrap();
    let lost = b
        .batch_execute("UPDATE t SET n = 12 WHERE id = 1")
        .and_then(|()| b.batch_execute("COMMIT"));
    assert_eq!(code(lost).as_deref(), Some("40001"));
    b.batch_execute("ROLLBACK").unwrap();
    assert_eq!(n(&mut a, 1), 11);
}

#[test]
fn no_write_is_skewed_at_serializable() {
    let server = Server::start();
    let (mut a, mut b) = two_sessions(&server);
    let outcomes: Vec<Option<String>> = {
        a.batch_execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
            .unwrap();
        b.batch_execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
            .unwrap();
        let sum = "SELECT sum(n)::int FROM t";
        assert_eq!(a.query_one(sum, &[]).unwrap().get::<_, i32>(0), 30);
        assert_eq!(b.query_one(sum, &[]).unwrap().get::<_, i32>(0), 30);
        // Each takes all of what both saw, from a row of its own; either may wait for the other.
        let other = std::thread::spawn(move || {
            let outcome = b
                .batch_execute("UPDATE t SET n = n - 30 WHERE id = 2")
                .and_then(|()| b.batch_execute("COMMIT"));
            code(outcome)
        });
        let outcome = a
            .batch_execute("UPDATE t SET n = n - 30 WHERE id = 1")
            .and_then(|()| a.batch_execute("COMMIT"));
        vec![code(outcome), other.join().unwrap()]
    };
    let failed: Vec<&Option<String>> = outcomes
        .iter()
        .filter(|outcome| outcome.is_some())
        .collect();
    assert!(!failed.is_empty(), "both committed");
    assert!(
        failed
            .iter()
            .all(|outcome| outcome.as_deref() == Some("40001")),
        "{outcomes:?}"
    );
}

#[test]
fn a_cycle_of_locks_ends_with_an_error_for_one_and_success_for_the_other() {
    let server = Server::start();
    let (mut a, mut b) = two_sessions(&server);
    a.batch_execute("BEGIN; UPDATE t SET n = 1 WHERE id = 1")
        .unwrap();
    b.batch_execute("BEGIN; UPDATE t SET n = 2 WHERE id = 2")
        .unwrap();
    let other = std::thread::spawn(move || {
        let outcome = b
            .batch_execute("UPDATE t SET n = 2 WHERE id = 1")
            .and_then(|()| b.batch_execute("COMMIT"));
        code(outcome)
    });
    let outcome = a
        .batch_execute("UPDATE t SET n = 1 WHERE id = 2")
        .and_then(|()| a.batch_execute("COMMIT"));
    let outcomes = [code(outcome), other.join().unwrap()];
    let failed: Vec<&str> = outcomes.iter().flatten().map(String::as_str).collect();
    assert!(matches!(failed[..], ["40001" | "40P01"]), "{outcomes:?}");
}

#[test]
fn a_locked_row_is_waited_for_refused_or_skipped_as_asked() {
    let server = Server::start();
    let (mut a, mut b) = two_sessions(&server);
    a.batch_execute("BEGIN; SELECT * FROM t WHERE id = 1 FOR UPDATE")
        .unwrap();
    let refused = b.batch_execute("SELECT * FROM t WHERE id = 1 FOR UPDATE NOWAIT");
    assert_eq!(code(refused).as_deref(), Some("55P03"));
    let rows = b
        .query("SELECT id FROM t ORDER BY id FOR UPDATE SKIP LOCKED", &[])
        .unwrap();
    let ids: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(ids, [2]);
    a.batch_execute("COMMIT").unwrap();
    b.batch_execute("SELECT * FROM t WHERE id = 1 FOR UPDATE NOWAIT")
        .unwrap();
}

#[test]
fn a_savepoint_takes_back_what_came_after_it() {
    let server = Server::start();
    let (mut a, _) = two_sessions(&server);
    a.batch_execute(
        "BEGIN; UPDATE t SET n = 11 WHERE id = 1; SAVEPOINT s; UPDATE t SET n = 12 WHERE id = 1",
    )
    .unwrap();
    assert_eq!(
        code(a.batch_execute("SELECT 1 / 0")).as_deref(),
        Some("22012")
    );
    assert_eq!(code(a.batch_execute("SELECT 1")).as_deref(), Some("25P02"));
    a.batch_execute("ROLLBACK TO s; COMMIT").unwrap();
    assert_eq!(n(&mut a, 1), 11);
}

#[test]
fn exec_answers_nil_when_a_watched_row_changed_through_the_other_door() {
    let server = Server::start();
    let (mut sql, _) = two_sessions(&server);
    let mut client = server.redis();
    redis::cmd("WATCH").arg("t:1").exec(&mut client).unwrap();
    sql.batch_execute("UPDATE t SET n = 99 WHERE id = 1")
        .unwrap();
    redis::cmd("MULTI").exec(&mut client).unwrap();
    redis::cmd("SET")
        .arg("never")
        .arg(1)
        .exec(&mut client)
        .unwrap();
    let outcome: Option<Vec<String>> = redis::cmd("EXEC").query(&mut client).unwrap();
    assert_eq!(outcome, None);
    let exists: bool = redis::cmd("EXISTS")
        .arg("never")
        .query(&mut client)
        .unwrap();
    assert!(!exists);
}

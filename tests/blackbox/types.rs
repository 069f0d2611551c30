//! Every type there and back, with the two Rust clients.

use std::collections::BTreeMap;

use postgres::types::{FromSql, ToSql};

use super::harness::Server;

fn there_and_back<T>(client: &mut postgres::Client, sql_type: &str, value: T)
where
    T: ToSql + Sync + PartialEq + std::fmt::Debug + for<'a> FromSql<'a>,
{
    let table = format!(
        "t_{}",
        sql_type.replace(|c: char| !c.is_alphanumeric(), "_")
    );
    client
        .batch_execute(&format!(
            "CREATE TABLE {table} (id int PRIMARY KEY, v {sql_type})"
        ))
        .unwrap();
    client
        .execute(
            &format!("INSERT INTO {table} VALUES (1, $1), (2, NULL)"),
            &[&value],
        )
        .unwrap();
    let stored: T = client
        .query_one(&format!("SELECT v FROM {table} WHERE id = 1"), &[])
        .unwrap()
        .get(0);
    assert_eq!(stored, value, "{sql_type}");
    let null: Option<T> = client
        .query_one(&format!("SELECT v FROM {table} WHERE id = 2"), &[])
        .unwrap()
        .get(0);
    assert_eq!(null, None, "{sql_type}");
    let found = client
        .query(&format!("SELECT id FROM {table} WHERE v = $1"), &[&value])
        .unwrap();
    assert_eq!(found.len(), 1, "{sql_type} compares");
}

#[test]
fn tokio_postgres_round_trips_every_type() {
    let server = Server::start();
    let mut client = server.postgres();
    there_and_back(&mut client, "smallint", i16::MIN);
    there_and_back(&mut client, "int", i32::MAX);
    there_and_back(&mut client, "bigint", i64::MIN);
    there_and_back(&mut client, "double precision", -0.1_f64);
    there_and_back(&mut client, "text", "naïve 'quotes' \\ 文字".to_string());
    there_and_back(&mut client, "varchar(10)", "ten chars!".to_string());
    there_and_back(&mut client, "boolean", true);
    there_and_back(&mut client, "bytea", vec![0_u8, 1, 255, b'\\', b'\'']);
    there_and_back(
        &mut client,
        "uuid",
        uuid::Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0),
    );
    there_and_back(
        &mut client,
        "jsonb",
        serde_json::json!({"a": [1, 2.5, null], "b": {"c": "d"}}),
    );
    there_and_back(&mut client, "int[]", vec![Some(1), None, Some(-3)]);
    there_and_back(
        &mut client,
        "text[]",
        vec!["a".to_string(), "b,c \"d\"".to_string()],
    );
}

#[test]
fn tokio_postgres_round_trips_dates_and_times() {
    let server = Server::start();
    let mut client = server.postgres();
    let date = chrono::NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let time = date.and_hms_micro_opt(23, 59, 59, 123_456).unwrap();
    there_and_back(&mut client, "date", date);
    there_and_back(&mut client, "timestamp", time);
    there_and_back(&mut client, "timestamptz", time.and_utc());
}

#[test]
fn a_numeric_is_exact() {
    let server = Server::start();
    let mut client = server.postgres();
    client
        .batch_execute("CREATE TABLE n (id int PRIMARY KEY, v numeric, w numeric(10,2))")
        .unwrap();
    let exact = "12345678901234567890.123456789012345678901234567890";
    client
        .execute(&format!("INSERT INTO n VALUES (1, {exact}, 0.125)"), &[])
        .unwrap();
    let row = client
        .query_one("SELECT v::text, w::text, (v * 2)::text FROM n", &[])
        .unwrap();
    assert_eq!(row.get::<_, String>(0), exact);
    assert_eq!(row.get::<_, String>(1), "0.13");
    assert_eq!(
        row.get::<_, String>(2),
        "24691357802469135780.246913578024691357802469135780"
    );
}

#[test]
fn overflow_is_an_error_and_never_a_wrap() {
    let server = Server::start();
    let mut client = server.postgres();
    for sql in [
        "SELECT 2147483647 + 1",
        "SELECT 9223372036854775807 + 1",
        "SELECT 32767::smallint + 1::smallint",
        "SELECT -(-2147483648)::int",
    ] {
        let error = client.query(sql, &[]).unwrap_err();
        assert_eq!(
            error.code().map(|code| code.code()),
            Some("22003"),
            "{sql}: {error}"
        );
    }
    let mut redis = server.redis();
    redis::cmd("SET")
        .arg("n")
        .arg(i64::MAX)
        .exec(&mut redis)
        .unwrap();
    let error = redis::cmd("INCR").arg("n").exec(&mut redis).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("increment or decrement would overflow"),
        "{error}"
    );
}

#[test]
fn redis_rs_round_trips_every_type() {
    let server = Server::start();
    let mut client = server.redis();
    let bytes: Vec<u8> = (0..=255).collect();
    redis::cmd("SET")
        .arg("s")
        .arg(&bytes)
        .exec(&mut client)
        .unwrap();
    let string: Vec<u8> = redis::cmd("GET").arg("s").query(&mut client).unwrap();
    assert_eq!(string, bytes);
    redis::cmd("HSET")
        .arg("h")
        .arg("a")
        .arg(1)
        .arg("b")
        .arg(2)
        .exec(&mut client)
        .unwrap();
    let hash: BTreeMap<String, i64> = redis::cmd("HGETALL").arg("h").query(&mut client).unwrap();
    assert_eq!(
        hash,
        BTreeMap::from([("a".to_string(), 1), ("b".to_string(), 2)])
    );
    redis::cmd("RPUSH")
        .arg("l")
        .arg(&["x", "y", "z"])
        .exec(&mut client)
        .unwrap();
    let list: Vec<String> = redis::cmd("LRANGE")
        .arg("l")
        .arg(0)
        .arg(-1)
        .query(&mut client)
        .unwrap();
    assert_eq!(list, ["x", "y", "z"]);
    redis::cmd("SADD")
        .arg("set")
        .arg(&["m", "n", "m"])
        .exec(&mut client)
        .unwrap();
    let set: std::collections::BTreeSet<String> = redis::cmd("SMEMBERS")
        .arg("set")
        .query(&mut client)
        .unwrap();
    assert_eq!(set.into_iter().collect::<Vec<_>>(), ["m", "n"]);
    redis::cmd("ZADD")
        .arg("z")
        .arg(1.5)
        .arg("one")
        .arg(-2)
        .arg("two")
        .exec(&mut client)
        .unwrap();
    let sorted: Vec<(String, f64)> = redis::cmd("ZRANGE")
        .arg("z")
        .arg(0)
        .arg(-1)
        .arg("WITHSCORES")
        .query(&mut client)
        .unwrap();
    assert_eq!(
        sorted,
        [("two".to_string(), -2.0), ("one".to_string(), 1.5)]
    );
}

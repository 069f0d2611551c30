//! Rows by request at the nats door: read, written and refused as at every other door.

use super::harness::Server;
use super::nats_client::NatsClient;

fn users() -> (Server, NatsClient) {
    let server = Server::start();
    server
        .postgres()
        .batch_execute(
            "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL DEFAULT 'nobody', \
             age int CHECK (age >= 0), email text UNIQUE, tags text[])",
        )
        .unwrap();
    let nats = NatsClient::connect(server.doors.nats).unwrap();
    (server, nats)
}

#[test]
fn a_row_is_put_read_and_deleted_by_request() {
    let (server, mut nats) = users();
    let made = nats.ask_json("$DB.PUT.users.42", r#"{"age":36,"tags":["a","b c"]}"#);
    assert_eq!(made["result"], "inserted", "{made}");
    let row = nats.ask("$DB.GET.users.42", "");
    let whole = r#"{"id":42,"name":"nobody","age":36,"email":null,"tags":["a","b c"]}"#;
    assert_eq!(
        row.payload, whole,
        "columns that were not given have their defaults"
    );
    assert!(row.header("Stele-Token").is_some(), "{row:?}");

    let changed = nats.ask("$DB.PUT.users.42", r#"{"name":"Ada"}"#);
    let token = changed.header("Stele-Token").unwrap().to_string();
    assert!(changed.payload.contains("updated") && changed.payload.contains(&token));
    let mut redis = server.redis();
    redis::cmd("STELE.TOKEN")
        .arg(&token)
        .exec(&mut redis)
        .unwrap();
    let fields = redis::cmd("HMGET")
        .arg("users:42")
        .arg("name")
        .arg("age")
        .to_owned();
    let seen: Vec<String> = fields.query(&mut redis).unwrap();
    assert_eq!(seen, ["Ada", "36"], "columns that were not given stay");

    assert_eq!(
        nats.ask_json("$DB.DELETE.users.42", "")["result"],
        "deleted"
    );
    let count: i64 = server
        .postgres()
        .query_one("SELECT count(*) FROM users", &[])
        .unwrap()
        .get(0);
    assert_eq!(count, 0);
}

#[test]
fn what_a_table_forbids_is_refused_and_changes_nothing() {
    let (_server, mut nats) = users();
    nats.ask_json("$DB.PUT.users.1", r#"{"email":"a@example.com","age":1}"#);
    for (subject, payload, code, why) in [
        (
            "$DB.PUT.users.1",
            r#"{"age":-1}"#,
            "409",
            "violates check constraint \"users_age_check\"",
        ),
        (
            "$DB.PUT.users.1",
            r#"{"name":null}"#,
            "409",
            "violates not-null constraint",
        ),
        (
            "$DB.PUT.users.2",
            r#"{"email":"a@example.com"}"#,
            "409",
            "duplicate key value",
        ),
        (
            "$DB.PUT.users.1",
            r#"{"age":"old"}"#,
            "400",
            "invalid input syntax for type integer",
        ),
        ("$DB.PUT.users.1", r#"{"nose":1}"#, "400", "column \"nose\""),
        (
            "$DB.PUT.users.1",
            r#"{"id":2}"#,
            "400",
            "contradicts the key",
        ),
        ("$DB.PUT.users.1", "[1]", "400", "not an object"),
        ("$DB.PUT.users.x", "{}", "400", "cannot be a primary key"),
        ("$DB.GET.users.7", "", "404", "no row 7"),
        ("$DB.DELETE.users.7", "", "404", "no row 7"),
        ("$DB.GET.ghosts.7", "", "404", "does not exist"),
    ] {
        let refused = nats.ask(subject, payload);
        assert_eq!(
            refused.header("Nats-Service-Error-Code"),
            Some(code),
            "{subject}: {refused:?}"
        );
        let said = refused.header("Nats-Service-Error").unwrap_or_default();
        assert!(said.contains(why), "{subject}: {said}");
    }
    let deep = "[".repeat(100_000);
    let refused = nats.ask("$DB.PUT.users.1", &format!("{{\"tags\":{deep}"));
    assert_eq!(refused.header("Nats-Service-Error-Code"), Some("400"));
    assert!(
        nats.ask("$DB.FLY.users.1", "")
            .headers
            .starts_with("NATS/1.0 503")
    );
    let row = nats.ask_json("$DB.GET.users.1", "");
    assert_eq!((&row["age"], &row["name"]), (&1.into(), &"nobody".into()));
}

#[test]
fn requests_are_no_events_and_those_of_one_record_keep_their_order() {
    let (server, mut nats) = users();
    let mut events = NatsClient::connect(server.doors.nats).unwrap();
    events.subscribe("db.>");
    nats.subscribe("_P.>");
    let requests: String = (0..500)
        .map(|age| {
            let payload = format!("{{\"age\":{age}}}");
            format!(
                "PUB $DB.PUT.users.1 _P.p {}\r\n{payload}\r\n",
                payload.len()
            )
        })
        .collect();
    // More than wait in a lane: some may be refused, none may overtake.
    nats.say(&requests).unwrap();
    let taken = (0..500)
        .filter(|_| nats.message().unwrap().header("Stele-Token").is_some())
        .count();
    assert!(taken > 0);
    let mut last = -1;
    for nth in 0..taken {
        let event = events.message().unwrap();
        let what = if nth == 0 { "insert" } else { "update" };
        assert_eq!(event.subject, format!("db.users.1.{what}"));
        let row: serde_json::Value = serde_json::from_str(&event.payload).unwrap();
        let age = row["age"].as_i64().unwrap();
        assert!(age > last, "{age} after {last}");
        last = age;
    }
}

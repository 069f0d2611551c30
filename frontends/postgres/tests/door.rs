//! The postgres door over a socket, with a real client and a node that keeps nothing.

#![allow(clippy::disallowed_methods, clippy::expect_used)]

mod support;

use std::path::Path;
use std::sync::Arc;

use support::{Door, shown};
use tokio::sync::Mutex;
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client, NoTls};

/// Replays one conversation kept in `transcripts/`.
async fn replay(name: &str) {
    let door = Door::open().await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/transcripts")
        .join(name);
    let script = std::fs::read_to_string(&path).expect("a transcript");
    let clients = Arc::new(Mutex::new(
        std::collections::HashMap::<String, Client>::new(),
    ));
    let printed = stele_kit::transcript::replay(&script, |who, line| {
        let (clients, door) = (Arc::clone(&clients), &door);
        async move {
            let mut clients = clients.lock().await;
            if !clients.contains_key(&who) {
                clients.insert(who.clone(), door.client().await);
            }
            match clients.get(&who) {
                Some(client) => shown(client.simple_query(&line).await),
                None => String::new(),
            }
        }
    })
    .await;
    stele_kit::transcript::compare(&path, &script, &printed).expect("as it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_answer_as_they_did() {
    for name in [
        "dml.txt",
        "ddl.txt",
        "transactions.txt",
        "session.txt",
        "keyspace.txt",
        "publications.txt",
    ] {
        replay(name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portal_goes_on_where_its_row_limit_stopped_it() {
    let door = Door::open().await;
    let mut client = door.client().await;
    let transaction = client.transaction().await.expect("begins");
    let portal = transaction
        .bind("select g from generate_series(1, 5) g", &[])
        .await
        .expect("binds");
    let mut seen = Vec::new();
    for limit in [2, 2, 0] {
        let rows = transaction
            .query_portal(&portal, limit)
            .await
            .expect("runs");
        seen.push(
            rows.iter()
                .map(|row| row.get::<_, i32>(0))
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(seen, [vec![1, 2], vec![3, 4], vec![5]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn binary_values_come_back_as_they_went() {
    let door = Door::open().await;
    let client = door.client().await;
    client
        .batch_execute("create table v (id int8 primary key, t text, f float8, b bytea, a int4[], n bool, s int2)")
        .await
        .expect("creates");
    let insert = client
        .prepare("insert into v values ($1, $2, $3, $4, $5, $6, $7)")
        .await
        .expect("prepares");
    assert_eq!(insert.params().first(), Some(&Type::INT8));
    let bytes: &[u8] = b"\x00\xff";
    let array = vec![Some(1), None];
    let changed = client
        .execute(
            &insert,
            &[&7_i64, &"é", &2.5_f64, &bytes, &array, &true, &3_i16],
        )
        .await;
    assert_eq!(changed.expect("inserts"), 1);
    let row = client
        .query_one("select * from v where id = $1", &[&7_i64])
        .await
        .expect("selects");
    assert_eq!(row.get::<_, &str>("t"), "é");
    assert_eq!(row.get::<_, f64>("f"), 2.5);
    assert_eq!(row.get::<_, &[u8]>("b"), bytes);
    assert_eq!(row.get::<_, Vec<Option<i32>>>("a"), array);
    assert!(row.get::<_, bool>("n"));
    assert_eq!(row.get::<_, i16>("s"), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_that_waited_looks_again() {
    let door = Door::open().await;
    let (one, two) = (door.client().await, door.client().await);
    one.batch_execute(
        "create table a (id int primary key, v int); insert into a values (1, 10), (2, 10)",
    )
    .await
    .expect("set up");
    one.batch_execute("begin; update a set v = 11 where id = 1; update a set v = 0 where id = 2")
        .await
        .expect("updates");
    let waiting = tokio::spawn(async move {
        let changed = two
            .execute("update a set v = v + 100 where v >= 10", &[])
            .await;
        (changed, two)
    });
    // The second update is queued behind the first transaction's locks before it ends.
    while door.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    one.batch_execute("commit").await.expect("commits");
    let (changed, two) = waiting.await.expect("runs");
    assert_eq!(
        changed.expect("updates"),
        1,
        "the row set to 0 no longer matches"
    );
    let rows = two
        .query("select v from a order by id", &[])
        .await
        .expect("selects");
    assert_eq!(
        rows.iter()
            .map(|row| row.get::<_, i32>(0))
            .collect::<Vec<_>>(),
        [111, 0]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_request_stops_a_statement_and_a_timeout_too() {
    let door = Door::open().await;
    let client = door.client().await;
    let token = client.cancel_token();
    let endless = "select count(*) from generate_series(1, 1000000000000)";
    let running = tokio::spawn(async move { (client.simple_query(endless).await, client) });
    let mut running = running;
    let (stopped, client) = loop {
        token.cancel_query(NoTls).await.expect("asks");
        let wait = std::time::Duration::from_millis(50);
        if let Ok(done) = tokio::time::timeout(wait, &mut running).await {
            break done.expect("runs");
        }
    };
    assert!(shown(stopped).starts_with("ERROR 57014"));
    client
        .batch_execute("set statement_timeout = '50ms'")
        .await
        .expect("sets");
    let late = shown(client.simple_query(endless).await);
    assert_eq!(
        late,
        "ERROR 57014: canceling statement due to statement timeout"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_reaches_a_client_that_says_nothing() {
    let door = Door::open().await;
    let (listener, mut heard) = door.listener().await;
    listener
        .batch_execute("listen news")
        .await
        .expect("listens");
    door.client()
        .await
        .batch_execute("begin; notify news, 'art'; commit")
        .await
        .expect("notifies");
    let note = loop {
        match heard.recv().await.expect("hears") {
            AsyncMessage::Notification(note) => break note,
            _ => continue,
        }
    };
    assert_eq!((note.channel(), note.payload()), ("news", "art"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_asked_of_whoever_has_one() {
    let door = Door::open().await;
    door.client()
        .await
        .batch_execute("create role ann login password 'right'")
        .await
        .expect("creates");
    for (password, comes_in) in [("right", true), ("wrong", false)] {
        let came = door
            .connect(&format!("user=ann password={password} dbname=stele"))
            .await;
        assert_eq!(came.is_ok(), comes_in, "{password}");
    }
    let stranger = door.connect("user=nobody password=x dbname=stele").await;
    assert!(stranger.is_err());
    let elsewhere = door.connect("user=stele dbname=elsewhere").await;
    assert_eq!(
        elsewhere
            .err()
            .and_then(|error| error.code().cloned())
            .map(|code| code.code().to_owned()),
        Some("3D000".into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deep_statements_are_refused_or_run_but_never_end_the_node() {
    let door = Door::open().await;
    let client = door.client().await;
    let nested = |levels: usize| {
        format!(
            "select * from {}(select 1) a{}",
            "(select * from ".repeat(levels),
            ") a".repeat(levels)
        )
    };
    let statements = [
        nested(90),
        nested(5_000),
        format!("select 1{}", "+1".repeat(800)),
        format!("select 1{}", " union all select 1".repeat(900)),
        format!("select {}true", "not ".repeat(900)),
        format!("select '{}'::jsonb", "[".repeat(100_000)),
    ];
    for statement in statements {
        let answer = shown(client.simple_query(&statement).await);
        assert!(!answer.starts_with("ERROR 08"), "{answer}");
    }
    assert_eq!(shown(client.simple_query("select 1").await), "1\n(1)");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copy_goes_in_and_comes_out() {
    use futures::{SinkExt, StreamExt};
    let door = Door::open().await;
    let client = door.client().await;
    client
        .batch_execute("create table c (id int primary key, t text)")
        .await
        .expect("creates");
    let sink = client
        .copy_in("copy c from stdin with (freeze on)")
        .await
        .expect("begins");
    tokio::pin!(sink);
    // A piece may end in the middle of a row.
    for piece in ["1\ta\\tb\n2\t", "\\N\n3\tc", "\n"] {
        sink.send(bytes::Bytes::from(piece)).await.expect("sends");
    }
    assert_eq!(sink.finish().await.expect("ends"), 3);
    let stream = client
        .copy_out("copy (select * from c order by id) to stdout csv header")
        .await
        .expect("begins");
    let pieces: Vec<_> = stream.map(|piece| piece.expect("comes")).collect().await;
    assert_eq!(pieces.concat(), b"id,t\n1,a\tb\n2,\n3,c\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_result_is_sent_while_it_is_produced() {
    let door = Door::open().await;
    let client = door.client().await;
    let wide = "select g, repeat('x', 1000) from generate_series(1, 30000) g";
    let answer = client.simple_query(wide).await.expect("answers");
    assert_eq!(answer.len(), 30_002, "columns, rows, the end");
    let rows = client.query(wide, &[]).await.expect("answers");
    assert_eq!(rows.last().map(|row| row.get::<_, i32>(0)), Some(30_000));
    let failing = shown(
        client
            .simple_query(
                "select 1 / (29000 - g), repeat('x', 1000) from generate_series(1, 30000) g",
            )
            .await,
    );
    assert!(failing.starts_with("ERROR 22012"), "{failing}");
    assert_eq!(shown(client.simple_query("select 1").await), "1\n(1)");
}

//! Queries and their answers, kept as scripts beside the code that gives them.
//!
//! The answers in `src/sql/scripts/` are PostgreSQL 15's own. To ask a PostgreSQL again, name
//! an empty database of it and accept what it says:
//!
//! ```text
//! SQL_ORACLE="host=127.0.0.1 port=5432 user=postgres dbname=empty" UPDATE=1 cargo test --test select
//! ```

#![allow(clippy::disallowed_methods, clippy::expect_used)]

mod support;

use std::path::{Path, PathBuf};

use support::{Door, shown};
use tokio_postgres::{Client, NoTls};

/// A client of the PostgreSQL whose answers are to be taken, with nothing in its database.
async fn oracle(config: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(config, NoTls)
        .await
        .expect("the oracle answers");
    tokio::spawn(connection);
    let clean = "drop schema public cascade; create schema public; set timezone = 'UTC'";
    client
        .batch_execute(clean)
        .await
        .expect("the oracle forgets");
    client
}

/// The columns a statement describes, with their types, and what it answers.
async fn answer(client: &Client, line: &str) -> String {
    let mut text = String::new();
    if let Ok(statement) = client.prepare(line).await {
        let columns = statement.columns().iter();
        let columns: Vec<String> = columns
            .map(|column| format!("{} {}", column.name(), column.type_().name()))
            .collect();
        if !columns.is_empty() {
            text = columns.join(", ") + "\n";
        }
    }
    text + &shown(client.simple_query(line).await)
}

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sql/scripts");
    let entries = std::fs::read_dir(folder).expect("the scripts");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a script").path())
        .collect();
    paths.sort();
    paths
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_answer_as_postgres_answers() {
    let mut differences = Vec::new();
    for path in scripts() {
        let script = std::fs::read_to_string(&path).expect("a script");
        let door = Door::open().await;
        let client = match std::env::var("SQL_ORACLE") {
            Ok(config) => oracle(&config).await,
            Err(_) => door.client().await,
        };
        let client = &client;
        let printed =
            stele_kit::transcript::replay(
                &script,
                |_, line| async move { answer(client, &line).await },
            )
            .await;
        differences.extend(stele_kit::transcript::compare(&path, &script, &printed).err());
    }
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

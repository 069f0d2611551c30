//! A table's rows through this door: the transcript `rows.txt`, on a node that has the table
//! `users (id int primary key, name text not null, age int default 18, email text unique)`.

// A test may stop at what it did not expect.
#![allow(clippy::expect_used, clippy::panic)]

mod show;

use std::path::Path;
use std::sync::Arc;

use stele_core::record::CollectionId;
use stele_core::record::expr::Expr;
use stele_core::record::table::{Column, Definition, Index, PrimaryKey, Table};
use stele_core::record::value::{ColumnType, Type, Value};
use stele_core::{Database, Node, TxnOptions};
use stele_kit::transcript::{compare, replay};
use stele_kit::{Limits, open};
use stele_redis::{Options, Redis};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use show::Speaker;

fn column(id: u32, name: &str, ty: Type) -> Column {
    Column {
        id,
        name: name.to_owned(),
        ty: ColumnType::new(ty, -1),
        not_null: false,
        default: None,
        sequence: None,
        identity: None,
        missing: None,
    }
}

async fn create_users(db: &Database) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(db.engine().new_id().await.expect("a number"));
    }
    let [table, key, email]: [CollectionId; 3] = ids.try_into().expect("three numbers");
    let table = Table {
        id: table,
        storage: table,
        name: "users".to_owned(),
        columns: vec![
            Column {
                not_null: true,
                ..column(1, "id", Type::Int4)
            },
            Column {
                not_null: true,
                ..column(2, "name", Type::Text)
            },
            Column {
                default: Some(Expr::constant(Value::Int4(18), Type::Int4)),
                ..column(3, "age", Type::Int4)
            },
            column(4, "email", Type::Text),
            column(5, "score", Type::Numeric),
        ],
        next_column: 6,
        primary_key: Some(PrimaryKey {
            id: key,
            name: "users_pkey".to_owned(),
            columns: vec![1],
        }),
        indexes: vec![Index {
            id: email,
            storage: email,
            name: "users_email_key".to_owned(),
            columns: vec![4],
            unique: true,
            constraint: true,
        }],
        checks: Vec::new(),
        foreign_keys: Vec::new(),
    };
    let mut txn = db.begin(TxnOptions::default());
    txn.define(&Definition::Table(table))
        .await
        .expect("the table is defined");
    txn.commit().await.expect("the definition is committed");
}

#[tokio::test]
async fn rows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/rows.txt");
    let script = std::fs::read_to_string(&path).expect("the transcript is readable");
    let node = Node::in_memory().await.expect("a node opens in memory");
    create_users(&node.database()).await;
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let door = Redis::new(Options::default());
    let opened = open(door, listener, node.database(), Limits::default()).expect("the door opens");
    let speaker = Arc::new(Mutex::new(Speaker::connect(opened.address()).await));
    let printed = replay(&script, |_, line| {
        let speaker = Arc::clone(&speaker);
        async move { speaker.lock().await.say(&line).await }
    })
    .await;
    if let Err(difference) = compare(&path, &script, &printed) {
        panic!("{difference}");
    }
}

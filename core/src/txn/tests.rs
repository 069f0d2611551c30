//! What transactions promise, on a node in memory.

use std::sync::Arc;

use super::*;
use crate::env::RealEnv;
use crate::error::ErrorKind;
use crate::node::{Database, Node, NodeOptions};
use crate::op::{Condition, Expiry, Op, Reply, string};
use crate::record::{Key, Level};
use crate::store::Memory;

fn set(value: &str) -> Op {
    Op::Set {
        value: value.to_owned().into(),
        expiry: Expiry::Clear,
        condition: Condition::Always,
        get: false,
    }
}

fn key(name: &str) -> Key {
    Key::keyspace(0, name.to_owned())
}

/// Keys of four different partitions.
fn spread() -> Vec<Key> {
    let partitions = stele_placement::Partitions::new(4);
    let mut found: Vec<Option<Key>> = vec![None; 4];
    for number in 0.. {
        let key = key(&format!("k{number}"));
        let partition = partitions.of_slot(key.slot).0 - 1;
        found[usize::from(partition)].get_or_insert(key);
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    found.into_iter().flatten().collect()
}

async fn get(database: &Database, key: &Key) -> Option<String> {
    let view = database
        .read(std::slice::from_ref(key), &Level::default())
        .await;
    let view = view.expect("readable");
    let value = string::get(&view, key, view.now_ms())
        .expect("readable")
        .expect("a string");
    value.map(|value| String::from_utf8_lossy(&value).into_owned())
}

async fn open(memory: &Arc<Memory>) -> Node {
    Node::open(memory.clone(), Arc::new(RealEnv), NodeOptions::default())
        .await
        .expect("opens")
}

fn begin(database: &Database, isolation: Isolation) -> Txn {
    database.begin(TxnOptions {
        isolation,
        ..TxnOptions::default()
    })
}

async fn seen(txn: &mut Txn, key: &Key) -> Option<String> {
    let view = txn.view().await.expect("a view");
    let value = string::get(&view, key, view.now_ms())
        .expect("readable")
        .expect("a string");
    value.map(|value| String::from_utf8_lossy(&value).into_owned())
}

#[tokio::test]
async fn a_transaction_sees_itself_and_nobody_else_sees_it_before_commit() {
    let node = Node::in_memory().await.expect("opens");
    let database = node.database();
    let keys = spread();
    let mut txn = begin(&database, Isolation::ReadCommitted);
    for key in &keys {
        txn.write(key, set("1"))
            .await
            .expect("locked")
            .expect("written");
    }
    assert_eq!(seen(&mut txn, &keys[2]).await.as_deref(), Some("1"));
    assert_eq!(get(&database, &keys[2]).await, None);
    txn.commit().await.expect("committed");
    for key in &keys {
        assert_eq!(get(&database, key).await.as_deref(), Some("1"));
    }
}

#[tokio::test]
async fn a_dropped_transaction_never_happened_and_holds_nothing() {
    let node = Node::in_memory().await.expect("opens");
    let database = node.database();
    let mut txn = begin(&database, Isolation::ReadCommitted);
    txn.write(&key("a"), set("1"))
        .await
        .expect("locked")
        .expect("written");
    drop(txn);
    let written = database
        .write(Batch::one(key("a"), Op::Add(1)), &Level::default())
        .await;
    assert_eq!(written.expect("written").replies, [Ok(Reply::Int(1))]);
    assert_eq!(database.engine().locks().count(), 0);
}

#[tokio::test]
async fn a_savepoint_takes_back_what_came_after_it() {
    let node = Node::in_memory().await.expect("opens");
    let database = node.database();
    let mut txn = begin(&database, Isolation::ReadCommitted);
    txn.write(&key("a"), set("1"))
        .await
        .expect("locked")
        .expect("written");
    let savepoint = txn.savepoint();
    txn.write(&key("a"), set("2"))
        .await
        .expect("locked")
        .expect("written");
    txn.write(&key("b"), set("2"))
        .await
        .expect("locked")
        .expect("written");
    txn.rollback_to(&savepoint);
    txn.commit().await.expect("committed");
    assert_eq!(get(&database, &key("a")).await.as_deref(), Some("1"));
    assert_eq!(get(&database, &key("b")).await, None);
}

#[tokio::test]
async fn repeatable_read_keeps_its_snapshot_and_loses_no_update() {
    let node = Node::in_memory().await.expect("opens");
    let database = node.database();
    let (a, b) = (key("a"), key("b"));
    database
        .write(Batch::one(a.clone(), set("old")), &Level::default())
        .await
        .expect("written");
    let mut txn = begin(&database, Isolation::RepeatableRead);
    assert_eq!(seen(&mut txn, &a).await.as_deref(), Some("old"));
    database
        .write(Batch::one(a.clone(), set("new")), &Level::default())
        .await
        .expect("written");
    database
        .write(Batch::one(b.clone(), set("new")), &Level::default())
        .await
        .expect("written");
    assert_eq!(seen(&mut txn, &a).await.as_deref(), Some("old"));
    assert_eq!(seen(&mut txn, &b).await, None);
    let refused = txn
        .write(&a, set("mine"))
        .await
        .expect_err("somebody was first");
    assert_eq!(refused.kind, ErrorKind::Conflict);
}

#[tokio::test]
async fn serializable_refuses_write_skew() {
    let node = Node::in_memory().await.expect("opens");
    let database = node.database();
    let keys = spread();
    for key in &keys[..2] {
        database
            .write(Batch::one(key.clone(), set("on")), &Level::default())
            .await
            .expect("written");
    }
    let mut first = begin(&database, Isolation::Serializable);
    let mut second = begin(&database, Isolation::Serializable);
    for txn in [&mut first, &mut second] {
        for key in &keys[..2] {
            assert_eq!(seen(txn, key).await.as_deref(), Some("on"));
        }
    }
    first
        .write(&keys[0], set("off"))
        .await
        .expect("locked")
        .expect("written");
    second
        .write(&keys[1], set("off"))
        .await
        .expect("locked")
        .expect("written");
    let outcomes = [first.commit().await, second.commit().await];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[tokio::test]
async fn an_expectation_that_no_longer_holds_stops_everything() {
    let node = Node::in_memory().await.expect("opens");
    let database = node.database();
    let keys = spread();
    let mut txn = begin(&database, Isolation::ReadCommitted);
    txn.expect(&keys[0], None);
    txn.write(&keys[1], set("1"))
        .await
        .expect("locked")
        .expect("written");
    database
        .write(Batch::one(keys[0].clone(), set("x")), &Level::default())
        .await
        .expect("written");
    let refused = txn.commit().await.expect_err("the record appeared");
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert_eq!(get(&database, &keys[1]).await, None);
    // Nothing is left behind that would refuse the next one.
    database
        .write(Batch::one(keys[1].clone(), set("2")), &Level::default())
        .await
        .expect("written");
}

#[tokio::test]
async fn concurrent_increments_through_transactions_and_plain_writes_all_count() {
    let node = Node::in_memory().await.expect("opens");
    let database = node.database();
    let mut tasks = Vec::new();
    for worker in 0..8 {
        let database = database.clone();
        tasks.push(crate::env::spawn(async move {
            for _ in 0..25 {
                if worker % 2 == 0 {
                    let batch = Batch::one(key("n"), Op::Add(1));
                    database
                        .write(batch, &Level::default())
                        .await
                        .expect("written");
                } else {
                    let mut txn = begin(&database, Isolation::ReadCommitted);
                    txn.write(&key("n"), Op::Add(1))
                        .await
                        .expect("locked")
                        .expect("written");
                    txn.commit().await.expect("committed");
                }
            }
        }));
    }
    for task in tasks {
        task.await.expect("done");
    }
    assert_eq!(get(&database, &key("n")).await.as_deref(), Some("200"));
}

/// Every prefix of the journal is a crash: whatever survives, a transfer over
/// four partitions is there whole or not at all, and whole if it was answered.
#[tokio::test]
async fn a_crash_between_any_two_batches_leaves_a_transaction_whole() {
    let memory = Arc::new(Memory::new());
    let node = open(&memory).await;
    let keys = spread();
    let mut txn = node.database().begin(TxnOptions {
        level: Level {
            fsync: Some(crate::record::Fsync::Off),
            ..Level::default()
        },
        ..TxnOptions::default()
    });
    memory_sync(&memory);
    for key in &keys {
        txn.write(key, set("1"))
            .await
            .expect("locked")
            .expect("written");
    }
    txn.commit().await.expect("committed");
    let unsynced = memory.unsynced();
    assert!(unsynced >= 2, "prepares and resolves are separate batches");
    let mut outcomes = Vec::new();
    for survivors in 0..=unsynced {
        let crashed = Arc::new(memory.crash(survivors));
        let node = open(&crashed).await;
        let mut there = 0;
        for key in &keys {
            there += usize::from(get(&node.database(), key).await.is_some());
        }
        assert!(
            there == 0 || there == keys.len(),
            "{there} of {} after {survivors}",
            keys.len()
        );
        assert!(
            node.database()
                .engine()
                .parts()
                .apply
                .intents(stele_placement::PartitionId(1))
                .expect("readable")
                .is_empty()
        );
        outcomes.push(there > 0);
        node.close().await.expect("closes");
    }
    assert_eq!(outcomes.first(), Some(&false));
    assert_eq!(outcomes.last(), Some(&true));
}

fn memory_sync(memory: &Memory) {
    crate::store::Store::sync(memory).expect("synced");
}

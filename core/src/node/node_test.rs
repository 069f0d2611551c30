//! The node: expiry, sequences, clocks that jump, tokens.

use std::sync::Arc;
use std::time::Duration;

use super::{Database, keeper};
use crate::error::ErrorKind;
use crate::op::{Expiry, Op};
use crate::record::table::{Definition, Sequence, Table};
use crate::record::value::{Type, Value};
use crate::record::{CollectionId, Level, Token};
use crate::store::Memory;
use crate::txn::check::check;
use crate::txn::fixture::*;
use crate::txn::{Batch, Isolation};

async fn world() -> (Arc<Memory>, Arc<World>, super::Node) {
    let (memory, world) = (Arc::new(Memory::new()), World::new(7));
    let node = open(&memory, &world).await;
    // The tests look themselves.
    node.keeper.abort();
    (memory, world, node)
}

async fn expire(database: &Database) -> u64 {
    let engine = database.engine();
    let mut removed = 0;
    for group in engine.parts().partitions.groups() {
        removed += keeper::expire(engine, group).await.expect("works");
    }
    removed
}

async fn insert(database: &Database, table: &Arc<Table>, fields: Vec<Value>) {
    let mut txn = begin(database, Isolation::ReadCommitted);
    txn.insert_row(table, fields).await.expect("new");
    txn.commit().await.expect("committed");
}

/// Gives a row a deadline.
async fn doom(database: &Database, table: &Arc<Table>, id: i32, at_ms: u64) {
    let key = table.key(&[Value::Int4(id)]).expect("a key");
    let op = Op::Expire {
        at_ms,
        condition: crate::op::ExpireCondition::Always,
    };
    let written = database.write(Batch::one(key, op), &Level::default()).await;
    assert!(written.expect("written").replies[0].is_ok());
}

#[tokio::test]
async fn a_row_whose_time_has_come_goes_with_its_entries() {
    let (_memory, world, node) = world().await;
    let db = node.database();
    let t = table(&db, "t").await;
    for (id, u) in [(1, "a"), (2, "b")] {
        insert(&db, &t, row(id, Some(u), 1)).await;
    }
    doom(&db, &t, 1, db.now_ms() + 1000).await;
    assert_eq!(expire(&db).await, 0);
    world.shift_ms(2000);
    assert_eq!(
        shown(&db, &t, 1).await,
        None,
        "it is gone before it is removed"
    );
    assert_eq!(expire(&db).await, 1);
    assert_eq!(db.count(t.storage), 1);
    check(&db, "an expired row");
}

#[tokio::test]
async fn what_an_expired_row_had_may_be_taken_and_stays_taken() {
    let (_memory, world, node) = world().await;
    let db = node.database();
    let t = table(&db, "t").await;
    insert(&db, &t, row(1, Some("a"), 1)).await;
    insert(&db, &t, row(2, Some("b"), 1)).await;
    for id in [1, 2] {
        doom(&db, &t, id, db.now_ms() + 1000).await;
    }
    world.shift_ms(2000);
    // The unique value by another row, the key by a row of the same key.
    insert(&db, &t, row(3, Some("a"), 3)).await;
    insert(&db, &t, row(2, Some("c"), 3)).await;
    assert_eq!(expire(&db).await, 1, "only the first is left to remove");
    assert_eq!(shown(&db, &t, 2).await.as_deref(), Some("2|c|3"));
    check(&db, "taken over");
    let mut txn = begin(&db, Isolation::ReadCommitted);
    let twice = txn.insert_row(&t, row(4, Some("a"), 4)).await;
    assert!(twice.is_err(), "the value is still taken");
}

#[tokio::test]
async fn a_changed_row_keeps_its_deadline_under_another_key_too() {
    let (_memory, world, node) = world().await;
    let db = node.database();
    let t = table(&db, "t").await;
    insert(&db, &t, row(1, Some("a"), 1)).await;
    doom(&db, &t, 1, db.now_ms() + 1000).await;
    for (from, to) in [(1, 1), (1, 2)] {
        let mut txn = begin(&db, Isolation::ReadCommitted);
        let old = find(&mut txn, &t, from).await.expect("readable");
        let old = old.expect("there");
        let changed = txn.update_row(&t, &old, row(to, Some("z"), 2)).await;
        changed.expect("current");
        txn.commit().await.expect("committed");
    }
    assert_eq!(shown(&db, &t, 2).await.as_deref(), Some("2|z|2"));
    check(&db, "a deadline under another key");
    world.shift_ms(2000);
    assert_eq!(expire(&db).await, 1);
    assert_eq!(db.count(t.storage), 0);
}

#[tokio::test]
async fn what_cannot_be_removed_does_not_stand_before_what_can() {
    let (_memory, world, node) = world().await;
    let db = node.database();
    let t = table(&db, "t").await;
    let deadline = db.now_ms() + 1000;
    insert(&db, &t, row(1, None, 1)).await;
    doom(&db, &t, 1, deadline).await;
    let ops = (0..3000).map(|number| {
        let op = Op::Set {
            value: "v".into(),
            expiry: Expiry::At(deadline + 1),
            condition: crate::op::Condition::Always,
            get: false,
        };
        (key(format!("n{number}")), op)
    });
    let batch = Batch {
        ops: ops.collect(),
        atomic: false,
    };
    db.write(batch, &Level::default()).await.expect("written");
    let mut txn = begin(&db, Isolation::ReadCommitted);
    drop(find(&mut txn, &t, 1).await.expect("locked"));
    world.shift_ms(5000);
    assert_eq!(expire(&db).await, 3000);
    assert_eq!((db.count(CollectionId(0)), db.count(t.storage)), (0, 1));
    drop(txn);
    assert_eq!(expire(&db).await, 1);
    check(&db, "a queue of deadlines");
}

#[tokio::test]
async fn a_clock_set_back_an_hour_neither_revives_nor_repeats() {
    let (memory, world, node) = world().await;
    let db = node.database();
    let keys = spread();
    let stamp = || {
        let rows = db.engine().latest();
        let head = crate::record::head::stored(&rows, &keys[1]).expect("readable");
        head.map(|head| head.stamp)
    };
    let level = Level::default();
    let put = |value: &str| db.write(Batch::one(keys[1].clone(), set(value)), &level);
    let short = Op::Set {
        value: "v".into(),
        expiry: Expiry::At(db.now_ms() + 1000),
        condition: crate::op::Condition::Always,
        get: false,
    };
    let short = Batch::one(keys[0].clone(), short);
    db.write(short, &level).await.expect("written");
    put("1").await.expect("written");
    let first = stamp();
    world.shift_ms(1500);
    let gone = |view: &crate::txn::View| text_in(view, &keys[0], view.now_ms()).is_none();
    let view = db
        .read(&keys[..1], &Level::default())
        .await
        .expect("readable");
    assert!(gone(&view));
    world.shift_ms(-3_600_000);
    let view = db
        .read(&keys[..1], &Level::default())
        .await
        .expect("readable");
    assert!(gone(&view), "what has expired stays expired");
    put("2").await.expect("written");
    let second = stamp();
    assert!(second > first);
    drop(node);
    let node = open(&Arc::new(memory.crash(0)), &world).await;
    let put = Batch::one(keys[1].clone(), set("3"));
    let db = node.database();
    db.write(put, &Level::default()).await.expect("written");
    let rows = db.engine().latest();
    let head = crate::record::head::stored(&rows, &keys[1]).expect("readable");
    assert!(head.map(|head| head.stamp) > second, "also across a crash");
}

async fn sequence(db: &Database, start: i64, increment: i64, max: i64) -> CollectionId {
    let id = db.engine().new_id().await.expect("a number");
    let mut txn = begin_with(db, Isolation::ReadCommitted, crate::record::Fsync::Always);
    let sequence = Sequence {
        id,
        name: "s".to_owned(),
        ty: Type::Int8,
        start,
        increment,
        min: -100,
        max,
        owner: None,
    };
    txn.define(&Definition::Sequence(sequence))
        .await
        .expect("defined");
    txn.commit().await.expect("committed");
    id
}

#[tokio::test]
async fn a_sequence_gives_nothing_twice_across_a_crash() {
    let (mut memory, world, node) = world().await;
    let id = sequence(&node.database(), 1, 1, i64::MAX).await;
    let mut node = Some(node);
    let mut given = Vec::new();
    for _ in 0..5 {
        let running = match node.take() {
            Some(node) => node,
            None => open(&memory, &world).await,
        };
        for _ in 0..40 {
            given.push(running.database().next_value(id).await.expect("a value"));
        }
        memory = Arc::new(memory.crash(0));
    }
    let rising = given.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(rising, "{given:?}");
}

#[tokio::test]
async fn a_sequence_goes_on_from_what_it_was_set_to_and_ends_where_it_must() {
    let (_memory, _world, node) = world().await;
    let db = node.database();
    let id = sequence(&db, 1, 10, 60).await;
    assert_eq!(db.next_value(id).await.expect("a value"), 1);
    db.set_value(id, 5, true).await.expect("in bounds");
    assert_eq!(db.next_value(id).await.expect("a value"), 15);
    db.set_value(id, 43, false).await.expect("in bounds");
    assert_eq!(db.next_value(id).await.expect("a value"), 43);
    assert_eq!(db.next_value(id).await.expect("a value"), 53);
    for _ in 0..2 {
        let end = db.next_value(id).await.expect_err("the end");
        assert_eq!(end.kind, ErrorKind::Invalid);
        assert!(end.message.contains("reached maximum"), "{end}");
    }
    assert!(db.set_value(id, 61, true).await.is_err());
    let down = sequence(&db, i64::MAX, i64::MIN, i64::MAX).await;
    assert_eq!(db.next_value(down).await.expect("a value"), i64::MAX);
    assert_eq!(db.next_value(down).await.expect("a value"), -1);
    assert!(db.next_value(down).await.is_err(), "nothing overflows");
}

#[tokio::test]
async fn a_token_of_a_log_that_is_gone_is_not_waited_for_for_ever() {
    let (_memory, _world, node) = world().await;
    let db = node.database();
    let level = Level {
        token: Some(Token::at(1, u64::MAX)),
        ..Level::default()
    };
    let refused = db.read_head(&key("k"), &level).await.map(|_| ());
    assert_eq!(refused.expect_err("too far").kind, ErrorKind::Unavailable);
    let nowhere = Level {
        token: Some(Token::at(999, 1)),
        ..Level::default()
    };
    let refused = db.read_head(&key("k"), &nowhere).await.map(|_| ());
    assert_eq!(refused.expect_err("no such log").kind, ErrorKind::Invalid);
}

#[tokio::test]
async fn a_commit_too_large_for_one_log_leaves_nothing_behind_in_the_others() {
    let (_memory, _world, node) = world().await;
    let db = node.database();
    let keys = spread();
    let mut txn = begin(&db, Isolation::ReadCommitted);
    let large = bytes::Bytes::from(vec![b'x'; 40 << 20]);
    for name in [0, 1] {
        // Two of them fit one log's entry each, but not one entry.
        let op = Op::Append(large.clone());
        txn.write(&keys[0], op)
            .await
            .expect("locked")
            .expect("a string");
        put(&mut txn, &keys[1 + name], 1).await.expect("alone");
    }
    let refused = txn.commit().await.expect_err("too large");
    assert_eq!(refused.kind, ErrorKind::Invalid);
    for key in &keys {
        let batch = Batch::one(key.clone(), set("1"));
        let written = db.write(batch, &Level::default()).await.expect("written");
        assert!(written.replies[0].is_ok(), "nothing stands against it");
    }
    check(&db, "a commit too large");
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_lock() {
    let (_memory, _world, node) = world().await;
    let db = node.database();
    let keys = spread();
    let level = Level::default();
    for turns in 0..40 {
        let mut holder = begin(&db, Isolation::ReadCommitted);
        put(&mut holder, &keys[0], 1).await.expect("alone");
        let plain = db.write(Batch::one(keys[0].clone(), Op::Add(1)), &level);
        let waiting = async {
            let mut txn = begin(&db, Isolation::ReadCommitted);
            put(&mut txn, &keys[0], 2).await.expect("locked");
        };
        let gone = async {
            let both = async { futures::join!(plain, waiting) };
            tokio::select! {
                biased;
                () = rest(turns) => {}
                (written, ()) = both => drop(written),
            }
        };
        let ends = async {
            rest(turns / 2).await;
            drop(holder);
        };
        futures::join!(gone, ends);
        let free = async {
            while db.engine().locks().count() > 0 {
                rest(1).await;
            }
        };
        let free = tokio::time::timeout(Duration::from_secs(10), free).await;
        assert!(free.is_ok(), "a lock is left after {turns} turns");
    }
}

//! Histories: what each level forbids does not happen, and what it allows does,
//! so that a level that forbids too much is noticed too. The names are Adya's.

use std::sync::Arc;

use super::fixture::*;
use super::{Batch, Isolation, LockMode, LockWait, Txn};
use crate::env::spawn;
use crate::error::{ErrorKind, Result};
use crate::node::{Database, Node};
use crate::op::Op;
use crate::record::rows::Rows;
use crate::record::{Key, Level, layout};

const LEVELS: [Isolation; 3] = [
    Isolation::ReadCommitted,
    Isolation::RepeatableRead,
    Isolation::Serializable,
];

async fn node() -> Node {
    Node::in_memory().await.expect("opens")
}

async fn give(database: &Database, key: &Key, value: i64) {
    let batch = Batch::one(key.clone(), set(value.to_string()));
    let written = database.write(batch, &Level::default()).await;
    assert!(written.expect("written").replies[0].is_ok());
}

async fn have(database: &Database, key: &Key) -> i64 {
    let keys = std::slice::from_ref(key);
    let view = database.read(keys, &Level::default()).await;
    let view = view.expect("readable");
    number_in(&view, key, view.now_ms())
}

/// Did it go through? Anything but a conflict is a mistake.
fn went<T>(outcome: Result<T>) -> bool {
    match outcome {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
            false
        }
    }
}

#[tokio::test]
async fn a_lost_update_happens_at_read_committed_only() {
    for isolation in LEVELS {
        let node = node().await;
        let database = node.database();
        let key = &spread()[0];
        give(&database, key, 10).await;
        let mut first = begin(&database, isolation);
        let mut second = begin(&database, isolation);
        let seen = number(&mut first, key).await.expect("readable");
        assert_eq!(number(&mut second, key).await.expect("readable"), seen);
        put(&mut first, key, seen + 1).await.expect("alone");
        first.commit().await.expect("first committer wins");
        let lost = went(put(&mut second, key, seen + 1).await);
        assert_eq!(lost, isolation == Isolation::ReadCommitted, "{isolation:?}");
        if lost {
            second.commit().await.expect("nothing stands against it");
        }
        assert_eq!(have(&database, key).await, 11);
    }
}

#[tokio::test]
async fn an_update_under_a_lock_is_never_lost() {
    let node = node().await;
    let database = node.database();
    let keys = spread();
    let mut tasks = Vec::new();
    for worker in 0..6 {
        let (database, keys) = (database.clone(), keys.clone());
        tasks.push(spawn(async move {
            let mut done = 0;
            for turn in 0..10 {
                let mut txn = begin(&database, Isolation::ReadCommitted);
                let order = if (worker + turn) % 2 == 0 {
                    [0, 1]
                } else {
                    [1, 0]
                };
                let outcome = bump(&mut txn, &keys, order).await;
                let outcome = match outcome {
                    Ok(()) => txn.commit().await.map(|_| ()),
                    Err(error) => Err(error),
                };
                match outcome {
                    Ok(()) => done += 1,
                    Err(error) => assert_eq!(error.kind, ErrorKind::Deadlock, "{error}"),
                }
            }
            done
        }));
    }
    let mut done = 0;
    for task in tasks {
        done += task.await.expect("no panic");
    }
    for key in &keys[..2] {
        assert_eq!(have(&database, key).await, done);
    }
    assert_eq!(database.engine().locks().count(), 0);
}

async fn bump(txn: &mut Txn, keys: &[Key], order: [usize; 2]) -> Result<()> {
    for at in order {
        let key = std::slice::from_ref(&keys[at]);
        txn.lock(key, LockMode::Exclusive, LockWait::Block).await?;
        let view = txn.latest(key).await?;
        let before = number_in(&view, &keys[at], view.now_ms());
        rest(2).await;
        put(txn, &keys[at], before + 1).await?;
    }
    Ok(())
}

#[tokio::test]
async fn write_skew_happens_below_serializable_only() {
    for isolation in LEVELS {
        let node = node().await;
        let database = node.database();
        let keys = spread();
        let (x, y) = (&keys[0], &keys[1]);
        give(&database, x, 1).await;
        give(&database, y, 1).await;
        let mut first = begin(&database, isolation);
        let mut second = begin(&database, isolation);
        for (txn, mine) in [(&mut first, x), (&mut second, y)] {
            let sum =
                number(txn, x).await.expect("readable") + number(txn, y).await.expect("readable");
            assert_eq!(sum, 2);
            put(txn, mine, 0).await.expect("alone");
        }
        let skewed = went(first.commit().await) & went(second.commit().await);
        assert_eq!(
            skewed,
            isolation != Isolation::Serializable,
            "{isolation:?}"
        );
        assert_eq!(
            have(&database, x).await + have(&database, y).await == 0,
            skewed
        );
    }
}

#[tokio::test]
async fn read_skew_happens_between_statements_of_read_committed_only() {
    for isolation in LEVELS {
        let node = node().await;
        let database = node.database();
        let keys = spread();
        let (x, y) = (&keys[0], &keys[1]);
        let mut reader = begin(&database, isolation);
        assert_eq!(number(&mut reader, x).await.expect("readable"), 0);
        let mut writer = begin(&database, isolation);
        put(&mut writer, x, 1).await.expect("alone");
        put(&mut writer, y, 1).await.expect("alone");
        writer.commit().await.expect("alone");
        assert_eq!(
            number(&mut reader, y).await.expect("readable"),
            0,
            "one statement"
        );
        reader.statement();
        let skewed = number(&mut reader, y).await.expect("readable") == 1;
        assert_eq!(
            skewed,
            isolation == Isolation::ReadCommitted,
            "{isolation:?}"
        );
    }
}

#[tokio::test]
async fn nobody_reads_what_was_taken_back_or_not_yet_meant() {
    for isolation in LEVELS {
        let node = node().await;
        let database = node.database();
        let key = &spread()[0];
        let mut writer = begin(&database, isolation);
        put(&mut writer, key, 1).await.expect("alone");
        let mut reader = begin(&database, isolation);
        assert_eq!(number(&mut reader, key).await.expect("readable"), 0);
        put(&mut writer, key, 2).await.expect("alone");
        drop(writer);
        reader.statement();
        assert_eq!(number(&mut reader, key).await.expect("readable"), 0);
        assert_eq!(have(&database, key).await, 0);
    }
}

/// Counts the records of database 2, which notes a scan.
async fn population(txn: &mut Txn) -> usize {
    let (from, to) = layout::heads(crate::record::CollectionId(2));
    let view = txn.view().await.expect("a view");
    view.scan(&from, &to, false).count()
}

#[tokio::test]
async fn a_phantom_appears_below_serializable_only() {
    for isolation in LEVELS {
        let node = node().await;
        let database = node.database();
        let mut first = begin(&database, isolation);
        let mut second = begin(&database, isolation);
        for (txn, name) in [(&mut first, "p"), (&mut second, "q")] {
            assert_eq!(population(txn).await, 0);
            let key = Key::keyspace(2, name);
            txn.write(&key, set("1"))
                .await
                .expect("alone")
                .expect("set");
        }
        let both = went(first.commit().await) & went(second.commit().await);
        assert_eq!(both, isolation != Isolation::Serializable, "{isolation:?}");
    }
}

#[tokio::test]
async fn a_phantom_in_an_index_is_seen_by_serializable() {
    for isolation in LEVELS {
        let node = node().await;
        let database = node.database();
        let table = table(&database, "t").await;
        let index = &table.indexes[1];
        let mut first = begin(&database, isolation);
        let mut second = begin(&database, isolation);
        for (txn, id) in [(&mut first, 1), (&mut second, 2)] {
            let from = layout::index_prefix(index.storage, &[]);
            let view = txn.view().await.expect("a view");
            assert_eq!(view.scan(&from, &layout::end_of(&from), false).count(), 0);
            txn.use_table(&table).await.expect("as it was");
            txn.insert_row(&table, row(id, None, 7)).await.expect("new");
        }
        let both = went(first.commit().await) & went(second.commit().await);
        assert_eq!(both, isolation != Isolation::Serializable, "{isolation:?}");
    }
}

#[tokio::test]
async fn an_expired_record_that_was_read_does_not_stand_against_its_reader() {
    let memory = Arc::new(crate::store::Memory::new());
    let world = World::new(1);
    let node = open(&memory, &world).await;
    let database = node.database();
    let keys = spread();
    let expiring = Op::Set {
        value: "1".into(),
        expiry: crate::op::Expiry::At(database.now_ms() + 1000),
        condition: crate::op::Condition::Always,
        get: false,
    };
    let batch = Batch::one(keys[0].clone(), expiring);
    database
        .write(batch, &Level::default())
        .await
        .expect("written");
    world.shift_ms(2000);
    let mut txn = begin(&database, Isolation::Serializable);
    assert_eq!(number(&mut txn, &keys[0]).await.expect("readable"), 0);
    put(&mut txn, &keys[1], 1).await.expect("alone");
    txn.commit().await.expect("it was absent and still is");
}

#[tokio::test]
async fn a_record_that_changed_cannot_be_locked_above_read_committed() {
    for isolation in LEVELS {
        let node = node().await;
        let database = node.database();
        let key = &spread()[0];
        let mut txn = begin(&database, isolation);
        assert_eq!(number(&mut txn, key).await.expect("readable"), 0);
        give(&database, key, 1).await;
        let keys = std::slice::from_ref(key);
        let locked = txn.lock(keys, LockMode::Shared, LockWait::Block).await;
        assert_eq!(went(locked), isolation == Isolation::ReadCommitted);
    }
}

/// Writers transfer between partitions while readers add up, on two threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_reader_finds_the_books_in_balance() {
    let node = node().await;
    let database = node.database();
    let keys = Arc::new(spread());
    for key in keys.iter() {
        give(&database, key, 100).await;
    }
    let mut tasks = Vec::new();
    for worker in 0..3_usize {
        let (database, keys) = (database.clone(), keys.clone());
        tasks.push(spawn(async move {
            for turn in 0..40 {
                let (from, to) = ((worker + turn) % 4, (worker + turn + 1) % 4);
                let ops = vec![
                    (keys[from].clone(), Op::Add(-1)),
                    (keys[to].clone(), Op::Add(1)),
                ];
                let batch = Batch { ops, atomic: true };
                let level = level(crate::record::Fsync::Off);
                database.write(batch, &level).await.expect("written");
            }
        }));
    }
    for reader in 0..3 {
        let (database, keys) = (database.clone(), keys.clone());
        tasks.push(spawn(async move {
            for turn in 0..60 {
                let sum = look(&database, &keys, reader).await;
                assert_eq!(sum, 400, "reader {reader}, turn {turn}");
            }
        }));
    }
    for task in tasks {
        task.await.expect("no panic");
    }
}

async fn look(database: &Database, keys: &[Key], how: usize) -> i64 {
    let sum = |rows: &dyn Rows, now_ms: u64| -> i64 {
        keys.iter().map(|key| number_in(rows, key, now_ms)).sum()
    };
    match how {
        0 => {
            let view = database.read(keys, &Level::default()).await;
            let view = view.expect("readable");
            sum(&view, view.now_ms())
        }
        1 => {
            let view = database.read_all(&Level::default()).await;
            let view = view.expect("readable");
            sum(&view, view.now_ms())
        }
        _ => {
            let mut txn = begin(database, Isolation::RepeatableRead);
            let mut seen = 0;
            for key in keys {
                seen += number(&mut txn, key).await.expect("readable");
            }
            seen
        }
    }
}

#[tokio::test]
async fn a_promise_on_what_was_only_read_makes_a_plain_write_wait() {
    let node = node().await;
    let database = node.database();
    let keys = spread();
    let (watched, a, b) = (&keys[0], &keys[1], &keys[2]);
    for turn in 0..30 {
        let mut txn = begin(&database, Isolation::ReadCommitted);
        let version = {
            let view = txn
                .latest(std::slice::from_ref(watched))
                .await
                .expect("a view");
            let head = crate::record::head::live(&view, watched, view.now_ms());
            head.expect("readable").map(|head| head.stamp)
        };
        txn.expect(watched, version);
        put(&mut txn, a, turn).await.expect("alone");
        put(&mut txn, b, turn).await.expect("alone");
        let commit = txn.commit();
        let write = async {
            rest(turn.unsigned_abs()).await;
            give(&database, watched, turn).await;
        };
        let (committed, ()) = futures::join!(commit, write);
        let _ = went(committed);
        assert_eq!(have(&database, a).await, have(&database, b).await);
    }
}

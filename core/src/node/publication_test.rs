//! A publication tells every row and every change of its tables once, in order per
//! key, whatever is written while the rows are told and whenever the power fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Database, Node, NodeOptions, keeper};
use crate::env::spawn;
use crate::op::Op;
use crate::op::stream::{self, StreamLimits};
use crate::record::table::{Definition, Publication, StreamDefinition, Table};
use crate::record::value::Value;
use crate::record::{CollectionId, Fsync, Level};
use crate::store::Memory;
use crate::txn::fixture::{Dice, World, begin_with, find, open_with, rest, row, table};
use crate::txn::{Batch, Isolation, TxnOptions};

const IDS: u64 = 40;
const SEEDS: u64 = 20;

async fn start(memory: &Arc<Memory>, world: &Arc<World>) -> Node {
    let options = NodeOptions {
        partition_count: 2,
        ..NodeOptions::default()
    };
    open_with(memory, world, options).await
}

/// Makes the stream `p` of a table's changes.
async fn publish(db: &Database, table: &Table) -> StreamDefinition {
    let engine = db.engine();
    let stream = StreamDefinition {
        id: engine.new_id().await.expect("a number"),
        name: "p".to_owned(),
        subjects: vec!["db.t.>".to_owned()],
        created_ns: 0,
        config: String::new(),
    };
    let publication = Publication {
        id: engine.new_id().await.expect("a number"),
        name: "p".to_owned(),
        stream: stream.id,
        tables: vec![table.id],
    };
    let mut txn = db.begin(TxnOptions::default());
    txn.define(&Definition::Stream(stream.clone()))
        .await
        .expect("defined");
    txn.define(&Definition::Publication(publication))
        .await
        .expect("defined");
    let configure = Op::StreamConfigure {
        limits: StreamLimits::default(),
        first_seq: 1,
    };
    let made = txn.write(&stream.key(), configure).await.expect("written");
    made.expect("a stream");
    txn.commit().await.expect("committed");
    stream
}

/// Inserts, changes or deletes a row; each change of a row adds one to `v`.
async fn write(db: &Database, table: &Arc<Table>, id: u64, dice: u64) {
    let id = i32::try_from(id).expect("small");
    let mut txn = begin_with(db, Isolation::ReadCommitted, Fsync::Always);
    let found = find(&mut txn, table, id).await.expect("found");
    match found {
        None => drop(
            txn.insert_row(table, row(id, None, 0))
                .await
                .expect("inserts"),
        ),
        Some(found) if dice.is_multiple_of(7) => {
            txn.delete_row(table, &found).await.expect("deletes");
        }
        Some(found) => {
            let Some(Value::Int4(v)) = found.fields.get(2) else {
                panic!("v is a number");
            };
            let changed = row(id, None, v + 1);
            txn.update_row(table, &found, changed)
                .await
                .expect("updates");
        }
    }
    txn.commit().await.expect("commits");
}

/// What was told of a key: `insert 0`, `update 1`, `delete`.
fn told(db: &Database, stream: &StreamDefinition) -> BTreeMap<String, Vec<(String, Option<i64>)>> {
    let rows = db.engine().latest();
    let found = stream::open(&rows, &stream.key(), db.now_ms()).expect("reads");
    let mut told: BTreeMap<String, Vec<(String, Option<i64>)>> = BTreeMap::new();
    for message in found.expect("a stream").expect("is there").from(0) {
        let message = message.expect("reads");
        let subject = String::from_utf8_lossy(&message.subject).into_owned();
        let mut tokens = subject.split('.').skip(2);
        let (id, what) = (
            tokens.next().expect("a key"),
            tokens.next().expect("a verb"),
        );
        let v = serde_json::from_slice::<serde_json::Value>(&message.payload);
        let v = v.ok().and_then(|row| row["v"].as_i64());
        let of_key = told.entry(id.to_owned()).or_default();
        of_key.push((what.to_owned(), v));
    }
    told
}

/// Each change follows the one before it, and the last is the row as it is.
async fn check(db: &Database, table: &Arc<Table>, stream: &StreamDefinition, context: &str) {
    let told = told(db, stream);
    for (id, changes) in &told {
        let mut now = None;
        for (what, v) in changes {
            let follows = match what.as_str() {
                "insert" => now.is_none() && v.is_some(),
                "update" => now.is_some() && *v == now.map(|now: i64| now + 1),
                _ => now.is_some() && v.is_none(),
            };
            assert!(follows, "{context}: key {id} after {now:?}: {changes:?}");
            now = *v;
        }
    }
    for id in 0..IDS {
        let id = i32::try_from(id).expect("small");
        let shown = crate::txn::fixture::shown(db, table, id).await;
        let stands = shown.map(|shown| shown.rsplit('|').next().map(str::to_owned));
        let last = told.get(&id.to_string()).and_then(|all| all.last());
        let last = last.and_then(|(_, v)| v.map(|v| Some(v.to_string())));
        assert_eq!(last, stands, "{context}: key {id}");
    }
}

/// Until nothing is left to tell.
async fn settled(db: &Database) {
    let mut before = db.positions();
    loop {
        rest(2000).await;
        let now = db.positions();
        if now == before {
            return;
        }
        before = now;
    }
}

async fn simulate(seed: u64) {
    let mut dice = Dice(seed);
    let world = World::new(seed);
    let mut memory = Arc::new(Memory::new());
    let (rows, stream): (CollectionId, StreamDefinition) = {
        let node = start(&memory, &world).await;
        let db = node.database();
        let table = table(&db, "t").await;
        for _ in 0..30 {
            write(&db, &table, dice.below(IDS), dice.roll()).await;
        }
        let stream = publish(&db, &table).await;
        node.close().await.expect("closes");
        (table.id, stream)
    };
    for round in 0..3 {
        let node = start(&memory, &world).await;
        let db = node.database();
        let table = db.catalog().table_by_id(rows).expect("there").clone();
        let actions = 10 + dice.below(60);
        let mut writers = Vec::new();
        for _ in 0..2 {
            let (db, table, mut own) = (db.clone(), table.clone(), Dice(dice.roll()));
            writers.push(spawn(async move {
                for _ in 0..actions {
                    let pause = own.below(30);
                    rest(pause).await;
                    write(&db, &table, own.below(IDS), own.roll()).await;
                }
            }));
        }
        for writer in writers {
            writer.await.expect("writes");
        }
        if round == 2 {
            settled(&db).await;
            check(&db, &table, &stream, &format!("seed {seed}")).await;
        }
        // The power fails: what was not synced survives in part.
        let lost = usize::try_from(dice.below(memory.unsynced() as u64 + 1)).expect("small");
        drop(node);
        memory = Arc::new(memory.crash(lost));
    }
}

#[tokio::test]
async fn a_publication_that_was_left_behind_says_so_and_tells_all_rows_again() {
    let node = Node::in_memory().await.expect("opens");
    node.keeper.abort();
    let db = node.database();
    let table = table(&db, "t").await;
    write(&db, &table, 1, 1).await;
    let stream = publish(&db, &table).await;
    settled(&db).await;
    // A full stream refuses what it is told: the feeder waits, the writers do not.
    limit(&db, &stream, 1).await;
    for _ in 0..1500 {
        write(&db, &table, 1, 1).await;
    }
    for group in db.engine().parts().partitions.groups() {
        // It is kept for the feeder, but not without end.
        keeper::trim_feed(db.engine(), group, 10).expect("trims");
    }
    limit(&db, &stream, 0).await;
    let gap = async {
        loop {
            let (all, _) = messages(&db, &stream);
            if all.iter().any(|subject| subject == "db.gap") && all.len() >= 3 {
                return all;
            }
            db.sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let told = tokio::time::timeout(std::time::Duration::from_secs(20), gap).await;
    let told = told.expect("it goes on");
    assert_eq!(told, ["db.t.1.insert", "db.gap", "db.t.1.insert"]);
    let (_, last) = messages(&db, &stream);
    assert!(last.ends_with("\"v\":1500}"), "{last}");
}

/// Lets the stream hold so many messages; 0 = any number.
async fn limit(db: &Database, stream: &StreamDefinition, messages_max: u64) {
    let limits = StreamLimits {
        messages_max,
        discard_new: messages_max > 0,
        ..StreamLimits::default()
    };
    let configure = Op::StreamConfigure {
        limits,
        first_seq: 1,
    };
    let batch = Batch::one(stream.key(), configure);
    let written = db.write(batch, &Level::default()).await;
    written.expect("written");
}

/// The subjects there are, and the last message.
fn messages(db: &Database, stream: &StreamDefinition) -> (Vec<String>, String) {
    let rows = db.engine().latest();
    let found = stream::open(&rows, &stream.key(), db.now_ms()).expect("reads");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut last = String::new();
    let subjects = found.expect("a stream").expect("is there").from(0);
    let subjects = subjects.map(|message| {
        let message = message.expect("reads");
        last = text(&message.payload);
        text(&message.subject)
    });
    (subjects.collect(), last)
}

#[test]
fn every_row_and_every_change_is_told_once_whatever_the_dice_say() {
    let only = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seeds = only.map_or(0..SEEDS, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(simulate(seed));
    }
}

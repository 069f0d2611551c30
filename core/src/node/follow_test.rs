//! Following the feed: everything once, in order, and a late reader is told.

use std::sync::Arc;

use super::{Database, Followed};
use crate::env::RealEnv;
use crate::node::{Node, NodeOptions, keeper};
use crate::op::Op;
use crate::record::{Key, Level, Token};
use crate::store::Memory;
use crate::txn::Batch;

async fn node(feed_entries_kept: u64) -> Node {
    let options = NodeOptions {
        feed_entries_kept,
        partition_count: 2,
        ..NodeOptions::default()
    };
    let store = Arc::new(Memory::new());
    let opened = Node::open(store, Arc::new(RealEnv), options).await;
    opened.expect("opens")
}

async fn add(db: &Database, name: &str) -> Token {
    let batch = Batch::one(Key::keyspace(0, name.to_owned()), Op::Add(1));
    let written = db.write(batch, &Level::default()).await;
    written.expect("written").token
}

/// Follows every partition from its cursor to the end; the names that changed.
fn rest(db: &Database, cursor: &mut Token) -> Vec<String> {
    let mut told = Vec::new();
    for (partition, _) in db.positions().positions() {
        loop {
            let after = cursor.positions().find(|(known, _)| *known == partition);
            let after = after.map_or(0, |(_, index)| index);
            // A page of one byte: one entry at a time.
            let Followed::Entries { entries, upto } = db.follow(partition, after, 1).expect("read")
            else {
                panic!("partition {partition} is gone after {after}");
            };
            let changes = entries.iter().flat_map(|passage| &passage.entry.changes);
            told.extend(changes.map(|change| String::from_utf8_lossy(&change.key.bytes).into()));
            cursor.see(partition, upto);
            if entries.is_empty() {
                break;
            }
        }
    }
    told
}

#[tokio::test]
async fn a_follower_hears_everything_once() {
    let db = node(1000).await.database();
    let mut cursor = db.positions();
    for n in 0..20 {
        add(&db, &format!("k{n}")).await;
    }
    let mut told = rest(&db, &mut cursor);
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 20);
    assert_eq!(rest(&db, &mut cursor), Vec::<String>::new());
    let seen = cursor.clone();
    let wait = db.published_after(&seen);
    add(&db, "late").await;
    wait.await;
    assert_eq!(rest(&db, &mut cursor), ["late"]);
}

#[tokio::test]
async fn a_follower_that_comes_too_late_is_told() {
    let node = node(10).await;
    node.keeper.abort();
    let db = node.database();
    let start = db.positions();
    let mut token = Token::default();
    for _ in 0..2000 {
        token = add(&db, "k").await;
    }
    let (partition, index) = token.positions().next().expect("a position");
    let group = stele_placement::PartitionId(partition);
    keeper::trim_feed(db.engine(), group, 10).expect("trimmed");
    let after = start.positions().find(|(known, _)| *known == partition);
    let after = after.map_or(0, |(_, index)| index);
    let Followed::Gone { first } = db.follow(partition, after, 1 << 20).expect("read") else {
        panic!("the trimmed entries were not missed");
    };
    assert_eq!(first, index - 10);
    let kept = db.follow(partition, first - 1, 1 << 20).expect("read");
    assert!(
        matches!(kept, Followed::Entries { entries, upto } if entries.len() == 11 && upto == index)
    );
}

//! The checker: recomputes everything that is derived and compares it with what
//! lies in the store. For a node that nobody is using at the moment.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{RowRecord, claimed_key};
use crate::apply::{FeedEntry, feed_prefix};
use crate::node::Database;
use crate::record::layout::{self, TAG_OFFSET, Tag};
use crate::record::rows::Row;
use crate::record::table::Table;
use crate::record::{ChangeKind, CollectionId, Head, Key};
use crate::store::Family;

/// The store, sorted out.
#[derive(Default)]
struct Found {
    heads: BTreeMap<Key, Head>,
    /// Collection and partition.
    counts: BTreeMap<(CollectionId, u16), u64>,
    entries: BTreeSet<Bytes>,
    deadlines: BTreeSet<Bytes>,
    promises: usize,
}

/// Everything must add up; `context` says where if it does not.
pub(crate) fn check(database: &Database, context: &str) {
    let found = read(database);
    assert_eq!(found.promises, 0, "{context}: intents are left");
    let locks = database.engine().locks().count();
    assert_eq!(locks, 0, "{context}: locks are left");
    counters(database, &found, context);
    deadlines(database, &found, context);
    indexes(database, &found, context);
    feed(database, &found, context);
}

fn read(database: &Database) -> Found {
    let store = &database.engine().parts().store;
    let mut found = Found::default();
    for row in store.scan(Family::Base, &[], &[u8::MAX; 16], false) {
        let (key, stored) = row.expect("readable");
        let row = Row::decode(stored).expect("a row");
        let tag = key[TAG_OFFSET];
        if let Some(record) = layout::parse_head(&key) {
            let head = Head::decode(row.stamp, row.value).expect("a head");
            found.heads.insert(record, head);
        } else if tag == Tag::Count as u8 {
            let collection = u32::from_be_bytes(key[..4].try_into().expect("four"));
            let partition = u16::from_be_bytes(key[5..7].try_into().expect("two"));
            let count = u64::from_be_bytes(row.value.as_ref().try_into().expect("eight"));
            found
                .counts
                .insert((CollectionId(collection), partition), count);
        } else if tag == Tag::Intent as u8 {
            found.promises += 1;
        }
    }
    for row in store.scan(Family::Index, &[], &[u8::MAX; 16], false) {
        let (key, _) = row.expect("readable");
        if key[TAG_OFFSET] == Tag::Expiry as u8 {
            found.deadlines.insert(key);
        } else {
            found.entries.insert(key);
        }
    }
    found
}

fn counters(database: &Database, found: &Found, context: &str) {
    let engine = database.engine();
    let mut counted: BTreeMap<(CollectionId, u16), u64> = BTreeMap::new();
    for key in found.heads.keys() {
        let place = (key.collection, engine.partition_of(key).0);
        *counted.entry(place).or_default() += 1;
    }
    let stored = found.counts.iter().filter(|(_, count)| **count > 0);
    let stored: BTreeMap<_, _> = stored.map(|(place, count)| (*place, *count)).collect();
    assert_eq!(counted, stored, "{context}: counters differ from heads");
    let mut sums: BTreeMap<CollectionId, u64> = BTreeMap::new();
    for ((collection, _), count) in counted {
        *sums.entry(collection).or_default() += count;
    }
    for (collection, sum) in sums {
        assert_eq!(
            database.count(collection),
            sum,
            "{context}: the count in memory of {collection:?}"
        );
    }
}

fn deadlines(database: &Database, found: &Found, context: &str) {
    let engine = database.engine();
    let due = found.heads.iter().filter_map(|(key, head)| {
        let partition = engine.partition_of(key).0;
        let row = layout::expiry(partition, head.expire_ms?, key);
        Some(Bytes::from(row))
    });
    let due: BTreeSet<Bytes> = due.collect();
    assert_eq!(due, found.deadlines, "{context}: the queue of deadlines");
}

fn indexes(database: &Database, found: &Found, context: &str) {
    let catalog = database.catalog();
    let now_ms = database.now_ms();
    let mut entries = BTreeSet::new();
    for table in catalog.tables() {
        let rows: BTreeMap<Key, RowRecord> = found
            .heads
            .iter()
            .filter(|(key, _)| key.collection == table.storage)
            .map(|(key, head)| {
                let row = RowRecord::of_head(table, key.clone(), head);
                (key.clone(), row.expect("a row"))
            })
            .collect();
        for index in &table.indexes {
            for row in rows.values() {
                let values = table.entry_values(index, &row.fields).expect("ordered");
                entries.insert(Bytes::from(layout::index(index.storage, &values, &row.key)));
            }
            claims(table, index, &rows, found, now_ms, context);
        }
    }
    assert_eq!(
        entries, found.entries,
        "{context}: indexes differ from rows"
    );
}

fn claims(
    table: &Table,
    index: &crate::record::table::Index,
    rows: &BTreeMap<Key, RowRecord>,
    found: &Found,
    now_ms: u64,
    context: &str,
) {
    let held: BTreeMap<Key, Key> = found
        .heads
        .iter()
        .filter(|(key, _)| key.collection == index.storage)
        .map(|(key, head)| {
            let holder = claimed_key(table, &head.body);
            (key.clone(), holder.expect("a claim names a row"))
        })
        .collect();
    for (claim, holder) in &held {
        let row = rows.get(holder);
        let says = row.and_then(|row| table.claim(index, &row.fields).expect("ordered"));
        assert_eq!(
            says.as_ref(),
            Some(claim),
            "{context}: a claim of {} whose row {holder} does not make it",
            index.name
        );
    }
    for row in rows.values().filter(|row| row.is_live(now_ms)) {
        if let Some(claim) = table.claim(index, &row.fields).expect("ordered") {
            assert_eq!(
                held.get(&claim),
                Some(&row.key),
                "{context}: row {} does not hold its claim of {}",
                row.key,
                index.name
            );
        }
    }
}

/// Replays the feed: what it tells of each record must be possible, in that
/// order, and end where the record is.
fn feed(database: &Database, found: &Found, context: &str) {
    let parts = database.engine().parts();
    let mut there: BTreeMap<Key, Option<Bytes>> = BTreeMap::new();
    for group in parts.partitions.groups() {
        let from = feed_prefix(group.0);
        let to = layout::end_of(&from);
        for row in parts.store.scan(Family::Feed, &from, &to, false) {
            let entry = FeedEntry::decode(&row.expect("readable").1).expect("decodes");
            for change in entry.changes {
                let was = there.contains_key(&change.key);
                let key = change.key.clone();
                match change.kind {
                    // One whose time has come is replaced without a farewell.
                    ChangeKind::Insert => drop(there.insert(key, change.after)),
                    ChangeKind::Update => {
                        assert!(was, "{context}: an update of nothing, {key}");
                        there.insert(key, change.after);
                    }
                    ChangeKind::Delete | ChangeKind::Expire => {
                        assert!(was, "{context}: the end of nothing, {key}");
                        there.remove(&key);
                    }
                }
            }
        }
    }
    let told: BTreeSet<&Key> = there.keys().collect();
    let real: BTreeSet<&Key> = found.heads.keys().collect();
    assert_eq!(told, real, "{context}: the feed ends elsewhere");
    for (key, after) in &there {
        if let Some(after) = after {
            assert_eq!(
                after, &found.heads[key].body,
                "{context}: {key} in the feed"
            );
        }
    }
}

/// How many changes of a record the feed tells of.
pub(crate) fn changes_of(database: &Database, key: &Key) -> usize {
    let parts = database.engine().parts();
    let from = feed_prefix(database.engine().partition_of(key).0);
    let to = layout::end_of(&from);
    let changes = |row: crate::error::Result<(Bytes, Bytes)>| {
        FeedEntry::decode(&row.expect("readable").1)
            .expect("decodes")
            .changes
    };
    parts
        .store
        .scan(Family::Feed, &from, &to, false)
        .flat_map(changes)
        .filter(|change| change.key == *key)
        .count()
}

//! A bench to try ops on: rows in a map, one stamp after the other.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Op, OpError, Reply, fold};
use crate::error::Result;
use crate::record::overlay::{Overlay, Writes};
use crate::record::rows::{Row, RowIter, Rows};
use crate::record::{Change, CollectionId, Key, Stamp, head, layout};

/// The partition all ops of a bench stand in.
pub const PARTITION: u16 = 1;

/// Rows, their counters, and the time.
#[derive(Default)]
pub struct Bench {
    pub rows: BTreeMap<Bytes, Row>,
    pub counts: BTreeMap<CollectionId, i64>,
    pub changes: Vec<Change>,
    now_ms: u64,
    ordinal: u64,
}

impl Rows for Bench {
    fn get(&self, key: &[u8]) -> Result<Option<Row>> {
        Ok(self.rows.get(key).cloned())
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8], reverse: bool) -> RowIter<'a> {
        let range = Bytes::copy_from_slice(from)..Bytes::copy_from_slice(to);
        let found = self
            .rows
            .range(range)
            .map(|(key, row)| Ok((key.clone(), row.clone())));
        if reverse {
            Box::new(found.rev())
        } else {
            Box::new(found)
        }
    }
}

impl Bench {
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Lets time pass.
    pub fn wait(&mut self, ms: u64) {
        self.now_ms += ms;
    }

    /// Folds an op, twice to see that both come out alike, and keeps its writes.
    pub fn run(&mut self, key: &Key, op: &Op) -> std::result::Result<Reply, OpError> {
        self.ordinal += 1;
        let stamp = Stamp::from_ms(self.now_ms).nth(self.ordinal % 4096);
        let (mut writes, mut again) = (Writes::default(), Writes::default());
        let reply = fold(
            op,
            key,
            &mut Overlay::new(self, &mut writes, PARTITION, stamp),
        );
        let second = fold(
            op,
            key,
            &mut Overlay::new(self, &mut again, PARTITION, stamp),
        );
        let reply = reply.expect("readable");
        assert_eq!(reply, second.expect("readable"));
        assert!(writes.rows().eq(again.rows()));
        assert_eq!(writes.counts(), again.counts());
        assert_eq!(writes.changes(), again.changes());
        if reply.is_err() {
            assert!(writes.is_empty() && writes.counts().is_empty());
            assert!(writes.changes().is_empty());
        }
        self.keep(writes);
        reply
    }

    fn keep(&mut self, mut writes: Writes) {
        for (collection, delta) in writes.counts() {
            *self.counts.entry(*collection).or_default() += delta;
        }
        for (key, written) in writes.rows() {
            let stamp = written.stamp;
            match written.value() {
                Some(value) => self.rows.insert(key.clone(), Row { stamp, value }),
                None => self.rows.remove(key),
            };
        }
        self.changes.extend(writes.take_changes());
    }

    /// The names of all changes so far.
    pub fn events(&self) -> Vec<&str> {
        self.changes
            .iter()
            .map(|change| change.op.as_str())
            .collect()
    }

    /// Checks that everything that follows from heads is there, and no more.
    pub fn check(&self, collection: CollectionId, rows_per_element: impl Fn(head::Kind) -> u64) {
        let (from, to) = layout::heads(collection);
        let mut heads = 0;
        let mut deadlines = 0;
        let mut known = self.garbage();
        for found in self.scan(&from, &to, false) {
            let (row_key, row) = found.expect("readable");
            let key = layout::parse_head(&row_key).expect("a head's row");
            let head = head::Head::decode(row.stamp, row.value).expect("decodes");
            heads += 1;
            if let Some(deadline) = head.expire_ms {
                deadlines += 1;
                let row = layout::expiry(PARTITION, deadline, &key);
                assert!(
                    self.rows.contains_key(row.as_slice()),
                    "{key} is in no queue"
                );
            }
            let prefix = layout::elements(&key, head.generation);
            let found = self.scan(&prefix, &layout::end_of(&prefix), false).count();
            known.push(prefix);
            assert_eq!(
                found as u64,
                head.count * rows_per_element(head.kind),
                "{key}: {head:?}"
            );
        }
        assert_eq!(self.counts.get(&collection).copied().unwrap_or(0), heads);
        let queue = layout::system(layout::Tag::Expiry, PARTITION);
        let queued = self.scan(&queue, &layout::end_of(&queue), false).count();
        assert_eq!(queued, deadlines, "deadlines in the queue");
        for row in self.rows.keys() {
            let is_element = row.get(layout::TAG_OFFSET) == Some(&(layout::Tag::Element as u8));
            let is_known = known.iter().any(|prefix| row.starts_with(prefix));
            assert!(!is_element || is_known, "nobody will ever reclaim {row:?}");
        }
    }

    /// The prefixes of elements that wait to be reclaimed.
    fn garbage(&self) -> Vec<layout::RowKey> {
        let garbage = layout::system(layout::Tag::Garbage, PARTITION);
        let found = self.scan(&garbage, &layout::end_of(&garbage), false);
        let dead = found.map(|row| layout::parse_garbage(&row.expect("readable").0));
        dead.map(|dead| dead.expect("a garbage row").1).collect()
    }
}

//! Who has promised what: the records that prepared transactions will write,
//! and what they relied on. Whatever clashes with a promise is refused.

use std::collections::HashMap;

use super::intent::Intent;
use crate::op::{Expect, Op, TxnId};
use crate::record::{CollectionId, Key};

/// The promises of one partition.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    writes: HashMap<Key, TxnId>,
    written: HashMap<CollectionId, usize>,
    reads: HashMap<Key, usize>,
    scans: HashMap<CollectionId, usize>,
}

impl Prepared {
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.reads.is_empty() && self.scans.is_empty()
    }

    /// Would these ops or expectations clash with a promise?
    pub fn clash(&self, expects: &[Expect], ops: &[(Key, Op)]) -> bool {
        if self.is_empty() {
            return false;
        }
        let write = |(key, _): &(Key, Op)| {
            self.writes.contains_key(key)
                || self.reads.contains_key(key)
                || self.scans.contains_key(&key.collection)
        };
        let read = |expect: &Expect| match expect {
            Expect::Version(key, _) => self.writes.contains_key(key),
            Expect::Unwritten(collection, _) => self.written.contains_key(collection),
        };
        ops.iter().any(write) || expects.iter().any(read)
    }

    /// Has somebody promised anything about a collection?
    pub fn touches(&self, collection: CollectionId) -> bool {
        let of = |key: &Key| key.collection == collection;
        self.written.contains_key(&collection)
            || self.scans.contains_key(&collection)
            || self.reads.keys().any(of)
    }

    pub fn add(&mut self, intent: &Intent) {
        for (key, _) in &intent.ops {
            if self.writes.insert(key.clone(), intent.txn).is_none() {
                *self.written.entry(key.collection).or_default() += 1;
            }
        }
        for expect in &intent.expects {
            match expect {
                Expect::Version(key, _) => *self.reads.entry(key.clone()).or_default() += 1,
                Expect::Unwritten(collection, _) => {
                    *self.scans.entry(*collection).or_default() += 1;
                }
            }
        }
    }

    pub fn remove(&mut self, intent: &Intent) {
        for (key, _) in &intent.ops {
            if self.writes.remove(key).is_some() {
                release(&mut self.written, &key.collection);
            }
        }
        for expect in &intent.expects {
            match expect {
                Expect::Version(key, _) => release(&mut self.reads, key),
                Expect::Unwritten(collection, _) => release(&mut self.scans, collection),
            }
        }
    }
}

fn release<K: std::hash::Hash + Eq>(held: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = held.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            held.remove(key);
        }
    }
}

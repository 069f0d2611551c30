//! The store in memory: ordered maps, a journal, and a line in it up to which
//! everything is synced. A simulated crash forgets what lies beyond the line.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;

use super::{Family, KvIter, Store, StoreBatch, StoreView, Write};
use crate::error::Result;

type Rows = BTreeMap<(Family, Bytes), Bytes>;

/// A store that forgets, unless told to sync.
#[derive(Default)]
pub struct Memory {
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    rows: Arc<Rows>,
    journal: Vec<StoreBatch>,
    synced: Rows,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a machine finds after losing power now: the synced prefix and, of
    /// the batches after it, the first `survivors`.
    pub fn crash(&self, survivors: usize) -> Self {
        let state = self.state.read();
        let mut rows = state.synced.clone();
        for batch in state.journal.iter().take(survivors) {
            apply(&mut rows, batch);
        }
        let crashed = State {
            rows: Arc::new(rows.clone()),
            journal: Vec::new(),
            synced: rows,
        };
        Self {
            state: RwLock::new(crashed),
        }
    }

    /// How many batches a crash could lose.
    pub fn unsynced(&self) -> usize {
        self.state.read().journal.len()
    }
}

fn apply(rows: &mut Rows, batch: &StoreBatch) {
    for write in &batch.writes {
        match write {
            Write::Put(family, key, value) => {
                rows.insert((*family, key.clone()), value.clone());
            }
            Write::Delete(family, key) => {
                rows.remove(&(*family, key.clone()));
            }
            Write::DeleteRange(family, from, to) => {
                let doomed: Vec<_> = rows
                    .range((*family, from.clone())..(*family, to.clone()))
                    .map(|(key, _)| key.clone())
                    .collect();
                for key in doomed {
                    rows.remove(&key);
                }
            }
        }
    }
}

impl Store for Memory {
    fn write(&self, batch: StoreBatch, sync: bool) -> Result<()> {
        let mut state = self.state.write();
        apply(Arc::make_mut(&mut state.rows), &batch);
        state.journal.push(batch);
        drop(state);
        if sync { self.sync() } else { Ok(()) }
    }

    fn sync(&self) -> Result<()> {
        let mut state = self.state.write();
        for batch in std::mem::take(&mut state.journal) {
            apply(&mut state.synced, &batch);
        }
        Ok(())
    }

    fn snapshot(&self) -> Arc<dyn StoreView> {
        Arc::new(Frozen(self.state.read().rows.clone()))
    }

    fn size_bytes(&self) -> u64 {
        let rows = self.state.read().rows.clone();
        rows.iter()
            .map(|((_, key), value)| (key.len() + value.len()) as u64)
            .sum()
    }
}

impl StoreView for Memory {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Bytes>> {
        Frozen(self.state.read().rows.clone()).get(family, key)
    }

    fn scan<'a>(&'a self, family: Family, from: &[u8], to: &[u8], reverse: bool) -> KvIter<'a> {
        let rows = self.state.read().rows.clone();
        let found: Vec<_> = Frozen(rows).scan(family, from, to, reverse).collect();
        Box::new(found.into_iter())
    }
}

struct Frozen(Arc<Rows>);

impl StoreView for Frozen {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Bytes>> {
        Ok(self.0.get(&(family, Bytes::copy_from_slice(key))).cloned())
    }

    fn scan<'a>(&'a self, family: Family, from: &[u8], to: &[u8], reverse: bool) -> KvIter<'a> {
        if from >= to {
            return Box::new(std::iter::empty());
        }
        let bounds = (
            Bound::Included((family, Bytes::copy_from_slice(from))),
            Bound::Excluded((family, Bytes::copy_from_slice(to))),
        );
        let range = self.0.range(bounds);
        let row = |((_, key), value): (&(Family, Bytes), &Bytes)| Ok((key.clone(), value.clone()));
        if reverse {
            Box::new(range.rev().map(row))
        } else {
            Box::new(range.map(row))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_keeps_the_contract() {
        super::super::suite::run(&Memory::new());
    }

    #[test]
    fn a_crash_forgets_only_what_was_not_synced() {
        let memory = Memory::new();
        for (key, sync) in [("a", true), ("b", false), ("c", false)] {
            let mut batch = StoreBatch::default();
            batch.put(Family::Base, key, "1");
            memory.write(batch, sync).expect("written");
        }
        assert_eq!(memory.unsynced(), 2);
        let crashed = memory.crash(1);
        let there = |key: &[u8]| crashed.get(Family::Base, key).expect("readable").is_some();
        assert_eq!((there(b"a"), there(b"b"), there(b"c")), (true, true, false));
    }
}

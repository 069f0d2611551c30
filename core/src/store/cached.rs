//! Heads in memory: a store whose most used record heads are read without
//! asking the store below.
//!
//! A string or a table row is all head, and every write reads the head it
//! replaces, so most reads are of few rows. Only heads are kept: elements,
//! index entries and everything scanned are read below.
//!
//! Readers must never see a batch half: while it is written, the parts of the key
//! space it touches (its shards) are read from the store below, where a batch is
//! atomic. A shard's version is odd while it is written, as in a sequence lock. What
//! a reader finds below goes into the cache only if no write touched its shard
//! meanwhile.
//!
//! One batch is written at a time. The log's writer is the only one in a hurry, and
//! it is one task.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::{Family, KvIter, Store, StoreBatch, StoreView, Write};
use crate::error::Result;
use crate::record::layout::{TAG_OFFSET, Tag};

/// How many parts of the key space are watched for writes separately; many more than a
/// batch has heads, so that readers of other keys keep their cache.
const SHARDS: usize = 1 << 14;
/// What a cached row costs beside its bytes.
const ENTRY_BYTES: usize = 96;
/// Rows larger than this are not worth their room.
const ROW_BYTES_MAX: usize = 64 << 10;

/// A store, and a cache of record heads above it.
pub struct Cached {
    below: Arc<dyn Store>,
    heads: Cache<Bytes, Bytes, Bytewise>,
    /// Odd while a batch with a head in this shard is written.
    versions: Box<[AtomicU64]>,
    /// Held by whoever changes the cache for a batch or for what a reader found.
    writer: Mutex<()>,
}

#[derive(Clone)]
struct Bytewise;

impl Weighter<Bytes, Bytes> for Bytewise {
    fn weight(&self, key: &Bytes, row: &Bytes) -> u64 {
        (key.len() + row.len() + ENTRY_BYTES) as u64
    }
}

impl Cached {
    /// A cache of about `bytes` above a store.
    pub fn new(below: Arc<dyn Store>, bytes: u64) -> Self {
        let items = usize::try_from(bytes / 256).unwrap_or(usize::MAX);
        // The library's default leaves newcomers 3 % of the room: too little for keys
        // that are written once and read soon.
        let options = OptionsBuilder::new()
            .estimated_items_capacity(items)
            .weight_capacity(bytes)
            .hot_allocation(0.5)
            .build();
        let heads = match options {
            Ok(options) => Cache::with_options(
                options,
                Bytewise,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            Err(_) => Cache::with_weighter(items, bytes, Bytewise),
        };
        Self {
            below,
            heads,
            versions: (0..SHARDS).map(|_| AtomicU64::new(0)).collect(),
            writer: Mutex::default(),
        }
    }

    /// The version of the shard a key lies in.
    fn version(&self, key: &[u8]) -> &AtomicU64 {
        &self.versions[shard_of(key)]
    }

    /// Sends the readers of these heads to the store below. Only for the `writer`.
    fn close(&self, heads: &[Head]) {
        for head in heads {
            close(&self.versions[head.shard]);
        }
    }

    /// Puts what was written into the cache and lets readers in again.
    fn open(&self, heads: &[Head], written: bool) {
        for head in heads {
            match &head.row {
                Some(row) if written => self.heads.insert(head.key.clone(), row.clone()),
                _ => drop(self.heads.remove(&head.key)),
            }
        }
        for head in heads {
            open(&self.versions[head.shard]);
        }
    }

    /// Keeps what a reader found below when its shard had this version.
    fn keep(&self, key: &[u8], row: &Bytes, version: u64) {
        // A writer is at work: not worth waiting for.
        let Some(_writer) = self.writer.try_lock() else {
            return;
        };
        if self.version(key).load(Ordering::Acquire) == version {
            self.heads.insert(Bytes::copy_from_slice(key), row.clone());
        }
    }
}

/// Which shard a key lies in.
fn shard_of(key: &[u8]) -> usize {
    // FNV-1a over the end of the key, where keys differ.
    let tail = key.get(key.len().saturating_sub(12)..).unwrap_or(key);
    let hash = tail.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    });
    (hash >> 32) as usize % SHARDS
}

/// Two heads may share a shard: the first makes its version odd, and that is enough.
fn close(version: &AtomicU64) {
    version.fetch_or(1, Ordering::AcqRel);
}

/// The first head of a shard makes its version even again, and the others leave it so.
fn open(version: &AtomicU64) {
    version.fetch_add(version.load(Ordering::Acquire) & 1, Ordering::AcqRel);
}

/// A head in a batch: its new row, or nothing where it is deleted or too large to keep.
struct Head {
    key: Bytes,
    shard: usize,
    row: Option<Bytes>,
}

/// The heads a batch writes.
fn heads(batch: &StoreBatch) -> Vec<Head> {
    let head = |write: &Write| {
        let (key, row) = match write {
            Write::Put(Family::Base, key, row) => (key, Some(row)),
            Write::Delete(Family::Base, key) => (key, None),
            _ => return None,
        };
        is_head(key).then(|| Head {
            shard: shard_of(key),
            key: key.clone(),
            row: row.filter(|row| row.len() <= ROW_BYTES_MAX).cloned(),
        })
    };
    batch.writes.iter().filter_map(head).collect()
}

/// Heads are deleted one by one; but if not, everything is forgotten.
fn deletes_a_range(batch: &StoreBatch) -> bool {
    batch
        .writes
        .iter()
        .any(|write| matches!(write, Write::DeleteRange(Family::Base, from, _) if is_head(from)))
}

/// Is this the key of a record's head?
fn is_head(key: &[u8]) -> bool {
    key.get(TAG_OFFSET) == Some(&(Tag::Head as u8))
}

impl StoreView for Cached {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Bytes>> {
        if family != Family::Base || !is_head(key) {
            return self.below.get(family, key);
        }
        let version = self.version(key).load(Ordering::Acquire);
        if version & 1 == 1 {
            return self.below.get(family, key);
        }
        if let Some(row) = self.heads.get(key) {
            return Ok(Some(row));
        }
        let found = self.below.get(family, key)?;
        if let Some(row) = found.as_ref().filter(|row| row.len() <= ROW_BYTES_MAX) {
            self.keep(key, row, version);
        }
        Ok(found)
    }

    fn scan<'a>(&'a self, family: Family, from: &[u8], to: &[u8], reverse: bool) -> KvIter<'a> {
        self.below.scan(family, from, to, reverse)
    }
}

impl Store for Cached {
    fn write(&self, batch: StoreBatch, sync: bool) -> Result<()> {
        let _writer = self.writer.lock();
        let heads = heads(&batch);
        self.close(&heads);
        let forget = deletes_a_range(&batch);
        if forget {
            self.versions.iter().for_each(close);
        }
        let written = self.below.write(batch, sync);
        if forget {
            self.heads.clear();
            self.versions.iter().for_each(open);
        }
        self.open(&heads, written.is_ok());
        written
    }

    fn sync(&self) -> Result<()> {
        self.below.sync()
    }

    fn snapshot(&self) -> Arc<dyn StoreView> {
        self.below.snapshot()
    }

    fn size_bytes(&self) -> u64 {
        self.below.size_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::{Key, layout};
    use crate::store::Memory;

    fn cached() -> (Arc<Memory>, Cached) {
        let memory = Arc::new(Memory::new());
        let cached = Cached::new(memory.clone(), 64 << 10);
        (memory, cached)
    }

    #[test]
    fn a_cached_store_keeps_the_contract() {
        super::super::suite::run(&cached().1);
    }

    #[test]
    fn a_failed_or_unfinished_write_leaves_nothing_in_the_cache() {
        let (_, cached) = cached();
        let key = layout::head(&Key::keyspace(0, "k"));
        let mut batch = StoreBatch::default();
        batch.put(Family::Base, key.clone(), "new");
        let heads = heads(&batch);
        cached.close(&heads);
        assert_eq!(cached.get(Family::Base, &key).expect("readable"), None);
        cached.open(&heads, false);
        assert_eq!(cached.get(Family::Base, &key).expect("readable"), None);
    }

    #[test]
    fn every_head_of_a_batch_is_in_the_cache_when_it_is_written() {
        let (_, cached) = cached();
        let mut batch = StoreBatch::default();
        let keys: Vec<_> = (0..100u32)
            .map(|name| layout::head(&Key::keyspace(0, name.to_be_bytes().to_vec())))
            .collect();
        for key in &keys {
            batch.put(Family::Base, key.clone(), "row");
        }
        cached.write(batch, false).expect("written");
        assert!(keys.iter().all(|key| cached.heads.get(&key[..]).is_some()));
    }

    proptest! {
        #[test]
        fn what_is_read_through_the_cache_is_what_is_below(
            steps in proptest::collection::vec((0u8..30, 0u8..4, any::<u8>()), 1..200)
        ) {
            let (memory, cached) = cached();
            for (name, step, value) in steps {
                let key = layout::head(&Key::keyspace(0, vec![name]));
                let mut batch = StoreBatch::default();
                match step {
                    0 => batch.delete(Family::Base, key.clone()),
                    1 | 2 => batch.put(Family::Base, key.clone(), vec![value; usize::from(value)]),
                    _ => {}
                }
                cached.write(batch, false).expect("written");
                prop_assert_eq!(
                    cached.get(Family::Base, &key).expect("readable"),
                    memory.get(Family::Base, &key).expect("readable")
                );
            }
        }
    }
}

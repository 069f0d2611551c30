//! Heads in memory: a store whose most used record heads are read without
//! asking the store below.
//!
//! A string or a table row is all head, and every write reads the head it
//! replaces, so most reads are of few rows. Only heads are kept: elements,
//! index entries and everything scanned are read below.
//!
//! Readers must never see a batch half: while it is written, its heads are out
//! of the cache and cannot come back, so that everybody reads the store below,
//! where a batch is atomic. What a reader finds below goes into the cache only
//! if no write touched its shard meanwhile.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::{Family, KvIter, Store, StoreBatch, StoreView, Write};
use crate::error::Result;
use crate::record::layout::{TAG_OFFSET, Tag};

/// How many parts of the key space are watched for writes separately.
const SHARDS: usize = 256;
/// What a cached row costs beside its bytes.
const ENTRY_BYTES: usize = 96;
/// Rows larger than this are not worth their room.
const ROW_BYTES_MAX: usize = 64 << 10;

/// A store, and a cache of record heads above it.
pub struct Cached {
    below: Arc<dyn Store>,
    heads: Cache<Bytes, Bytes, Bytewise>,
    shards: Vec<Mutex<Shard>>,
}

#[derive(Clone)]
struct Bytewise;

/// What has been written in a part of the key space.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Shard {
    /// Writes so far.
    version: u64,
    /// Writes under way.
    writing: u32,
}

impl Weighter<Bytes, Bytes> for Bytewise {
    fn weight(&self, key: &Bytes, row: &Bytes) -> u64 {
        (key.len() + row.len() + ENTRY_BYTES) as u64
    }
}

impl Cached {
    /// A cache of about `bytes` above a store.
    pub fn new(below: Arc<dyn Store>, bytes: u64) -> Self {
        let items = usize::try_from(bytes / 256).unwrap_or(usize::MAX);
        // A written head comes back as a newcomer: give newcomers half the room.
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
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }

    fn shard(&self, key: &[u8]) -> &Mutex<Shard> {
        // FNV-1a over the end of the key, where keys differ.
        let tail = key.get(key.len().saturating_sub(12)..).unwrap_or(key);
        let hash = tail.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
        });
        let at = (hash >> 32) as usize % self.shards.len();
        &self.shards[at]
    }

    /// Takes the batch's heads out and keeps them out until [`Self::put_back`].
    fn take_out(&self, batch: &StoreBatch) {
        for write in &batch.writes {
            match write {
                Write::Put(Family::Base, key, _) | Write::Delete(Family::Base, key)
                    if is_head(key) =>
                {
                    self.shard(key).lock().writing += 1;
                    self.heads.remove(key);
                }
                // Heads are deleted one by one; but if not, forget everything.
                Write::DeleteRange(Family::Base, from, _) if is_head(from) => self.heads.clear(),
                _ => {}
            }
        }
    }

    fn put_back(&self, fresh: &[(Bytes, Option<Bytes>)], written: bool) {
        for (key, row) in fresh {
            let mut shard = self.shard(key).lock();
            shard.writing -= 1;
            shard.version += 1;
            if let (Some(row), true, true) = (row, written, shard.writing == 0) {
                self.heads.insert(key.clone(), row.clone());
            }
        }
    }
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
        if let Some(row) = self.heads.get(key) {
            return Ok(Some(row));
        }
        let before = *self.shard(key).lock();
        let found = self.below.get(family, key)?;
        if let Some(row) = found.as_ref().filter(|row| row.len() <= ROW_BYTES_MAX) {
            let shard = self.shard(key).lock();
            if before.writing == 0 && *shard == before {
                self.heads.insert(Bytes::copy_from_slice(key), row.clone());
            }
        }
        Ok(found)
    }

    fn scan<'a>(&'a self, family: Family, from: &[u8], to: &[u8], reverse: bool) -> KvIter<'a> {
        self.below.scan(family, from, to, reverse)
    }
}

impl Store for Cached {
    fn write(&self, batch: StoreBatch, sync: bool) -> Result<()> {
        let fresh: Vec<(Bytes, Option<Bytes>)> = batch
            .writes
            .iter()
            .filter_map(|write| match write {
                Write::Put(Family::Base, key, row) if is_head(key) => {
                    let keeps = row.len() <= ROW_BYTES_MAX;
                    Some((key.clone(), keeps.then(|| row.clone())))
                }
                Write::Delete(Family::Base, key) if is_head(key) => Some((key.clone(), None)),
                _ => None,
            })
            .collect();
        self.take_out(&batch);
        let written = self.below.write(batch, sync);
        self.put_back(&fresh, written.is_ok());
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
        cached.take_out(&batch);
        assert_eq!(cached.get(Family::Base, &key).expect("readable"), None);
        cached.put_back(&[(key.clone().into(), Some("new".into()))], false);
        assert_eq!(cached.get(Family::Base, &key).expect("readable"), None);
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

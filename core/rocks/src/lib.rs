//! The store on RocksDB: the only crate that compiles it.
//!
//! What: [`Rocks`] implements `stele_core::store::Store`: one database, one
//! column family per row family, one write-ahead log for all of them.
//!
//! Why: records must outgrow memory, survive a crash, and be scanned in key
//! order. RocksDB does that; nobody should write another one by hand.
//!
//! How: a batch is one write, so a log entry and its effects are in the
//! write-ahead log together or not at all. Recovery stops at the first damaged
//! record ("point in time"): a torn tail is normal after a power cut. Damage
//! further back would silently take everything behind it along, which the mark
//! in `core/src/log` notices. An error of the write-ahead log, of a flush or of
//! a compaction comes out of the next write as an error of ours, and the node
//! stops: nothing here tries twice.
//!
//! Limits: one process at a time. Memory is about `block_cache_bytes` +
//! `memtable_bytes` + a few MB; deleted rows take space until they are
//! compacted away.
//!
//! Further reading: O'Neil et al., "The Log-Structured Merge-Tree" (1996);
//! Dong et al., "RocksDB: Evolution of Development Priorities" (2021).

mod error;
mod format;
mod options;
mod scan;
mod snapshot;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use rocksdb::{DB, WriteBatch, WriteOptions};
use stele_core::error::{Error, Result};
use stele_core::store::{Family, KvIter, Store, StoreBatch, StoreView, Write};

pub use options::RocksOptions;

use crate::error::failed;
use crate::snapshot::Snapshot;

/// Writes between two looks for errors in the background.
const HEALTH_EVERY: u64 = 4096;

/// A store on disk.
pub struct Rocks {
    db: Arc<DB>,
    writes: AtomicU64,
}

impl Rocks {
    /// Opens the store in the folder `path`, or makes one there.
    ///
    /// # Errors
    /// `Invalid` if the folder holds something else or a newer format,
    /// `Unavailable` if another process has it open, `Corrupt` if it is damaged.
    pub fn open(path: &Path, options: &RocksOptions) -> Result<Self> {
        format::check(path)?;
        let (database, families) = options.build();
        let db = DB::open_cf_descriptors(&database, path, families)
            .map_err(|error| failed("open the store", &error))?;
        Ok(Self {
            db: Arc::new(db),
            writes: AtomicU64::new(0),
        })
    }

    /// A flush or a compaction that failed does not fail the write beside it:
    /// ask.
    fn check_health(&self) -> Result<()> {
        let errors = self
            .db
            .property_int_value(rocksdb::properties::BACKGROUND_ERRORS)
            .map_err(|error| failed("ask for the store's health", &error))?;
        match errors {
            None | Some(0) => Ok(()),
            Some(count) => Err(Error::unavailable(format!(
                "the store failed {count} times in the background (is the disk full?)"
            ))),
        }
    }

    fn encode(&self, batch: &StoreBatch) -> Result<WriteBatch> {
        let mut encoded = WriteBatch::default();
        for write in &batch.writes {
            match write {
                Write::Put(family, key, value) => {
                    encoded.put_cf(self.family(*family)?, key, value);
                }
                Write::Delete(family, key) => encoded.delete_cf(self.family(*family)?, key),
                Write::DeleteRange(family, from, to) => {
                    encoded.delete_range_cf(self.family(*family)?, from, to);
                }
            }
        }
        Ok(encoded)
    }

    fn family(&self, family: Family) -> Result<&rocksdb::ColumnFamily> {
        family_of(&self.db, family)
    }

    fn property(&self, family: Family, name: &rocksdb::properties::PropName) -> u64 {
        let Ok(handle) = self.family(family) else {
            return 0;
        };
        let value = self.db.property_int_value_cf(handle, name);
        value.ok().flatten().unwrap_or_default()
    }
}

fn family_of(db: &DB, family: Family) -> Result<&rocksdb::ColumnFamily> {
    db.cf_handle(family.name())
        .ok_or_else(|| Error::corrupt(format!("the store has no family {}", family.name())))
}

impl Drop for Rocks {
    fn drop(&mut self) {
        // Otherwise a running compaction would be waited for.
        self.db.cancel_all_background_work(false);
    }
}

impl Store for Rocks {
    fn write(&self, batch: StoreBatch, sync: bool) -> Result<()> {
        if self
            .writes
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(HEALTH_EVERY)
        {
            self.check_health()?;
        }
        let mut options = WriteOptions::default();
        options.set_sync(sync);
        options.set_memtable_insert_hint_per_batch(true);
        let encoded = self.encode(&batch)?;
        let written = self.db.write_opt(encoded, &options);
        written.map_err(|error| failed("write", &error))
    }

    fn sync(&self) -> Result<()> {
        self.check_health()?;
        let synced = self.db.flush_wal(true);
        synced.map_err(|error| failed("sync", &error))
    }

    fn snapshot(&self) -> Arc<dyn StoreView> {
        Arc::new(Snapshot::new(self.db.clone()))
    }

    fn size_bytes(&self) -> u64 {
        let sizes = Family::ALL.into_iter().map(|family| {
            self.property(family, rocksdb::properties::TOTAL_SST_FILES_SIZE)
                + self.property(family, rocksdb::properties::SIZE_ALL_MEM_TABLES)
        });
        sizes.sum()
    }
}

impl StoreView for Rocks {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Bytes>> {
        let found = self.db.get_pinned_cf(self.family(family)?, key);
        let found = found.map_err(|error| failed("read", &error))?;
        Ok(found.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn scan<'a>(&'a self, family: Family, from: &[u8], to: &[u8], reverse: bool) -> KvIter<'a> {
        scan::scan(from, to, reverse, |options| {
            let handle = self.family(family)?;
            Ok(self.db.raw_iterator_cf_opt(handle, options))
        })
    }
}

//! Snapshots that live as long as somebody holds them.

use std::sync::Arc;

use bytes::Bytes;
use rocksdb::DB;
use stele_core::error::Result;
use stele_core::store::{Family, KvIter, StoreView};

use crate::error::failed;
use crate::{family_of, scan};

/// The store as it was at one moment.
pub(crate) struct Snapshot {
    // Dropped before `db`: fields are dropped in order.
    view: rocksdb::Snapshot<'static>,
    db: Arc<DB>,
}

impl Snapshot {
    pub fn new(db: Arc<DB>) -> Self {
        let view = db.snapshot();
        // SAFETY: `view` borrows the `DB` behind the `Arc`, which is on the heap
        // and does not move, is never borrowed mutably, and outlives `view`:
        // this struct holds the `Arc` and drops `view` first. The lifetime is
        // made up, but `view` never leaves this struct.
        #[allow(unsafe_code)]
        let view = unsafe {
            std::mem::transmute::<rocksdb::Snapshot<'_>, rocksdb::Snapshot<'static>>(view)
        };
        Self { view, db }
    }
}

impl StoreView for Snapshot {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Bytes>> {
        let found = self.view.get_pinned_cf(family_of(&self.db, family)?, key);
        let found = found.map_err(|error| failed("read", &error))?;
        Ok(found.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn scan<'a>(&'a self, family: Family, from: &[u8], to: &[u8], reverse: bool) -> KvIter<'a> {
        scan::scan(from, to, reverse, |options| {
            let handle = family_of(&self.db, family)?;
            Ok(self.view.raw_iterator_cf_opt(handle, options))
        })
    }
}

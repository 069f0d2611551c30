//! Views: what a call reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::apply::{SnapshotGuard, SnapshotRows};
use crate::error::Result;
use crate::record::layout::{self, TAG_OFFSET, Tag};
use crate::record::overlay::{Above, Writes};
use crate::record::rows::{Row, RowIter, Rows};
use crate::record::{CollectionId, Head, Key, Stamp};
use crate::store::StoreRows;

/// Rows to read, and the time by which deadlines are judged.
#[derive(Clone)]
pub struct View {
    pub(super) rows: ViewRows,
    now_ms: u64,
}

#[derive(Clone)]
pub(super) enum ViewRows {
    /// The store, now or as a frozen cut.
    Store(StoreRows),
    /// The store as it was at a stamp, kept readable by the guard.
    At(SnapshotRows, #[allow(dead_code)] Arc<SnapshotGuard>), // held, not read
}

impl ViewRows {
    fn rows(&self) -> &dyn Rows {
        match self {
            Self::Store(rows) => rows,
            Self::At(rows, _) => rows,
        }
    }
}

impl View {
    pub(super) fn new(rows: ViewRows, now_ms: u64) -> Self {
        Self { rows, now_ms }
    }

    /// A view of the store as it is, or of a frozen cut of it.
    pub fn store(rows: StoreRows, now_ms: u64) -> Self {
        Self::new(ViewRows::Store(rows), now_ms)
    }

    /// A view of a snapshot.
    pub fn at(rows: SnapshotRows, guard: SnapshotGuard) -> Self {
        let now_ms = guard.stamp().ms();
        Self::new(ViewRows::At(rows, Arc::new(guard)), now_ms)
    }

    /// Milliseconds since the Unix epoch; records whose deadline is at or
    /// before it are absent.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }
}

impl Rows for View {
    fn get(&self, key: &[u8]) -> Result<Option<Row>> {
        self.rows.rows().get(key)
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8], reverse: bool) -> RowIter<'a> {
        self.rows.rows().scan(from, to, reverse)
    }
}

/// What a serializable transaction has read, for commit to validate.
#[derive(Debug, Default)]
pub(super) struct ReadSet {
    pub keys: Mutex<BTreeMap<Key, Option<Stamp>>>,
    pub scans: Mutex<BTreeSet<CollectionId>>,
}

impl ReadSet {
    /// An expired record counts as absent, as it will for commit.
    fn note(&self, key: Key, found: Option<Row>, now_ms: u64) -> Result<()> {
        let head = found.map(|row| Head::decode(row.stamp, row.value));
        let head = head.transpose()?.filter(|head| !head.is_expired(now_ms));
        let seen = head.map(|head| head.stamp);
        self.keys.lock().entry(key).or_insert(seen);
        Ok(())
    }
}

/// A view with a transaction's own writes above it.
pub struct TxnView<'a> {
    pub(super) view: View,
    pub(super) writes: &'a Writes,
    pub(super) reads: Option<&'a ReadSet>,
}

impl TxnView<'_> {
    /// See [`View::now_ms`].
    pub fn now_ms(&self) -> u64 {
        self.view.now_ms
    }

    fn above(&self) -> Above<'_> {
        Above {
            below: self.view.rows.rows(),
            writes: self.writes,
        }
    }
}

impl Rows for TxnView<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Row>> {
        if let (Some(reads), Some(record)) = (self.reads, layout::parse_head(key)) {
            reads.note(record, self.view.get(key)?, self.view.now_ms)?;
        }
        self.above().get(key)
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8], reverse: bool) -> RowIter<'a> {
        if let (Some(reads), Some(head)) = (self.reads, from.get(..TAG_OFFSET)) {
            let is_element = from.get(TAG_OFFSET) == Some(&(Tag::Element as u8));
            if let (false, Ok(number)) = (is_element, head.try_into()) {
                let collection = CollectionId(u32::from_be_bytes(number));
                reads.scans.lock().insert(collection);
            }
        }
        // The iterator must not borrow the temporary `Above`; both parts live
        // as long as this view does.
        crate::record::overlay::merge(self.writes, self.view.rows.rows(), from, to, reverse)
    }
}

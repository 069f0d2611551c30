//! Columns: what entries say of their rows, key and stamp. A segment never changes, so its
//! columns are opened once and kept for as long as searches see the segment.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tantivy::columnar::{BytesColumn, Column};
use tantivy::index::SegmentId;
use tantivy::{DocId, Searcher, SegmentReader, TantivyError};

use super::shape::{KEY, STAMP};

/// Longer segments are not looked through for the order of their entries.
const ORDERED_COUNT_MAX: DocId = 5_000_000;
/// Nor are the places of more keys held in memory, which take 4 bytes each.
const RANKED_COUNT_MAX: DocId = 1_000_000;

/// A segment's keys and stamps.
pub struct Columns {
    keys: BytesColumn,
    stamps: Column<u64>,
    entry_count: DocId,
    order: OnceLock<Order>,
}

/// What is known of the order in which a segment's entries lie.
enum Order {
    /// That of their keys, as in a table that is filled in that order.
    Ascending,
    /// Any; the places of their keys.
    Ranked(Box<[u32]>),
    /// Nothing.
    Unknown,
}

impl Columns {
    fn open(segment: &SegmentReader) -> tantivy::Result<Self> {
        let columns = segment.fast_fields();
        Ok(Self {
            keys: columns.bytes(KEY)?.ok_or_else(broken)?,
            stamps: columns.u64(STAMP)?,
            entry_count: segment.max_doc(),
            order: OnceLock::new(),
        })
    }

    /// Do entries lie in the order of their keys?
    pub fn is_ascending(&self) -> bool {
        matches!(self.order(), Order::Ascending)
    }

    /// Puts entries of this segment in the order of their keys.
    pub fn rank(&self, doc: DocId) -> u64 {
        match self.order() {
            Order::Ascending => doc.into(),
            Order::Ranked(places) => places
                .get(doc as usize)
                .map_or(u64::MAX, |place| u64::from(*place)),
            Order::Unknown => self.place(doc),
        }
    }

    /// Looked at once.
    fn order(&self) -> &Order {
        self.order.get_or_init(|| {
            let places = || (0..self.entry_count).map(|doc| self.place(doc));
            if self.entry_count <= ORDERED_COUNT_MAX && places().is_sorted() {
                return Order::Ascending;
            }
            if self.entry_count <= RANKED_COUNT_MAX
                && let Ok(places) = places().map(u32::try_from).collect()
            {
                return Order::Ranked(places);
            }
            Order::Unknown
        })
    }

    /// The place of an entry's key among the segment's keys.
    pub fn place(&self, doc: DocId) -> u64 {
        self.keys.ords().first(doc).unwrap_or(u64::MAX)
    }

    /// The stamp of the row that was indexed.
    pub fn stamp(&self, doc: DocId) -> u64 {
        self.stamps.first(doc).unwrap_or_default()
    }

    /// An entry's key.
    pub fn key(&self, doc: DocId) -> tantivy::Result<Vec<u8>> {
        let mut key = Vec::new();
        match self.keys.ord_to_bytes(self.place(doc), &mut key)? {
            true => Ok(key),
            false => Err(broken()),
        }
    }

    /// Reads the keys at `places`, which ascend, in one pass.
    pub fn keys(&self, places: &[u64], read: impl FnMut(&[u8])) -> tantivy::Result<()> {
        let is_whole = self
            .keys
            .dictionary()
            .sorted_ords_to_term_cb(places, read)?;
        is_whole.then_some(()).ok_or_else(broken)
    }
}

fn broken() -> TantivyError {
    TantivyError::SystemError("an entry of a search index has no key".to_owned())
}

/// The columns that are open.
#[derive(Clone, Default)]
pub struct OpenColumns(Arc<Mutex<BTreeMap<SegmentId, Arc<Columns>>>>);

impl OpenColumns {
    /// The columns of a searcher's segments, in their order. Those of segments it does not
    /// see are closed, so that the files of merged segments go.
    pub fn of(&self, searcher: &Searcher) -> tantivy::Result<Vec<Arc<Columns>>> {
        let segments = searcher.segment_readers();
        let mut open = self.0.lock();
        let mut is_new = false;
        let mut columns = Vec::with_capacity(segments.len());
        for segment in segments {
            let id = segment.segment_id();
            columns.push(match open.get(&id) {
                Some(known) => known.clone(),
                None => {
                    is_new = true;
                    let opened = Arc::new(Columns::open(segment)?);
                    open.insert(id, opened.clone());
                    opened
                }
            });
        }
        if is_new {
            open.retain(|id, _| segments.iter().any(|segment| segment.segment_id() == *id));
        }
        Ok(columns)
    }
}

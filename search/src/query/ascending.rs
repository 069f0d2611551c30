//! Ascending: segments whose entries lie in the order of their keys, as those of a table that
//! is filled in that order do. There an equal that comes later comes later in the answer
//! too, and need not be looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tantivy::columnar::BytesColumn;
use tantivy::index::SegmentId;
use tantivy::{DocId, SegmentReader};

/// How many segments are remembered; then it begins anew.
const SEGMENT_COUNT_MAX: usize = 1024;
/// Longer segments are not looked through for it, entries.
const ENTRY_COUNT_MAX: DocId = 5_000_000;

/// What is known of an index's segments, which never change.
#[derive(Clone, Debug, Default)]
pub struct Ascending(Arc<Mutex<BTreeMap<SegmentId, bool>>>);

impl Ascending {
    /// Do a segment's entries lie in the order of their keys? Looked at once.
    pub fn is(&self, reader: &SegmentReader, keys: &BytesColumn) -> bool {
        let id = reader.segment_id();
        if let Some(known) = self.0.lock().get(&id) {
            return *known;
        }
        let is_ascending = reader.max_doc() <= ENTRY_COUNT_MAX && {
            let ordinals = (0..reader.max_doc()).map(|doc| keys.ords().first(doc));
            ordinals.is_sorted()
        };
        let mut known = self.0.lock();
        if known.len() >= SEGMENT_COUNT_MAX {
            known.clear();
        }
        known.insert(id, is_ascending);
        is_ascending
    }
}

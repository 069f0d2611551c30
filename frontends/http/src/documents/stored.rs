//! A document as it is stored: its row, its version.

use serde_json::{Map, Value as Json, json};
use stele_core::record::rows::Rows;
use stele_core::record::{Key, Stamp};
use stele_core::txn::RowRecord;
use stele_search::Document;

use crate::indices::resolve::Index;
use crate::wire::Fault;

/// How many bits of a stamp the sequence number has: what a client's floating point
/// numbers can hold exactly.
const SEQ_NO_BITS: u32 = 52;

/// The version of a row as Elasticsearch spells it: the low and the high half of its stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// `_seq_no`.
    pub seq_no: u64,
    /// `_primary_term`.
    pub term: u64,
}

impl Version {
    /// The version of a stamp.
    pub fn of(stamp: Stamp) -> Self {
        Self {
            seq_no: stamp.0 & ((1 << SEQ_NO_BITS) - 1),
            term: (stamp.0 >> SEQ_NO_BITS) + 1,
        }
    }

    /// Adds it to an answer. `_version` is the moment of the change in milliseconds: it
    /// grows with each, and does not count them.
    pub fn tell(self, stamp: Stamp, answer: &mut Map<String, Json>) {
        answer.insert("_version".to_owned(), json!(stamp.ms()));
        answer.insert("_seq_no".to_owned(), json!(self.seq_no));
        answer.insert("_primary_term".to_owned(), json!(self.term));
    }
}

/// The key that an id spells in an index.
pub fn key(index: &Index, id: &str) -> Result<Key, Fault> {
    index.table.key_of_spelling(id).ok_or_else(|| {
        Fault::document(format!(
            "[{id}] cannot be a key of table [{}]",
            index.table.name
        ))
    })
}

/// A document, read from a view.
pub fn read(
    view: &dyn Rows,
    now_ms: u64,
    index: &Index,
    id: &str,
) -> Result<Option<(RowRecord, Document)>, Fault> {
    // What cannot be a key is not there.
    let Some(key) = index.table.key_of_spelling(id) else {
        return Ok(None);
    };
    let row = RowRecord::read(view, &index.table, &key, now_ms)?;
    Ok(row.map(|row| {
        let document = Document::of_row(&index.table, index.mapping.as_deref(), &row.fields);
        (row, document)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_grow_with_stamps_and_fit_a_double() {
        let stamps = [
            Stamp(1 << 51),
            Stamp((1 << 52) - 1),
            Stamp(1 << 52),
            Stamp::from_ms(1_800_000_000_000),
        ];
        let versions = stamps.map(|stamp| (Version::of(stamp).term, Version::of(stamp).seq_no));
        assert!(versions.is_sorted(), "{versions:?}");
        assert!(
            versions
                .iter()
                .all(|(term, seq_no)| *term < 1 << 53 && *seq_no < 1 << 53 && *term > 0)
        );
    }
}
